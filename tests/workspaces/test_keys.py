"""API keys: their form, what is stored of them, and how long a mistake lives."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.config import DEMO_PEPPER, Settings
from app.db import Database
from app.workspaces.keys import (
    REFRESH_SECONDS,
    KeyRing,
    base62,
    new_publishable_key,
    new_secret_key,
)
from tests.conftest import Tenant, client_of

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


async def test_keys_have_the_published_form() -> None:
    """`fbs_live_` id, 256-bit secret and checksum; `fbp_live_` id: fit for leak scanners."""
    secret, key_id, hidden = new_secret_key()
    assert [len(part) for part in secret.split("_")] == [3, 4, 12, 43, 6]
    assert (len(key_id), len(hidden)) == (12, 43)
    public, public_id = new_publishable_key()
    assert public == f"fbp_live_{public_id}"
    assert len(public_id) == 22
    assert new_secret_key()[0] != secret


@given(st.integers(0, 2**256 - 1))
def test_base62_loses_nothing(number: int) -> None:
    """The text holds the whole number."""
    digits = base62(number, 43)
    assert sum(ALPHABET.index(digit) * 62**place for place, digit in enumerate(digits[::-1])) == (
        number
    )


async def test_a_typing_error_costs_no_query(settings: Settings) -> None:
    """The checksum refuses every single wrong character before the database is asked."""
    unreachable = settings.model_copy(
        update={"database_url": "postgresql+asyncpg://x@127.0.0.1:1/x"}
    )
    ring = KeyRing(Database(unreachable), DEMO_PEPPER)
    key = new_secret_key()[0]
    for place in range(9, len(key)):
        if key[place] != "_":
            wrong = "0" if key[place] != "0" else "1"
            assert await ring.authenticate(key[:place] + wrong + key[place + 1 :]) is None
    for other in ("", "x", "fbs_live_", key + "0", key.replace("fbs", "fbp"), "钥匙"):
        assert await ring.authenticate(other) is None


async def test_the_database_holds_no_usable_key(tenant: Tenant, database: Database) -> None:
    """Only an HMAC under the pepper is stored: neither the key nor its secret part."""
    async with database.snapshot() as session:
        rows = await session.execute(
            text("SELECT row_to_json(k)::text FROM api_keys k WHERE workspace_id = :w"),
            {"w": tenant.workspace.id},
        )
        stored = " ".join(rows.scalars())
    assert tenant.secret_key not in stored
    assert tenant.secret_key.split("_")[3] not in stored


async def test_another_process_refuses_a_revoked_key_within_a_second(
    settings: Settings, tenant: Tenant
) -> None:
    """A key that was accepted here is refused a moment after it was revoked there."""
    database = Database(settings)
    elsewhere = KeyRing(database, DEMO_PEPPER)
    made = await tenant.client.post(
        "/v1/api-keys", json={"kind": "secret", "name": "till", "scopes": ["kpi:read"]}
    )
    key = made.json()
    assert await elsewhere.authenticate(key["key"]) is not None
    await tenant.client.post(f"/v1/api-keys/{key['key_id']}/revoke")
    await asyncio.sleep(REFRESH_SECONDS + 0.1)
    assert await elsewhere.authenticate(key["key"]) is None
    await database.close()


async def test_a_key_expires_on_time(app: FastAPI, tenant: Tenant) -> None:
    """Two keys live at once; the one with an end is refused after it, remembered or not."""
    end = datetime.now(UTC) + timedelta(seconds=0.5)
    wanted = {"kind": "secret", "name": "old", "scopes": ["admin"], "expires_at": end.isoformat()}
    key = (await tenant.client.post("/v1/api-keys", json=wanted)).json()["key"]
    async with client_of(app, key) as client:
        assert (await client.get("/v1/workspaces")).status_code == 200
        await asyncio.sleep(0.6)
        assert (await client.get("/v1/workspaces")).status_code == 401
    assert (await tenant.client.get("/v1/workspaces")).status_code == 200


@pytest.mark.parametrize("header", ["", "Basic x", "Bearer", "Bearer nonsense", "bearer  x y"])
async def test_every_bad_credential_gets_the_same_answer(app: FastAPI, header: str) -> None:
    """401 `unauthenticated` with `WWW-Authenticate`, whatever was wrong with it."""
    async with client_of(app) as client:
        answer = await client.get("/v1/workspaces", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_each_kind_of_key_has_its_place(app: FastAPI, tenant: Tenant) -> None:
    """Missing scopes are named; no secrets in browsers, no publishable keys but on their sites."""
    wanted = {"kind": "secret", "name": "bi", "scopes": ["kpi:read"]}
    narrow = (await tenant.client.post("/v1/api-keys", json=wanted)).json()["key"]
    async with client_of(app, narrow) as client:
        refused = await client.get("/v1/workspaces")
    assert (refused.json()["code"], refused.json()["scope"]) == ("missing-scope", "admin")
    browser = await tenant.client.get("/v1/workspaces", headers={"Origin": "https://a.example"})
    assert browser.json()["code"] == "secret-key-in-browser"
    assert (await tenant.public.get("/v1/workspaces")).json()["code"] == "wrong-key-type"
    bound = {"kind": "publishable", "name": "shop", "origins": ["https://shop.example"]}
    key = (await tenant.client.post("/v1/api-keys", json=bound)).json()["key"]
    async with client_of(app, key) as client:
        url = "/v1/surveys/00000000-0000-7000-8000-000000000000/versions/current"
        foreign = await client.get(url, headers={"Origin": "https://evil.example"})
        own = await client.get(url, headers={"Origin": "https://shop.example"})
    assert foreign.json()["code"] == "origin-not-allowed"
    assert "access-control-allow-origin" not in foreign.headers
    assert own.status_code == 404
    assert own.headers["access-control-allow-origin"] == "https://shop.example"
