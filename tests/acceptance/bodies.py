"""What is sent: the real rows as customers, orders, a survey with its responses, complaints."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from tests.acceptance.sources import (
    CfpbRow,
    Purchase,
    at,
    bank_answers,
    purchases,
)

Json = dict[str, Any]

CONSTRUCTS = {
    "imag": "image",
    "expe": "expectation",
    "qual": "service_quality",
    "val": "value",
    "sat": "satisfaction",
    "loy": "loyalty",
}
CHANNELS = {
    "Web": "web",
    "Phone": "phone",
    "Postal mail": "postal",
    "Referral": "other",
    "Fax": "other",
}
FIRST_INTERVIEW = date(2020, 1, 1)
"""The survey's file has no dates: one respondent a day is our choice, late in the evening, when
it is already tomorrow in UTC."""


def ndjson(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One JSON document a line."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The same rows as CSV; objects become columns with a dot."""
    flat = [_flat(row) for row in rows]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(flat[0]))
    writer.writeheader()
    writer.writerows(flat)
    return file.getvalue().encode()


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            cells |= {f"{name}.{inner}": str(each) for inner, each in value.items()}
        else:
            cells[name] = str(value)
    return cells


def first_days() -> dict[str, date]:
    """The day of each customer's first purchase."""
    found: dict[str, date] = {}
    for each in purchases():
        found[each.customer] = min(found.get(each.customer, each.day), each.day)
    return found


def customers() -> list[Json]:
    """Every customer; the segment is the month of the first purchase."""
    masters = {each.customer: each.master_id for each in purchases()}
    return [
        {
            "external_id": customer,
            "segment": f"{first:%Y-%m}",
            "first_seen_at": at(first, 12),
            "attributes": {"master_id": masters[customer]},
        }
        for customer, first in first_days().items()
    ]


def orders() -> list[Json]:
    """The log: each line is an order, known by its number."""
    return [_order(f"cdnow-{each.number:05}", each, each.day) for each in purchases()]


def moved_orders() -> list[Json]:
    """The orders of 1998 once more, years later; see `YEARS_MOVED`."""
    return [
        _order(f"moved-{each.number:05}", each, each.moved_to)
        for each in purchases()
        if each.moved_to is not None
    ]


def _order(external_id: str, purchase: Purchase, day: date) -> Json:
    return {
        "external_id": external_id,
        "customer": purchase.customer,
        "ordered_on": str(day),
        "amount": purchase.dollars,
        "currency": "USD",
        "quantity": purchase.discs,
    }


def questionnaire() -> Json:
    """27 items from 1 to 10 under their constructs, and the gender.

    The satisfaction items are CSAT questions whose top box is {9, 10}. The file has 111 zeros on
    a scale that begins at 1: they are "not applicable", and no item becomes an NPS question.
    """
    items = [key for key in bank_answers()[0] if key != "gender"]
    questions: list[Json] = [_item(key) for key in items]
    codes = ("female", "male")
    choices = [{"code": code, "label": {"en": code.title()}} for code in codes]
    gender = {"type": "single_choice", "key": "gender", "choices": choices, "required": True}
    questions.append({**gender, "text": {"en": "Gender"}})
    return {
        "name": "Credit institution",
        "definition": {
            "default_language": "en",
            "languages": ["en"],
            "title": {"en": "Satisfaction with a credit institution"},
            "pages": [{"key": "all", "questions": questions}],
            "hidden_fields": ["gender"],
        },
    }


def _item(key: str) -> Json:
    construct = CONSTRUCTS[key.rstrip("0123456789")]
    asked: Json = {"type": "rating", "key": key, "text": {"en": f"Item {key}"}}
    if construct == "satisfaction":
        asked |= {"type": "csat", "top_box": [9, 10]}
    asked |= {"min": 1, "max": 10, "allow_not_applicable": True}
    return asked | {"required": True, "construct": construct}


def interviewed_on(number: int) -> date:
    """The local day of the respondent, numbered from 0."""
    return FIRST_INTERVIEW + timedelta(days=number)


def responses(*, zeros: object = "not_applicable") -> list[Json]:
    """The 250 responses under ids of their own, with zeros as they are to be sent."""
    found = []
    for number, row in enumerate(bank_answers()):
        scores = {key: int(value) or zeros for key, value in row.items() if key != "gender"}
        found.append(
            {
                "submission_id": f"bank-{number:03}",
                "answers": {**scores, "gender": row["gender"]},
                "hidden_fields": {"gender": row["gender"]},
                "occurred_at": at(interviewed_on(number), 23, 30),
                "language": "en",
                "channel": "other",
                "method": "import",
            }
        )
    return found


def category(row: CfpbRow) -> str:
    """The product as a code."""
    return re.sub(r"[^a-z0-9]+", "-", row.cells["Product"].lower()).strip("-")


def complainant(row: CfpbRow, number: int) -> str | None:
    """Who complained by phone: a customer of the shop, by the row's number.

    Neither file says so; it joins them so that complaining customers can be counted.
    """
    if row.cells["Submitted via"] != "Phone":
        return None
    return f"{number % 2_357 + 1:04}"


def complaint(row: CfpbRow, number: int) -> Json:
    """A published complaint as a case of its own.

    Exact duplicates are filed as separate cases: without the regulator's id nothing says that
    two equal rows are one complaint, and the published counts count both. ZIP codes stay as
    they came, without their leading zero, and so do the masked ones.
    """
    cells = row.cells
    metadata = {
        "product": cells["Product"],
        "sub_product": cells["Sub-product"],
        "company": cells["Company"],
        "state": cells["State"],
        "zip_code": cells["ZIP code"],
        "consent": cells["Consumer consent provided?"],
        "sent_on": str(row.sent),
        "response": cells["Company response to consumer"],
        "disputed": cells["Consumer disputed?"],
    }
    about = " / ".join(filter(None, (cells["Issue"], cells["Sub-issue"])))
    customer = complainant(row, number)
    return {
        "kind": "complaint",
        "channel": CHANNELS[cells["Submitted via"]],
        "category": category(row),
        "subject": cells["Issue"],
        "description": about,
        "received_at": at(row.received, 20),
        "source_system": "cfpb",
        "external_id": row.external_id,
        "metadata": {name: value for name, value in metadata.items() if value}
        | {"timely": cells["Timely response?"] == "Yes"},
        **({"customer": customer} if customer else {}),
    }
