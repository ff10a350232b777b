"""Buckets of amounts: each amount is in one, in order, and none is much wider than it lies far."""

from hypothesis import given
from hypothesis import strategies as st

from app.purchases.buckets import bucket_of, least_of

amounts = st.integers(0, 2**50) | st.integers(0, 300)


@given(amount=amounts, more=st.integers(0, 2**40) | st.integers(0, 40))
def test_buckets_are_in_order_and_narrow(amount: int, more: int) -> None:
    """Of two amounts in one bucket the larger exceeds the other by less than a sixteenth of it."""
    bucket, other = bucket_of(amount), bucket_of(amount + more)
    assert other >= bucket
    if other == bucket:
        assert more * 16 < max(amount, 16)
    if amount >= 16:
        assert bucket_of(2 * amount) == bucket + 16


@given(amount=amounts)
def test_the_least_of_a_bucket_is_in_it_and_nothing_below(amount: int) -> None:
    """So that sorted amounts are cut into buckets where each begins."""
    bucket = bucket_of(amount)
    least = least_of(bucket)
    assert bucket_of(least) == bucket
    assert least == 0 or bucket_of(least - 1) < bucket
