"""Buckets of amounts: each amount is in one, in order, and none is much wider than it lies far."""

from hypothesis import given
from hypothesis import strategies as st

from app.purchases.buckets import bucket_of

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
