"""Weights of schemes: by hand, by fitting whole arrays, and what cannot be weighed."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.weighting.schemes import Scheme, Stratum

GENDERS, AGES = ("f", "m"), ("young", "middle", "old")
CELLS: list[Stratum] = list(itertools.product(GENDERS, AGES))
_targets = st.lists(st.integers(1, 20), min_size=1, max_size=6)


def _scheme(*margins: dict[str, float], bounds: tuple[float, float] | None = None) -> Scheme:
    return Scheme("ours", 1, {f"d{place}": each for place, each in enumerate(margins)}, bounds)


def test_one_margin_is_post_stratification() -> None:
    """Each stratum's share of the population over its share of the sample: 36.47 / 25 is 1.459.

    The region of a published example (Quirk's Marketing Research Review, November 2002, table 1).
    """
    regions = {"one": 36.47, "others": 63.53}
    found = _scheme(regions).weigh({("one",): 250, ("others",): 750})
    assert not isinstance(found, str)
    assert float(found[("one",)]) == pytest.approx(36.47 / 25)
    assert float(found[("one",)]) == pytest.approx(1.459, abs=5e-4)
    assert float(found[("others",)]) == pytest.approx(63.53 / 75)


@given(
    st.lists(st.integers(1, 60), min_size=6, max_size=6),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
)
@settings(max_examples=40, deadline=None)
def test_two_margins_are_met_as_by_fitting_the_array(
    counts: list[int], genders: tuple[int, ...], ages: tuple[int, ...]
) -> None:
    """The weighted table is that of iterative proportional fitting (oracle: numpy); mean 1."""
    found = _scheme(
        dict(zip(GENDERS, map(float, genders), strict=True)),
        dict(zip(AGES, (each * sum(genders) / sum(ages) for each in ages), strict=True)),
    ).weigh(dict(zip(CELLS, counts, strict=True)))
    assert not isinstance(found, str)
    n = sum(counts)
    fitted = np.array(counts, dtype=float).reshape(2, 3)
    for _ in range(3_000):
        fitted *= (np.array(genders) / sum(genders) * n / fitted.sum(axis=1))[:, None]
        fitted *= np.array(ages) / sum(ages) * n / fitted.sum(axis=0)
    ours = [n * float(found[cell]) for cell, n in zip(CELLS, counts, strict=True)]
    assert ours == pytest.approx(fitted.ravel().tolist(), rel=1e-4)
    assert sum(ours) == pytest.approx(n)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=8))
def test_a_sample_that_has_the_margins_is_left_alone(counts: list[int]) -> None:
    """Every weight is exactly 1, not nearly."""
    sample: dict[Stratum, int] = {(str(place),): n for place, n in enumerate(counts)}
    targets = {str(place): float(n) for place, n in enumerate(counts)}
    assert _scheme(targets).weigh(sample) == dict.fromkeys(sample, Fraction(1))


def test_who_is_not_of_the_population_has_no_weight() -> None:
    """Neither a member without a target nor one of 0; the others have mean 1 among themselves."""
    found = _scheme({"a": 1, "b": 1, "gone": 0}).weigh(
        {("a",): 10, ("b",): 30, ("gone",): 5, ("new",): 7, ("b2",): 0}
    )
    assert found == {("a",): 2, ("b",): pytest.approx(Fraction(2, 3))}


def test_what_cannot_be_weighed() -> None:
    """Nobody of a member that has a target; bounds that no weights meet; nobody at all."""
    two = _scheme({"a": 1, "b": 1})
    assert two.weigh({("a",): 10}) == "empty_stratum"
    assert two.weigh({("other",): 10}) == "empty_stratum"
    assert two.weigh({("a",): 10, ("b",): 0}) == "empty_stratum"
    narrow = _scheme({"a": 9, "b": 1}, bounds=(0.9, 1.1))
    assert narrow.weigh({("a",): 10, ("b",): 10}) == "weights_not_converged"
    # They go together in the sample, and should not.
    tied = _scheme({"a": 1, "b": 3}, {"x": 3, "y": 1})
    assert tied.weigh({("a", "x"): 10, ("b", "y"): 10}) == "weights_not_converged"
    assert two.weigh({}) == two.weigh({("a",): 0}) == {}


def test_weights_are_kept_within_bounds() -> None:
    """Trimmed and raked again; where the margins allow no such weights it is a fault."""
    genders: dict[str, float] = {"f": 50, "m": 50}
    ages: dict[str, float] = {"young": 60, "old": 40}
    sample: dict[Stratum, int] = {
        ("f", "young"): 15, ("f", "old"): 35, ("m", "young"): 35, ("m", "old"): 15,
    }  # fmt: skip
    found = _scheme(genders, ages, bounds=(0.2, 1.3)).weigh(sample)
    plain = _scheme(genders, ages).weigh(sample)
    assert not isinstance(found, str)
    assert not isinstance(plain, str)
    assert max(plain.values()) > Fraction(1.3)
    assert max(found.values()) <= Fraction(1.3)
    for place, (member, share) in ((0, ("f", 0.5)), (1, ("young", 0.6))):
        held = sum(sample[each] * float(w) for each, w in found.items() if each[place] == member)
        assert held / 100 == pytest.approx(share, rel=1e-5)
