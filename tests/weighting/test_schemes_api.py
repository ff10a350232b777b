"""Weighting schemes over HTTP: put as a whole, found, listed, deleted, and refused."""

from typing import Any

import pytest
from sqlalchemy import select

from app.db import Database
from app.events.models import Event
from tests.conftest import Tenant

Json = dict[str, Any]
SEGMENTS: Json = {"dimension": "segment", "targets": {"new": 1200, "regular": 6800, "vip": 400}}
CHANNELS: Json = {"dimension": "channel", "targets": {"web": 5000, "phone": 3400}}
PATH = "/v1/weighting-schemes/customers"


def _body(*margins: Json, **fields: Any) -> Json:
    name = {"zh-CN": "全部客户", "en": "All customers"}
    return {"name": name, "margins": list(margins or [SEGMENTS]), "source": "CRM"} | fields


async def test_a_scheme_is_kept_as_it_was_put(tenant: Tenant, database: Database) -> None:
    """Made once, the same again changes nothing, a change raises the revision; each is an event."""
    made = await tenant.client.put(PATH, json=_body(SEGMENTS, CHANNELS))
    assert made.status_code == 201
    found = made.json()
    assert found["margins"] == [SEGMENTS, CHANNELS]
    assert (found["scheme"], found["revision"], found["source"]) == ("customers", 1, "CRM")
    assert found["trim"] == {"low": 0.2, "high": 5.0}
    again = await tenant.client.put(PATH, json=_body(SEGMENTS, CHANNELS))
    assert (again.status_code, again.json()["revision"]) == (200, 1)
    changed = await tenant.client.put(PATH, json=_body(SEGMENTS, trim="none"))
    assert (changed.json()["revision"], changed.json()["trim"]) == (2, None)
    assert (await tenant.client.get(PATH)).json() == changed.json()
    assert (await tenant.client.delete(PATH)).status_code == 204
    assert (await tenant.client.get(PATH)).status_code == 404
    assert (await tenant.client.delete(PATH)).status_code == 404
    async with database.transaction() as session:
        events = select(Event.type).where(
            Event.workspace_id == tenant.workspace.id, Event.subject == "customers"
        )
        told = sorted(await session.scalars(events))
    assert told == [f"weighting_scheme.{each}" for each in ("created", "deleted", "updated")]


async def test_nobody_overwrites_an_edit_unseen(tenant: Tenant) -> None:
    """With `If-Match` of another revision nothing is put or deleted."""
    made = await tenant.client.put(PATH, json=_body())
    seen = {"If-Match": made.headers["ETag"]}
    changed = await tenant.client.put(PATH, json=_body(trim="none"), headers=seen)
    assert changed.status_code == 200
    for method in ("PUT", "DELETE"):
        body = _body() if method == "PUT" else None
        late = await tenant.client.request(method, PATH, json=body, headers=seen)
        assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")
    now = {"If-Match": (await tenant.client.get(PATH)).headers["ETag"]}
    assert (await tenant.client.delete(PATH, headers=now)).status_code == 204


async def test_schemes_are_listed_by_name(tenant: Tenant) -> None:
    """In pages, none left out."""
    for name in ("c", "a", "b"):
        await tenant.client.put(f"/v1/weighting-schemes/{name}", json=_body())
    first = (await tenant.client.get("/v1/weighting-schemes?limit=2")).json()
    assert [each["scheme"] for each in first["data"]] == ["a", "b"]
    query = {"limit": "2", "cursor": first["next_cursor"]}
    rest = (await tenant.client.get("/v1/weighting-schemes", params=query)).json()
    assert [each["scheme"] for each in rest["data"]] == ["c"]
    assert rest["next_cursor"] is None


def _targets(dimension: str, **targets: object) -> Json:
    return {"dimension": dimension, "targets": targets}


REFUSED: list[tuple[Json, str, str]] = [
    (_body(_targets("weather", a=1)), "unknown-dimension", "/margins/0/dimension"),
    (_body(_targets("customer", a=1)), "unknown-dimension", "/margins/0/dimension"),
    (_body(SEGMENTS, SEGMENTS), "invalid-request", "/margins/1/dimension"),
    (_body(_targets("channel", pigeon=1)), "invalid-request", "/margins/0/targets/pigeon"),
    (
        _body(SEGMENTS, _targets("channel", web=50, phone=50)),
        "invalid-request", "/margins/1/targets",
    ),
    (_body(_targets("segment", a=0, b=0)), "invalid-request", "/margins/0/targets"),
    (_body(_targets("segment", a=1, b=1e-12)), "invalid-request", "/margins/0/targets/b"),
    (_body(_targets("segment", a=-1)), "invalid-request", "/margins/0/targets/a"),
    (_body(_targets("segment", a="1")), "invalid-request", "/margins/0/targets/a"),
    (_body(_targets("segment")), "invalid-request", "/margins/0/targets"),
    (_body(_targets("a b", a=1)), "invalid-request", "/margins/0/dimension"),
    (_body(trim={"low": 1.5, "high": 5}), "invalid-request", "/trim/low"),
    (_body(source=""), "invalid-request", "/source"),
    (_body(weights=[1]), "invalid-request", "/weights"),
    ({"name": {"en": "x"}, "margins": [], "source": "x"}, "invalid-request", "/margins"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "pointer"), REFUSED)
async def test_what_is_no_population_is_refused(
    tenant: Tenant, body: Json, code: str, pointer: str
) -> None:
    """With the field that is wrong, never its value."""
    found = await tenant.client.put(PATH, json=body)
    problem = found.json()
    assert (found.status_code, problem["code"]) == (422, code), problem
    assert pointer in [each["pointer"] for each in problem["errors"]], problem
    assert (await tenant.client.get(PATH)).status_code == 404


async def test_the_word_for_no_weights_is_no_name(tenant: Tenant) -> None:
    """A scheme called `none` could never be asked for."""
    found = await tenant.client.put("/v1/weighting-schemes/none", json=_body())
    assert found.status_code == 422
    assert found.json()["errors"][0]["pointer"] == "path:scheme"


async def test_dimensions_that_the_workspace_declares(tenant: Tenant) -> None:
    """What is declared may be a margin; before it is, it is unknown."""
    body = _body(_targets("region", north=1, south=2))
    assert (await tenant.client.put(PATH, json=body)).status_code == 422
    at = f"/v1/workspaces/{tenant.workspace.id}"
    declared = await tenant.client.patch(at, json={"dimensions": ["region"]})
    assert declared.status_code == 200, declared.text
    assert (await tenant.client.put(PATH, json=body)).status_code == 201


async def test_who_may_put_and_read(tenant: Tenant) -> None:
    """The publishable key may do neither."""
    assert (await tenant.public.get(PATH)).status_code == 403
    assert (await tenant.public.put(PATH, json=_body())).status_code == 403
