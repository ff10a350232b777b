"""What the proofs about every route need to know of report definitions and reports."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.proofs.workshop import Change, Workshop

Json = dict[str, Any]
Maker = Callable[[Workshop], Awaitable[Change]]
DEFINITION: Json = {
    "title": {"zh-CN": "月报", "en": "Monthly"},
    "period": "month",
    "sections": [{"kpi": "nps"}],
}
_PATH = "/v1/report-definitions"
#: Routes whose name is the caller's own to choose.
REPORTING_CHOSEN = {f"PUT {_PATH}/{{name}}": "creates the definition"}


async def _put(at: Workshop) -> Change:
    trace = at.rows("report_definitions", "name = 'made'")
    return Change(f"{_PATH}/made", trace, {"json": DEFINITION}, 201)


async def _delete(at: Workshop) -> Change:
    await at.made(f"{_PATH}/gone", DEFINITION, method="PUT")
    left = at.rows("report_definitions", "name = 'gone'")
    return Change(f"{_PATH}/gone", f"SELECT 1 - ({left})", status=204)


async def _report(at: Workshop) -> Change:
    return Change("/v1/reports", at.rows("reports"), {"json": {}}, 202)


REPORTING: Mapping[str, tuple[Maker, ...]] = {
    f"PUT {_PATH}/{{name}}": (_put,),
    f"DELETE {_PATH}/{{name}}": (_delete,),
    "POST /v1/reports": (_report,),
}
"""Requests by method and path template."""


async def reporting_things(made: Callable[..., Awaitable[Json]]) -> dict[str, str]:
    """One of everything, by the name of its path parameter."""
    await made(f"{_PATH}/theirs", DEFINITION, "PUT")
    return {"name": "theirs", "report": (await made("/v1/reports", {}))["id"]}
