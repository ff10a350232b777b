"""Tests of sample sizes: against the published table, and against their own inverse."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sampling.sizes import Precision, invitations, whole
from tests.conftest import Tenant
from tests.sampling.asking import plan, refused

#: R. V. Krejcie and D. W. Morgan, "Determining sample size for research activities", 1970.
#: Copies that give 384 for 100,000 lost a digit: the authors' own formula gives 382.6 there.
KREJCIE_MORGAN = {
    10: 10, 50: 44, 100: 80, 200: 132, 500: 217, 1000: 278, 10_000: 370, 75_000: 382,
    1_000_000: 384,
}  # fmt: skip
PRECISIONS = st.builds(
    Precision,
    proportion=st.floats(0.01, 0.99),
    level=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    population=st.none() | st.integers(1, 10**12),
    design_effect=st.floats(0.1, 10),
)
MARGINS = st.floats(0.001, 0.5)


@pytest.mark.parametrize(("population", "n"), KREJCIE_MORGAN.items())
async def test_the_table_of_krejcie_and_morgan(tenant: Tenant, population: int, n: int) -> None:
    """Rounded to the nearest, p 0.5, margin 0.05, level 0.95: as published."""
    found = await plan(tenant, "sampling/size", population=population, rounding="nearest")
    assert found["n"] == n


async def test_rounding_up_is_the_default_and_never_misses_the_margin(tenant: Tenant) -> None:
    """Of 500 the table's 217 give a little more than 5 points; 218 do not."""
    found = await plan(tenant, "sampling/size", population=500, achieved=217)
    assert (found["n"], found["margin"] <= 0.05) == (218, True)
    assert found["achieved"]["enough"] is False
    assert found["achieved"]["margin"] == pytest.approx(
        1.959963985 * math.sqrt(0.25 / 217 * (500 - 217) / 499)
    )


async def test_an_unlimited_population_needs_385(tenant: Tenant) -> None:
    """n0 = 384.146 for p 0.5 and 5 points; invitations by the response rate, rounded up."""
    found = await plan(tenant, "sampling/size", response_rate=0.07)
    assert found["unlimited"] == pytest.approx(384.1459, abs=1e-4)
    assert (found["n"], found["invitations"], found["warnings"]) == (385, 5500, [])
    assert found["definition"]["name"] == "Sample size of a share"


async def test_what_cannot_be_had_is_said(tenant: Tenant) -> None:
    """Too few to invite, too few to expect, and more answers than people."""
    found = await plan(
        tenant, "sampling/size", population=100, proportion=0.01, margin=0.02, response_rate=0.2
    )
    assert found["warnings"] == ["population_too_small", "few_expected"]
    problem = await refused(tenant, "sampling/size", population=100, achieved=101)
    assert problem == ("invalid-request", [("/achieved", "number-out-of-range")])


async def test_the_formula_is_told_in_chinese(tenant: Tenant) -> None:
    """By Accept-Language, on which the answer depends."""
    answer = await tenant.client.post(
        "/v1/sampling/size", json={}, headers={"Accept-Language": "zh-CN"}
    )
    assert answer.json()["definition"]["name"] == "比例估计的样本量"
    assert "Accept-Language" in answer.headers["vary"]


@given(PRECISIONS, MARGINS)
@settings(max_examples=60)
def test_what_is_needed_gives_the_margin_and_less_does_not(
    precision: Precision, margin: float
) -> None:
    """Size and margin are inverses of each other, whatever the population and the design."""
    unrounded = precision.needed(margin)
    n = whole(unrounded, "up", precision.population)
    assert 1 <= n <= (precision.population or n)
    assert precision.margin_of(n) <= margin * (1 + 1e-6)
    if n > 1 and unrounded < n - 0.01:
        assert precision.margin_of(n - 1) > margin * (1 - 1e-6)


@given(PRECISIONS, MARGINS, MARGINS)
@settings(max_examples=30)
def test_a_narrower_margin_never_needs_fewer(
    precision: Precision, one: float, other: float
) -> None:
    """The size falls with the margin."""
    assert precision.needed(min(one, other)) >= precision.needed(max(one, other))


def test_invitations_read_the_rate_in_decimals() -> None:
    """7 answers at 7 % are 100 invitations, though 7 / 0.07 is more than 100 in binary."""
    assert [invitations(7, 0.07), invitations(1, 1.0), invitations(2, 0.3)] == [100, 1, 7]
