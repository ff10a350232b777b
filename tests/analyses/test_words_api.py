"""Words of open answers over HTTP, by score."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.analyses.asking import refused
from tests.analyses.test_runs_api import worked_out
from tests.conftest import Tenant
from tests.kpis.feedback import sent, submit
from tests.responses.builders import NPS, WHY, publish

Drain = Callable[[], Awaitable[int]]
_PHONE = {"type": "short_text", "key": "phone", "personal_data": True}
CSAT = {"type": "csat", "key": "csat"}


async def _answers(tenant: Tenant) -> str:
    """Promoters praise the staff, detractors blame the delivery; two people name one name."""
    survey = await publish(tenant, NPS, CSAT, WHY, _PHONE)
    said = [(10, "客服态度很好，服务热情。")] * 20 + [(2, "配送速度太慢，客服态度一般。")] * 15
    said += [(8, "The delivery was slow but staff is friendly")] * 10
    said += [(1, "王小明让我很生气")] * 2
    await submit(
        tenant,
        survey,
        [
            sent({"nps": score, "csat": 5 if score > 8 else 2, "why": text, "phone": "138"})
            for score, text in said
        ],
    )
    return survey


def _terms(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert run["status"] == "succeeded", run
    return {each["term"]: each for each in run["result"]["terms"]}


async def test_words_by_score(tenant: Tenant, drain: Drain) -> None:
    """Each term with its responses in each group, and where it leans."""
    survey = await _answers(tenant)
    run = await worked_out(tenant, drain, "words", survey=survey, question="why", score="nps")
    found = _terms(run)
    assert run["result"]["n"] == 47
    assert {each["group"]: each["n"] for each in run["result"]["groups"]} == {
        "promoters": 20, "passives": 10, "detractors": 17,
    }  # fmt: skip
    staff = found["客服"]
    assert (staff["n"], staff["share"], staff["language"]) == (35, pytest.approx(35 / 47), "zh")
    assert {each["group"]: each["n"] for each in staff["groups"]} == {
        "promoters": 20, "passives": 0, "detractors": 15,
    }  # fmt: skip
    assert found["配送速度"]["kind"] == "phrase"
    assert found["配送"]["keyness"]["leans_to"] == "detractors"
    assert found["热情"]["keyness"]["leans_to"] == "promoters"
    assert found["friendly"]["language"] == "en"
    assert found["热情"]["keyness"]["p_adjusted"] < 0.001
    limited = await worked_out(
        tenant, drain, "words", survey=survey, question="why", limit=3, longest_phrase=1
    )
    assert [each["n"] for each in limited["result"]["terms"]] == [35, 35, 20]
    assert limited["result"]["groups"] == []
    boxes = await worked_out(
        tenant, drain, "words", survey=survey, question="why", score="csat", order="keyness"
    )
    assert [each["group"] for each in boxes["result"]["groups"]] == ["top", "other"]
    ps = [each["keyness"]["evidence"]["p"] for each in boxes["result"]["terms"]]
    assert ps == sorted(ps)


async def test_one_person_who_repeats_is_one(careful: Tenant, careful_drain: Drain) -> None:
    """The smallest cell counts people: six answers of one customer are not shown."""
    survey = await publish(careful, NPS, WHY)
    mine = [sent({"nps": 3, "why": "玫瑰花园"}, customer="me") for _ in range(6)]
    others = [sent({"nps": 9, "why": "服务热情"}, customer=f"c{n}") for n in range(9)]
    few = [sent({"nps": 1, "why": "服务冷淡"}, customer=f"d{n}") for n in range(2)]
    await submit(careful, survey, [*mine, *others, *few])
    run = await worked_out(
        careful, careful_drain, "words", survey=survey, question="why", score="nps"
    )
    found = _terms(run)
    assert set(found) == {"服务", "热情", "服务热情"}
    assert {each["group"]: each["n"] for each in found["服务"]["groups"]} == {
        "promoters": None, "passives": 0, "detractors": None,
    }  # fmt: skip
    assert found["服务"]["keyness"] is None


async def test_personal_questions_are_not_read(tenant: Tenant) -> None:
    """A question about personal data, or one without words, is refused."""
    survey = await _answers(tenant)
    for question, code in (("phone", "personal-question"), ("nps", "invalid-value")):
        refusal = await refused(tenant, "words", survey=survey, question=question)
        assert refusal[2] == [("/question", code)]
    refusal = await refused(tenant, "words", survey=survey, question="why", score="why")
    assert refusal[2] == [("/score", "invalid-value")]
