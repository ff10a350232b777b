"""The three real inputs as plain rows, read with nothing but the standard library."""

import csv
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

DATA = Path(__file__).parents[3] / "shared" / "data"
CDNOW = DATA / "CDNOW_sample.txt"
BANK = DATA / "bank_satisfaction_250.csv"
CFPB = DATA / "cfpb_consumer_complaints_2013_2016_slice.csv"

NEW_YORK = ZoneInfo("America/New_York")
"""The zone of the workspace: the shop and the regulator are American."""
YEARS_MOVED = 18
"""The shop sold in 1997 and 1998, the complaints are of 2013 to 2017: orders of 1998 are loaded
once more, so many years later, for the complaints to be set against."""


@dataclass(frozen=True)
class Purchase:
    """A line of the transaction log; the file has no id of its own for it."""

    number: int
    master_id: str
    customer: str
    day: date
    discs: int
    dollars: str

    @property
    def amount(self) -> Decimal:
        """The money, exact."""
        return Decimal(self.dollars)

    @property
    def moved_to(self) -> date | None:
        """The day of its second life; None if it has none."""
        return self.day.replace(year=self.day.year + YEARS_MOVED) if self.day.year == 1998 else None


@dataclass(frozen=True)
class CfpbRow:
    """A complaint as published. Exact duplicates are told apart by their `occurrence`."""

    cells: dict[str, str]
    occurrence: int

    @property
    def external_id(self) -> str:
        """Made from the content: the slice comes without the regulator's complaint id."""
        content = json.dumps(self.cells, sort_keys=True).encode()
        return f"{hashlib.sha256(content).hexdigest()[:32]}-{self.occurrence}"

    @property
    def received(self) -> date:
        """The local date on which the regulator received it."""
        return _american(self.cells["Date received"])

    @property
    def sent(self) -> date:
        """The local date on which it was sent to the company."""
        return _american(self.cells["Date sent to company"])


def _american(text: str) -> date:
    month, day, year = map(int, text.split("/"))
    return date(year, month, day)


def at(day: date, hour: int, minute: int = 0) -> str:
    """A local time in New York, with its offset."""
    return datetime.combine(day, time(hour, minute), NEW_YORK).isoformat()


@cache
def purchases() -> tuple[Purchase, ...]:
    """Every line of the log, in the order of the file."""
    lines = CDNOW.read_text(encoding="ascii").splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        master_id, customer, day, discs, dollars = line.split()
        found.append(
            Purchase(number, master_id, customer, date.fromisoformat(day), int(discs), dollars)
        )
    return tuple(found)


@cache
def bank_answers() -> tuple[dict[str, str], ...]:
    """The 250 respondents, in the order of the file."""
    with BANK.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def cfpb_rows() -> tuple[CfpbRow, ...]:
    """The complaints, in the order of the file."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    with CFPB.open(encoding="utf-8", newline="") as file:
        for cells in csv.DictReader(file):
            content = tuple(cells.values())
            seen[content] += 1
            found.append(CfpbRow(cells, seen[content]))
    return tuple(found)
