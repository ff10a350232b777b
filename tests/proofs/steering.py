"""What the proofs about every route need to know of targets, scorecards, metrics and alerts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.proofs.workshop import Change, Workshop

Json = dict[str, Any]
Maker = Callable[[Workshop], Awaitable[Change]]
TARGET: Json = {"kpi": "nps", "value": 0.3}
#: Ids of the same forms that nobody has.
STEERING_NOTHING = {"target": "nobodys"}


async def steering_things(made: Callable[..., Awaitable[Json]]) -> dict[str, str]:
    """One of everything, by the name of its path parameter."""
    await made("/v1/targets/theirs", TARGET, "PUT")
    return {"target": "theirs"}


async def _put_target(at: Workshop) -> Change:
    trace = at.rows("targets", "name = 'made'")
    return Change("/v1/targets/made", trace, {"json": TARGET}, 201)


async def _deleted_target(at: Workshop) -> Change:
    await at.made("/v1/targets/gone", TARGET, method="PUT")
    trace = f"SELECT 1 - ({at.rows('targets', _called('gone'))})"
    return Change("/v1/targets/gone", trace, status=204)


def _called(name: str) -> str:
    return f"name = '{name}'"


STEERING: Mapping[str, tuple[Maker, ...]] = {
    "PUT /v1/targets/{target}": (_put_target,),
    "DELETE /v1/targets/{target}": (_deleted_target,),
}
"""Requests by method and path template."""
