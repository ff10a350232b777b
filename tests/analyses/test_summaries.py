"""Summaries of scores: against numpy and scipy."""

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from app.analyses.summaries import summarise


@given(st.lists(st.integers(-5, 9), min_size=1, max_size=60))
@settings(max_examples=50)
def test_summaries_are_those_of_numpy_and_scipy(scores: list[int]) -> None:
    """Quartiles (linear), extremes and G1 (oracles: numpy, scipy)."""
    found = summarise(Counter(scores))
    assert found is not None
    quartiles = (found.lower_quartile, found.median, found.upper_quartile)
    assert [float(each) for each in quartiles] == list(np.quantile(scores, (0.25, 0.5, 0.75)))
    assert (float(found.minimum), float(found.maximum)) == (min(scores), max(scores))
    if len(scores) > 2 and len(set(scores)) > 1:
        assert found.skewness == pytest.approx(stats.skew(scores, bias=False), abs=1e-9)
    else:
        assert found.skewness is None


def test_nothing_has_no_summary() -> None:
    """No scores: nothing, rather than zeros; decimals stay exact."""
    assert summarise({}) is None
    found = summarise({Decimal("0.1"): 1, Decimal("0.3"): 1})
    assert found is not None
    assert found.median * 5 == 1
