"""Joint scores: bars and sums in the cells equal what the rows say, at any moment."""

import random
from collections import Counter
from fractions import Fraction
from math import prod
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.db import Database
from app.kpis.catalog.joint_answers import joint
from app.kpis.means import moments
from app.kpis.tallies import Name, Tally
from app.responses.cells import Count
from app.responses.joint_scores import SUMMED, SUMS, read
from app.responses.recount import recount_cells
from app.surveys.composites import LOYALTY as INDICATORS
from app.surveys.scores import fraction
from tests.conftest import Tenant
from tests.kpis.feedback import ask, change, fold_all, sent, submit
from tests.kpis.instruments import EXPECTED, LOYALTY, PERCEIVED, ROWS, VALUE, rating
from tests.responses.builders import publish

CHANNELS = ("web", "phone")
#: A weight that no unit of the cells divides: the scores stay codes.
ODD = (rating("staff", "value", facet="personnel", weight=37), *VALUE[1:])
VIEWS: tuple[tuple[str, dict[str, str]], ...] = (
    ("loyalty", {}),
    ("loyalty/trend", {"grain": "week"}),
    ("loyalty/compare", {"group_by": "channel"}),
    ("loyalty/distribution", {"channel": "web"}),
    ("customer-value", {"quality": "clean"}),
    ("customer-value/compare", {"group_by": "channel"}),
    ("customer-value/distribution", {}),
    ("servqual", {}),
    ("servqual/trend", {"grain": "week"}),
    ("servqual/compare", {"group_by": "channel", "quality": "clean"}),
)


def _answers(rng: random.Random) -> dict[str, Any]:
    service = {
        key: {row["code"]: rng.randint(1, 7) for row in ROWS} for key in ("expected", "perceived")
    }
    answers: dict[str, Any] = service | {
        "trust": rng.randint(1, 10),
        "again": rng.randint(1, 5),
        "often": rng.randint(1, 7),
        "recommend": rng.randint(0, 10),
        **{key: rng.randint(1, 10) for key in ("staff", "product", "paid", "waiting")},
    }
    if rng.random() < 0.3:
        del answers[rng.choice(list(answers))]
    return answers


async def _told(tenant: Tenant, zone: str) -> list[Any]:
    """Every view in a time zone, without what names the zone and the instant."""
    found = []
    for path, asked in VIEWS:
        answer = await ask(tenant, path, tz=zone, **asked)
        del answer["as_of"]
        for part in (answer, *answer.get("points", ()), answer.get("previous") or {}):
            part.get("period", {}).pop("tz", None)
        found.append(answer)
    return found


async def test_folded_or_counted_from_the_rows(tenant: Tenant, database: Database) -> None:
    """Submits, changes and folds in any order: cells and rows give one and the same answer.

    Hong Kong has the days of Shanghai and no cells, so there all is counted from the rows.
    """
    rng = random.Random(4)
    surveys = [
        await publish(tenant, *LOYALTY, *value, EXPECTED, PERCEIVED) for value in (VALUE, ODD)
    ]
    made: list[str] = []
    told: list[Any] = []
    for _ in range(9):
        step = rng.choice(["submit", "change", "fold"])
        if step == "submit" or not made:
            for survey in surveys:
                people = [
                    sent(
                        _answers(rng),
                        channel=rng.choice(CHANNELS),
                        occurred_at=f"2026-10-{rng.randint(1, 31):02}T12:00:00+08:00",
                    )
                    for _ in range(9)
                ]
                made += await submit(tenant, survey, people)
        elif step == "change":
            for response in rng.sample(made, 3):
                quality = rng.choice(["ok", "flagged", "invalid"])
                await change(
                    tenant, response, quality=quality, answers={"trust": rng.randint(1, 9)}
                )
        else:
            await fold_all(database, tenant)
        told = await _told(tenant, "Asia/Shanghai")
        assert told == await _told(tenant, "Asia/Hong_Kong")
        async with database.snapshot() as session:
            assert not (await recount_cells(session, tenant.workspace.id, None)).differences
    assert all(each["value"] is not None for each in told if "value" in each)


@pytest.mark.parametrize(
    "wrong",
    [
        "SET sums[5] = sums[5] + 1 WHERE sums IS NOT NULL AND dimension = 'channel'",
        "SET n = n + 1 WHERE sums IS NOT NULL AND grain = 'month'",
        "SET n = n - 1 WHERE question = '@loyalty.indicators' AND sums IS NULL",
        "SET quality = 'flagged' WHERE question LIKE '@servqual.%'",
    ],
)
async def test_a_recount_finds_wrong_sums(tenant: Tenant, database: Database, wrong: str) -> None:
    """A wrong sum, number, bar or quality of joint scores is named."""
    rng = random.Random(8)
    survey = await publish(tenant, *LOYALTY, *VALUE, EXPECTED, PERCEIVED)
    await submit(tenant, survey, [sent(_answers(rng)) for _ in range(20)])
    await fold_all(database, tenant)
    async with database.transaction() as session:
        changed = text(f"UPDATE survey_cells {wrong} AND workspace_id = :workspace_id RETURNING 1")
        assert (await session.execute(changed, {"workspace_id": tenant.workspace.id})).first()
    async with database.snapshot() as session:
        assert (await recount_cells(session, tenant.workspace.id, None)).differences


@pytest.mark.parametrize("wholes", [(9, 4, 10), (27, 36), (49, 6), (9, 333, 10)])
def test_sums_and_codes_say_the_same(wholes: tuple[int, ...]) -> None:
    """Moments of any weighted sum, and bars: half of it folded, against a count by hand."""
    rng = random.Random(sum(wholes))
    name = (uuid4(), INDICATORS)
    people = [[Fraction(rng.randint(0, whole), whole) for whole in wholes] for _ in range(60)]
    answers = Tally()
    for place, scores in enumerate(people):
        code = ",".join(fraction(*score.as_integer_ratio()) for score in scores)
        for count in _counts(name, code, folded=place % 2 == 0):
            answers.add(count, "all")
    given = joint([name], answers)
    assert given.n == 60
    assert given.bars == Counter(int(20 * sum(each) / len(each)) for each in people)
    weighed: list[int | Fraction] = [Fraction(1, 3), -2, 0]
    for weights in ([1] * len(wholes), weighed[: len(wholes)]):
        by_hand = Counter(
            sum((w * x for w, x in zip(weights, each, strict=True)), Fraction(-1))
            for each in people
        )
        assert given.moments(weights, -1) == moments(by_hand)


def _counts(name: Name, code: str, *, folded: bool) -> list[Count]:
    """A respondent as the cells hold it, or as it came."""
    kept = read(f"{name[1]}={code}") if folded else None
    if kept is None or kept.bar is None:
        return [Count(1, "", *name, code, "ok", 1)]
    scores = kept.scores
    sums = [prod(scores[place] for place in places) for places in SUMMED]
    bar = kept.bar.partition("=")[2]
    return [Count(1, "", *name, bar, "ok", 1), Count(1, "", *name, SUMS, "ok", 1, sums)]
