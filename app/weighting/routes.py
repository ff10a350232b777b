"""Weighting schemes over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.fields import Code
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag
from app.http.route import ReadSession, Route, Session
from app.weighting import service
from app.weighting.models import WeightingScheme
from app.weighting.schemas import (
    SchemeMarginRead,
    TrimRead,
    WeightingSchemePut,
    WeightingSchemeRead,
)

router = APIRouter(prefix="/v1", tags=["sampling"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
Writer = Annotated[Credential, needs("kpi:write")]


def _read(kept: WeightingScheme, response: Response | None = None) -> WeightingSchemeRead:
    if response is not None:
        response.headers["ETag"] = etag(kept.revision)
    return WeightingSchemeRead(
        scheme=kept.name,
        name=kept.label,
        margins=[SchemeMarginRead.model_validate(each) for each in kept.margins],
        trim=None if kept.trim is None else TrimRead.model_validate(kept.trim),
        source=kept.source,
        revision=kept.revision,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
    )


@router.get("/weighting-schemes", operation_id="list_weighting_schemes")
async def list_weighting_schemes(
    session: ReadSession, caller: Reader, paging: Paging
) -> Page[WeightingSchemeRead]:
    """The weighting schemes, by name."""
    found, cursor = await service.list_schemes(session, caller.workspace_id, paging)
    return Page(data=[_read(each) for each in found], next_cursor=cursor)


@router.put(
    "/weighting-schemes/{scheme}",
    operation_id="put_weighting_scheme",
    responses={201: {"model": WeightingSchemeRead, "description": "Created"}},
)
async def put_weighting_scheme(
    scheme: Code,
    wanted: WeightingSchemePut,
    session: Session,
    caller: Writer,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> WeightingSchemeRead:
    """Say what the population is made of; figures of surveys are asked by it with `weighting`.

    Weights are not kept: they are made when a figure is asked, of the answers that there are then.
    The name `none` is taken, it means no weights.
    """
    kept, status = await service.put_scheme(
        session, caller.workspace_id, scheme, wanted, if_match=if_match
    )
    response.status_code = 201 if status == "created" else 200
    return _read(kept, response)


@router.get("/weighting-schemes/{scheme}", operation_id="get_weighting_scheme")
async def get_weighting_scheme(
    scheme: str, session: ReadSession, caller: Reader, response: Response
) -> WeightingSchemeRead:
    """One weighting scheme."""
    return _read(await service.fetch_scheme(session, caller.workspace_id, scheme), response)


@router.delete(
    "/weighting-schemes/{scheme}", status_code=204, operation_id="delete_weighting_scheme"
)
async def delete_weighting_scheme(
    scheme: str, session: Session, caller: Writer, if_match: IfMatch = None
) -> None:
    """Forget a weighting scheme; asking a figure by it is refused then."""
    await service.delete_scheme(session, caller.workspace_id, scheme, if_match=if_match)
