"""NPS, CSAT, CES, satisfaction and counts over HTTP, recomputed from the raw answers."""

import random
from statistics import mean
from typing import Any

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tests.conftest import Tenant
from tests.kpis.feedback import Sent, ask, change, sent, submit
from tests.kpis.questions import ROOMS, SCORE, WORRY
from tests.responses.builders import NPS, publish

CES = {"type": "ces", "key": "effort"}
EFFORT_5 = {"type": "ces", "key": "effort5", "variant": "effort_5"}


def _close(found: float, expected: float) -> bool:
    return found == pytest.approx(expected, rel=1e-9, abs=1e-9)


async def test_the_envelope_of_the_api_outline(tenant: Tenant) -> None:
    """74 promoters and 42 detractors of 139 give 0.2302 within (0.0804, 0.3703).

    The figures are those of the published outline of the API.
    """
    survey = await publish(tenant, NPS)
    scores = [9] * 40 + [10] * 34 + [7] * 10 + [8] * 13 + [0] * 2 + [6] * 40
    responses = [sent({"nps": score}) for score in scores]
    responses += [sent({}, status="dismissed") for _ in range(12)]
    await submit(tenant, survey, responses)
    (invalid,) = await submit(tenant, survey, [sent({"nps": 10})])
    await change(tenant, invalid, quality="invalid")
    for duplicate in await submit(tenant, survey, [sent({"nps": 1}), sent({"nps": 2})]):
        await change(tenant, duplicate, quality="duplicate")

    found = await ask(tenant, "nps", survey=survey)
    assert found["period"].pop("restated_at") is not None
    expected: dict[str, Any] = {
        "kpi": "nps",
        "scope": {
            "survey": survey, "surveys": [survey], "question": None, "filters": {},
            "quality": "all", "dedupe": "none", "clustered": False, "weighting": None,
            "options": {"ci_method": "adjusted_wald"},
        },
        "period": {
            "from": "2026-10-01", "to": "2026-11-01", "tz": "Asia/Shanghai", "complete": True,
        },
        "unit": "ratio", "direction": "higher", "n": 139,
        "numerator": {"promoters": 74, "detractors": 42},
        "denominator": {"answered": 139},
        "excluded": {
            "dismissed": 12, "skipped": 0, "not_applicable": 0,
            "invalid": 1, "duplicate": 2, "test": 0, "flagged_quality": 0,
        },
        "target": None, "kind": "exact", "model_run": None, "suppressed": False,
        "reason": None, "warnings": [], "currency": None, "components": {},
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert found["definition"]["version"] == 1
    assert "promoters - detractors" in found["definition"]["formula"]
    assert round(found["value"], 4) == 0.2302
    interval = found["interval"]
    assert (interval["level"], interval["method"]) == (0.95, "adjusted_wald")
    assert (round(interval["low"], 4), round(interval["high"], 4)) == (0.0804, 0.3703)
    assert found["as_of"].endswith("Z")


async def test_nothing_answered_is_null_with_a_reason(tenant: Tenant) -> None:
    """Without answers a score is null, never 0; a count of nothing is 0."""
    survey = await publish(tenant, NPS)
    for kpi, reason in (("nps", "empty_denominator"), ("csat", "not_defined"),
                        ("ces", "not_defined"), ("satisfaction", "not_defined")):  # fmt: skip
        found = await ask(tenant, kpi, survey=survey)
        assert (found["value"], found["n"], found["reason"]) == (None, 0, reason)
        assert found["interval"] is None
        assert found["previous"]["value"] is None
        assert found["previous"]["verdict"] == "too_few"
    await submit(tenant, survey, [sent({}, status="dismissed")])
    found = await ask(tenant, "nps")
    assert (found["value"], found["reason"]) == (None, "empty_denominator")
    assert found["excluded"]["dismissed"] == 1
    count = await ask(tenant, "responses")
    assert (count["value"], count["reason"], count["interval"]) == (0, None, None)


async def test_csat_is_the_share_of_the_top_box_with_the_mean_beside_it(tenant: Tenant) -> None:
    """CSAT equals a recount: Wilson's interval by statsmodels, Student's by scipy."""
    survey = await publish(tenant, SCORE | {"allow_not_applicable": True})
    rng = random.Random(3)
    scores = [rng.choice([3, 7, 8, 9, 9, 10]) for _ in range(57)]
    responses = [sent({"score": score}) for score in scores]
    responses += [sent({"score": "not_applicable"})] * 3 + [sent({})] * 4
    await submit(tenant, survey, responses)

    found = await ask(tenant, "csat", level="0.9")
    best = sum(score >= 9 for score in scores)
    assert found["value"] == best / 57
    assert found["numerator"] == {"satisfied": best}
    assert (found["excluded"]["not_applicable"], found["excluded"]["skipped"]) == (3, 4)
    low, high = proportion_confint(best, 57, alpha=0.1, method="wilson")
    assert _close(found["interval"]["low"], low)
    assert _close(found["interval"]["high"], high)
    scaled = [100 * (score - 1) / 9 for score in scores]
    part = found["components"]["mean"]
    assert (part["unit"], part["n"]) == ("points", 57)
    assert _close(part["value"], mean(scaled))
    low, high = stats.t.interval(0.9, 56, mean(scaled), stats.sem(scaled))
    assert _close(part["interval"]["low"], low)
    assert _close(part["interval"]["high"], high)


async def test_several_surveys_add_up(tenant: Tenant) -> None:
    """Shares of different scales add up by each question's own top box; a mean would not."""
    five = await publish(tenant, SCORE | {"max": 5})
    ten = await publish(tenant, SCORE)
    await submit(tenant, five, [sent({"score": score}) for score in (1, 4, 5, 5)])
    await submit(tenant, ten, [sent({"score": score}) for score in (5, 8, 9)])
    found = await ask(tenant, "csat")
    assert (found["numerator"], found["n"]) == ({"satisfied": 4}, 7)
    assert found["components"]["mean"]["value"] is None
    assert "mixed_scales" in found["warnings"]
    both = await ask(tenant, "csat", survey=[five, ten])
    assert both["value"] == found["value"]
    one = await ask(tenant, "csat", survey=five)
    assert (one["value"], one["components"]["mean"]["value"]) == (0.75, 68.75)


async def test_a_question_can_be_named(tenant: Tenant) -> None:
    """`question` picks one of several, and lets CSAT measure any scale with a top box."""
    await publish(tenant, NPS, NPS | {"key": "later", "required": False}, WORRY, ROOMS)
    survey = await publish(tenant, NPS, NPS | {"key": "later", "required": False}, WORRY, ROOMS)
    rooms = [{"room": 5, "meals": 1}, {"room": 4}, {"meals": "not_applicable", "room": 2}]
    answers = [{"nps": 9, "worry": worry, "hotel": hotel, "later": 0}
               for worry, hotel in zip((1, 2, 6), rooms, strict=True)]  # fmt: skip
    await submit(tenant, survey, [sent(each) for each in answers])
    assert (await ask(tenant, "nps"))["value"] == 0
    assert (await ask(tenant, "nps", question="later"))["value"] == -1
    worry = await ask(tenant, "csat", question="worry")
    assert (worry["numerator"], worry["n"]) == ({"satisfied": 2}, 3)
    assert _close(worry["components"]["mean"]["value"], mean([100, 500 / 6, 100 / 6]))
    row = await ask(tenant, "csat", question="hotel.room")
    assert (row["numerator"], row["n"]) == ({"satisfied": 2}, 3)
    matrix = await ask(tenant, "csat", question="hotel")
    assert (matrix["numerator"], matrix["n"]) == ({"satisfied": 2}, 4)
    assert matrix["excluded"] | {"not_applicable": 1, "skipped": 1} == matrix["excluded"]


async def test_effort_keeps_the_direction_of_its_scale(tenant: Tenant) -> None:
    """CES is the favourable share; its mean in points says which way is better."""
    survey = await publish(tenant, CES, EFFORT_5)
    points = [7, 6, 5, 4, 1, 5]
    await submit(tenant, survey, [
        sent({"effort": point, "effort5": min(point, 5)}) for point in points
    ])  # fmt: skip
    found = await ask(tenant, "ces", question="effort")
    assert (found["numerator"], found["n"], found["direction"]) == ({"favourable": 4}, 6, "higher")
    part = found["components"]["mean"]
    assert (part["value"], part["direction"]) == (pytest.approx(28 / 6), "higher")
    low, high = stats.t.interval(0.95, 5, mean(points), stats.sem(points))
    assert _close(part["interval"]["low"], low)
    assert part["interval"]["high"] == pytest.approx(min(high, 7))
    low_is_good = await ask(tenant, "ces", question="effort5")
    assert low_is_good["numerator"] == {"favourable": 1}
    part = low_is_good["components"]["mean"]
    assert (part["value"], part["direction"]) == (pytest.approx(25 / 6), "lower")
    both = await ask(tenant, "ces")
    assert (both["numerator"], both["n"]) == ({"favourable": 5}, 12)
    assert both["components"]["mean"]["value"] is None


async def test_responses_are_counted_by_status(tenant: Tenant) -> None:
    """The value is the number of complete ones; trials and invalid ones are left out."""
    survey = await publish(tenant, NPS)
    responses = [sent({"nps": 5})] * 4 + [sent({}, status="partial")] * 3
    responses += [sent({}, status="dismissed")] * 2 + [sent({"nps": 1}, test=True)]
    await submit(tenant, survey, responses)
    (invalid,) = await submit(tenant, survey, [sent({"nps": 1})])
    await change(tenant, invalid, quality="invalid")
    found = await ask(tenant, "responses")
    assert (found["value"], found["unit"]) == (4, "count")
    parts = {name: part["value"] for name, part in found["components"].items()}
    assert parts == {"complete": 4, "partial": 3, "dismissed": 2}
    assert found["excluded"] == {"invalid": 1, "duplicate": 0, "test": 1, "flagged_quality": 0}
    previous = found["previous"]
    assert (previous["difference"], previous["verdict"], previous["p"]) == (4, None, None)
    counts = (await ask(tenant, "responses/distribution"))["counts"]
    assert [each["n"] for each in counts if each["counted"]] == [4, 3, 2]
    assert counts[0]["labels"] == {"en": "Complete", "zh-CN": "完整"}


async def test_the_distribution_shows_every_point_and_what_was_left_out(tenant: Tenant) -> None:
    """Points without answers are there with 0, labels come from the one question counted."""
    survey = await publish(tenant, WORRY)
    await submit(tenant, survey, [sent({"worry": 1})] * 3 + [sent({"worry": 7}), sent({})])
    found = await ask(tenant, "csat/distribution", question="worry")
    counted = {each["code"]: each["n"] for each in found["counts"] if each["counted"]}
    assert counted == {"1": 3, "2": 0, "3": 0, "4": 0, "5": 0, "6": 0, "7": 1}
    first, last = found["counts"][0], found["counts"][-1]
    assert (first["labels"], first["share"]) == ({"en": "None", "zh-CN": "没有"}, 0.75)
    assert (last["code"], last["share"], last["counted"]) == ("flagged_quality", None, False)
    left_out = {each["code"]: each["n"] for each in found["counts"] if not each["counted"]}
    assert (left_out["skipped"], found["n"]) == (1, 4)


def _hasty() -> Sent:
    """Three answers in one second: a speeder, which is flagged."""
    return sent({"nps": 0, "effort": 1, "effort5": 1}, duration_seconds=1)


async def test_clean_leaves_flagged_responses_out(tenant: Tenant) -> None:
    """A flagged response counts in `all`, and is excluded and shown as such in `clean`."""
    survey = await publish(tenant, NPS, CES, EFFORT_5)
    await submit(tenant, survey, [sent({"nps": 10})] * 3 + [_hasty()])
    everything = await ask(tenant, "nps")
    assert (everything["value"], everything["excluded"]["flagged_quality"]) == (0.5, 0)
    clean = await ask(tenant, "nps", quality="clean")
    assert (clean["value"], clean["excluded"]["flagged_quality"]) == (1, 1)
    assert clean["scope"]["quality"] == "clean"


async def test_questions_are_joined_over_versions_and_cut_by_version(tenant: Tenant) -> None:
    """One key is one question through all versions; `version` asks for one of them."""
    survey = await publish(tenant, NPS)
    await submit(tenant, survey, [sent({"nps": 10}), sent({"nps": 0})])
    found = (await tenant.client.get(f"/v1/surveys/{survey}")).json()
    definition = found["definition"]
    definition["title"]["en"] = "Service, again"
    definition["pages"][0]["questions"].append(definition["pages"][0]["questions"][0] | {
        "key": "second"
    })  # fmt: skip
    await tenant.client.patch(f"/v1/surveys/{survey}", json={"definition": definition})
    assert (await tenant.client.post(f"/v1/surveys/{survey}/publish")).status_code == 200
    both = [sent({"nps": 10, "second": 3}, version=2)] * 2
    await submit(tenant, survey, both)
    assert (await ask(tenant, "nps", question="nps"))["value"] == 0.5
    assert (await ask(tenant, "nps", question="nps", version="2"))["value"] == 1
    assert (await ask(tenant, "nps", question="second"))["n"] == 2
    groups = (await ask(tenant, "nps/compare", question="nps", group_by="version"))["groups"]
    assert {each["member"]: each["value"] for each in groups} == {"1": 0, "2": 1}
