"""Intervals hold what they promise, and tests claim no more than they may.

Rates are sums over all samples where those are few, and of random samples with fixed seeds
otherwise; the bounds are widened by the Monte Carlo error of those.
"""

from collections.abc import Iterator

from app.analyses.ranks import mann_whitney
from tests.coverage.intervals import Method
from tests.coverage.page import ALL_INTERVALS, ALL_TESTS, coverage, measured
from tests.docs.reference import DIRECTORY


def _broken(method: Method) -> Iterator[str]:
    """The sizes for which a method does not do what it promises."""
    for n, found in measured(method).items():
        few = n < method.solid
        low, high = (method.low_small, method.high_small) if few else (method.low, method.high)
        if not low - found.error <= found.mean <= high + found.error:
            yield f"{method.name}, n = {n}: {found.mean:.3f} is not in [{low}, {high}]"


def test_rates_are_as_promised_and_as_published() -> None:
    """Coverage of 95 % and false claims of 5 % for n from 5 to 5,000, and the page says so."""
    assert [each for method in (*ALL_INTERVALS, *ALL_TESTS) for each in _broken(method)] == []
    text = (DIRECTORY / "coverage.md").read_text(encoding="utf-8")
    assert text == coverage(), "run: python -m tests.coverage"


def test_the_interval_beside_a_rank_test_is_the_one_measured() -> None:
    """The page names methods as answers do."""
    found = mann_whitney({1: 3, 2: 4}, {1: 2, 3: 5})
    assert found is not None
    interval = found.effects[0].interval
    assert interval is not None
    assert interval.method in {each.name for each in ALL_INTERVALS}
