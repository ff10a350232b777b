"""Asking for the cohort matrix over HTTP."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.errors import FieldError, NotFound, Problem
from app.fields import LocalDate
from app.http.auth import Credential, needs
from app.http.pagination import Page, PageRequest
from app.http.rendering import language_of
from app.http.route import ReadSession, Route
from app.kpis import envelopes
from app.kpis.asking import Ask, Asked, understand
from app.kpis.calendar_units import add_units
from app.kpis.catalog.customers import RETENTION
from app.kpis.cohort_members import list_cohort_customers
from app.kpis.cohort_schemas import (
    CohortCell,
    CohortCustomer,
    CohortCustomersQuery,
    CohortMatrix,
    CohortMean,
    CohortQuery,
    CohortRow,
)
from app.kpis.cohorts import (
    FORMULA,
    Cell,
    Cohort,
    CohortGrain,
    Mean,
    Wanted,
    measure_cohorts,
    widened,
)
from app.kpis.periods import PeriodError, split
from app.kpis.restating import periods_of
from app.kpis.schemas import KpiDefinition
from app.problems import Text
from app.purchases.histories import PARTS

router = APIRouter(prefix="/v1", tags=["kpis"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
#: Who a figure is made of is told to those who may read customers.
Named = Annotated[Credential, needs("customers:rw")]

#: Cohorts that are shown where `from` is open.
_SHOWN: dict[CohortGrain, int] = {"week": 12, "month": 12, "quarter": 8, "year": 5}
MAX_COHORTS = 260
_TOO_MANY = Text(
    "A matrix has at most 260 cohorts, within 3,700 days and the years 1900 to 2200.",
    "队列矩阵最多 260 个队列，时间跨度不超过 3700 天，且须在 1900 年至 2200 年之间。",
)


@router.get("/kpis/retention/cohorts", operation_id="get_retention_cohorts")
async def get_retention_cohorts(
    query: Annotated[CohortQuery, Query()],
    session: ReadSession,
    caller: Reader,
    request: Request,
    response: Response,
) -> CohortMatrix:
    """Retention by cohorts: of the customers who first bought in a unit, who bought k units later.

    Each cell has its Wilson interval and says whether its unit has ended; means are taken over
    complete cells only.
    """
    response.headers["Vary"] = "Accept-Language"
    timeout_ms = request.app.state.settings.report_timeout_ms
    ask = await _understand(session, caller.workspace_id, query, timeout_ms)
    wanted = Wanted(
        scope=ask.scope,
        period=ask.period,
        grain=query.grain,
        columns=query.periods,
        type=query.type,
        mean=query.mean,
        now=ask.now,
        by=query.by,
    )
    matrix = await measure_cohorts(session, wanted)
    (period,) = await periods_of(session, RETENTION, ask, [ask.period])
    language = language_of(request.scope)
    definition = KpiDefinition(
        version=RETENTION.version, name=RETENTION.name.of(language), formula=FORMULA.of(language)
    )
    return CohortMatrix(
        **(envelopes.header(RETENTION, ask, language) | {"definition": definition}),
        period=period,
        grain=query.grain,
        currency=next(iter(matrix.currencies)) if len(matrix.currencies) == 1 else None,
        reason="mixed_currencies" if len(matrix.currencies) > 1 else None,
        excluded={}
        if matrix.refunded_orders is None
        else {"fully_refunded_orders": matrix.refunded_orders},
        cohorts=[_row(each) for each in matrix.cohorts],
        mean=[_mean(each) for each in matrix.means],
    )


def _row(cohort: Cohort) -> CohortRow:
    return CohortRow(
        start=cohort.start,
        suppressed=cohort.suppressed,
        size=None if cohort.suppressed else cohort.size,
        cells=[_cell(cell) for cell in cohort.cells],
    )


def _cell(cell: Cell) -> CohortCell:
    return CohortCell(
        k=cell.k,
        active=cell.active,
        rate=cell.rate,
        interval=envelopes.interval(cell.interval),
        complete=cell.complete,
        revenue=_money(cell.revenue),
    )


def _mean(mean: Mean) -> CohortMean:
    return CohortMean(
        k=mean.k,
        rate=mean.rate,
        active=mean.active,
        size=mean.size,
        cohorts=mean.cohorts,
        interval=envelopes.interval(mean.interval),
        revenue=_money(mean.revenue),
    )


def _money(amount: Fraction | None) -> str | None:
    """Exact: money has four decimals, and sums of it have no more."""
    return None if amount is None else f"{Decimal(int(amount * PARTS)).scaleb(-4):f}"


@router.get("/kpis/retention/cohorts/{cohort}/{k}/customers", operation_id="list_cohort_customers")
async def list_customers_of_cell(
    cohort: LocalDate,
    k: Annotated[int, Path(ge=0, le=1_000)],
    *,
    query: Annotated[CohortCustomersQuery, Query()],
    session: ReadSession,
    caller: Named,
    request: Request,
) -> Page[CohortCustomer]:
    """The customers of the cohort that begins on a day who are active `k` units later.

    The same as the cell counts, now; by external id. A key that may not read customers is refused.
    """
    matrix = CohortQuery.model_validate(
        {
            "from": cohort,
            "to": date.fromordinal(cohort.toordinal() + 1),
            "periods": 1,
            **query.model_dump(exclude={"limit", "cursor"}),
        }
    )
    timeout_ms = request.app.state.settings.report_timeout_ms
    ask = await _understand(session, caller.workspace_id, matrix, timeout_ms)
    if ask.period.start != cohort:
        raise NotFound
    wanted = Wanted(
        scope=ask.scope,
        period=ask.period,
        grain=query.grain,
        columns=k + 1,
        type=query.type,
        mean="weighted",
        now=ask.now,
    )
    paging = PageRequest(query.limit, query.cursor)
    found, cursor = await list_cohort_customers(session, wanted, k, paging)
    return Page(data=[CohortCustomer(external_id=each) for each in found], next_cursor=cursor)


async def _understand(
    session: AsyncSession, workspace_id: UUID, query: CohortQuery, timeout_ms: int
) -> Ask:
    """What is asked, with a period of whole units; 422 as for every KPI."""
    named = {"segment": tuple(query.segment or ()), "channel": tuple(query.channel or ())}
    asked = Asked(
        start=query.start,
        end=query.end,
        zone=query.tz,
        compare="none",
        level=query.level,
        named={name: values for name, values in named.items() if values},
        filters=tuple(query.filter or ()),
        options={
            "type": query.type,
            "by": query.by,
            "mean": query.mean,
            "periods": str(query.periods),
        },
    )
    ask = await understand(
        session, RETENTION, workspace_id, asked, now=now(), timeout_ms=timeout_ms
    )
    try:
        period = widened(ask.period, query.grain)
        if query.start is None:
            last = add_units(period.end, query.grain, -1)
            shown = _SHOWN[query.grain]
            period = replace(period, start=add_units(last, query.grain, 1 - shown))
        if len(split(period, query.grain)) > MAX_COHORTS:
            raise Problem("invalid-period", errors=[_refusal()])
        add_units(period.end, query.grain, query.periods)
    except (PeriodError, OverflowError, ValueError):
        raise Problem("invalid-period", errors=[_refusal()]) from None
    return replace(ask, period=period)


def _refusal() -> FieldError:
    return FieldError("?from", "invalid-value", _TOO_MANY)
