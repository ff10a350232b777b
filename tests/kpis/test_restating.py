"""When figures were restated: equal to a recount of the rows, whatever happens in which order."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, now
from app.http.bulk import Item
from app.kpis.catalog.complaints import COMPLAINT_RATE
from app.kpis.catalog.customers import RETENTION
from app.kpis.catalog.market import LEAD_CONVERSION
from app.kpis.catalog.survey_scores import NPS as NPS_KPI
from app.kpis.declaration import Scope
from app.kpis.periods import Period, local_date
from app.kpis.restating import restated
from app.kpis.restating_recount import recount_changed_days
from app.market.lead_fold import fold_leads
from app.market.leads import load_leads
from app.market.schemas import LeadLine
from app.purchases.fold import fold
from tests.conftest import Tenant
from tests.kpis.feedback import change, fold_all, sent, submit
from tests.kpis.shops import Shop, instants, opened, period_lists
from tests.purchases.test_folding import Step, do_step, steps
from tests.responses.builders import NPS, publish

#: After all that happens in these shops, and before the clock that stamps rows.
LATER = datetime(2020, 1, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
#: An instant that something is about, and when it came in or changed.
Change = tuple[datetime, datetime]


def _expected(changes: Iterable[Change], period: Period, *, ever: bool = False) -> datetime | None:
    """The latest change of a day of the period (or of any before its end) that came after it."""
    late = [
        changed_at
        for moment, changed_at in changes
        if local_date(moment, period.zone) < period.end
        and (ever or local_date(moment, period.zone) >= period.start)
        and changed_at >= period.ends_at
    ]
    return max(late, default=None)


#: What a shop has; the last column but that of the order is the instant at which a row counts.
_READ = {
    "orders": """SELECT external_id, customer_id, amount, currency, quantity,
        asked_for_brand, ordered_at
        FROM orders WHERE workspace_id = :workspace_id""",
    "refunds": """SELECT order_external_id || ' ' || external_id, amount, refunded_at
        FROM refunds WHERE workspace_id = :workspace_id""",
    "leads": """SELECT external_id, channel, campaign, customer, created_at
        FROM leads WHERE workspace_id = :workspace_id""",
}
_STAMPS = {
    "orders": ("updated_at", "created_at"),
    "refunds": ("updated_at", "created_at"),
    "leads": ("updated_at", "recorded_at"),
    "purchase_changes": ("changed_at",),
    "lead_changes": ("changed_at",),
}
_Rows = dict[str, tuple[Any, ...]]


@dataclass
class Journal:
    """What has changed in a shop, by comparing its rows before and after each step."""

    session: AsyncSession
    workspace_id: UUID
    purchases: list[Change] = field(default_factory=list)
    leads: list[Change] = field(default_factory=list)
    before: dict[str, _Rows] = field(default_factory=lambda: {name: {} for name in _READ})

    async def note(self, at: datetime) -> None:
        """Let what the last step wrote have happened at an instant, and write it down."""
        named = {"workspace_id": self.workspace_id, "at": at, "later": LATER}
        for table, columns in _STAMPS.items():
            for column in columns:
                await self.session.execute(
                    text(
                        f"UPDATE {table} SET {column} = :at"
                        f" WHERE workspace_id = :workspace_id AND {column} >= :later"
                    ),
                    named,
                )
        rows = {name: await self.rows_of(name) for name in _READ}
        for name, known in self.before.items():
            found = self.leads if name == "leads" else self.purchases
            for key in rows[name].keys() | known.keys():
                states = [each[name].get(key) for each in (self.before, rows)]
                if states[0] != states[1]:
                    moments = [state[-1] for state in states if state is not None]
                    if name == "refunds":  # booked at the earliest when the order was placed
                        ordered_at = rows["orders"][key.split()[0]][-1]
                        moments = [max(moment, ordered_at) for moment in moments]
                    found += [(moment, at) for moment in moments]
                    if name == "orders":
                        found += [(each, at) for each in _rebooked(key, moments, rows)]
        self.before = rows

    async def rows_of(self, name: str) -> _Rows:
        """What a table says now, by the ids of its rows."""
        named = {"workspace_id": self.workspace_id}
        rows = await self.session.execute(text(_READ[name]), named)
        return {row[0]: tuple(row[1:]) for row in rows}


def _rebooked(order: str, moments: Sequence[datetime], rows: Mapping[str, _Rows]) -> list[datetime]:
    """When the refunds of an order counted and count, if it has moved."""
    refunds = [row[-1] for key, row in rows["refunds"].items() if key.split()[0] == order]
    moved = len(set(moments)) > 1
    return [max(refund, moment) for refund in refunds for moment in moments if moved]


def _lives() -> st.SearchStrategy[list[tuple[Step, datetime]]]:
    """Steps of a shop and of its leads, each with the instant at which it comes in, in order."""
    of_leads = st.builds(
        Step,
        kind=st.sampled_from(["lead", "lead", "fold leads"]),
        order=st.sampled_from(["l0", "l1", "l2"]),
        customer=st.sampled_from(["c0", "c1"]),
        at=instants(),
    )
    several = st.tuples(steps(), st.lists(of_leads, max_size=10))
    mixed = several.flatmap(lambda both: st.permutations([*both[0], *both[1]]))
    times = st.lists(instants(), min_size=50, max_size=50).map(sorted)
    return st.tuples(mixed, times).map(lambda both: list(zip(*both, strict=False)))


async def _do(session: AsyncSession, scope: Scope, number: int, step: Step) -> None:
    if step.kind == "lead":
        said = {"external_id": step.order, "channel": "web", "customer": step.customer}
        line = LeadLine.model_validate(said | {"created_at": step.at})
        await load_leads(session, scope.workspace_id, [Item(0, line)])
    elif step.kind == "fold leads":
        await fold_leads(session, scope.workspace_id)
    else:
        await do_step(session, scope.workspace_id, number, step)


async def _compare(
    session: AsyncSession, scope: Scope, journal: Journal, periods: Sequence[Period]
) -> None:
    bought, leads = journal.purchases, journal.leads
    found = [await restated(session, kpi, scope, periods, now()) for kpi in _OF_SHOPS]
    for place, period in enumerate(periods):
        known = _expected(bought, period, ever=True)
        led = _expected(leads, period)
        assert found[0][place] == known
        assert found[1][place] == max(filter(None, [known, led]), default=None)
        assert found[2][place] == _expected(bought, period)


_NOT_BEGUN = text("""
UPDATE purchase_rollups SET complete = false, rebuilt_to = '00000000-0000-0000-0000-000000000000'
WHERE workspace_id = :workspace_id
""")
_FORGOTTEN = text("""
DELETE FROM changed_days WHERE workspace_id = :workspace_id AND source = 'purchases'
""")
_OF_SHOPS = (RETENTION, LEAD_CONVERSION, COMPLAINT_RATE)


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(done=_lives(), periods=period_lists())
async def test_late_orders_refunds_and_leads_restate(
    database: Database, done: list[tuple[Step, datetime]], periods: list[Period]
) -> None:
    """Orders, corrections that move them, refunds, leads and folds: as a journal says, always."""
    async with opened(database, Shop([])) as (session, scope):
        journal = Journal(session, scope.workspace_id)
        await fold(session, scope.workspace_id)
        await fold_leads(session, scope.workspace_id)
        for number, (step, at) in enumerate(done):
            await _do(session, scope, number, step)
            await journal.note(at)
            if number % 6 == 0:
                await _compare(session, scope, journal, periods)
        await _compare(session, scope, journal, periods)
        while await fold(session, scope.workspace_id):
            pass
        while await fold_leads(session, scope.workspace_id):
            pass
        await _compare(session, scope, journal, periods)
        await session.execute(
            text("UPDATE purchase_rollups SET rebuilt_to = :id, complete = false"),
            {"id": UUID(int=0)},
        )
        while await fold(session, scope.workspace_id):
            pass
        await _compare(session, scope, journal, periods)


async def _by_rows(session: AsyncSession, scope: Scope) -> list[Change]:
    """What orders and refunds say by themselves: a refund stamps its order too."""
    named = {"workspace_id": scope.workspace_id}
    orders = (
        await session.execute(
            text("""SELECT external_id, ordered_at, created_at, updated_at
        FROM orders WHERE workspace_id = :workspace_id"""),
            named,
        )
    ).all()
    refunds = (
        await session.execute(
            text("""SELECT order_external_id, refunded_at, updated_at
        FROM refunds WHERE workspace_id = :workspace_id"""),
            named,
        )
    ).all()
    placed = {order: ordered_at for order, ordered_at, _, _ in orders}
    stamps = {(order, updated_at) for order, _, updated_at in refunds}
    return [
        *((ordered_at, created_at if (order, updated_at) in stamps else updated_at)
          for order, ordered_at, created_at, updated_at in orders),
        *((max(refunded_at, placed[order]), updated_at)
          for order, refunded_at, updated_at in refunds),
    ]  # fmt: skip


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(done=_lives(), first=st.dates(date(2018, 9, 1), date(2018, 11, 1)))
async def test_another_zone_is_told_by_the_rows(
    database: Database, done: list[tuple[Step, datetime]], first: date
) -> None:
    """In a zone that nothing is kept in, and where the workspace moves to it, the rows tell."""
    periods = [Period(first, first + timedelta(days=days), TOKYO) for days in (1, 20)]
    async with opened(database, Shop([])) as (session, local):
        journal = Journal(session, local.workspace_id)
        scope = replace(local, time_zone=TOKYO.key)
        for number, (step, at) in enumerate(done):
            await _do(session, scope, number, step)
            await journal.note(at)
        changes = await _by_rows(session, scope)
        expected = [_expected(changes, period, ever=True) for period in periods]
        assert await restated(session, RETENTION, scope, periods, now()) == expected
        await session.execute(
            text("UPDATE workspaces SET time_zone = :zone WHERE id = :id"),
            {"zone": TOKYO.key, "id": scope.workspace_id},
        )
        session.expire_all()
        while await fold(session, scope.workspace_id):
            pass
        told = await restated(session, RETENTION, scope, periods, now())
        # What is still listed when the days begin anew is not lost.
        for one, other in zip(told, expected, strict=True):
            assert other is None or (one is not None and one >= other)


async def test_late_and_changed_responses_restate(database: Database, tenant: Tenant) -> None:
    """Submissions that came whenever, changes and folds: as the rows say, of each survey."""
    rng = random.Random(3)
    surveys = [await publish(tenant, NPS) for _ in range(2)]
    shanghai = ZoneInfo("Asia/Shanghai")
    made: list[str] = []
    for step in range(60):
        move = rng.random()
        if move < 0.5 or not made:
            occurred = datetime(2026, 10, 1, 15, 59, 59, tzinfo=UTC)
            occurred += timedelta(days=rng.randrange(12), seconds=rng.choice([0, 1, 2, 40_000]))
            one = sent({"nps": rng.randrange(11)}, occurred_at=occurred.isoformat())
            (id_,) = await submit(tenant, rng.choice(surveys), [one])
            made.append(id_)
            came = occurred + timedelta(seconds=rng.choice([0, 1, 3_600, 86_400, 864_000]))
            await _came_at(database, id_, came)
        elif move < 0.75:
            await change(tenant, rng.choice(made), answers={"nps": rng.randrange(11)})
        elif move < 0.85:
            await change(tenant, rng.choice(made), quality=rng.choice(["invalid", "ok"]))
        else:
            await fold_all(database, tenant)
        if step % 4 == 0:
            await _compare_responses(database, tenant, surveys, shanghai)
            await _compare_responses(database, tenant, surveys, TOKYO)


async def _came_at(database: Database, id_: str, at: datetime) -> None:
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE responses SET received_at = :at, updated_at = :at WHERE id = :id"),
            {"at": at, "id": UUID(id_)},
        )


async def _compare_responses(
    database: Database, tenant: Tenant, surveys: Sequence[str], zone: ZoneInfo
) -> None:
    first = date(2026, 10, 1)
    spans = [(0, 1), (1, 2), (2, 6), (0, 13), (5, 13), (20, 21)]
    periods = [
        Period(first + timedelta(days=start), first + timedelta(days=end), zone)
        for start, end in spans
    ]
    async with database.snapshot() as session:
        rows = (await session.execute(
            text("""SELECT survey_id, occurred_at, greatest(received_at, updated_at)
                FROM responses WHERE workspace_id = :workspace_id"""),
            {"workspace_id": tenant.workspace.id},
        )).all()  # fmt: skip
        for asked in (None, *((UUID(survey),) for survey in surveys), tuple(map(UUID, surveys))):
            scope = Scope(tenant.workspace.id, zone.key, survey_ids=asked)
            changes = [
                (occurred_at, changed_at)
                for survey, occurred_at, changed_at in rows
                if asked is None or survey in asked
            ]
            expected = [_expected(changes, period) for period in periods]
            assert await restated(session, NPS_KPI, scope, periods, now()) == expected


async def _agree(session: AsyncSession, workspace_id: UUID) -> None:
    assert not (await recount_changed_days(session, workspace_id, None)).differences


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(done=_lives())
async def test_days_of_purchases_and_leads_agree_with_a_recount(
    database: Database, done: list[tuple[Step, datetime]]
) -> None:
    """Whatever was folded or not: nothing that rows say is missing; what is taken away is found."""
    async with opened(database, Shop([])) as (session, scope):
        journal = Journal(session, scope.workspace_id)
        for number, (step, at) in enumerate(done):
            await _do(session, scope, number, step)
            await journal.note(at)
            if number % 6 == 0:
                await _agree(session, scope.workspace_id)
        while await fold(session, scope.workspace_id):
            pass
        await _agree(session, scope.workspace_id)
        named = {"workspace_id": scope.workspace_id}
        await session.execute(_FORGOTTEN, named)
        orders = len(await journal.rows_of("orders"))
        differences = (await recount_changed_days(session, scope.workspace_id, None)).differences
        assert bool(differences) == bool(orders)


async def test_days_of_responses_equal_a_recount(database: Database, tenant: Tenant) -> None:
    """Folded or not they are what rows say; one that is wrong by a second is found."""
    survey = await publish(tenant, NPS)
    for score in range(3):
        await submit(tenant, survey, [sent({"nps": score})])
        async with database.snapshot() as session:
            await _agree(session, tenant.workspace.id)
        await fold_all(database, tenant)
        (id_,) = await submit(tenant, survey, [sent({"nps": score})])
        await change(tenant, id_, quality="invalid")
    async with database.snapshot() as session:
        found = await recount_changed_days(session, tenant.workspace.id, None)
    assert (found.blocks, found.differences) == (2, [])
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE changed_days SET changed_at = now() + interval '1 second'"
                " WHERE workspace_id = :id AND member <> ''"
            ),
            {"id": tenant.workspace.id},
        )
    for sample in (None, 5):
        async with database.snapshot() as session:
            (wrong,) = (
                await recount_changed_days(session, tenant.workspace.id, sample)
            ).differences
        assert wrong.cell == f"responses {survey} 2026-10-15"
