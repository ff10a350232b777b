"""Tests of allocations: sums, bounds, and that no other allocation is better."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sampling.strata import (
    Method,
    Sampled,
    Stratum,
    allocate,
    planned_variance,
    stratified,
)
from tests.conftest import Tenant
from tests.sampling.asking import plan, refused

STRATA = st.lists(
    st.builds(
        Stratum,
        population=st.integers(1, 5_000),
        sd=st.sampled_from([0.0, 1e-9, 0.5, 1.0, 3.0, 40.0]),
        cost=st.floats(0.1, 100),
    ),
    min_size=1,
    max_size=8,
)
METHODS: list[Method] = ["proportional", "neyman", "optimal"]


@given(STRATA, st.sampled_from(METHODS), st.floats(0, 1), st.integers(1, 5))
@settings(max_examples=80)
def test_an_allocation_adds_up_within_its_bounds(
    strata: list[Stratum], method: Method, part: float, minimum: int
) -> None:
    """Every n between the least and the whole population is met exactly."""
    low = [min(minimum, each.population) for each in strata]
    high = [each.population for each in strata]
    n = sum(low) + int(part * (sum(high) - sum(low)))
    found = allocate(n, strata, method, minimum)
    assert sum(found) == n
    assert all(a <= each <= b for a, each, b in zip(low, found, high, strict=True))


@given(st.lists(st.integers(10, 10_000), min_size=1, max_size=8), st.integers(80, 500))
@settings(max_examples=30)
def test_proportional_parts_keep_the_quota(sizes: list[int], n: int) -> None:
    """Unless a bound cuts, each part is its exact share rounded down or up."""
    n = min(n, sum(sizes))
    exact = [Fraction(n * size, sum(sizes)) for size in sizes]
    found = allocate(n, [Stratum(size) for size in sizes], "proportional", 1)
    if all(share >= 1 for share in exact):
        assert all(abs(n_h - share) < 1 for n_h, share in zip(found, exact, strict=True))


@pytest.mark.parametrize(
    "strata",
    [
        [Stratum(5, 9.0), Stratum(30, 2.0), Stratum(40, 1.0)],
        [Stratum(4, 50.0), Stratum(6, 30.0), Stratum(60, 0.5)],
        [Stratum(30, 0.0), Stratum(8, 5.0), Stratum(20, 1.0)],
    ],
)
def test_neyman_is_as_good_as_the_best_of_all_allocations(strata: list[Stratum]) -> None:
    """Against every allocation of 24 (brute force): what rounding loses is little."""
    n = 24
    best = min(
        planned_variance(strata, each) or 0.0
        for each in itertools.product(*(range(2, min(s.population, n) + 1) for s in strata))
        if sum(each) == n
    )
    found = planned_variance(strata, allocate(n, strata, "neyman"))
    proportional = planned_variance(strata, allocate(n, strata, "proportional"))
    assert found is not None
    assert proportional is not None
    assert best <= found <= best * 1.01 + 1e-12
    assert found <= proportional


def test_what_a_full_stratum_cannot_take_goes_to_the_others() -> None:
    """Neyman would take 58 of the 10 firms; the rest is shared by the others as they are drawn."""
    strata = [Stratum(10, 100.0), Stratum(400, 1.0), Stratum(800, 1.0)]
    assert allocate(100, strata, "neyman") == [10, 30, 60]
    assert allocate(1210, strata, "neyman") == [10, 400, 800]
    assert allocate(1209, [Stratum(10, 0.0), *strata[1:]], "neyman") == [9, 400, 800]


def test_costs_draw_from_where_answers_are_dear() -> None:
    """n_h goes with 1 / sqrt(cost): four times the cost, half the answers."""
    strata = [Stratum(1000, 1.0, 4.0), Stratum(1000, 1.0, 1.0)]
    assert allocate(90, strata, "optimal") == [30, 60]


def test_the_stratified_mean_by_hand() -> None:
    """W = .6, .4; mean 4.4; variance .36(.9)4/60 + .16(.9)9/40."""
    mean, variance = stratified([Sampled(600, 60, 4, 2), Sampled(400, 40, 5, 3)])
    assert mean == pytest.approx(4.4)
    assert variance == pytest.approx(0.36 * 0.9 * 4 / 60 + 0.16 * 0.9 * 9 / 40)


def test_a_census_has_no_error() -> None:
    """All of each stratum: variance 0."""
    assert stratified([Sampled(3, 3, 4, 2), Sampled(2, 2, 5, 3)])[1] == 0


async def test_an_allocation_over_http(tenant: Tenant) -> None:
    """Parts, weights, invitations, cost, the planned error, and the mean that was found."""
    found = await plan(
        tenant,
        "sampling/allocation",
        n=300,
        method="neyman",
        strata=[
            {
                "stratum": "north", "population": 6000, "sd": 1.0, "cost": 2.0,
                "response_rate": 0.5, "observed": {"n": 60, "mean": 4.0, "sd": 2.0},
            },
            {
                "stratum": "south", "population": 2000, "sd": 3.0, "cost": 3.0,
                "observed": {"n": 40, "mean": 5.0, "sd": 3.0},
            },
        ],
    )  # fmt: skip
    parts = [(each["n"], each["invitations"]) for each in found["strata"]]
    assert parts == [(150, 300), (150, 150)]
    assert [each["weight"] for each in found["strata"]] == [0.75, 0.25]
    assert (found["population"], found["invitations"], found["cost"]) == (8000, 450, 750.0)
    planned = 0.75**2 * (1 - 150 / 6000) / 150 + 0.25**2 * (1 - 150 / 2000) * 9 / 150
    assert found["planned"]["variance"] == pytest.approx(planned)
    estimate = found["estimate"]
    assert estimate["value"] == pytest.approx(4.25)
    assert estimate["interval"]["method"] == "stratified_normal"
    half = estimate["interval"]["high"] - estimate["value"]
    assert half == pytest.approx(1.959963985 * estimate["standard_error"])


async def test_what_the_method_lacks_is_named(tenant: Tenant) -> None:
    """Missing spreads and costs, names twice, and samples that do not fit have their pointers."""
    two = [{"stratum": "a", "population": 10, "sd": 1.0}, {"stratum": "b", "population": 10}]
    path = "sampling/allocation"
    assert (await refused(tenant, path, n=5, method="optimal", strata=two))[1] == [
        ("/strata/0/cost", "missing-field"),
        ("/strata/1/sd", "missing-field"),
        ("/strata/1/cost", "missing-field"),
    ]
    assert (await refused(tenant, path, n=5, strata=[two[0], two[0]]))[1] == [
        ("/strata/1/stratum", "duplicate-item")
    ]
    for n in (3, 21):
        assert (await refused(tenant, path, n=n, strata=two))[1] == [("/n", "number-out-of-range")]
    seen = {"n": 11, "mean": 1.0, "sd": 1.0}
    strata = [two[0] | {"observed": seen}, two[1]]
    assert (await refused(tenant, path, n=5, strata=strata))[1] == [
        ("/strata/0/observed/n", "number-out-of-range"),
        ("/strata/1/observed", "missing-field"),
    ]
