"""Proration by local days, against counting single days."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.market.coverage import cover

FIRST = date(2026, 2, 20)


@dataclass(frozen=True)
class Stated:
    """A statement for some days."""

    period_start: date
    period_end: date

    def days(self) -> list[date]:
        """Each of them."""
        span = (self.period_end - self.period_start).days
        return [self.period_start + timedelta(days=number) for number in range(span)]


def _rows(stated: list[Stated]) -> list[tuple[date, date, Stated]]:
    return [(each.period_start, each.period_end, each) for each in stated]


def _spans() -> st.SearchStrategy[Stated]:
    starts, lengths = st.integers(0, 30), st.integers(1, 20)
    return st.builds(
        lambda start, days: Stated(
            FIRST + timedelta(days=start), FIRST + timedelta(days=start + days)
        ),
        starts,
        lengths,
    )


@settings(max_examples=60, deadline=None)
@given(stated=st.lists(_spans(), max_size=6), asked=_spans())
def test_portions_are_shares_of_days(stated: list[Stated], asked: Stated) -> None:
    """Each portion is the share of its days that are asked for; other days count as missing."""
    wanted = set(asked.days())
    found = cover(_rows(stated), asked.period_start, asked.period_end)
    by_hand = [
        (each, Fraction(len(wanted & set(each.days())), len(each.days())))
        for each in stated
        if wanted & set(each.days())
    ]
    key = lambda pair: (pair[0].period_start, pair[0].period_end)  # noqa: E731
    assert [(each.of, each.share) for each in found.portions] == sorted(by_hand, key=key)
    assert found.missing_days == len(wanted - {day for each in stated for day in each.days()})
    assert found.prorated == any(share != 1 for _, share in by_hand)


def test_adjoining_periods_take_all_of_a_statement() -> None:
    """Periods side by side share a statement out without a remainder."""
    stated = [Stated(date(2026, 1, 1), date(2026, 4, 1))]
    months = [date(2026, month, 1) for month in range(1, 5)]
    shares = [cover(_rows(stated), start, end).portions[0].share for start, end in pairwise(months)]
    assert shares == [Fraction(31, 90), Fraction(28, 90), Fraction(31, 90)]
