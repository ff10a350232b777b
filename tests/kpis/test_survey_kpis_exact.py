"""Figures are exact at every moment: any order of submitting, changing and folding."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import Database
from tests.conftest import Tenant, open_tenant
from tests.kpis.feedback import ask, fold_all, sent, submit
from tests.responses.builders import NPS, publish

QUESTION = NPS | {"required": False}
CSAT = {"type": "csat", "key": "csat", "construct": "satisfaction", "allow_not_applicable": True}
DAYS = ("2026-10-01T00:00:00+08:00", "2026-10-14T23:59:00+08:00", "2026-09-30T23:59:00+08:00")

_scores = st.one_of(st.none(), st.integers(0, 10))
_grades = st.one_of(st.none(), st.integers(1, 5), st.just("not_applicable"))
_submissions = st.fixed_dictionaries(
    {
        "nps": _scores,
        "csat": _grades,
        "status": st.sampled_from(["complete", "complete", "partial", "dismissed"]),
        "channel": st.sampled_from(["web", "phone"]),
        "shop": st.sampled_from(["a", "b", ""]),
        "day": st.sampled_from(DAYS),
        "test": st.sampled_from([False, False, False, True]),
    }
)
_changes = st.fixed_dictionaries(
    {"which": st.integers(0, 30)},
    optional={
        "nps": st.integers(0, 10),
        "csat": st.integers(1, 5),
        "remove": st.sampled_from(["nps", "csat"]),
        "quality": st.sampled_from(["ok", "flagged", "invalid", "duplicate"]),
        "status": st.sampled_from(["complete", "partial"]),
    },
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), _submissions),
        st.tuples(st.just("submit"), _submissions),
        st.tuples(st.just("change"), _changes),
        st.tuples(st.just("fold"), st.just({})),
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class Kept:
    """A response as the test remembers it."""

    id: str
    answers: dict[str, Any]
    status: str
    quality: str
    channel: str
    shop: str
    day: str


@dataclass
class Book:
    """Everything that was submitted, kept beside the service as plain data."""

    kept: list[Kept] = field(default_factory=list)

    def codes(self, question: str, **where: str) -> tuple[Counter[str], Counter[str]]:
        """How often each point was given in October, and what was left out and why."""
        given_: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        for each in self.kept:
            elsewhere = any(getattr(each, name) != value for name, value in where.items())
            if each.day == DAYS[2] or elsewhere:
                continue
            code = each.answers.get(question)
            if code is None and each.status == "partial":
                continue
            if each.quality in {"invalid", "duplicate", "test"}:
                left_out[each.quality] += 1
            elif each.status == "dismissed":
                left_out["dismissed"] += 1
            elif code is None:
                left_out["skipped"] += 1
            elif code == "not_applicable":
                left_out["not_applicable"] += 1
            else:
                given_[str(code)] += 1
        return given_, left_out


async def _submit(tenant: Tenant, survey: str, book: Book, move: dict[str, Any]) -> None:
    answers = {name: move[name] for name in ("nps", "csat") if move[name] is not None}
    answers = {} if move["status"] == "dismissed" else answers
    response = sent(
        answers,
        occurred_at=move["day"],
        status=move["status"],
        channel=move["channel"],
        metadata={"shop": move["shop"]} if move["shop"] else {},
        test=move["test"],
    )
    (made,) = await submit(tenant, survey, [response])
    quality = "test" if move["test"] else "ok"
    book.kept.append(
        Kept(made, answers, move["status"], quality, move["channel"], move["shop"], move["day"])
    )


async def _change(tenant: Tenant, book: Book, move: dict[str, Any]) -> None:
    if not book.kept:
        return
    one = book.kept[move["which"] % len(book.kept)]
    answers = {name: move[name] for name in ("nps", "csat") if name in move}
    removed = [move["remove"]] if "remove" in move else []
    body: dict[str, Any] = {name: move[name] for name in ("quality", "status") if name in move}
    body |= ({"answers": answers} if answers else {}) | ({"remove": removed} if removed else {})
    changed = await tenant.client.patch(f"/v1/responses/{one.id}", json=body)
    if one.status == "dismissed" and "status" not in move and answers.keys() - set(removed):
        assert changed.status_code == 422
        return
    assert changed.status_code == 200, changed.text
    one.answers = {
        name: value for name, value in (one.answers | answers).items() if name not in removed
    }
    one.status = move.get("status", one.status)
    one.quality = move.get("quality", one.quality)


async def _compare_with(tenant: Tenant, book: Book) -> None:
    """NPS and CSAT by all, by channel and by an undeclared key equal the book."""
    wheres: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({"channel": "web"}, {"channel": "web"}),
        ({"shop": "a", "channel": "phone"}, {"filter": "shop:a", "channel": "phone"}),
    ]
    for kpi, question, points in (("nps", "nps", range(11)), ("csat", "csat", range(1, 6))):
        for where, parameters in wheres:
            found = await ask(tenant, f"{kpi}/distribution", question=question, **parameters)
            given_, left_out = book.codes(question, **where)
            counts = {(each["code"], each["counted"]): each["n"] for each in found["counts"]}
            expected = {(str(point), True): given_[str(point)] for point in points}
            reasons = ("dismissed", "skipped", "not_applicable", "invalid", "duplicate", "test")
            expected |= {(reason, False): left_out[reason] for reason in reasons}
            assert counts == expected | {("flagged_quality", False): 0}


@given(steps=_steps)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
async def test_any_order_of_events_gives_the_figures_of_a_recount(
    app: FastAPI, database: Database, steps: list[tuple[str, dict[str, Any]]]
) -> None:
    """Submissions, changes and folds in any order: the figures are those of the test's book."""
    tenant, book = await open_tenant(app, "exact"), Book()
    async with tenant.client, tenant.public:
        survey = await publish(tenant, QUESTION, CSAT)
        for name, move in steps:
            if name == "submit":
                await _submit(tenant, survey, book, move)
            elif name == "change":
                await _change(tenant, book, move)
            else:
                await fold_all(database, tenant)
        await _compare_with(tenant, book)
        await fold_all(database, tenant)
        await _compare_with(tenant, book)


async def test_figures_are_right_while_others_write_and_fold(
    tenant: Tenant, database: Database
) -> None:
    """While responses come and a worker folds, each answer counts all that was acknowledged.

    The number of answers never falls, and never misses one whose 201 came before the question.
    """
    survey = await publish(tenant, QUESTION)
    acknowledged, done = 0, asyncio.Event()

    async def write() -> None:
        nonlocal acknowledged
        for _ in range(60):
            await submit(tenant, survey, [sent({"nps": 9})])
            acknowledged += 1

    async def refold() -> None:
        while not done.is_set():
            await fold_all(database, tenant)

    async def watch() -> None:
        seen = 0
        while not done.is_set():
            before = acknowledged
            n = (await ask(tenant, "nps"))["n"]
            assert n >= max(before, seen)
            seen = n

    async with asyncio.TaskGroup() as group:
        group.create_task(refold())
        group.create_task(watch())
        await asyncio.gather(write(), write(), write())
        done.set()
    for _ in range(2):
        assert (await ask(tenant, "nps"))["n"] == 180
        await fold_all(database, tenant)


async def test_a_dimension_named_like_a_standard_one_changes_nothing(
    tenant: Tenant, database: Database
) -> None:
    """Metadata called `channel` is not the channel, folded or not."""
    await tenant.client.patch("/v1/workspaces/current", json={"dimensions": ["channel"]})
    survey = await publish(tenant, QUESTION)
    await submit(tenant, survey, [sent({"nps": 9}, metadata={"channel": "phone"})])
    for _ in range(2):
        assert (await ask(tenant, "nps", channel="web"))["n"] == 1
        assert (await ask(tenant, "nps", channel="web", language=""))["n"] == 1
        groups = (await ask(tenant, "nps/compare", group_by="channel"))["groups"]
        assert [each["member"] for each in groups] == ["web"]
        await fold_all(database, tenant)
