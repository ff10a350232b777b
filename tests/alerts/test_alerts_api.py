"""Alert rules and alerts through the API: what is kept, shown, refused and begun anew."""

from typing import Any

import pytest

from app.db import Database
from tests.alerts.making import ON_NPS, after, alerts_of, begin, look, observe, put_rule
from tests.alerts.making import watch_delivery as watch
from tests.alerts.outside import SECRET
from tests.conftest import Tenant
from tests.scorecards.test_metrics_api import define

Json = dict[str, Any]
HOOK: Json = {"kind": "webhook", "url": "https://hooks.example.com/a", "secret": SECRET}


async def test_a_rule_is_shown_without_its_secret(tenant: Tenant) -> None:
    """What was put is what is read, with its defaults; no answer holds the secret."""
    shown = await put_rule(tenant, **ON_NPS | {"channels": [HOOK], "every": "week"})
    assert shown["channels"] == [{"kind": "webhook", "address": HOOK["url"], "language": "en"}]
    assert (shown["state"], shown["window_days"], shown["failures"]) == ("ok", 7, 0)
    assert shown["condition"]["value"] == 0.3
    read = await tenant.client.get("/v1/alert-rules/rule")
    listed = await tenant.client.get("/v1/alert-rules")
    assert read.json() == shown == listed.json()["data"][0]
    assert SECRET[6:] not in read.text + listed.text


async def test_a_secret_is_kept_until_another_is_sent(tenant: Tenant) -> None:
    """Without a secret the one of the address stays; a new address needs one."""
    await put_rule(tenant, **ON_NPS | {"channels": [HOOK]})
    bare = {"kind": "webhook", "url": HOOK["url"]}
    await put_rule(tenant, status=200, **ON_NPS | {"channels": [bare]})
    other = bare | {"url": "https://hooks.example.com/b"}
    refused = await put_rule(tenant, status=422, **ON_NPS | {"channels": [other]})
    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [
        ("/channels/0/secret", "missing-field")
    ]


async def test_putting_twice_is_putting_once(tenant: Tenant) -> None:
    """The same content keeps the revision and the clock; 412 for an ETag that is old."""
    path = "/v1/alert-rules/rule"
    first = await tenant.client.put(path, json=ON_NPS)
    again = await tenant.client.put(path, json=ON_NPS)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    await put_rule(tenant, status=200, **ON_NPS | {"delay_minutes": 30})
    for method, body in (("PUT", ON_NPS), ("DELETE", None)):
        headers = {"If-Match": first.headers["etag"]}
        late = await tenant.client.request(method, path, json=body, headers=headers)
        assert late.status_code == 412


async def test_a_rule_that_is_off_is_not_due(tenant: Tenant) -> None:
    """Switched off it has no next time; switched on again it has."""
    assert (await put_rule(tenant, **ON_NPS | {"enabled": False}))["due_at"] is None
    assert (await put_rule(tenant, status=200, **ON_NPS))["due_at"] is not None


async def test_another_judgement_begins_anew(tenant: Tenant, database: Database) -> None:
    """Changing what is judged, or deleting the rule, ends what is open and says why; a title no."""
    workspace = tenant.workspace.id
    await watch(tenant)
    await begin(database, workspace)
    await observe(tenant, 0, 90)
    assert await look(database, workspace, after(0))
    titled = await put_rule(tenant, status=200, title={"en": "Another"})
    assert titled["state"] == "breached"
    changed = await put_rule(tenant, status=200, condition={"kind": "target", "value": 80})
    assert changed["state"] == "ok"
    await put_rule(tenant, status=200, condition={"kind": "target", "value": 96})
    await begin(database, workspace, day=1)
    assert await look(database, workspace, after(1))
    assert (await tenant.client.delete("/v1/alert-rules/rule")).status_code == 204
    assert (await tenant.client.get("/v1/alert-rules/rule")).status_code == 404
    found = [(each.state, each.cause) for each in await alerts_of(database, workspace)]
    assert found == [
        ("breached", "evaluation"),
        ("ok", "rule_changed"),
        ("breached", "evaluation"),
        ("ok", "rule_deleted"),
    ]


async def test_alerts_are_listed_and_acknowledged(tenant: Tenant, database: Database) -> None:
    """Newest first, in pages, by rule, state and whether seen; the first to see it is kept."""
    workspace = tenant.workspace.id
    await watch(tenant)
    await begin(database, workspace)
    for day, value in enumerate((90, 99, 90)):
        await observe(tenant, day, value)
        assert await look(database, workspace, after(day))
    page = (await tenant.client.get("/v1/alerts", params={"limit": 2})).json()
    rest = await tenant.client.get("/v1/alerts", params={"cursor": page["next_cursor"]})
    listed = page["data"] + rest.json()["data"]
    assert [each["state"] for each in listed] == ["breached", "ok", "breached"]
    path = f"/v1/alerts/{listed[0]['id']}"
    seen = await tenant.client.post(f"{path}/acknowledge", json={"note": "on it"})
    again = await tenant.client.post(f"{path}/acknowledge", json={"note": "me too"})
    assert seen.content == again.content
    assert (seen.json()["note"], seen.json()["acknowledged_at"] is not None) == ("on it", True)
    assert (await tenant.client.get(path)).json() == seen.json() | {"deliveries": []}
    for query, count in (
        ({"state": "breached"}, 2),
        ({"rule": "other"}, 0),
        ({"rule": "rule", "acknowledged": "false"}, 2),
        ({"acknowledged": "true"}, 1),
    ):
        found = await tenant.client.get("/v1/alerts", params=query)
        assert len(found.json()["data"]) == count, query


_CHART = {"kind": "p_chart"}
_CHANGE = {"kind": "change"}
_EWMA = {"kind": "ewma"}
_METRIC = {"source": "metric", "metric": "delivery"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"watch": {"source": "kpi", "kpi": "mood"}}, "/watch/kpi", "unknown-value"),
        ({"watch": {"source": "metric", "metric": "none"}}, "/watch/metric", "unknown-reference"),
        ({"condition": _CHART}, "/condition/kind", "invalid-value"),
        ({"condition": _CHANGE, "every": "hour"}, "/condition/kind", "invalid-value"),
        ({"condition": _EWMA, "every": "hour"}, "/condition/kind", "invalid-value"),
        ({"condition": _CHANGE, "watch": {"source": "kpi", "kpi": "responses"}},
         "/condition/kind", "invalid-value"),
        ({"condition": _CHANGE, "watch": _METRIC}, "/condition/kind", "invalid-value"),
        ({"condition": _CHART, "watch": _METRIC}, "/condition/kind", "invalid-value"),
        ({"condition": _EWMA, "window_days": 366}, "/window_days", "number-out-of-range"),
        ({"channels": [HOOK, HOOK]}, "/channels/1", "duplicate-item"),
        ({"channels": [HOOK | {"url": "http://hooks.example.com"}]}, "/channels/0/url",
         "invalid-value"),
        ({"channels": [HOOK | {"url": "https://10.0.0.1/"}]}, "/channels/0/url", "invalid-value"),
        ({"channels": [HOOK | {"secret": "whsec_c2hvcnQ="}]}, "/channels/0/secret",
         "invalid-format"),
        ({"channels": [{"kind": "mail", "to": "nobody"}]}, "/channels/0/to", "invalid-format"),
        ({"open_after": 0}, "/open_after", "number-out-of-range"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(
    tenant: Tenant, changes: Json, pointer: str, code: str
) -> None:
    """422 with the place of what is wrong, and nothing is kept."""
    await define(tenant, "delivery")
    refused = await put_rule(tenant, status=422, **ON_NPS | changes)
    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [(pointer, code)]
    assert (await tenant.client.get("/v1/alert-rules/rule")).status_code == 404
