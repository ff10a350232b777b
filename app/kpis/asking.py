"""What a request asks of a KPI: read, checked, and turned into a scope and periods."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import once
from app.errors import FieldError, NotFound, Problem
from app.fields import weekday
from app.kpis.calendar_units import Grain
from app.kpis.declaration import Dedupe, Kpi, Scope
from app.kpis.periods import (
    Bucket,
    Comparison,
    Period,
    PeriodError,
    PeriodFault,
    comparison_period,
    local_date,
    split,
)
from app.kpis.statistics import Correction
from app.problems import Text
from app.responses.models import RollupState
from app.responses.schemas import CLOSED_DIMENSIONS
from app.targets.models import Target
from app.weighting.service import UNWEIGHTED, scheme_asked
from app.workspaces.models import Workspace

#: Local days of a period that was not named, today included.
DEFAULT_DAYS = 30
#: Dimensions that have a query parameter of their own.
NAMED_DIMENSIONS = ("channel", "method", "segment", "version", "language")

_METADATA_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")
#: A column of the responses that is no dimension: figures of one person are no KPI.
_NOT_A_DIMENSION = "customer"
_COMPARISONS: Mapping[str, Comparison] = {
    "previous": "previous",
    "last_year": "same_period_last_year",
}
_FAULTS: Mapping[PeriodFault, Text] = {
    "empty-period": Text("A period must end after it starts.", "结束日期必须晚于开始日期。"),
    "period-too-long": Text("A period has at most 3,700 days.", "时间段最长为 3700 天。"),
    "period-out-of-range": Text(
        "A period lies between 1900 and 2200.", "时间段须在 1900 年至 2200 年之间。"
    ),
    "too-many-buckets": Text(
        "A trend has at most 1,000 points; ask for a coarser grain.",
        "趋势最多 1000 个点，请选择更大的粒度。",
    ),
    "comparison-overlaps": Text(
        "Last year's dates overlap a period of more than a year.",
        "时间段超过一年，与去年同期重叠。",
    ),
}

_NOT_BOTH = Text(
    "`weighting` and `clustered` cannot be asked together.",
    "`weighting` 与 `clustered` 不能同时使用。",
)


@dataclass(frozen=True)
class Asked:
    """The parameters of a request, each of the right form, none judged yet."""

    start: date | None = None
    end: date | None = None
    zone: str | None = None
    compare: Literal["previous", "last_year", "none"] = "previous"
    level: float = 0.95
    surveys: tuple[str, ...] | None = None
    question: str | None = None
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Filters that have parameters of their own, by dimension."""
    filters: tuple[str, ...] = ()
    """Other filters, as `<dimension>:<value>`."""
    quality: Literal["all", "clean"] = "all"
    dedupe: Dedupe = "none"
    clustered: bool = False
    weighting: str = UNWEIGHTED
    """The name of a weighting scheme."""
    options: Mapping[str, str] = field(default_factory=dict)
    grain: Grain = "day"
    group_by: str | None = None
    correction: Correction = "holm"
    control: Literal["none", "ewma", "p_chart"] = "none"
    smoothing: int | None = None


@dataclass(frozen=True)
class Ask:
    """What is measured: the scope and the period, at one instant."""

    scope: Scope
    period: Period
    now: datetime
    asked: Asked
    dimensions: tuple[str, ...]
    """The dimensions that the workspace declares."""
    rollup: RollupState | None
    """Held so that the session still knows it when the answers are counted."""
    targeted: bool
    """Whether the KPI has targets at all; most have none, and need not be asked for."""

    def earlier(self) -> Period | None:
        """The period to compare with, if one is wanted; 422 if there is none."""
        if self.asked.compare == "none":
            return None
        kind = _COMPARISONS[self.asked.compare]
        try:
            return comparison_period(self.period, now=self.now, compare=kind)
        except PeriodError as error:
            raise refused("?compare", error) from None

    def buckets(self) -> tuple[Bucket, ...]:
        """The calendar units of a trend; 422 if there are too many."""
        try:
            return split(self.period, self.asked.grain)
        except PeriodError as error:
            raise refused("?grain", error) from None

    def dimension(self, kpi: Kpi) -> str:
        """The dimension of a comparison; 422 `unknown-dimension` for any other name."""
        name = self.asked.group_by or ""
        own = self.dimensions if "*" in kpi.dimensions else ()
        if name in {"*", _NOT_A_DIMENSION} or name not in {*kpi.dimensions, *own}:
            raise _unknown_dimension("?group_by")
        return name


async def understand(
    session: AsyncSession,
    kpi: Kpi,
    workspace_id: UUID,
    asked: Asked,
    *,
    now: datetime,
    timeout_ms: int,
) -> Ask:
    """Judge what is asked of a KPI; the workspace gives what was left open.

    Gives the statements of this transaction `timeout_ms`. Raises 422 `invalid-period`,
    `unknown-dimension`, `invalid-request` with pointers, and `NotFound` for an id that is none.
    """
    if asked.clustered and asked.weighting != UNWEIGHTED:
        # Sums by customer know no strata.
        raise _wrong("?weighting", "invalid-value", _NOT_BOTH)
    workspace, rollup, targeted = await settings_of(session, workspace_id, timeout_ms)
    zone = asked.zone or workspace.time_zone
    dimensions = tuple(workspace.dimensions)
    scope = Scope(
        workspace_id=workspace_id,
        time_zone=zone,
        level=asked.level,
        survey_ids=None if asked.surveys is None else _survey_ids(asked.surveys),
        question=asked.question,
        filters=_filters(kpi, asked, dimensions),
        quality=asked.quality,
        dedupe=asked.dedupe,
        clustered=asked.clustered,
        options={**default_options(kpi), **asked.options},
        dimensions=dimensions,
        minimum_cell_size=workspace.minimum_cell_size,
        weighting=await scheme_asked(session, workspace_id, asked.weighting),
    )
    period = period_asked(asked, workspace, now)
    return Ask(scope, period, now, asked, dimensions, rollup, kpi.id in targeted)


Settings = tuple[Workspace, RollupState | None, Collection[str]]


async def settings_of(session: AsyncSession, workspace_id: UUID, timeout_ms: int) -> Settings:
    """The workspace, how far it is folded, and the KPIs with targets; the timeout is set too."""
    asked = (settings_of, workspace_id, timeout_ms)
    return await once(session, asked, lambda: _settings(session, workspace_id, timeout_ms))


async def _settings(session: AsyncSession, workspace_id: UUID, timeout_ms: int) -> Settings:
    timeout = func.set_config("statement_timeout", str(timeout_ms), True)  # noqa: FBT003 - SQL
    targeted = select(Target.kpi).distinct().where(Target.workspace_id == workspace_id)
    row = (
        await session.execute(
            select(Workspace, RollupState, func.array(targeted.scalar_subquery()), timeout)
            .outerjoin(RollupState, RollupState.workspace_id == Workspace.id)
            .where(Workspace.id == workspace_id)
        )
    ).one()
    return row[0], row[1], frozenset(row[2])


def default_options(kpi: Kpi) -> dict[str, str]:
    """Its options where nothing else is said: whoever stored a question stored what was said."""
    return {option.name: option.default for option in kpi.options if option.default}


def _survey_ids(surveys: tuple[str, ...]) -> tuple[UUID, ...]:
    try:
        return tuple(dict.fromkeys(UUID(each) for each in surveys))
    except ValueError:
        raise NotFound from None


def _filters(kpi: Kpi, asked: Asked, dimensions: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """All filters by dimension; several values of one dimension are alternatives."""
    filters = {name: list(values) for name, values in asked.named.items() if values}
    for each in asked.filters:
        name, found, value = each.partition(":")
        if not found:
            raise _wrong("?filter", "invalid-format")
        if not _may_filter(kpi, name, dimensions):
            raise _unknown_dimension("?filter")
        filters.setdefault(name, []).append(value)
    if kpi.family == "survey":
        for name, values in CLOSED_DIMENSIONS.items():
            if not set(filters.get(name, ())) <= set(values):
                raise _wrong("?filter", "unknown-value")
    return {name: tuple(dict.fromkeys(values)) for name, values in filters.items()}


def _may_filter(kpi: Kpi, name: str, dimensions: tuple[str, ...]) -> bool:
    """Whether the KPI can be filtered by it: a survey KPI by any key of the metadata too."""
    if name in kpi.dimensions:
        return name != "*"
    if "*" not in kpi.dimensions or name == _NOT_A_DIMENSION:
        return False
    return name in dimensions or (
        kpi.family == "survey" and _METADATA_KEY.fullmatch(name) is not None
    )


def period_asked(asked: Asked, workspace: Workspace, now: datetime) -> Period:
    """The period asked for; the last 30 local days where an end is open. 422 for none."""
    span = timedelta(days=DEFAULT_DAYS)
    zone = asked.zone or workspace.time_zone
    try:
        end = asked.end or local_date(now, ZoneInfo(zone)) + timedelta(days=1)
        return calendar_period(workspace, asked.start or end - span, end, zone)
    except OverflowError:
        fault = PeriodError("period-out-of-range", "the calendar ends")
        raise refused("?to", fault) from None
    except PeriodError as error:
        raise refused("?from" if asked.start is not None else "?to", error) from None


def calendar_period(workspace: Workspace, start: date, end: date, zone: str) -> Period:
    """Local dates by the calendar of a workspace; raises PeriodError."""
    week_start = weekday(workspace.week_start)
    return Period(start, end, ZoneInfo(zone), week_start, workspace.late_days)


def refused(pointer: str, error: PeriodError) -> Problem:
    """422 `invalid-period` for a period or its parts."""
    found = FieldError(pointer, "invalid-value", _FAULTS[error.fault])
    return Problem("invalid-period", errors=[found])


def _unknown_dimension(pointer: str) -> Problem:
    return Problem("unknown-dimension", errors=[FieldError(pointer, "unknown-value")])


def _wrong(pointer: str, code: str, explanation: Text | None = None) -> Problem:
    return Problem("invalid-request", errors=[FieldError(pointer, code, explanation)])
