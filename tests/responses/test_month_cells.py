"""Cells of months: a period is read from them and from days, and no response shows it."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from app.db import Database
from app.responses.cells import Slice, histogram
from app.responses.day_spans import spans
from app.responses.fold import fold
from tests.conftest import Tenant
from tests.responses.builders import answer, publish

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("start", "end", "buckets", "expected"),
    [
        ("01-01", "04-01", [], "month 01-01 04-01"),
        ("01-02", "04-01", [], "day 01-02 02-01, month 02-01 04-01"),
        ("01-31", "03-27", [], "day 01-31 02-01, month 02-01 03-01, day 03-01 03-27"),
        ("01-02", "02-28", [], "day 01-02 02-28"),
        ("01-01", "03-01", ["01-01", "02-01"], "month 01-01 03-01"),
        ("01-01", "03-01", ["01-01", "01-05"], "day 01-01 02-01, month 02-01 03-01"),
        ("01-20", "03-01", ["01-20", "01-26"], "day 01-20 02-01, month 02-01 03-01"),
        ("01-26", "02-09", ["01-26", "02-02"], "day 01-26 02-09"),
        (
            "01-01", "05-01", ["01-01", "02-15"],
            "month 01-01 02-01, day 02-01 03-01, month 03-01 05-01",
        ),
    ],
)  # fmt: skip
def test_spans_of_a_period(start: str, end: str, buckets: list[str], expected: str) -> None:
    """Months count as such only where they lie inside of the period and of one bucket."""
    first, last, *cuts = (date.fromisoformat(f"2026-{day}") for day in (start, end, *buckets))
    found = spans(first, last, cuts)
    told = [f"{each.grain} {each.start:%m-%d} {each.end:%m-%d}" for each in found]
    assert ", ".join(told) == expected


async def test_any_period_counts_what_lies_in_it(tenant: Tenant, database: Database) -> None:
    """200 random periods and buckets over half a year equal a count of the sent days."""
    survey = await publish(tenant)
    rng = random.Random(3)
    days: Counter[date] = Counter()
    lines = []
    for _ in range(150):
        at = datetime.now(UTC) - timedelta(days=rng.randrange(190), minutes=rng.randrange(1_440))
        days[at.astimezone(ZONE).date()] += 1
        lines.append(answer(9, occurred_at=at.isoformat()))
    for sent in lines:
        answered = await tenant.client.post(f"/v1/surveys/{survey}/responses", json=sent)
        assert answered.status_code == 201, answered.text
    async with database.transaction() as session:
        assert not await fold(session, tenant.workspace.id)
    first = datetime.now(ZONE).date() - timedelta(days=200)
    async with database.snapshot() as session:
        for _ in range(200):
            start = first + timedelta(days=rng.randrange(150))
            end = start + timedelta(days=rng.randrange(1, 120))
            inner = (start + timedelta(days=n) for n in range(1, (end - start).days))
            step = rng.choice([1, 7, 0])
            cuts = [day for day in inner if (day.day == 1 if step == 0 else day.day % step == 1)]
            buckets = [start, *rng.choice([cuts, cuts[:1], []])]
            wanted = Slice(tenant.workspace.id, start, end, ZONE.key, questions=("nps",))
            found = await histogram(session, wanted, buckets=buckets)
            expected: Counter[int] = Counter()
            for day, count in days.items():
                if start <= day < end:
                    expected[sum(cut <= day for cut in buckets)] += count
            assert Counter({each.bucket: each.n for each in found}) == expected


async def test_months_are_the_sums_of_their_days(tenant: Tenant, database: Database) -> None:
    """After folds and changes, each cell of a month equals its days, and no others exist."""
    survey = await publish(tenant)
    rng = random.Random(5)
    made: list[str] = []
    for _ in range(4):
        for _ in range(12):
            at = datetime.now(UTC) - timedelta(days=rng.randrange(70))
            sent = answer(rng.randrange(11), occurred_at=at.isoformat())
            made.append(
                (await tenant.client.post(f"/v1/surveys/{survey}/responses", json=sent)).headers[
                    "location"
                ]
            )
        await tenant.client.patch(rng.choice(made), json={"answers": {"nps": 3}})
        async with database.transaction() as session:
            await fold(session, tenant.workspace.id)
    async with database.snapshot() as session:
        sums = {
            grain: set(
                (
                    await session.execute(
                        text(
                            "SELECT question, dimension, date_trunc('month', day)::date, member,"
                            " code, quality, sum(n) FROM survey_cells"
                            " WHERE workspace_id = :workspace AND grain = :grain"
                            " GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0"
                        ),
                        {"workspace": tenant.workspace.id, "grain": grain},
                    )
                ).all()
            )
            for grain in ("day", "month")
        }
    assert sums["day"] == sums["month"]
    assert sums["day"]
