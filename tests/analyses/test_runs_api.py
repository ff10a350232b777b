"""Analyses in the background over HTTP: drivers, the derived map, and how runs end."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.db import Database
from app.events.models import Event
from tests.analyses.asking import refused
from tests.analyses.mtcars import MTCARS
from tests.analyses.test_importance import PUBLISHED
from tests.conftest import Tenant
from tests.kpis.feedback import OCTOBER, sent, submit
from tests.responses.builders import publish

Drain = Callable[[], Awaitable[int]]


def _number(key: str) -> dict[str, Any]:
    return {"type": "number", "key": key}


def _rating(key: str) -> dict[str, Any]:
    return {"type": "rating", "key": key, "min": 1, "max": 7}


async def worked_out(tenant: Tenant, drain: Drain, path: str, **body: Any) -> dict[str, Any]:
    """The run, once the worker has had its turn."""
    answer = await tenant.client.post(f"/v1/analyses/{path}", json=OCTOBER | body)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "queued"
    assert await drain() == 1
    found: dict[str, Any] = (await tenant.client.get(answer.headers["location"])).json()
    return found


async def _cars(tenant: Tenant) -> str:
    """The 32 cars as responses to a survey of numbers."""
    survey = await publish(tenant, *(_number(name) for name in MTCARS[0]))
    await submit(tenant, survey, [sent(dict(row)) for row in MTCARS])
    return survey


async def test_the_published_relative_weights(tenant: Tenant, drain: Drain) -> None:
    """The cars entered as responses: the published weights and R squared, to the digits printed.

    The same seed gives the same intervals, which hold their weights.
    """
    survey = await _cars(tenant)
    ask = {"survey": survey, "outcome": "mpg", "drivers": ["cyl", "disp", "hp", "gear"]}
    run = await worked_out(tenant, drain, "drivers", **ask, seed=17, resamples=300)
    assert (run["status"], run["failure"], run["seed"]) == ("succeeded", None, 17)
    result = run["result"]
    assert [round(each["weight"], 7) for each in result["drivers"]] == list(PUBLISHED)
    assert round(result["r_squared"], 7) == 0.7791896
    assert (result["n"], result["causal"], result["kind"]) == (32, False, "estimated")
    assert result["model_run"] == run["id"]
    signs = [each["sign"] for each in result["drivers"]]
    assert signs == ["negative", "negative", "negative", "positive"]
    for each in result["drivers"]:
        assert each["weight_interval"]["low"] < each["weight"] < each["weight_interval"]["high"]
    again = await worked_out(tenant, drain, "drivers", **ask, seed=17, resamples=300)
    assert again["result"]["drivers"] == result["drivers"]
    shapley = await worked_out(tenant, drain, "drivers", **ask, measure="shapley", resamples=100)
    weights = [each["weight"] for each in shapley["result"]["drivers"]]
    assert sum(weights) == pytest.approx(result["r_squared"])


async def test_what_has_no_sound_answer_says_why(tenant: Tenant, drain: Drain) -> None:
    """A constant driver, drivers that repeat one another, and too few answers."""
    names = ("y", "a", "b", "c", "d")
    survey = await publish(tenant, *(_number(name) for name in names), _number("rare"))
    rng = random.Random(3)
    rows = []
    for number in range(30):
        a, b = rng.randint(0, 50), rng.randint(0, 50)
        row = {"y": a + rng.randint(0, 20), "a": a, "b": b, "c": a + b, "d": 4}
        rows.append(row | ({"rare": number} if number < 3 else {}))
    await submit(tenant, survey, [sent(row) for row in rows])

    async def failure(*drivers: str) -> dict[str, Any]:
        ask = {"survey": survey, "outcome": "y", "drivers": list(drivers)}
        run = await worked_out(tenant, drain, "drivers", **ask)
        assert (run["status"], run["result"]) == ("failed", None)
        found: dict[str, Any] = run["failure"]
        return found

    assert await failure("a", "d") == {"code": "constant_item", "items": ["d"]}
    assert await failure("a", "b", "c") == {"code": "collinear_items", "items": ["a", "b", "c"]}
    assert await failure("a", "rare") == {"code": "too_few_answers", "items": []}


async def test_the_derived_map(tenant: Tenant, drain: Drain, database: Database) -> None:
    """What drives the outcome is important; the end is told as an event."""
    keys = ("strong", "weak", "none")
    survey = await publish(tenant, *(_rating(key) for key in (*keys, "overall")))
    rng = random.Random(7)
    rows = []
    for _ in range(150):
        x = {
            "strong": min(7, max(1, round(rng.gauss(2.5, 1)))),
            "weak": min(7, max(1, round(rng.gauss(5.5, 1)))),
            "none": rng.randint(2, 6),
        }
        y = 0.9 * x["strong"] + 0.3 * x["weak"] + rng.gauss(0, 0.5)
        rows.append(x | {"overall": min(7, max(1, round(y)))})
    await submit(tenant, survey, [sent(row) for row in rows])
    run: dict[str, Any] = {}
    for importance in ("relative_weight", "partial_r"):
        run = await worked_out(
            tenant, drain, "importance-performance/derived", survey=survey, outcome="overall",
            items=list(keys), importance=importance, resamples=200, seed=5,
        )  # fmt: skip
        points = {each["item"]: each for each in run["result"]["points"]}
        assert points["strong"]["quadrant"] == "concentrate_here"
        assert points["none"]["importance"] < points["strong"]["importance"]
        assert points["none"]["quadrant"] in {"low_priority", "undetermined"}
    async with database.snapshot() as session:
        types = await session.scalars(
            select(Event.type).where(
                Event.workspace_id == tenant.workspace.id, Event.subject == run["id"]
            )
        )
        assert list(types) == ["analysis_run.succeeded"]


async def test_what_a_run_cannot_use_is_refused_at_once(tenant: Tenant) -> None:
    """Nothing is queued that could not be answered for its form."""
    questions = [_number(f"q{number}") for number in range(17)]
    survey = await publish(tenant, *questions, {"type": "long_text", "key": "why"})
    ask = {"survey": survey, "outcome": "q0"}
    names = [f"q{number}" for number in range(1, 17)]
    for body, error in (
        ({"drivers": ["q1", "q0"]}, ("/outcome", "duplicate-item")),
        ({"drivers": ["q1", "why"]}, ("/drivers/1", "invalid-value")),
        ({"drivers": names, "measure": "shapley"}, ("/drivers", "too-many-items")),
        ({"drivers": ["q1"]}, ("/drivers", "too-few-items")),
    ):
        status, code, errors = await refused(tenant, "drivers", **ask, **body)
        assert (status, code, errors) == (422, "invalid-request", [error])


async def test_a_run_about_too_few_tells_nothing(careful: Tenant, careful_drain: Drain) -> None:
    """Narrowed to a shop of four, a run fails as `suppressed`; so does the shop beside it."""
    survey = await publish(careful, *(_rating(key) for key in ("a", "b", "y")))
    rng = random.Random(2)
    await submit(
        careful,
        survey,
        [
            sent({key: rng.randint(1, 7) for key in ("a", "b", "y")}, metadata={"shop": shop})
            for shop, size in (("north", 20), ("south", 9), ("east", 4))
            for _ in range(size)
        ],
    )
    ask = {"survey": survey, "outcome": "y", "drivers": ["a", "b"], "resamples": 100}
    for shop, expected in (("east", "failed"), ("south", "failed"), ("north", "succeeded")):
        filters = {"shop": [shop]}
        run = await worked_out(careful, careful_drain, "drivers", **ask, filters=filters)
        assert run["status"] == expected
        if expected == "failed":
            assert run["failure"] == {"code": "suppressed", "items": []}


def test_serving_loads_no_numerics(loaded_by_the_api: frozenset[str]) -> None:
    """The process that answers requests imports neither numpy, scipy nor the segmenter."""
    assert loaded_by_the_api & {"numpy", "scipy", "rjieba"} == set()
