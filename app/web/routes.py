"""Outside of the API: probes and metrics for operators, pages for readers."""

from dataclasses import asdict
from ipaddress import ip_address
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from app.errors import NotFound, Problem
from app.http.auth import open_to_all
from app.http.metrics import Traffic
from app.http.route import Route
from app.problems import FIELD_CODES, PROBLEMS
from app.web import reference
from app.web.help import HELP
from app.web.pages import Lang, language, page
from app.web.readiness import Probe
from app.web.schemas import Components, Liveness, ReadinessRead

router = APIRouter(tags=["operation"], route_class=Route)
Anybody = Annotated[None, open_to_all("Probes and pages hold nothing of any workspace.")]
#: Any of these says that a proxy on this machine stands between us and the asker.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@router.head("/livez", include_in_schema=False)
@router.get("/livez", operation_id="get_liveness")
async def liveness(_: Anybody) -> Liveness:
    """Whether the process serves at all. Asks nothing of the database."""
    return Liveness(status="ok")


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    operation_id="get_readiness",
    responses={503: {"description": "Not ready: problem `not-ready` with the components."}},
)
async def readiness(request: Request, _: Anybody) -> ReadinessRead:
    """Whether requests may be sent here: database reachable, migrated, writable, not stopping.

    `durability` says `relaxed` where PostgreSQL is set up so that a crash may lose commits.
    """
    probe: Probe = request.app.state.probe
    traffic: Traffic = request.app.state.traffic
    state = await probe.readiness()
    if traffic.draining or not state.ready:
        raise Problem(
            "not-ready", headers={"Retry-After": "2"}, extra={"components": asdict(state)}
        )
    return ReadinessRead(status="ready", components=Components.model_validate(state))


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, _: Anybody) -> Response:
    """The figures of this installation for Prometheus; to others than loopback on request only."""
    if not request.app.state.settings.metrics_public and not _is_local(request):
        raise NotFound
    traffic: Traffic = request.app.state.traffic
    return Response(await traffic.exposition(), media_type="text/plain; version=0.0.4")


def _is_local(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


@router.get("/", include_in_schema=False)
async def home(request: Request, _: Anybody, lang: Lang = None) -> HTMLResponse:
    """What runs here."""
    return page("home.html", language(request, lang))


@router.get("/problems", include_in_schema=False)
async def problems(request: Request, _: Anybody, lang: Lang = None) -> HTMLResponse:
    """Everything that can go wrong."""
    ordered = sorted(PROBLEMS.items(), key=lambda each: (each[1].status, each[0]))
    fields = sorted(FIELD_CODES.items())
    return page("problems.html", language(request, lang), problems=ordered, fields=fields)


@router.get("/problems/{code}", include_in_schema=False)
async def problem(request: Request, code: str, _: Anybody, lang: Lang = None) -> HTMLResponse:
    """One problem: what it means and what to do; the address is the problem's `type`."""
    kind, field = PROBLEMS.get(code), FIELD_CODES.get(code)
    if kind is None and field is None:
        raise NotFound
    values = {"code": code, "kind": kind, "field": field, "help": HELP.get(code)}
    return page("problem.html", language(request, lang), **values)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request, _: Anybody, lang: Lang = None) -> HTMLResponse:
    """The reference of the API; rendered once for each language."""
    wanted = language(request, lang)
    rendered: dict[str, HTMLResponse] = request.app.state.references
    if wanted not in rendered:
        document = await run_in_threadpool(request.app.openapi)
        rendered[wanted] = page(
            "reference.html",
            wanted,
            tags=reference.operations(document),
            schemas=reference.schemas(document),
            prose=reference.prose,
            shape=reference.shape,
        )
    return rendered[wanted]
