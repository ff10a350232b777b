"""Buckets of amounts: sixteen to each power of two, so that all are about as wide as they lie far.

Amounts are whole numbers from 0; up to 31 each has a bucket of its own.
"""

_BITS = 4


def bucket_of(amount: int) -> int:
    """The number of the bucket of an amount; larger amounts have no smaller numbers."""
    level = max(amount.bit_length() - _BITS - 1, 0)
    return (level << _BITS) + (amount >> level)


def least_of(bucket: int) -> int:
    """The least amount of a bucket."""
    level = max((bucket >> _BITS) - 1, 0)
    return (bucket - (level << _BITS)) << level
