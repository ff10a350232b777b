"""Lives from what is kept: counts of turns by days, and where these do not tell, customers.

Counts are of purchases that stand now: what stood at the end of a watch is put right by hand.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from sqlalchemy import text

from app.kpis.survival import ALWAYS, Lives
from app.kpis.survival_lives import (
    Groups,
    Wanted,
    add,
    add_by_hand,
    group_named,
    kept,
    life_of,
    lives_of,
)
from app.kpis.survival_standing import add_standing
from app.purchases.book import Book, group_of, kinds, passes, trait
from app.purchases.one_trait import OneTrait, one_trait
from app.purchases.turn_counts import Asked, Counted, turned
from app.purchases.turns import FOREVER, turn_of

_NOBODY: Counter[int] = Counter()


async def from_counts(book: Book, wanted: Sequence[Wanted], by: str | None) -> list[Groups]:
    """All lives until the second purchase, or until a silence of the usual window.

    The watches are of one scope and differ in their days alone.
    """
    of = one_trait(by, wanted[0].scope.filters)
    if of is None:
        found = [await _from_customers(book, each, by) for each in wanted]
    else:
        found = await _from_turns(book, wanted, of)
        for groups, each in zip(found, wanted, strict=True):
            _take_replaced(groups, book, each, by)
    for groups, each in zip(found, wanted, strict=True):
        add_by_hand(groups, book, each, by)
    await add_standing(found, book, wanted, by)
    return found


async def _from_turns(book: Book, wanted: Sequence[Wanted], of: OneTrait) -> list[Groups]:
    """What the counts say of all customers, as they are kept."""
    begins = sorted({day for each in wanted for day in (each.due, each.watched_turns) if day})
    spans = [Asked("first_day", *span) for span in pairwise([*begins, FOREVER])]
    questions = [*spans, *(asked for each in wanted for asked in _happened(each))]
    counted = await turned(book, wanted[0].turn, of, questions)
    waiting: dict[int, Counted] = {}
    later: Counted = {}
    for span in reversed(spans):
        later = waiting[span.start] = _joined(later, counted[span])
    found: list[Groups] = []
    for each in wanted:
        happened, *beyond = (counted[asked] for asked in _happened(each))
        groups: Groups = {}
        for group in happened.keys() | waiting[each.due].keys():
            gaps = Counter(happened.get(group))
            for those in beyond:
                gaps.subtract(those.get(group, _NOBODY))
            watched = waiting[each.watched_turns].get(group, _NOBODY) if each.late else None
            groups[group] = _lives(each, gaps, waiting[each.due].get(group, _NOBODY), watched)
        found.append(groups)
    return found


def _happened(wanted: Wanted) -> Sequence[Asked]:
    """Whose turns happened in the watch; of the second question, whose did not after all."""
    if wanted.late or wanted.acquired:
        start = max(wanted.since, wanted.watched_turns)
        return (Asked("gap", start, wanted.due, wanted.since),)
    return (Asked("gap"), Asked("gap", wanted.due))


def _joined(one: Counted, other: Counted) -> Counted:
    both = {group: Counter(counts) for group, counts in one.items()}
    for group, counts in other.items():
        both.setdefault(group, Counter()).update(counts)
    return both


def _lives(
    wanted: Wanted,
    gaps: Mapping[int, int],
    waiting: Mapping[int, int],
    watched: Mapping[int, int] | None,
) -> Lives:
    """Lives by the gaps of those to whom it happened, and by first days of the others.

    `watched` are the first days of all who were under observation; None: from their first day on.
    """
    since, end, lag, entry = wanted.since, wanted.end, wanted.lag, wanted.entry(0)
    lives = Lives(
        events=Counter({gap + lag: n for gap, n in gaps.items()}),
        censored=Counter({end - 1 - day: n for day, n in waiting.items() if since <= day < end}),
    )
    if watched is None:
        lives.entered[ALWAYS] = lives.events.total() + lives.censored.total()
    else:
        for day, n in watched.items():
            if since <= day < end:
                lives.entered[max(entry - day, ALWAYS)] += n
    return lives


def _take_replaced(groups: Groups, book: Book, wanted: Wanted, by: str | None) -> None:
    """Take away those who are counted by hand."""
    for history in book.replaced:
        if history.days and passes(history.traits, wanted.scope.filters):
            life = life_of(wanted, history.days[0], turn_of(wanted.turn, history))
            if life is not None:
                add(groups, group_named(history, by), life._replace(n=-1))


# `turn` is the day that decides. A curve needs sums along either axis only: when they began, and
# how long it took (or, where that is not due, when they began).
_CUSTOMERS = """
SELECT {members} AS members, {first} AS first, due, place, count(*) AS n FROM (
    SELECT {columns} first, due, CASE WHEN due THEN gap ELSE first END AS place FROM (
        SELECT {columns} coalesce(p.{turn} < :due, false) AS due, p.{turn} - p.first_day AS gap,
            p.first_day - DATE '0001-01-01' + 1 AS first
        FROM customer_purchases p
        WHERE p.workspace_id = :workspace_id
            AND p.first_day >= :earliest AND p.first_day < :latest {condition}
    ) AS p
) AS p
GROUP BY GROUPING SETS ({sets})
"""
_STILL_WATCHED = " AND (p.{turn} IS NULL OR p.{turn} >= :day)"


async def _from_customers(book: Book, wanted: Wanted, by: str | None) -> Groups:
    """All but those who are counted by hand, for several traits at once."""
    found: Groups = {}
    for members, first, due, place, n in await _customers(book, wanted, by):
        lives = lives_of(found, group_of(members))
        if first is not None:
            lives.entered[wanted.entry(first)] += n
            continue
        if not wanted.late:
            lives.entered[ALWAYS] += n
        if due:
            lives.events[place + wanted.lag] += n
        else:
            lives.censored[wanted.end - 1 - place] += n
    return found


async def _customers(
    book: Book, wanted: Wanted, by: str | None
) -> Sequence[tuple[Sequence[str], int | None, bool, int, int]]:
    """How many there are of each kind: by group, and when it is due or when they began."""
    named, filtered = kept(book, wanted)
    columns = [f"p.{trait(kind)}" for kind in kinds(by)]
    turn = f"{wanted.turn}_day"
    named |= {
        "due": date.fromordinal(wanted.due),
        "earliest": date.fromordinal(max(wanted.since, 1)),
        "latest": wanted.period.end,
    }
    if wanted.late:
        filtered += _STILL_WATCHED.format(turn=turn)
        named["day"] = date.fromordinal(wanted.watched_turns)
    statement = text(
        _CUSTOMERS.format(
            members=f"ARRAY[{', '.join(columns)}]::text[]",
            columns="".join(f"{column}, " for column in columns),
            first="first" if wanted.late else "CAST(NULL AS int)",
            turn=turn,
            condition=filtered,
            sets=", ".join(
                f"({', '.join([*columns, *keys])})"
                for keys in (("due", "place"), *([("first",)] if wanted.late else ()))
            ),
        )
    )
    rows = (await book.session.execute(statement, named)).all()
    return [(members, first, due, place, n) for members, first, due, place, n in rows]
