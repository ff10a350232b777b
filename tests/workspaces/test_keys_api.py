"""API keys over HTTP."""

from fastapi import FastAPI

from tests.conftest import Tenant, client_of


async def test_a_new_key_works_until_it_is_revoked(app: FastAPI, tenant: Tenant) -> None:
    """A key is shown once, opens the workspace, and is refused at once where it was revoked."""
    wanted = {"kind": "secret", "name": "crm", "scopes": ["admin"]}
    created = await tenant.client.post("/v1/api-keys", json=wanted)
    assert created.status_code == 201, created.text
    key = created.json()
    async with client_of(app, key["key"]) as client:
        assert (await client.get("/v1/workspaces")).status_code == 200
        listed = (await client.get("/v1/api-keys")).json()["data"]
        assert key["key_id"] in [each["key_id"] for each in listed]
        assert "key" not in listed[0]
        revoked = await tenant.client.post(f"/v1/api-keys/{key['key_id']}/revoke")
        assert revoked.status_code == 200
        refused = await client.get("/v1/workspaces")
    assert refused.status_code == 401
    assert refused.json()["code"] == "unauthenticated"
    assert refused.headers["www-authenticate"] == "Bearer"


async def test_a_repeated_post_makes_one_key(tenant: Tenant) -> None:
    """The same Idempotency-Key answers the same; with another body it is refused."""
    wanted = {"kind": "publishable", "name": "web"}
    headers = {"Idempotency-Key": "once"}
    first = await tenant.client.post("/v1/api-keys", json=wanted, headers=headers)
    again = await tenant.client.post("/v1/api-keys", json=wanted, headers=headers)
    other = await tenant.client.post("/v1/api-keys", json=wanted | {"name": "x"}, headers=headers)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency-key-reused"


async def test_bad_bodies_are_refused_with_pointers(tenant: Tenant) -> None:
    """Unknown fields, wrong types and unknown parameters are named; values are not echoed."""
    bad = {"kind": "secret", "name": 7, "scopes": ["root-of-evil"], "extra": 1}
    answer = await tenant.client.post("/v1/api-keys?x=1", json=bad)
    assert answer.json()["errors"][0] == {
        "pointer": "?x",
        "code": "unknown-parameter",
        "detail": "There is no such query parameter.",
    }
    answer = await tenant.client.post("/v1/api-keys", json=bad)
    assert answer.status_code == 422
    found = {(each["pointer"], each["code"]) for each in answer.json()["errors"]}
    assert found == {
        ("/name", "wrong-type"),
        ("/scopes/0", "unknown-value"),
        ("/extra", "unknown-field"),
    }
    assert "root-of-evil" not in answer.text
