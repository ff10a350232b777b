"""What each customer brought in during calendar months, exactly at one instant."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from sqlalchemy import text

from app.purchases.book import Book
from app.purchases.digits import Amounts, Digits
from app.purchases.spans import CHUNK
from app.purchases.stored_sets import as_int

_KEPT = text("""
SELECT member, place, kind, level, chunk, bits FROM customer_sets
WHERE workspace_id = :workspace_id AND kind IN ('brought', 'paid_back')
    AND place = ANY(CAST(:months AS bigint[]))
""")
Key = TypeVar("Key")
_Month = tuple[str, int]
"""A currency, and the number of a month."""


async def brought_in(book: Book, spans: Sequence[range]) -> list[dict[str, Amounts]]:
    """What each customer brought in during each span of months, by currency.

    Orders less refunds, each in its own month, in ten-thousandths.
    """
    months = await _kept(book, sorted({month for span in spans for month in span}))
    for at, amounts in _by_hand(book).items():
        _add(months, at, amounts)
    found: list[dict[str, Amounts]] = []
    for span in spans:
        found.append({})
        for (currency, month), amounts in months.items():
            if month in span:
                _add(found[-1], currency, amounts)
    return found


def _add(sums: dict[Key, Amounts], key: Key, amounts: Amounts) -> None:
    sums[key] = sums[key].plus(amounts) if key in sums else amounts


async def _kept(book: Book, months: Sequence[int]) -> dict[_Month, Amounts]:
    """What is kept of those who are not counted by hand."""
    named = {"workspace_id": book.workspace_id, "months": months}
    stored: dict[_Month, dict[str, dict[int, int]]] = {}
    for currency, month, kind, level, chunk, bits in await book.session.execute(_KEPT, named):
        levels = stored.setdefault((currency, month), {}).setdefault(kind, {})
        levels[level] = levels.get(level, 0) | as_int(bits) << (chunk * CHUNK)
    return {
        at: Amounts(*(_digits(book, kinds.get(kind, {})) for kind in ("brought", "paid_back")))
        for at, kinds in stored.items()
    }


def _digits(book: Book, levels: Mapping[int, int]) -> Digits:
    return [book.kept(levels.get(level, 0)) for level in range(max(levels, default=-1) + 1)]


def _by_hand(book: Book) -> Mapping[_Month, Amounts]:
    """The same of those who are."""
    listed: dict[_Month, tuple[list[int], list[int]]] = {}
    for place, one in enumerate(book.by_hand, book.base):
        for month, amount in one.history.months.items():
            places, amounts = listed.setdefault(month, ([], []))
            places.append(place)
            amounts.append(amount)
    return {month: Amounts.of(*columns) for month, columns in listed.items()}
