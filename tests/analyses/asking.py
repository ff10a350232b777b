"""Sends responses and asks analyses, for tests that recount from what was sent."""

from typing import Any

from tests.conftest import Tenant
from tests.kpis.feedback import OCTOBER

Json = dict[str, Any]
_TEXT = {"en": "x", "zh-CN": "某"}


def choice(key: str, *codes: str) -> Json:
    """A question with these choices."""
    choices = [{"code": code, "label": _TEXT} for code in codes]
    return {"type": "single_choice", "key": key, "choices": choices}


def matrix(key: str, *rows: str, **fields: Any) -> Json:
    """A matrix of 1 to 5 with these rows."""
    labelled = [{"code": code, "label": _TEXT} for code in rows]
    return {"type": "matrix", "key": key, "rows": labelled} | fields


async def analyse(tenant: Tenant, path: str, **body: Any) -> Json:
    """The answer of an analysis of October, unless told otherwise."""
    answer = await tenant.client.post(f"/v1/analyses/{path}", json=OCTOBER | body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def refused(tenant: Tenant, path: str, **body: Any) -> tuple[int, str, list[tuple[str, str]]]:
    """The status, the code, and the pointers of a refusal."""
    answer = await tenant.client.post(f"/v1/analyses/{path}", json=OCTOBER | body)
    problem = answer.json()
    errors = [(error["pointer"], error["code"]) for error in problem["errors"]]
    return answer.status_code, problem["code"], errors
