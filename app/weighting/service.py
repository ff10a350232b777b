"""Keeping weighting schemes, and finding the one that a figure is asked by."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, Invalid, Problem, field_error
from app.events.service import record
from app.http.outcomes import Status
from app.http.pagination import PageRequest
from app.named import delete_named, fetch_named, find_named, page_by_name, put_named
from app.responses.cells import WITH_CELLS
from app.responses.schemas import CLOSED_DIMENSIONS
from app.weighting.margins import escaped, problems_of_margins
from app.weighting.models import WeightingScheme
from app.weighting.schemas import WeightingSchemePut
from app.weighting.schemes import Scheme
from app.workspaces.models import Workspace

#: The word for figures that are not weighed; no scheme has this name.
UNWEIGHTED = "none"


async def put_scheme(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    wanted: WeightingSchemePut,
    *,
    if_match: str | None = None,
) -> tuple[WeightingScheme, Status]:
    """Make the scheme or replace it; 412 if it has changed since `if_match`.

    Raises 422 with pointers for margins that contradict each other, for a dimension that
    responses do not have, and for the name that means no scheme.
    """
    if name == UNWEIGHTED:
        raise field_error("path:scheme", "invalid-value")
    workspace = await session.get_one(Workspace, workspace_id)
    _check(wanted, workspace.dimensions)
    values = {
        "label": wanted.name,
        "margins": [each.model_dump() for each in wanted.margins],
        "trim": None if wanted.trim == "none" else wanted.trim.model_dump(),
        "source": wanted.source,
    }
    kept, status = await put_named(
        session, WeightingScheme, workspace_id, name, values, if_match=if_match
    )
    if status != "unchanged":
        record(session, workspace_id, f"weighting_scheme.{status}", name)
    return kept, status


def _check(wanted: WeightingSchemePut, declared: list[str]) -> None:
    known = {*WITH_CELLS, *declared}
    unknown = [
        FieldError(f"/margins/{place}/dimension", "unknown-value")
        for place, each in enumerate(wanted.margins)
        if each.dimension not in known
    ]
    if unknown:
        raise Problem("unknown-dimension", errors=unknown)
    margins = [(each.dimension, each.targets) for each in wanted.margins]
    problems = [*problems_of_margins(margins, "dimension"), *_unknown_members(wanted)]
    if problems:
        raise Invalid(*problems)


def _unknown_members(wanted: WeightingSchemePut) -> Iterator[FieldError]:
    for place, margin in enumerate(wanted.margins):
        allowed = CLOSED_DIMENSIONS.get(margin.dimension)
        for member in margin.targets:
            if allowed is not None and member not in allowed:
                yield FieldError(f"/margins/{place}/targets/{escaped(member)}", "unknown-value")


async def fetch_scheme(session: AsyncSession, workspace_id: UUID, name: str) -> WeightingScheme:
    """The scheme with that name; 404 where there is none."""
    return await fetch_named(session, WeightingScheme, workspace_id, name)


async def list_schemes(
    session: AsyncSession, workspace_id: UUID, paging: PageRequest
) -> tuple[list[WeightingScheme], str | None]:
    """The schemes by name."""
    query = select(WeightingScheme).where(WeightingScheme.workspace_id == workspace_id)
    return await page_by_name(session, WeightingScheme, query, paging)


async def delete_scheme(
    session: AsyncSession, workspace_id: UUID, name: str, *, if_match: str | None = None
) -> None:
    """Forget the scheme; no figure can be asked by it any more."""
    await delete_named(session, WeightingScheme, workspace_id, name, if_match=if_match)
    record(session, workspace_id, "weighting_scheme.deleted", name)


async def scheme_asked(session: AsyncSession, workspace_id: UUID, name: str) -> Scheme | None:
    """The scheme that a figure is asked by; None for none. 422 `?weighting` for an unknown one."""
    if name == UNWEIGHTED:
        return None
    found = await find_named(session, WeightingScheme, workspace_id, name)
    if found is None:
        raise field_error("?weighting", "unknown-value")
    return Scheme(
        name=found.name,
        revision=found.revision,
        margins={each["dimension"]: each["targets"] for each in found.margins},
        bounds=None if found.trim is None else (found.trim["low"], found.trim["high"]),
    )
