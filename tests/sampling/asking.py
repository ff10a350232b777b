"""Asks about samples, for tests that compute the answer themselves."""

from typing import Any

from tests.conftest import Tenant

Json = dict[str, Any]


async def plan(tenant: Tenant, path: str, **body: Any) -> Json:
    """The answer of a request that must be taken."""
    answer = await tenant.client.post(f"/v1/{path}", json=body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def refused(tenant: Tenant, path: str, **body: Any) -> tuple[str, list[tuple[str, str]]]:
    """The code and the pointers of a 422."""
    answer = await tenant.client.post(f"/v1/{path}", json=body)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    return problem["code"], [(each["pointer"], each["code"]) for each in problem["errors"]]
