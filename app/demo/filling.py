"""Stores the generated lists through the product's own services, with all their checks."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts.service import put_rule
from app.complaints.filing import file_complaint
from app.complaints.models import Complaint
from app.complaints.timeline import advance
from app.customers.orders import load_orders
from app.customers.refunds import load_refunds
from app.customers.schemas import CustomerLine, OrderLine, RefundLine
from app.customers.service import load_customers
from app.db import Database, connect_raw, now
from app.demo.contacts import Contact
from app.demo.data import DemoData
from app.demo.goals import ALERT_RULES, METRICS, REPORT, SCORECARD, TARGETS
from app.demo.population import CURRENCY, Person, Purchase
from app.demo.submissions import PLANS, Submission
from app.demo.year import ZONE
from app.http.bulk import Item, Outcome
from app.kpis.targeting import put_target
from app.market import service as market
from app.market.leads import load_leads
from app.reports.definitions import put_definition
from app.responses import loading
from app.responses.questionnaires import Questionnaires
from app.responses.sent import read_line
from app.responses.submission import Prepared, Questionnaire, prepare
from app.scorecards.metrics import put_metric, put_observations
from app.scorecards.service import put_scorecard
from app.surveys import service as surveys
from app.surveys.models import Survey
from app.surveys.schemas import SurveyCreate
from app.surveys.templates import TEMPLATES

T = TypeVar("T")

#: Who wrote the timelines, where a key would stand.
AUTHOR = "demo"
#: So long before the first answer a survey was published.
PUBLISHED_BEFORE = timedelta(days=7)
_CHUNK = 2_000
_CASES = 50


class DemoDataError(Exception):
    """The product refused data of the demo: one of the two is wrong."""


def _chunks(values: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _items(lines: Sequence[T]) -> list[Item[T]]:
    return [Item(number, line) for number, line in enumerate(lines, 1)]


def _expect_created(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.status != "created":
            raise DemoDataError(f"{outcome.key}: {outcome.status} {outcome.errors}")


async def fill_customers(session: AsyncSession, workspace_id: UUID, data: DemoData) -> None:
    """Store customers, orders and refunds, each kind after what it refers to."""
    for people in _chunks(data.customers):
        lines = _items([_customer(person) for person in people])
        _expect_created(await load_customers(session, workspace_id, lines))
    for orders in _chunks(data.orders):
        lines_ = _items([_order(order) for order in orders])
        _expect_created(await load_orders(session, workspace_id, lines_))
    refunds = [refund for order in data.orders for refund in _refunds(order)]
    for some in _chunks(refunds):
        _expect_created(await load_refunds(session, workspace_id, _items(some)))


def _customer(person: Person) -> CustomerLine:
    return CustomerLine(
        external_id=person.external_id,
        name=person.name,
        email=person.email,
        phone=person.phone,
        segment=person.segment,
        key_account_type=person.key_account_type,
        acquisition_channel=person.acquisition_channel,
        first_seen_at=person.joined_at,
        survey_consent=person.survey_consent,
        survey_consent_at=person.joined_at,
        marketing_consent=person.marketing_consent,
        marketing_consent_at=person.joined_at,
        attributes={"language": person.language, "branch": person.region},
    )


def _order(order: Purchase) -> OrderLine:
    return OrderLine(
        external_id=order.external_id,
        customer=order.customer,
        ordered_at=order.ordered_at,
        amount=order.amount,
        currency=CURRENCY,
        channel=order.channel,
        quantity=order.quantity,
        asked_for_brand=order.asked_for_brand,
    )


def _refunds(order: Purchase) -> Iterator[RefundLine]:
    if order.refunded_at is not None and order.refunded > 0:
        yield RefundLine(
            order=order.external_id,
            external_id="1",
            amount=order.refunded,
            refunded_at=order.refunded_at,
        )


async def fill_market(session: AsyncSession, workspace_id: UUID, data: DemoData) -> None:
    """Store what acquisition cost, how large the market is, and the leads."""
    for spend in data.market.spend:
        await market.put_spend(session, workspace_id, spend, None)
    for total in data.market.totals:
        await market.put_total(session, workspace_id, total, None)
    for leads in _chunks(data.market.leads):
        _expect_created(await load_leads(session, workspace_id, _items(leads)))


async def fill_goals(session: AsyncSession, workspace_id: UUID, data: DemoData) -> None:
    """Set what the company steers by; after all else, for rules are judged from here on.

    What is set already stays as it is.
    """
    for name, target in TARGETS.items():
        await put_target(session, workspace_id, name, target)
    for name, metric in METRICS.items():
        await put_metric(session, workspace_id, name, metric)
        await put_observations(session, workspace_id, name, data.observations[name])
    await put_scorecard(session, workspace_id, *SCORECARD)
    for name, rule in ALERT_RULES.items():
        await put_rule(session, workspace_id, name, rule)
    await put_definition(session, workspace_id, *REPORT, if_match=None)


async def publish_surveys(session: AsyncSession, workspace_id: UUID, data: DemoData) -> None:
    """Publish the surveys of the templates, as of a week before the first answer."""
    published_on = data.calendar.start - PUBLISHED_BEFORE
    published_at = datetime.combine(published_on, time(10), ZONE).astimezone(UTC)
    for plan in PLANS:
        ready = TEMPLATES[plan.template]
        wanted = SurveyCreate(name=ready.name["zh-CN"], definition=ready.definition)
        survey = await surveys.create_survey(session, workspace_id, wanted)
        version = await surveys.publish_survey(session, survey)
        survey.created_at = survey.published_at = version.published_at = published_at
    await session.flush()


async def fill_responses(database: Database, workspace_id: UUID, data: DemoData) -> None:
    """Store the responses as the bulk route does: a chunk a transaction, each exactly once."""
    questionnaires = Questionnaires(database)
    connection = await connect_raw(database.settings)
    try:
        for plan in PLANS:
            survey_id = await _survey_id(database, workspace_id, plan.template)
            questionnaire = await questionnaires.get(workspace_id, str(survey_id))
            mine = [each for each in data.submissions if each.template == plan.template]
            for some in _chunks(mine):
                rows = [loading.row_of(_prepared(questionnaire, each)) for each in some]
                loaded = await loading.load(connection, questionnaire, rows)
                if any(loaded.conflicts):
                    raise DemoDataError(plan.template)
    finally:
        await connection.close()


async def _survey_id(database: Database, workspace_id: UUID, template: str) -> UUID:
    name = TEMPLATES[template].name["zh-CN"]
    query = select(Survey.id).where(Survey.workspace_id == workspace_id, Survey.name == name)
    async with database.snapshot() as session:
        found: UUID | None = await session.scalar(query)
    if found is None:
        raise DemoDataError(name)
    return found


def _prepared(questionnaire: Questionnaire, sent: Submission) -> Prepared:
    line = read_line(
        {
            "submission_id": sent.submission_id,
            "status": sent.status,
            "answers": sent.answers,
            "language": sent.language,
            "channel": sent.channel,
            "method": sent.method,
            "customer": sent.customer,
            "occurred_at": sent.occurred_at,
            "duration_seconds": sent.duration_seconds,
            "metadata": sent.metadata,
            "test": sent.test,
        }
    )
    return prepare(
        questionnaire,
        line,
        submission_key=sent.submission_id,
        assurance="verified",
        received=now(),
    )


async def fill_complaints(
    session: AsyncSession, workspace_id: UUID, data: DemoData, pepper: str
) -> None:
    """File the contacts of some weeks, then let happen what happened: a flush for all of them."""
    for some in _chunks(data.contacts, _CASES):
        cases = [
            (await _filed(session, workspace_id, contact, pepper), contact.acts) for contact in some
        ]
        for complaint, acts in cases:
            for act in acts:
                advance(session, complaint, act, key_id=AUTHOR)
        await session.flush()


async def _filed(
    session: AsyncSession, workspace_id: UUID, contact: Contact, pepper: str
) -> Complaint:
    filed = await file_complaint(
        session, workspace_id, contact.filed, key_id=AUTHOR, trusted=True, pepper=pepper
    )
    return filed.complaint
