"""Saying once which figure is meant: a KPI with its scope, checked, in its one spelling."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.errors import FieldError, NotFound, Problem, field_error
from app.kpis.asking import Asked, understand
from app.kpis.catalog import CATALOGUE
from app.kpis.declaration import Kpi, Option, Scope
from app.kpis.parameters import option_parameter
from app.surveys.models import Survey
from app.targets.schemas import FigureScope

BY_ID: Mapping[str, Kpi] = {kpi.id: kpi for kpi in CATALOGUE}
_TIMEOUT_MS = 4_000


@dataclass(frozen=True)
class Selection:
    """A KPI and what it is asked of. `scope` is JSON: sorted, with the defaults written out."""

    kpi: Kpi
    scope: dict[str, Any]

    @property
    def key(self) -> str:
        """The same for the same scope, however it was written."""
        return _key(self.scope)

    def asked(
        self,
        start: date,
        end: date,
        *,
        zone: str | None = None,
        level: float = 0.95,
        compare: Literal["previous", "last_year", "none"] = "none",
    ) -> Asked:
        """The question for a period."""
        return _asked(self.scope, start=start, end=end, zone=zone, level=level, compare=compare)


def stored(kpi: str, scope: Mapping[str, Any]) -> Selection | None:
    """A selection that was stored; None if the KPI is no longer in the catalogue."""
    found = BY_ID.get(kpi)
    return Selection(found, dict(scope)) if found is not None else None


def scope_key(kpi: Kpi, scope: Scope) -> str:
    """The key of the scope of a figure that is being asked."""
    surveys = [str(each) for each in scope.survey_ids or ()]
    return _key(_spelt(kpi, surveys, scope))


async def select_figure(
    session: AsyncSession, workspace_id: UUID, kpi_id: str, scope: FigureScope, *, at: str = ""
) -> Selection:
    """Judge a selection; `at` is the JSON Pointer of the object that holds `kpi` and `scope`.

    Raises 422 `invalid-request` and `unknown-dimension` with pointers.
    """
    kpi = BY_ID.get(kpi_id)
    if kpi is None:
        raise field_error(f"{at}/kpi", "unknown-value")
    _check_takes(kpi, scope, at)
    surveys = [str(each) for each in scope.surveys]
    written = {
        "surveys": surveys,
        "question": scope.question,
        "filters": scope.filters,
        "quality": scope.quality,
        "options": _options(kpi, scope.options, at),
    }
    asked = _asked(written, start=None, end=None)
    try:
        ask = await understand(session, kpi, workspace_id, asked, now=now(), timeout_ms=_TIMEOUT_MS)
    except NotFound:
        raise
    except Problem as problem:
        moved = [FieldError(f"{at}/scope/filters", each.code) for each in problem.errors]
        raise Problem(problem.code, errors=moved) from None
    await _check_surveys(session, workspace_id, scope.surveys, at)
    return Selection(kpi, _spelt(kpi, surveys, ask.scope))


def _check_takes(kpi: Kpi, scope: FigureScope, at: str) -> None:
    """A KPI that is not asked of surveys or questions is not given any."""
    given = {
        "surveys": bool(scope.surveys) and not kpi.takes_survey,
        "quality": scope.quality != "all" and not kpi.takes_survey,
        "question": scope.question is not None and not kpi.takes_question,
    }
    for name, wrong in given.items():
        if wrong:
            raise field_error(f"{at}/scope/{name}", "unknown-field")


def _options(kpi: Kpi, given: Mapping[str, str | int], at: str) -> dict[str, str]:
    """The options as the query parameters would read them."""
    known: dict[str, Option] = {option.name: option for option in kpi.options}
    for name, value in given.items():
        if name not in known:
            raise field_error(f"{at}/scope/options/{name}", "unknown-field")
        reader: TypeAdapter[Any] = TypeAdapter(option_parameter(known[name]).annotation)
        try:
            reader.validate_python(str(value))
        except ValidationError:
            raise field_error(f"{at}/scope/options/{name}", "invalid-value") from None
    return {name: str(value) for name, value in given.items()}


async def _check_surveys(
    session: AsyncSession, workspace_id: UUID, surveys: list[UUID], at: str
) -> None:
    if not surveys:
        return
    query = select(Survey.id).where(Survey.workspace_id == workspace_id, Survey.id.in_(surveys))
    if set((await session.scalars(query)).all()) != set(surveys):
        raise field_error(f"{at}/scope/surveys", "unknown-reference")


def _asked(
    scope: Mapping[str, Any],
    *,
    start: date | None,
    end: date | None,
    zone: str | None = None,
    level: float = 0.95,
    compare: Literal["previous", "last_year", "none"] = "none",
) -> Asked:
    return Asked(
        start=start,
        end=end,
        zone=zone,
        compare=compare,
        level=level,
        surveys=tuple(scope["surveys"]) or None,
        question=scope["question"],
        filters=tuple(
            f"{name}:{value}" for name, values in scope["filters"].items() for value in values
        ),
        quality=scope["quality"],
        options=scope["options"],
    )


def _spelt(kpi: Kpi, surveys: list[str], scope: Scope) -> dict[str, Any]:
    options = {option.name: scope.options.get(option.name, option.default)
               for option in kpi.options}  # fmt: skip
    # Nothing is said of what is not weighed, as it was before there were weights.
    weighting = {"weighting": scope.weighting.name} if scope.weighting else {}
    return {
        "surveys": sorted(set(surveys)),
        "question": scope.question,
        "filters": {name: sorted(set(values)) for name, values in sorted(scope.filters.items())},
        "quality": scope.quality,
        "options": {name: value for name, value in sorted(options.items()) if value},
    } | weighting


def _key(scope: Mapping[str, Any]) -> str:
    packed = json.dumps(scope, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(packed.encode()).hexdigest()[:32]
