"""Both languages are complete: no text is missing, none is of the other language."""

import re
from typing import Any, get_args

import pytest

from app.kpis.catalog import CATALOGUE
from app.kpis.declaration import Reason
from app.kpis.schemas import KpiEnvelope
from app.kpis.statistics import ChangeVerdict, TargetVerdict
from app.problems import Text
from app.reports import words
from app.reports.words import CHANGES, METHODS, REASONS, TARGETS, WORDS
from tests.conftest import Tenant
from tests.proofs.steering import SCORECARD
from tests.reports.making import Drain, document, feedback, made, put

_CHINESE = re.compile(r"[\u3400-\u9fff，。；：（）]")
_TABLES: dict[str, dict[str, Text]] = {
    name: value for name, value in vars(words).items() if isinstance(value, dict) and name.isupper()
}


def _places(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("name", sorted(_TABLES))
def test_every_text_is_there_twice(name: str) -> None:
    """Each text has an English and a Chinese form, with the same places to fill."""
    for key, text in _TABLES[name].items():
        assert text.en, key
        assert text.zh, key
        assert not _CHINESE.search(text.en), key
        assert _places(text.en) == _places(text.zh), key
        if text.en != text.zh:
            assert _CHINESE.search(text.zh) or name == "METHODS", key


def test_every_code_has_its_words() -> None:
    """What figures say in codes (reasons, verdicts, methods) is known to the reports."""
    assert set(get_args(Reason)) <= set(REASONS)
    assert set(get_args(ChangeVerdict)) <= set(CHANGES)
    assert set(get_args(TargetVerdict)) <= set(TARGETS)
    assert {kpi.interval for kpi in CATALOGUE} <= set(METHODS)


def _text(page: str) -> str:
    """What a reader sees, without the style sheet and the markup."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL))


async def _everything(tenant: Tenant) -> None:
    """A definition with every KPI of the catalogue, a target, and a scorecard."""
    await feedback(tenant)
    target = await tenant.client.put("/v1/targets/t", json={"kpi": "nps", "value": 0.3})
    assert target.status_code == 201, target.text
    title = {"en": "All", "zh-CN": "全部"}
    card = await tenant.client.put("/v1/scorecards/c", json=SCORECARD | {"title": title})
    assert card.status_code == 201, card.text
    renamed = await tenant.client.patch("/v1/workspaces/current", json={"name": "7"})
    assert renamed.status_code == 200
    sections: list[dict[str, Any]] = [
        {"kpi": kpi.id, "distribution": kpi.has_distribution, "trend": 2} for kpi in CATALOGUE
    ]
    sections[1]["compare_by"] = ["channel"]
    await put(tenant, "everything", sections=sections, scorecard="c")


async def test_pages_speak_one_language(tenant: Tenant, drain: Drain) -> None:
    """A report of every KPI has no Chinese in English, and no code or English in Chinese."""
    await _everything(tenant)
    report = await made(tenant, drain, definition="everything")
    assert [section["problem"] for section in report["figures"]["sections"]] == [None] * len(
        CATALOGUE
    )
    for section in report["figures"]["sections"]:
        KpiEnvelope.model_validate(section["value"])
    title = {"en": "Shops, monthly", "zh-CN": "门店月报"}
    en = _text((await document(tenant, report, "html", "en")).decode())
    zh = _text((await document(tenant, report, "html", "zh-CN")).decode())
    assert title["en"] in en
    assert title["zh-CN"] in zh
    assert not _CHINESE.findall(en)
    english = set(re.findall(r"\b[a-z]{4,}\b", zh))
    formulas = {word for kpi in CATALOGUE for word in re.findall(r"[a-z]{4,}", kpi.formula.zh)}
    named = {word for kpi in CATALOGUE for word in re.findall(r"[a-z]{4,}", kpi.denominator.zh)}
    assert english - formulas - named - {"amp", "quot", "nbsp", "lt", "gt"} == set()
    assert {each for each in WORDS if each in zh and "_" in each} == set()


async def test_goals_and_scorecards_are_drawn(tenant: Tenant, drain: Drain) -> None:
    """The target of a KPI and the scorecard stand in the report with attainment and verdict."""
    await _everything(tenant)
    report = await made(tenant, drain, definition="everything", languages=["en"])
    result = report["figures"]["scorecard"]
    assert result["perspectives"][0]["indicators"][0]["kpi"] == "nps"
    nps = report["figures"]["sections"][1]["value"]
    assert nps["target"]["value"] == 0.3
    page = (await document(tenant, report, "html", "en")).decode()
    assert 'id="goals-title"' in page
    assert 'id="scorecard-customer-title"' in page
    assert "The target of +30 is" in page
