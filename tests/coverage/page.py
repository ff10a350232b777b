"""The page of the reference that says what was measured."""

from collections.abc import Sequence
from functools import cache

from tests.coverage.clusters import CLUSTER_INTERVALS, CLUSTER_TESTS
from tests.coverage.intervals import INTERVALS, SIZES, Method
from tests.coverage.lifetimes import LIFETIME_INTERVALS, LIFETIME_TESTS
from tests.coverage.rejections import TESTS
from tests.coverage.samples import DRAWN, Measured
from tests.coverage.weighted import WEIGHTED_INTERVALS, WEIGHTED_TESTS
from tests.docs.reference import made, markdown_table

ALL_INTERVALS = (*INTERVALS, *WEIGHTED_INTERVALS, *CLUSTER_INTERVALS, *LIFETIME_INTERVALS)
ALL_TESTS = (*TESTS, *WEIGHTED_TESTS, *CLUSTER_TESTS, *LIFETIME_TESTS)


@cache
def measured(method: Method) -> dict[int, Measured]:
    """What a method achieves, by size; measured once."""
    return {n: method.measure(n) for n in method.sizes}


def coverage() -> str:
    """Coverage of intervals, and false claims of tests."""
    return made(
        "Coverage / 覆盖率",
        "How often an interval of 95 % holds the truth, and how often a test at 5 % claims a "
        "difference that is not there, measured on the functions that the service itself uses. "
        "n is the number of answers (in each group). Each rate is the mean over the truths that "
        "were tried, with the lowest (of intervals) or the highest (of tests) behind it. Rates "
        f"in **bold** are exact, summed over all samples; others are of {DRAWN:,} random ones "
        f"(standard error {100 * (0.05 * 0.95 / DRAWN) ** 0.5:.1f} points; slopes fewer).\n\n"
        "95 % 区间包含真值的比例，以及 5 % 检验在没有差异时误报差异的比例，均用服务自身的函数测得。"
        "n 为（每组）样本量。每格为各真值下的平均值，括号内为最低（区间）或最高（检验）。"
        "**粗体**为对所有样本精确求和，其余为随机模拟。",
        "## Intervals / 区间",
        _table(ALL_INTERVALS, tests=False),
        "Student's intervals of a mean fall short where few answers lie on a skewed scale: below "
        "30 answers figures carry the warning `few_answers`. Garwood's and Newcombe's hold more "
        "than they promise where little was counted. Weighted: one answer in five is of a half of "
        "the population and weighs four times the others; where the halves differ Kish's number "
        "is too small, and intervals hold more. Clustered: customers answer 1, 3 or 8 times, and "
        "two answers of one correlate by a half. From some 30 customers on the rates are as "
        "promised, of ten some points off; without `clustered` they are off however many answer.",
        "## Tests / 检验",
        _table(ALL_TESTS, tests=True),
        "Exact tests claim less than 5 % where few outcomes are possible.",
        by="tests.coverage",
    )


def _table(methods: Sequence[Method], *, tests: bool) -> str:
    heads = ("method", "of", *(f"n = {n:,}" for n in SIZES))
    return markdown_table(heads, [_row(each, tests=tests) for each in methods])


def _row(method: Method, *, tests: bool) -> list[str]:
    found = measured(method)
    cells = []
    for n in SIZES:
        rate = found.get(n)
        cells.append("" if rate is None else _cell(rate, tests=tests))
    return [f"`{method.name}`", method.of, *cells]


def _cell(rate: Measured, *, tests: bool) -> str:
    worst = max(rate.rates) if tests else min(rate.rates)
    shown = f"{100 * rate.mean:.1f}"
    shown = f"**{shown}**" if rate.exact else shown
    return shown if len(rate.rates) == 1 else f"{shown} ({100 * worst:.1f})"
