"""Reports on demand: the figures of the KPIs' own paths, as data, as pages and as PDF."""

import re
from hashlib import sha256
from typing import Any

import pytest

from app.kpis.catalog import CATALOGUE
from tests.conftest import Tenant
from tests.kpis.feedback import ask, sent, submit
from tests.reports.making import HOSTILE, Drain, document, feedback, made, put
from tests.responses.builders import answer as response

LANGUAGES = ["zh-CN", "en"]


def _without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "as_of"}


async def test_figures_are_those_of_the_kpis(tenant: Tenant, drain: Drain) -> None:
    """Value, trend, comparison and distribution equal what the KPI's own paths answer."""
    survey = await feedback(tenant)
    await put(
        tenant,
        "shops",
        sections=[
            {
                "kpi": "nps", "scope": {"surveys": [survey], "filters": {"shop": ["north"]}},
                "trend": 3, "compare_by": ["channel"], "distribution": True,
            }
        ],
    )  # fmt: skip
    report = await made(tenant, drain, definition="shops")
    [section] = report["figures"]["sections"]
    scope = {"survey": survey, "filter": "shop:north", "tz": "Asia/Shanghai"}
    assert _without_time(section["value"]) == _without_time(await ask(tenant, "nps", **scope))
    assert section["value"]["n"] > 50
    trend = await ask(tenant, "nps/trend", **scope, from_="2026-08-01", grain="month")
    assert _without_time(section["trend"]) == _without_time(trend)
    groups = await ask(tenant, "nps/compare", **scope, group_by="channel")
    assert [_without_time(each) for each in section["comparisons"]] == [_without_time(groups)]
    counts = await ask(tenant, "nps/distribution", **scope)
    assert _without_time(section["distribution"]) == _without_time(counts)


async def test_a_report_can_be_had_with_no_set_up(tenant: Tenant, drain: Drain) -> None:
    """`{}` is enough, of an empty workspace too: the built-in report of the last month."""
    answer = await tenant.client.post("/v1/reports", json={})
    assert answer.status_code == 202
    queued = answer.json()
    assert (queued["status"], queued["documents"]) == ("queued", [])
    early = await tenant.client.get(f"/v1/reports/{queued['id']}/document")
    assert (early.status_code, early.json()["code"]) == (409, "report-not-ready")
    assert await drain() == 1
    report = (await tenant.client.get(f"/v1/reports/{queued['id']}")).json()
    assert report["status"] == "ready"
    assert {section["kpi"] for section in report["figures"]["sections"]} <= {
        kpi.id for kpi in CATALOGUE
    }
    assert all(section["problem"] is None for section in report["figures"]["sections"])
    page = (await document(tenant, report, "html", "en")).decode()
    assert "no data in this period" in page or "nothing to divide by" in page


async def test_documents_in_every_language_and_form(tenant: Tenant, drain: Drain) -> None:
    """Right types, entity tags of the content, a policy under which nothing runs."""
    await feedback(tenant, 30)
    await put(tenant, "shops")
    report = await made(tenant, drain, definition="shops")
    wanted = {(form, language) for form in ("html", "pdf") for language in LANGUAGES}
    assert {(each["format"], each["language"]) for each in report["documents"]} == wanted
    for each in report["documents"]:
        answer = await tenant.client.get(each["path"])
        assert answer.status_code == 200
        types = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
        assert answer.headers["content-type"] == types[each["format"]]
        assert answer.headers["content-language"] == each["language"]
        assert answer.headers["etag"] == f'"{sha256(answer.content).hexdigest()}"'
        assert len(answer.content) == each["size_bytes"]
        if each["format"] == "html":
            assert f'<html lang="{each["language"]}">' in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "sandbox" in answer.headers["content-security-policy"]
        else:
            assert answer.content.startswith(b"%PDF-")
    usual = await tenant.client.get(f"/v1/reports/{report['id']}/document")
    assert usual.headers["content-language"] == "zh-CN"


async def test_only_the_languages_that_were_wanted(tenant: Tenant, drain: Drain) -> None:
    """A report in one language has no other."""
    await put(tenant, "shops")
    report = await made(tenant, drain, definition="shops", languages=["en"])
    assert {each["language"] for each in report["documents"]} == {"en"}
    path = f"/v1/reports/{report['id']}/document"
    other = await tenant.client.get(path, params={"language": "zh-CN"})
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "?language"


async def test_hostile_names_stay_text(tenant: Tenant, drain: Drain) -> None:
    """A title and a group that are markup are shown as they are written, in pages and drawings."""
    await feedback(tenant, shop=HOSTILE)
    await put(
        tenant,
        "hostile",
        title={"zh-CN": HOSTILE, "en": HOSTILE},
        sections=[
            {"kpi": "nps", "title": {"zh-CN": HOSTILE, "en": HOSTILE}, "distribution": True},
            {"kpi": "nps", "scope": {"filters": {"shop": [HOSTILE]}}},
        ],
    )
    report = await made(tenant, drain, definition="hostile")
    for language in LANGUAGES:
        page = (await document(tenant, report, "html", language)).decode()
        assert "<script" not in page
        assert not re.search(r"<[^>]*\sonload", page)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"definition": "nobodys"}, "/definition", "unknown-reference"),
        ({"from": "2026-10-01"}, "/to", "missing-field"),
        ({"to": "2026-10-01"}, "/from", "missing-field"),
        ({"from": "2026-10-02", "to": "2026-10-02"}, "/from", "invalid-value"),
        ({"languages": ["fr"]}, "/languages/0", "unknown-value"),
    ],
)
async def test_wrong_wishes_are_refused(
    tenant: Tenant, body: dict[str, Any], pointer: str, code: str
) -> None:
    """Nothing is queued for a definition that is none, or for dates that are no period."""
    answer = await tenant.client.post("/v1/reports", json=body)
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert (await tenant.client.get("/v1/reports")).json()["data"] == []


async def test_reports_are_listed_newest_first(tenant: Tenant, drain: Drain) -> None:
    """Page by page, by definition, without their figures."""
    await put(tenant, "shops")
    first = await made(tenant, drain, definition="shops")
    second = await made(tenant, drain, definition="shops")
    page = (await tenant.client.get("/v1/reports", params={"limit": 1})).json()
    assert [each["id"] for each in page["data"]] == [second["id"]]
    assert "figures" not in page["data"][0]
    rest = {"limit": 1, "cursor": page["next_cursor"]}
    page = (await tenant.client.get("/v1/reports", params=rest)).json()
    assert [each["id"] for each in page["data"]] == [first["id"]]
    none = await tenant.client.get("/v1/reports", params={"definition": "other"})
    assert none.json()["data"] == []


async def test_a_report_stays_as_it_was_made(tenant: Tenant, drain: Drain) -> None:
    """Answers that come later change the KPI and not the report: it says of when it is."""
    survey = await feedback(tenant, 60)
    await put(tenant, "shops")
    report = await made(tenant, drain, definition="shops")
    late = response(occurred_at="2026-10-20T10:00:00+08:00")
    taken = await tenant.client.post(f"/v1/surveys/{survey}/responses", json=late)
    assert taken.status_code == 201
    again = (await tenant.client.get(f"/v1/reports/{report['id']}")).json()
    assert again == report
    now = await ask(tenant, "nps")
    assert now["n"] == report["figures"]["sections"][0]["value"]["n"] + 1


async def test_what_is_withheld_is_withheld_in_reports(tenant: Tenant, drain: Drain) -> None:
    """A group of too few is withheld in the report too, and drawn as withheld with the reason."""
    size = {"minimum_cell_size": 5}
    limit = await tenant.client.patch("/v1/workspaces/current", json=size)
    assert limit.status_code == 200, limit.text
    survey = await feedback(tenant, 60)
    few = [sent({"nps": 9}, channel="kiosk") for _ in range(2)]
    await submit(tenant, survey, few)
    await put(tenant, "shops")
    report = await made(tenant, drain, definition="shops")
    groups = report["figures"]["sections"][0]["comparisons"][0]["groups"]
    withheld = [group for group in groups if group["suppressed"]]
    assert "kiosk" in {group["member"] for group in withheld}
    assert all(group["n"] is None for group in withheld)
    zh = (await document(tenant, report, "html", "zh-CN")).decode()
    en = (await document(tenant, report, "html", "en")).decode()
    assert "人数过少，已隐去以保护个人" in zh
    assert "withheld, because it would tell of too few people" in en
