"""Surveys over HTTP: from the draft to the second version, and who may see what."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from app.db import Database
from app.events.models import Event
from tests.conftest import Tenant
from tests.surveys.definitions import MIXED, Json, coded, definition, question
from tests.surveys.steps import ACTIONS, ask, change, make, publish


async def test_from_draft_to_second_version(tenant: Tenant, database: Database) -> None:
    """Publish, edit while the first version is served, publish again, compare, close, reopen."""
    survey = await make(tenant, *MIXED)
    path = f"/v1/surveys/{survey['id']}"
    assert (survey["status"], survey["current_version"], survey["revision"]) == ("draft", None, 1)
    first = await publish(tenant, survey)
    assert (first["number"], first["definition"]) == (1, survey["definition"])
    assert (await publish(tenant, survey)) == first

    changed = await change(tenant, survey, *MIXED[1:], question("yes_no", "new"))
    assert (changed["status"], changed["current_version"], changed["revision"]) == (
        "published", 1, 3,
    )  # fmt: skip
    served = (await tenant.client.get(f"{path}/versions/current")).json()
    assert served == first
    second = await publish(tenant, survey)
    assert second["number"] == 2
    assert (await tenant.client.get(f"{path}/versions/1")).json() == first
    listed = (await tenant.client.get(f"{path}/versions", params={"limit": 1})).json()
    assert [each["number"] for each in listed["data"]] == [2]
    rest = await tenant.client.get(f"{path}/versions", params={"cursor": listed["next_cursor"]})
    assert [each["number"] for each in rest.json()["data"]] == [1]

    difference = (await tenant.client.get(f"{path}/versions/1/diff")).json()
    assert difference == {
        "from_version": 1, "to_version": 2, "added": ["new"], "removed": ["nps"],
        "changed": [], "reordered": False, "settings": [],
    }  # fmt: skip
    back = (await tenant.client.get(f"{path}/versions/current/diff?to=1")).json()
    assert (back["added"], back["removed"]) == (["nps"], ["new"])

    closed = (await tenant.client.post(f"{path}/close")).json()
    assert closed["status"] == "closed"
    assert (await tenant.client.post(f"{path}/close")).json() == closed
    refused = await tenant.client.post(f"{path}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "survey-closed")
    reopened = (await tenant.client.post(f"{path}/reopen")).json()
    assert (reopened["status"], reopened["closed_at"]) == ("published", None)
    assert (await tenant.client.post(f"{path}/reopen")).json() == reopened
    assert await told(database, survey) == [
        "survey.published", "survey.published", "survey.closed", "survey.reopened",
    ]  # fmt: skip


async def told(database: Database, survey: Json) -> list[str]:
    """The events of a survey, in order."""
    async with database.snapshot() as session:
        query = select(Event.type).where(Event.subject == survey["id"]).order_by(Event.id)
        return list(await session.scalars(query))


async def test_nobody_overwrites_an_edit_unseen(tenant: Tenant) -> None:
    """A stale If-Match is 412 and changes nothing; the present one passes."""
    survey = await make(tenant, question("nps"))
    path = f"/v1/surveys/{survey['id']}"
    tag = (await tenant.client.get(path)).headers["etag"]
    renamed = await tenant.client.patch(path, json={"name": "A"}, headers={"If-Match": tag})
    assert (renamed.status_code, renamed.headers["etag"]) == (200, '"2"')
    for method, where in (("PATCH", path), ("DELETE", path), ("POST", f"{path}/publish")):
        body = {"name": "B"} if method == "PATCH" else None
        stale = await tenant.client.request(method, where, headers={"If-Match": tag}, json=body)
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    unchanged = await tenant.client.patch(path, json={"name": "A", "definition": None})
    assert unchanged.headers["etag"] == '"2"'
    assert unchanged.json()["name"] == "A"


async def test_a_draft_that_is_not_ready_says_why(tenant: Tenant) -> None:
    """409 with pointers into the survey, and texts in the reader's language."""
    wrong = question("nps") | {"text": {"en": "Only English"}}
    survey = await make(tenant, wrong, question("csat", max=11))
    answer = await tenant.client.post(
        f"/v1/surveys/{survey['id']}/publish", headers={"Accept-Language": "zh-CN,en;q=0.5"}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "survey-not-ready")
    assert problem["title"] == "草稿目前无法发布"
    assert [(each["pointer"], each["code"], each["detail"]) for each in problem["errors"]] == [
        ("/definition/pages/0/questions/0/text/zh-CN", "missing-translation",
         "缺少问卷所需语言的文本。"),
        ("/definition/pages/0/questions/1/key", "duplicate-item", "存在重复的项目。"),
        ("/definition/pages/0/questions/1/top_box", "missing-field", "此字段为必填项。"),
    ]  # fmt: skip


async def test_a_second_version_may_not_spoil_statistics(tenant: Tenant) -> None:
    """A key of any earlier version, even a dropped one, keeps its type and scale."""
    survey = await make(tenant, question("csat", "a"), question("nps", "b"))
    await publish(tenant, survey)
    await change(tenant, survey, question("nps", "b"))
    await publish(tenant, survey)
    await change(tenant, survey, question("nps", "b"), question("csat", "a", max=7))
    refused = await tenant.client.post(f"/v1/surveys/{survey['id']}/publish")
    assert refused.status_code == 409
    assert [(each["pointer"], each["code"]) for each in refused.json()["errors"]] == [
        ("/definition/pages/0/questions/1", "changed-scale")
    ]


@pytest.mark.parametrize(
    ("candidate", "problems"),
    [
        (definition(*MIXED), set()),
        ({}, {(f"/{name}", "missing-field") for name in
              ("default_language", "languages", "title", "pages")}),
        (definition(question("NPS")), {("/pages/0/questions/0/type", "unknown-value")}),
        (definition(question("csat", min="1")), {("/pages/0/questions/0/min", "wrong-type")}),
        (definition(question("nps", luck=1)), {("/pages/0/questions/0/luck", "unknown-field")}),
        (definition(question("short_text", pattern="(a+)+$")),
         {("/pages/0/questions/0/pattern", "invalid-pattern")}),
        (definition(question("number", minimum="x")),
         {("/pages/0/questions/0/minimum", "wrong-type")}),
        (definition(question("date", earliest="2026-02-30")),
         {("/pages/0/questions/0/earliest", "invalid-date")}),
        (definition(question("csat", direction="up")),
         {("/pages/0/questions/0/direction", "unknown-value")}),
        (definition(question("nps") | {"text": {"en": "\x00"}}),
         {("/pages/0/questions/0/text/en", "invalid-text")}),
        (definition(question("nps"), question("nps")),
         {("/pages/0/questions/1/key", "duplicate-item")}),
    ],
)  # fmt: skip
async def test_validation_answers_200(
    tenant: Tenant, candidate: Json, problems: set[tuple[str, str]]
) -> None:
    """Structural and semantic problems alike are an answer, not an error."""
    answer = await tenant.client.post("/v1/surveys/validate", json=candidate)
    assert answer.status_code == 200, answer.text
    verdict = answer.json()
    assert verdict["valid"] == (not problems)
    assert {(each["pointer"], each["code"]) for each in verdict["problems"]} >= problems
    assert bool(verdict["problems"]) == bool(problems)
    chinese = await tenant.client.post(
        "/v1/surveys/validate", json=candidate, headers={"Accept-Language": "zh"}
    )
    assert all(each["detail"].endswith("。") for each in chinese.json()["problems"])


async def test_drafts_are_strict_in_structure(tenant: Tenant) -> None:
    """What has no meaning at all is refused at once, with a pointer into the body."""
    body: Json = {"name": "x", "definition": definition(question("short_text", pattern=r"(a)\1"))}
    answer = await tenant.client.post("/v1/surveys", json=body)
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/definition/pages/0/questions/0/pattern", "invalid-pattern")
    ]
    wrong: list[Json] = [{"name": "x\x00"}, {"name": "x", "definition": []}, {"name": 7}]
    for body in wrong:
        assert (await tenant.client.post("/v1/surveys", json=body)).status_code == 422


async def test_the_largest_survey_makes_the_round_trip(tenant: Tenant) -> None:
    """200 questions with choices can be made, sent back as they were answered, and published."""
    choices = coded("a", "b", "c", "d", "e")
    asked = [question("single_choice", f"q{number}", choices=choices) for number in range(200)]
    survey = await make(tenant, *asked)
    again = await tenant.client.patch(
        f"/v1/surveys/{survey['id']}", json={"definition": survey["definition"]}
    )
    assert again.json() == survey
    assert (await publish(tenant, survey))["definition"] == survey["definition"]


async def test_only_drafts_are_deleted(tenant: Tenant) -> None:
    """A survey that was published may have responses: it is closed, not deleted."""
    draft, used = await make(tenant, question("nps")), await make(tenant, question("nps"))
    await publish(tenant, used)
    assert (await tenant.client.delete(f"/v1/surveys/{draft['id']}")).status_code == 204
    assert (await tenant.client.get(f"/v1/surveys/{draft['id']}")).status_code == 404
    refused = await tenant.client.delete(f"/v1/surveys/{used['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "survey-in-use")


async def test_drafts_are_neither_closed_nor_reopened(tenant: Tenant) -> None:
    """409 `survey-not-published`."""
    survey = await make(tenant, question("nps"))
    for action in ("close", "reopen"):
        answer = await tenant.client.post(f"/v1/surveys/{survey['id']}/{action}")
        assert (answer.status_code, answer.json()["code"]) == (409, "survey-not-published")


async def test_a_retired_version_makes_room_for_a_new_one(tenant: Tenant) -> None:
    """Retiring is once; publishing the same draft after it makes another version."""
    survey = await make(tenant, question("nps"))
    await publish(tenant, survey)
    path = f"/v1/surveys/{survey['id']}/versions"
    retired = await tenant.client.post(f"{path}/1/retire")
    assert retired.json()["retired_at"] is not None
    assert (await tenant.client.post(f"{path}/current/retire")).json() == retired.json()
    assert (await publish(tenant, survey))["number"] == 2


async def test_lists_are_filtered_and_paged(tenant: Tenant) -> None:
    """Newest first, by status, by time of the last change; nothing twice, nothing skipped."""
    made = [await make(tenant, question("nps")) for _ in range(3)]
    await publish(tenant, made[0])
    seen: list[str] = []
    parameters = {"limit": "2"}
    while True:
        page = (await tenant.client.get("/v1/surveys", params=parameters)).json()
        seen += [each["id"] for each in page["data"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert seen == [each["id"] for each in reversed(made)]
    for parameters, expected in (
        ({"status": "published"}, [made[0]["id"]]),
        ({"status": "closed"}, []),
        ({"updated_after": made[2]["updated_at"]}, [made[0]["id"]]),
    ):
        page = (await tenant.client.get("/v1/surveys", params=parameters)).json()
        assert [each["id"] for each in page["data"]] == expected
    for wrong in ({"status": "open"}, {"updated_after": "2026-01-01"}, {"name": "x"}):
        assert (await tenant.client.get("/v1/surveys", params=wrong)).status_code == 422


@pytest.mark.parametrize(("method", "path"), ACTIONS)
async def test_foreign_surveys_look_unknown(
    tenant: Tenant, stranger: Tenant, method: str, path: str
) -> None:
    """Another workspace's id, an unknown one and a malformed one get the same bytes."""
    survey = await make(tenant, question("nps"))
    await publish(tenant, survey)
    answers = [
        await ask(stranger.client, method, f"/v1/surveys/{survey_id}{path}")
        for survey_id in (survey["id"], str(uuid4()), "no-uuid")
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    bodies = {tuple(sorted(without_request_id(answer).items())) for answer in answers}
    assert len(bodies) == 1


def without_request_id(answer: httpx.Response) -> dict[str, str]:
    """The problem, as text, without what names the request itself."""
    return {name: str(value) for name, value in answer.json().items() if name != "request_id"}
