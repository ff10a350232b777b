"""Sums over sets of customers, digit by digit, equal adding up one customer after the other."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.purchases.digits import Amounts, digits_of, less, lesser, total, who
from app.purchases.spans import set_of

SIZE = 9
lists = st.lists(st.integers(-(2**40), 2**40) | st.integers(-4, 4), min_size=SIZE, max_size=SIZE)


def _amounts(values: list[int]) -> Amounts:
    return Amounts.of(range(SIZE), values)


@given(one=lists, other=lists, chosen=st.sets(st.integers(0, SIZE - 1)))
def test_sums_of_two_amounts_are_those_of_each_customer(
    one: list[int], other: list[int], chosen: set[int]
) -> None:
    """Amounts of either sign are added, and nobody has a part above zero and one below."""
    found = _amounts(one).plus(_amounts(other))
    by_hand = [a + b for a, b in zip(one, other, strict=True)]
    assert found.total(set_of(chosen)) == sum(by_hand[number] for number in chosen)
    assert [found.total(1 << number) for number in range(SIZE)] == by_hand
    assert not who(found.above) & who(found.below)


@given(one=lists, other=lists)
def test_the_lesser_of_two_amounts(one: list[int], other: list[int]) -> None:
    """Whoever has less of one than of the other is found, and how much that is."""
    first, second = ([abs(each) for each in values] for values in (one, other))
    a, b = (digits_of(range(SIZE), values) for values in (first, second))
    pairs = list(zip(first, second, strict=True))
    assert less(a, b) == set_of([number for number, (x, y) in enumerate(pairs) if x < y])
    assert [total(lesser(a, b), 1 << number) for number in range(SIZE)] == [min(p) for p in pairs]


@given(
    listed=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 2**40)), max_size=60),
    far=st.booleans(),
)
def test_digits_of_few_and_of_many(listed: list[tuple[int, int]], far: bool) -> None:
    """A customer who is listed again has the sum, whether all numbers are gone through or not."""
    customers = [number * (1_000 if far else 1) for number, _ in listed]
    amounts = [amount for _, amount in listed]
    sums = Counter[int]()
    for customer, amount in zip(customers, amounts, strict=True):
        sums[customer] += amount
    found = digits_of(customers, amounts)
    assert {customer: total(found, 1 << customer) for customer in sums} == sums
    assert who(found) == set_of([customer for customer, amount in sums.items() if amount])
