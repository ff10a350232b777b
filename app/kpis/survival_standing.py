"""Lives that were others when a watch ended: orders stood then that were fully refunded later."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from app.kpis.survival_lives import Groups, Wanted, add, kept, life_of, life_on
from app.purchases.book import Book, group_of, kinds, trait
from app.purchases.histories import SILENCE_DAYS
from app.purchases.spans import LEVELS
from app.purchases.turns import Turn

# An order after the second purchase changes neither that nor the first; none within the days
# before the silence that is kept changes it, nor one that comes too late to break it.
_MOVED: Mapping[Turn, str] = {
    "second": "p.second_day IS NULL OR p.placed_day < p.second_day",
    "silent": f"""p.silent_day IS NULL OR p.placed_day < p.first_day
        OR p.placed_day > p.silent_day AND p.placed_day <= p.silent_day + {SILENCE_DAYS}""",
}
#: The days that tell where a turn moves to, and where they are.
_DAYS: Mapping[Turn, tuple[str, str]] = {
    "second": ("array_remove(ARRAY[stood.first_day, stood.turn_day], NULL)", ""),
    "silent": (
        "c.days",
        """JOIN LATERAL (
            SELECT days FROM customer_purchases c
            WHERE c.workspace_id = :workspace_id AND c.number = stood.number OFFSET 0
        ) AS c ON true""",
    ),
}
# As in `standing`: an order that stood less than 2^stretch days ended soon after the watch.
_STOOD = """
SELECT stood.day, stood.first_day, stood.turn_day, stood.members, stood.placed_days, {days}
FROM (
    SELECT asked.day, p.number, p.first_day, p.{turn}_day AS turn_day,
        ARRAY[{columns}]::text[] AS members, array_agg(p.placed_day) AS placed_days
    FROM unnest(CAST(:ends AS bigint[])) AS asked (day)
    CROSS JOIN generate_series(1, CAST(:levels AS int)) AS power (of_two)
    JOIN LATERAL (
        SELECT * FROM undone_purchases u
        WHERE u.workspace_id = :workspace_id AND u.stretch = power.of_two
            AND u.undone_day >= asked.day
            AND u.undone_day < asked.day + (1::bigint << power.of_two)
            AND u.placed_day < asked.day
        OFFSET 0
    ) AS p ON true
    WHERE true {condition}
    GROUP BY 1, 2, 3, 4, 5
    HAVING bool_or({moved})
) AS stood {joined}
"""


async def add_standing(
    found: Sequence[Groups], book: Book, wanted: Sequence[Wanted], by: str | None
) -> None:
    """Put right the lives of customers by the orders that stood when a watch ended."""
    watches: dict[int, list[tuple[Groups, Wanted]]] = {}
    for groups, each in zip(found, wanted, strict=True):
        watches.setdefault(each.end, []).append((groups, each))
    turn = wanted[0].turn
    days, joined = _DAYS[turn]
    named, condition = kept(book, wanted[0])
    statement = _STOOD.format(
        turn=turn,
        columns=", ".join(f"p.{trait(kind)}" for kind in kinds(by)),
        condition=condition,
        moved=_MOVED[turn],
        days=days,
        joined=joined,
    )
    named |= {"ends": list(watches), "levels": LEVELS}
    rows = (await book.session.execute(text(statement), named)).all()
    for end, first, turned, members, placed, own in rows:
        group, stood = group_of(members), sorted({*own, *placed})
        for groups, each in watches[end]:
            before = life_of(each, first, turned)
            if before is not None:
                add(groups, group, before._replace(n=-1))
            add(groups, group, life_on(each, stood))
