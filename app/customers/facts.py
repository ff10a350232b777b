"""What is known of a customer, and what a line adds to it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from app.customers.phones import e164
from app.customers.schemas import CustomerPatch
from app.errors import field_error

#: The columns of a customer that clients set, and what follows from them, by name.
Facts: TypeAlias = Mapping[str, Any]

MAX_ATTRIBUTES = 50
CONSENTS = ("survey_consent", "marketing_consent")
NOTHING: Facts = {
    **dict.fromkeys(name for name in CustomerPatch.model_fields if name != "attributes"),
    "phone_e164": None,
    "attributes": {},
}


def merged(known: Facts, patch: CustomerPatch, *, at: datetime, region: str) -> Facts:
    """The facts after a patch: named fields are set, null clears, absent ones stay.

    A consent that changes without a time of its own changed `at` this moment. Numbers without a
    country code are read as those of `region`. Raises `too-many-items` beyond 50 attributes.
    """
    named = patch.model_fields_set & NOTHING.keys()
    changes = {name: getattr(patch, name) for name in named}
    if "attributes" in changes:
        changes["attributes"] = _attributes(known["attributes"], patch.attributes)
    if "phone" in changes:
        phone = patch.phone
        if phone != known["phone"]:
            changes["phone_e164"] = None if phone is None else e164(phone, region)
    for consent in CONSENTS:
        dated = f"{consent}_at" in changes
        if consent in changes and not dated and changes[consent] != known[consent]:
            changes[f"{consent}_at"] = None if changes[consent] is None else at
    return {**known, **changes}


def same(known: Facts, other: Facts) -> bool:
    """Whether nothing has changed; unlike in Python, true is not 1."""
    return known == other and _flags(known) == _flags(other)


def _flags(facts: Facts) -> set[str]:
    return {key for key, value in facts["attributes"].items() if isinstance(value, bool)}


def _attributes(known: Mapping[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    if changes is None:
        return {}
    attributes = {k: v for k, v in {**known, **changes}.items() if v is not None}
    if len(attributes) > MAX_ATTRIBUTES:
        raise field_error("/attributes", "too-many-items")
    return attributes
