"""Which cells a period is read from: whole months as such, and the days around them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal


@dataclass(frozen=True)
class Span:
    """Cells of one grain, from the first day up to but not including the last."""

    grain: Literal["day", "month"]
    start: date
    end: date


def spans(start: date, end: date, buckets: Sequence[date] = ()) -> list[Span]:
    """The fewest cells of a period: a month counts as such where it lies in one bucket whole.

    `buckets` are the first days of each, ascending; what is before the first is one too.
    """
    cuts = [start, *(day for day in buckets if start < day < end), end]
    found: list[Span] = []
    for first, last in pairwise(cuts):
        for span in _of_bucket(first, last):
            before = found[-1] if found else None
            if before is not None and (before.grain, before.end) == (span.grain, span.start):
                found[-1] = Span(span.grain, before.start, span.end)
            else:
                found.append(span)
    return found


def days_of(span: Span) -> Iterator[date]:
    """The first day of each of its cells."""
    day = span.start
    while day < span.end:
        yield day
        day = _next_month(day) if span.grain == "month" else day + timedelta(days=1)


def _of_bucket(start: date, end: date) -> Iterator[Span]:
    """The days before its first whole month, its months, and the days after them."""
    first = start if start.day == 1 else _next_month(start)
    last = end.replace(day=1)
    if first >= last:
        yield Span("day", start, end)
        return
    if start < first:
        yield Span("day", start, first)
    yield Span("month", first, last)
    if last < end:
        yield Span("day", last, end)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
