"""Model runs and what they say of one customer, over HTTP."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from app.http.auth import Credential, needs
from app.http.openapi_answers import header
from app.http.pagination import Page, Paging
from app.http.route import ReadSession, Route, Session
from app.lifetime import customer_values, service
from app.lifetime.models import ModelRun
from app.lifetime.schemas import (
    CustomerLifetimeValue,
    Kind,
    ModelRunCreate,
    ModelRunRead,
    Status,
)

router = APIRouter(prefix="/v1", tags=["model runs"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
Writer = Annotated[Credential, needs("kpi:write")]
#: What a run does not know before it is finished.
_UNKNOWN: dict[str, Any] = {
    "reasons": [],
    "warnings": [],
    "first_purchase": None,
    "customers": None,
    "repeaters": None,
    "purchase_model": None,
    "value_model": None,
    "new_customer_year": None,
    "holdout": None,
    "constant_retention": None,
    "projection": [],
    "data_hash": None,
    "code_version": None,
    "seconds": {},
    "peak_memory_bytes": None,
}


@router.post(
    "/model-runs",
    operation_id="create_model_run",
    status_code=202,
    responses={202: {"headers": header("Location")}},
)
async def create_model_run(
    asked: ModelRunCreate, session: Session, caller: Writer, response: Response
) -> ModelRunRead:
    """Fit a model in the background: BG/NBD or Pareto/NBD with Gamma-Gamma, or sBG for contracts.

    Follow it at its `Location` until its status is `sound`, `unreliable` (fewer than 500
    customers or 100 repeaters, or purchases foretold worse than to 25 %; its values are withheld
    unless they are asked for), `refused` (there is no fit, and `reasons` say why) or `failed`.
    Sound runs of purchases are repeated every week with the days that have passed.
    """
    run = await service.create_model_run(session, caller.workspace_id, asked)
    response.headers["Location"] = f"/v1/model-runs/{run.id}"
    return _read(run)


@router.get("/model-runs", operation_id="list_model_runs")
async def list_model_runs(
    session: ReadSession,
    caller: Reader,
    paging: Paging,
    *,
    kind: Kind | None = None,
    status: Status | None = None,
) -> Page[ModelRunRead]:
    """The runs, newest first."""
    found, cursor = await service.list_model_runs(
        session, caller.workspace_id, paging, kind=kind, status=status
    )
    return Page(data=[_read(each) for each in found], next_cursor=cursor)


@router.get("/model-runs/{model_run}", operation_id="get_model_run")
async def get_model_run(model_run: str, session: ReadSession, caller: Reader) -> ModelRunRead:
    """One run: parameters with standard errors, the holdout table, the hash of its data."""
    return _read(await service.fetch_model_run(session, caller.workspace_id, model_run))


@router.get(
    "/customers/{external_id}/lifetime-value",
    operation_id="get_customer_lifetime_value",
    responses={409: {}},
)
async def get_customer_lifetime_value(
    external_id: str,
    session: ReadSession,
    caller: Reader,
    *,
    discount_annual: Annotated[int | None, Query(ge=1, le=100)] = None,
    margin: Annotated[int, Query(ge=1, le=100, description="Percent of revenue.")] = 100,
    accept_unreliable: Literal["no", "yes"] = "no",
) -> CustomerLifetimeValue:
    """What one customer brought in and is expected to bring in, by the newest sound run.

    404 where the customer or such a run does not exist, or the run saw no purchase of the
    customer. The figure of one customer is far less certain than that of many.
    """
    return await customer_values.fetch_customer_value(
        session,
        caller.workspace_id,
        external_id,
        discount=discount_annual,
        margin=margin,
        unreliable=accept_unreliable == "yes",
    )


def _read(run: ModelRun) -> ModelRunRead:
    columns = {name: getattr(run, name) for name in ModelRunRead.model_fields if hasattr(run, name)}
    return ModelRunRead.model_validate(_UNKNOWN | columns | run.result)
