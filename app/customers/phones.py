"""Telephone numbers: what people write, and the one form by which numbers can be compared."""

from functools import lru_cache

import phonenumbers

#: Where a workspace's language names no region.
DEFAULT_REGION = "CN"


def region_of(language: str) -> str:
    """The region in which local numbers are read: that of the language tag ("zh-CN": CN)."""
    last = language.rpartition("-")[2]
    return last if len(last) == 2 and last.isupper() else DEFAULT_REGION


@lru_cache(maxsize=5_000)  # a changed row is read twice: as it was, and when it is locked
def e164(written: str, region: str) -> str | None:
    """The number in E.164 ("+8613812345678"), or None if it is not a valid number.

    Never an error: spreadsheets send 4.41E+11, and the record is worth keeping all the same.
    """
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
