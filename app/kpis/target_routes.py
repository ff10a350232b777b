"""Targets over HTTP; they stand here because only the catalogue knows what they are for."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.fields import Code, LocalDate
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag
from app.http.route import ReadSession, Route, Session
from app.kpis import targeting
from app.targets import service as targets
from app.targets.models import Target
from app.targets.schemas import FigureScopeRead, TargetPut, TargetRead

router = APIRouter(prefix="/v1", tags=["steering"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
Writer = Annotated[Credential, needs("kpi:write")]
On = Annotated[LocalDate | None, Query(description="Only targets that hold on this local date.")]


def _read(target: Target, response: Response | None = None) -> TargetRead:
    if response is not None:
        response.headers["ETag"] = etag(target.revision)
    return TargetRead(
        target=target.name,
        kpi=target.kpi,
        scope=FigureScopeRead.model_validate(target.scope),
        value=target.value,
        direction=target.direction,
        floor=target.floor,
        stretch=target.stretch,
        currency=target.currency,
        valid_from=target.valid_from,
        valid_to=target.valid_to,
        revision=target.revision,
        created_at=target.created_at,
        updated_at=target.updated_at,
    )


@router.get("/targets", operation_id="list_targets")
async def list_targets(
    session: ReadSession,
    caller: Reader,
    paging: Paging,
    *,
    kpi: Code | None = None,
    on: On = None,
) -> Page[TargetRead]:
    """The targets, by name."""
    found, cursor = await targets.list_targets(session, caller.workspace_id, paging, kpi=kpi, on=on)
    return Page(data=[_read(each) for each in found], next_cursor=cursor)


@router.put(
    "/targets/{target}",
    operation_id="put_target",
    responses={201: {"model": TargetRead, "description": "Created"}},
)
async def put_target(
    target: Code,
    wanted: TargetPut,
    session: Session,
    caller: Writer,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> TargetRead:
    """Set a goal, or replace it; the same content again changes nothing.

    The KPI's answers name it as `target` for exactly this scope and for periods within its dates.
    Of several that hold, the one that began last counts.
    """
    kept, status = await targeting.put_target(
        session, caller.workspace_id, target, wanted, if_match=if_match
    )
    response.status_code = 201 if status == "created" else 200
    return _read(kept, response)


@router.get("/targets/{target}", operation_id="get_target")
async def get_target(
    target: str, session: ReadSession, caller: Reader, response: Response
) -> TargetRead:
    """One target."""
    return _read(await targets.fetch_target(session, caller.workspace_id, target), response)


@router.delete("/targets/{target}", status_code=204, operation_id="delete_target")
async def delete_target(
    target: str, session: Session, caller: Writer, if_match: IfMatch = None
) -> None:
    """Judge nothing by it any more."""
    await targets.delete_target(session, caller.workspace_id, target, if_match=if_match)
