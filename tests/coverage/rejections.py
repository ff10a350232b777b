"""Every test of the product, and how often it claims what is not there."""

from collections.abc import Callable, Sequence

from app.analyses import groups, ranks
from app.analyses.association import kendall, pearson, spearman
from app.analyses.evidence import Evidence
from app.kpis.group_tests import all_alike
from app.kpis.means import moments, welch
from app.kpis.proportions import Share, newcombe, nps_difference
from app.kpis.rates import Rate, rate_difference
from app.kpis.trends import Point, fitted_line, mann_kendall
from tests.coverage.intervals import SCALES, SCORES, Method, Table, nps_counts, scored, table
from tests.coverage.samples import (
    Law,
    Measured,
    Sample,
    answers,
    counts,
    generator,
    rejected,
    several,
    two,
)

Pairwise = Callable[[Sample], float | None]
_THREE = (0.25, 0.5, 0.25)
_INDEPENDENT = [p * q for p in SCALES[0] for q in SCALES[1]]


def _two_groups(chances: Sequence[Sequence[float]], p_of: Pairwise) -> Callable[[int], Measured]:
    """Two groups of the same chances."""

    def measure(n: int) -> Measured:
        laws = [two(answers(n, each, 1), answers(n, each, 2), n) for each in chances]
        rates = tuple(rejected(law, p_of) for law, _ in laws)
        return Measured(rates, exact=all(exact for _, exact in laws))

    return measure


def _three_groups(
    chances: Sequence[float], p_of: Callable[[Sample], float | None]
) -> Callable[[int], Measured]:
    def measure(n: int) -> Measured:
        law, exact = several([answers(n, chances, seed) for seed in (1, 2, 3)], n)
        return Measured((rejected(law, p_of),), exact)

    return measure


def _changes(chances: Sequence[float], p_of: Callable[[Sample], float | None]) -> (
    Callable[[int], Measured]
):  # fmt: skip
    """Changes that are as likely to be up as down."""

    def measure(n: int) -> Measured:
        law, exact = answers(n, chances, n)
        return Measured((rejected(law, p_of),), exact)

    return measure


def _rates(p_of: Pairwise, groups_: int = 2) -> Callable[[int], Measured]:
    """Groups with the same rate, n events expected in each."""

    def measure(n: int) -> Measured:
        laws: list[tuple[Law, bool]] = [counts(n) for _ in range(groups_)]
        law, exact = several(laws, n)
        return Measured((rejected(law, p_of),), exact)

    return measure


def _series(p_of: Callable[[list[Point]], float], reps: int) -> Callable[[int], Measured]:
    """Normal values that go nowhere."""

    def measure(n: int) -> Measured:
        rows = generator(n).normal(size=(reps, n)).tolist()
        found = [p_of([Point(k, value) for k, value in enumerate(row)]) for row in rows]
        return Measured((sum(p < 0.05 for p in found) / reps,), exact=False, drawn=reps)

    return measure


def _newcombe(s: Sample) -> float | None:
    found = newcombe(Share(s[0][0], sum(s[0])), Share(s[1][0], sum(s[1])))
    return None if found is None else found.p


def _nps(s: Sample) -> float | None:
    found = nps_difference(nps_counts(s[0]), nps_counts(s[1]))
    return None if found is None else found.p


def _welch(s: Sample) -> float | None:
    found = welch(moments(scored(s[0])), moments(scored(s[1])))
    return None if found is None else found.p


def _mann_whitney(s: Sample) -> float | None:
    found = ranks.mann_whitney(scored(s[0]), scored(s[1]))
    return None if found is None else found.p


def _conditional(s: Sample) -> float | None:
    found = rate_difference(Rate(s[0][0], 1_000), Rate(s[1][0], 1_000))
    return None if found is None else found.p


def _chi_square(s: Sample) -> float | None:
    found = groups.chi_square([scored(each) for each in s])
    return found[0].p if found else None


def _kruskal(s: Sample) -> float | None:
    found = ranks.kruskal_wallis([scored(each) for each in s])
    return None if found is None else found.p


def _alike(evidence: Callable[[Sample], object]) -> Pairwise:
    def p_of(s: Sample) -> float | None:
        found = all_alike([evidence(each) for each in s])
        return None if found is None else found.p

    return p_of


def _change(s: Sample) -> dict[int, int]:
    return {point: n for point, n in enumerate(s, -(len(s) // 2)) if n}


def _wilcoxon(s: Sample) -> float | None:
    found = ranks.signed_ranks(_change(s))
    return None if found is None else found.p


def _paired(s: Sample) -> float | None:
    found = groups.paired_t(_change(s))
    return None if found is None else found.p


def _mcnemar(s: Sample) -> float | None:
    found = groups.mcnemar(gained=s[2], lost=s[0], kept=s[1])
    return None if found is None else found.p


def _relation(test: Callable[[Table], Evidence | None]) -> Callable[[int], Measured]:
    def p_of(s: Sample) -> float | None:
        found = test(table(s))
        return None if found is None else found.p

    return _changes(_INDEPENDENT, p_of)


def _line(points: list[Point]) -> float:
    found = fitted_line(points)
    assert found is not None
    return found.p


def _kendall(points: list[Point]) -> float:
    found = mann_kendall(points)
    assert found is not None
    return found.p


_SHARES = ((0.5, 0.5), (0.2, 0.8), (0.05, 0.95))
_UP_AND_DOWN = (0.1, 0.2, 0.4, 0.2, 0.1)
_POINTS = (5, 10, 30, 200)


def _test(name: str, of: str, measure: Callable[[int], Measured], **bounds: float) -> Method:
    return Method(
        name, of, measure,
        low=bounds.get("low", 0.035), high=bounds.get("high", 0.055),
        low_small=0.0, high_small=bounds.get("high_small", 0.065),
    )  # fmt: skip


TESTS: tuple[Method, ...] = (
    _test("newcombe", "two shares of 5, 20 and 50 %", _two_groups(_SHARES, _newcombe), low=0.02),
    _test("nps_two_sample_adjusted_wald", "two NPS", _two_groups(SCORES[:2], _nps)),
    _test("welch", "two means", _two_groups(SCALES[:2], _welch)),
    _test("mann_whitney", "two groups of scores", _two_groups([_THREE], _mann_whitney)),
    _test("poisson_conditional_exact", "two rates", _rates(_conditional), low=0.02),
    _test("chi_square", "three groups of answers", _three_groups(SCALES[0], _chi_square)),
    _test("welch_anova", "three means",
          _three_groups(SCALES[0], _alike(lambda s: moments(scored(s))))),
    _test("nps_adjusted_wald_chi_square", "three NPS",
          _three_groups(SCORES[0], _alike(nps_counts))),
    _test("poisson_chi_square", "three rates",
          _rates(_alike(lambda s: Rate(s[0], 1_000)), 3)),
    _test("kruskal_wallis", "three groups of scores", _three_groups(SCALES[0], _kruskal)),
    _test("paired_t", "changes", _changes(_UP_AND_DOWN, _paired)),
    _test("wilcoxon_signed_rank", "changes", _changes(_UP_AND_DOWN, _wilcoxon)),
    _test("mcnemar_exact", "changes of a property",
          _changes((0.2, 0.6, 0.2), _mcnemar), low=0.02),
    _test("pearson", "two unrelated answers", _relation(pearson)),
    _test("spearman", "two unrelated answers", _relation(spearman)),
    _test("kendall", "two unrelated answers", _relation(kendall)),
    Method("t (slope)", "a series", _series(_line, 800), 0.035, 0.055, sizes=_POINTS,
           low_small=0.0, high_small=0.065),
    Method("mann_kendall", "a series", _series(_kendall, 800), 0.03, 0.055, sizes=_POINTS,
           low_small=0.0, high_small=0.065),
)  # fmt: skip
