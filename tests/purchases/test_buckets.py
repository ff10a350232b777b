"""Buckets of amounts: each amount is in one, in order, and none is much wider than it lies far."""

from hypothesis import given
from hypothesis import strategies as st

from app.purchases.buckets import bucket_of, least_of

amounts = st.integers(0, 2**50) | st.integers(0, 300)


@given(amount=amounts, more=st.integers(0, 2**40))
def test_buckets_are_in_order_and_hold_their_amounts(amount: int, more: int) -> None:
    """A bucket reaches from its least amount to that of the next, a sixteenth of it or one."""
    bucket = bucket_of(amount)
    low, high = least_of(bucket), least_of(bucket + 1)
    assert low <= amount < high
    assert (high - low) * 16 <= max(low, 16)
    assert bucket_of(amount + more) >= bucket
