"""What the tests of surveys do over HTTP."""

import httpx

from tests.conftest import Tenant
from tests.surveys.definitions import Json, definition

ACTIONS = [
    ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/publish"), ("POST", "/close"),
    ("POST", "/reopen"), ("GET", "/versions"), ("GET", "/versions/1"),
    ("GET", "/versions/current"), ("GET", "/versions/1/diff"),
    ("GET", "/versions/1/response-schema"), ("POST", "/versions/1/retire"),
]  # fmt: skip


async def make(tenant: Tenant, *questions: Json, **fields: object) -> Json:
    """A draft with these questions."""
    body = {"name": "Service", "definition": definition(*questions, **fields)}
    answer = await tenant.client.post("/v1/surveys", json=body)
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    assert answer.headers["location"] == f"/v1/surveys/{created['id']}"
    assert answer.headers["etag"] == '"1"'
    return created


async def publish(tenant: Tenant, survey: Json) -> Json:
    """Publish the draft; the version."""
    answer = await tenant.client.post(f"/v1/surveys/{survey['id']}/publish")
    assert answer.status_code == 200, answer.text
    version: Json = answer.json()
    return version


async def change(tenant: Tenant, survey: Json, *questions: Json) -> Json:
    """Replace the questions of the draft."""
    answer = await tenant.client.patch(
        f"/v1/surveys/{survey['id']}", json={"definition": definition(*questions)}
    )
    assert answer.status_code == 200, answer.text
    changed: Json = answer.json()
    return changed


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    """The request, with a body where one is wanted."""
    return await client.request(method, path, json={"name": "x"} if method == "PATCH" else None)
