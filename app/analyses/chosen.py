"""Which responses an analysis is about: a survey, a period, filters; judged and resolved."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.schemas import Dedupe, ResponseFilter
from app.db import now
from app.errors import FieldError, NotFound, Problem
from app.kpis.asking import (
    DEFAULT_DAYS,
    NAMED_DIMENSIONS,
    calendar_period,
)
from app.kpis.periods import Period, PeriodError, local_date
from app.responses.schemas import CLOSED_DIMENSIONS
from app.workspaces.models import Workspace

#: A name in the metadata that filters and groups; `customer` is none: one person is no figure.
_METADATA_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")
#: Dimensions of every workspace, in the order in which they are combined.
_COMBINED = ("channel", "method", "segment", "language", "version")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Chosen:
    """The responses of an analysis, at one instant."""

    workspace_id: UUID
    survey_id: UUID
    period: Period
    filters: Mapping[str, tuple[str, ...]]
    clean: bool
    """Whether flagged responses are left out."""
    dedupe: Dedupe
    level: float
    now: datetime
    minimum: int
    """Figures of fewer responses are withheld."""
    order: tuple[str, ...]
    """The dimensions that may be combined, in the one order that decides which (see
    `kpis.disclosure`)."""

    def within(self, start: date, end: date, pointer: str) -> "Chosen":
        """The same of another period; 422 `invalid-period` at the pointer."""
        with _refused_at(pointer):
            return replace(self, period=replace(self.period, start=start, end=end))


async def resolve(
    session: AsyncSession, workspace_id: UUID, wanted: ResponseFilter, *, timeout_ms: int
) -> Chosen:
    """Judge what is asked; the workspace gives what was left open.

    Gives the statements of this transaction `timeout_ms`. Raises 422 `invalid-period` and
    `unknown-dimension` with pointers into the body.
    """
    timeout = func.set_config("statement_timeout", str(timeout_ms), True)  # noqa: FBT003 - SQL
    row = (
        await session.execute(select(Workspace, timeout).where(Workspace.id == workspace_id))
    ).one_or_none()
    if row is None:
        raise NotFound
    workspace: Workspace = row[0]
    moment = now()
    zone = wanted.tz or workspace.time_zone
    first, last = wanted.span()
    end = last or _after(local_date(moment, ZoneInfo(zone)), 1)
    start = first or _after(end, -DEFAULT_DAYS)
    for name, values in wanted.filters.items():
        _check_filter(name, values)
    with _refused_at("/from" if first is not None else "/to"):
        period = calendar_period(workspace, start, end, zone)
    return Chosen(
        workspace_id=workspace_id,
        survey_id=wanted.survey,
        period=period,
        filters={name: tuple(values) for name, values in wanted.filters.items()},
        clean=wanted.quality == "clean",
        dedupe=wanted.each(),
        level=wanted.level,
        now=moment,
        minimum=workspace.minimum_cell_size,
        order=tuple(dict.fromkeys([*workspace.dimensions, *_COMBINED])),
    )


def _after(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise Problem("invalid-period", errors=[FieldError("/to", "invalid-value")]) from None


@contextmanager
def _refused_at(pointer: str) -> Iterator[None]:
    """422 `invalid-period` for dates that are no period."""
    try:
        yield
    except (PeriodError, OverflowError):
        raise Problem("invalid-period", errors=[FieldError(pointer, "invalid-value")]) from None


def check_dimension(name: str, pointer: str) -> None:
    """Refuse what is no dimension of responses: 422 `unknown-dimension`."""
    if name == "customer" or not (name in NAMED_DIMENSIONS or _METADATA_KEY.fullmatch(name)):
        raise Problem("unknown-dimension", errors=[FieldError(pointer, "unknown-value")])


def _check_filter(name: str, values: list[str]) -> None:
    pointer = "/filters/" + name.replace("~", "~0").replace("/", "~1")
    check_dimension(name, pointer)
    allowed = CLOSED_DIMENSIONS.get(name)
    for index, value in enumerate(values):
        known = value in allowed if allowed else name != "version" or _VERSION.fullmatch(value)
        if not known:
            error = FieldError(f"{pointer}/{index}", "unknown-value")
            raise Problem("invalid-request", errors=[error])
