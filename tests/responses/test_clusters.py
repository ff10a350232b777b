"""Scores added up by customer: equal to a recount from what was sent, whatever it was."""

import random
from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from app.db import Database
from app.responses.cells import Slice
from app.responses.clusters import Scores, ScoreSums, score_sums
from tests.conftest import Tenant
from tests.kpis.feedback import Sent, change, sent, submit
from tests.responses.builders import CSAT, NPS, publish

QUALITIES = ("ok", "flagged")
BUCKETS = (date(2026, 9, 1), date(2026, 10, 1))
#: Every figure scores some answers of one question or of both, with parts that have no end.
FIGURES: tuple[dict[str, Decimal], ...] = (
    {f"nps={point}": Decimal((point > 8) - (point < 7)) for point in range(11)},
    {f"csat={point}": Decimal(repr(100 * (point - 1) / 3)) for point in range(1, 5)},
    {"nps=10": Decimal(1), "csat=5": Decimal(1), "csat=1": Decimal(0), "csat=~skipped": Decimal(0)},
)


def _response(rng: random.Random, customers: int) -> Sent:
    answers: dict[str, Any] = {"nps": rng.randint(0, 10)}
    if rng.random() < 0.7:
        answers["csat"] = rng.randint(1, 5)
    who = rng.randrange(customers + 1)
    fields: dict[str, Any] = {} if who == customers else {"customer": f"c{who}"}
    day = f"2026-{rng.choice(('08', '09', '10'))}-{rng.randint(1, 28):02}T12:00:00+08:00"
    channel, test = rng.choice(("web", "phone")), rng.random() < 0.1
    return sent(answers, occurred_at=day, channel=channel, test=test, **fields)


def _recount(
    scores: dict[str, Decimal], responses: list[tuple[str, Sent]], *, split: bool
) -> dict[tuple[int, str], tuple[Any, ...]]:
    """By bucket and channel: number, sum, squares, clusters, and their sums of squares."""
    clusters: dict[tuple[int, str], dict[object, list[Fraction]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for place, (quality, response) in enumerate(responses):
        month = int(response["occurred_at"][5:7])
        if month < 9 or quality not in QUALITIES:
            continue
        at = month - 8, response["channel"] if split else ""
        given = {"csat": "~skipped"} | response["answers"]
        for question, code in given.items():
            if f"{question}={code}" in scores:
                who = response.get("customer", place)
                clusters[at][who].append(Fraction(scores[f"{question}={code}"]))
    return {
        at: (
            sum(map(len, found.values())),
            sum(map(sum, found.values())),
            sum(score * score for each in found.values() for score in each),
            len(found),
            sum(sum(each) ** 2 for each in found.values()),
            sum(sum(each) * len(each) for each in found.values()),
            sum(len(each) ** 2 for each in found.values()),
        )
        for at, found in clusters.items()
    }


def _sums(found: ScoreSums) -> tuple[Any, ...]:
    return (found.n, found.total, found.squares, found.clusters,
            found.totals_squared, found.totals_by_sizes, found.sizes_squared)  # fmt: skip


@pytest.mark.parametrize(("seed", "customers"), [(1, 3), (2, 12), (3, 200)])
async def test_sums_equal_a_recount(
    tenant: Tenant, database: Database, seed: int, customers: int
) -> None:
    """Exactly, over two surveys, two months and channels, with changes and what never counts."""
    rng = random.Random(seed)
    responses: list[tuple[str, Sent]] = []
    surveys = []
    for _ in range(2):
        surveys.append(await publish(tenant, NPS, CSAT))
        made = [_response(rng, customers) for _ in range(60)]
        ids = await submit(tenant, surveys[-1], made)
        for place, (response, id_) in enumerate(zip(made, ids, strict=True)):
            quality = "test" if response["test"] else "ok"
            if place % 7 == 0 and quality == "ok":
                quality = rng.choice(("flagged", "invalid"))
                await change(tenant, id_, quality=quality)
            responses.append((quality, response))
    figures: list[Scores] = [
        {(UUID(survey), tally): score for survey in surveys for tally, score in each.items()}
        for each in FIGURES
    ]
    wanted = Slice(
        workspace_id=tenant.workspace.id, start=BUCKETS[0], end=date(2026, 11, 1),
        time_zone="Asia/Shanghai", survey_ids=tuple(map(UUID, surveys)),
    )  # fmt: skip
    for by in (None, "channel"):
        async with database.snapshot() as session:
            found = await score_sums(
                session, wanted, figures, qualities=QUALITIES, by=by, buckets=BUCKETS
            )
        for place, scores in enumerate(FIGURES):
            told = {
                (each.bucket, each.member): _sums(each) for each in found if each.figure == place
            }
            assert told == _recount(scores, responses, split=by is not None)


async def test_nothing_scored_is_nothing_found(tenant: Tenant, database: Database) -> None:
    """Figures without scores need no statement."""
    wanted = Slice(tenant.workspace.id, BUCKETS[0], BUCKETS[1], "Asia/Shanghai")
    async with database.snapshot() as session:
        assert await score_sums(session, wanted, [{}], qualities=QUALITIES) == []
