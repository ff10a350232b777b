"""Sets of customers as whole numbers: which of several sets each is in."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.purchases.spans import index_of, set_of


@given(places=st.lists(st.integers(0, 9), max_size=40))
def test_each_number_has_the_place_of_its_set(places: list[int]) -> None:
    """Nine disjoint sets, some of them empty, and numbers that are in none."""
    sets = [
        set_of([number for number, own in enumerate(places) if own == place])
        for place in range(1, 10)
    ]
    assert list(index_of(sets, len(places) + 3)) == [*places, 0, 0, 0]


@pytest.mark.parametrize("count", [0, 1, 255, 256, 1_000])
def test_there_may_be_more_sets_than_a_byte_counts(count: int) -> None:
    """Sets of one number each, in any order."""
    numbers = list(range(count))
    random.Random(count).shuffle(numbers)
    found = index_of([1 << number for number in numbers], count)
    assert [found[number] for number in numbers] == list(range(1, count + 1))
