"""Buckets of durations: sixty-four of equal width between a power of two and the next."""

_PARTS = 64
#: A response takes a week at most: less than 2^20 seconds.
_POWERS = 20
#: The least seconds of each bucket from 1 on; whatever is shorter than a second is in bucket 0.
LEAST = tuple(
    2.0**power * (1 + part / _PARTS) for power in range(_POWERS) for part in range(_PARTS)
)


def bucket_sql(seconds: str) -> str:
    """The bucket of a duration, as an expression of SQL; `:least` is to be bound to `LEAST`.

    Bounds are exact in binary, and PostgreSQL compares with them: every machine agrees.
    """
    return f"width_bucket({seconds}, CAST(:least AS float8[]))"
