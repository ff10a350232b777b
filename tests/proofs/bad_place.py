"""The workspace in which the table of bad inputs is walked."""

from typing import Any

from app.workspaces.keys import new_secret_key
from tests.conftest import Tenant
from tests.surveys.definitions import MIXED, definition

Place = dict[str, str]


async def furnished(owner: Tenant) -> Place:
    """What the rows name: keys of every kind, and surveys in every state."""
    _, unknown, _ = new_secret_key()
    keys = {
        "secret": owner.secret_key,
        "public": owner.publishable_key,
        "limited": await _made_key(owner, kind="publishable", origins=["https://shop.example"]),
        "narrow": await _made_key(owner, kind="secret", scopes=["kpi:read"]),
        "revoked": await _made_key(owner, kind="secret", scopes=["surveys:rw"], revoked=True),
        "expired": await _made_key(
            owner, kind="secret", scopes=["surveys:rw"], expires_at="2026-01-01T00:00:00Z"
        ),
        "unknown": new_secret_key()[0],
        "malformed": f"fbs_live_{unknown}",
        "misspelt": owner.secret_key[:-1] + ("a" if owner.secret_key[-1] != "a" else "b"),
    }
    surveys = {name: await published(owner) for name in ("survey", "closed", "twice", "retired")}
    await _post(owner, f"/v1/surveys/{surveys['closed']}/close")
    for name in ("twice", "retired"):
        path = f"/v1/surveys/{surveys[name]}"
        changed = {"definition": definition(*MIXED[:3])}
        assert (await owner.client.patch(path, json=changed)).is_success
        await _post(owner, f"{path}/publish")
    await _post(owner, f"/v1/surveys/{surveys['retired']}/versions/1/retire")
    return keys | surveys


async def _post(owner: Tenant, path: str, body: object = None) -> dict[str, Any]:
    answered = await owner.client.post(path, json=body)
    assert answered.is_success, answered.text
    made: dict[str, Any] = answered.json()
    return made


async def _made_key(owner: Tenant, *, revoked: bool = False, **fields: object) -> str:
    made = await _post(owner, "/v1/api-keys", {"name": "a key", **fields})
    if revoked:
        await _post(owner, f"/v1/api-keys/{made['key_id']}/revoke")
    return str(made["key"])


async def published(owner: Tenant) -> str:
    """The id of a new published survey with questions of every type."""
    body = {"name": "a survey", "definition": definition(*MIXED)}
    survey = str((await _post(owner, "/v1/surveys", body))["id"])
    await _post(owner, f"/v1/surveys/{survey}/publish")
    return survey
