"""Walks the table of bad inputs on a real server: alone, before a good request, all at once.

Every error is a registered problem with the right status and code, points at the fields that are
wrong, and repeats nothing of what was sent.
"""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.config import Settings
from app.errors import Problem
from app.main import ROUTERS, create_app
from app.problems import FIELD_CODES, PROBLEMS
from app.strict_json import parse
from tests.conftest import Tenant, open_tenant
from tests.customers.making import NDJSON, ndjson
from tests.http.serving import Answer, Wire, serving
from tests.proofs.bad_fields import FIELDS
from tests.proofs.bad_inputs import (
    BYTES,
    CANARY,
    NOT_HERE,
    NOT_HERE_IN_PART,
    NUMBERS,
    SUBMIT,
    Row,
    Sent,
    text,
)
from tests.proofs.bad_place import Place, furnished, published

#: How long the server of these tests waits for the rest of a head or a body.
_PATIENCE_SECONDS = 3.0
#: Rows that take more than one request and its answer, and what proves them.
PROVEN_ELSEWHERE: Mapping[int, str] = {
    26: "tests.test_bad_inputs:test_a_head_that_does_not_end_is_given_up",
    55: "tests.test_foreign_ids:test_ids_of_others_are_unknown",
    64: "tests.test_bad_inputs:test_a_submission_sent_again",
    66: "tests.test_trouble:test_no_database",
    71: "tests.test_bad_inputs:test_three_bad_lines_of_a_thousand",
    72: "tests.test_bad_inputs:test_a_good_request_follows",
}


@pytest.fixture(scope="module")
async def owner(app: FastAPI) -> Tenant:
    """The workspace of these tests."""
    return await open_tenant(app, "bad inputs")


@pytest.fixture(scope="module")
async def place(owner: Tenant) -> Place:
    """What the requests name."""
    return await furnished(owner)


@pytest.fixture(scope="module")
def port(settings: Settings, place: Place) -> Iterator[int]:
    """The port of a real server of the whole service, with time limits that a test can wait for."""
    del place  # made before: the server's thread would take its time
    quick = {
        "header_timeout_seconds": _PATIENCE_SECONDS,
        "body_timeout_seconds": _PATIENCE_SECONDS,
        "access_log": False,
    }
    changed = settings.model_copy(update=quick)
    with serving(create_app(changed), changed) as port:
        yield port


#: Every route that reads one JSON document, and those that read many.
DOORS = [
    Sent(method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.body_field is not None
    for method in route.methods or ()
]
BULK_DOORS = [Sent("POST", f"/v1/{what}") for what in ("customers", "orders", "refunds")]
ROWS = (*BYTES, *FIELDS)
#: Ids of nothing: a body is judged before anything is looked up.
_NOTHING = dict.fromkeys(
    (name for door in DOORS for name in re.findall(r"\{(\w+)\}", door.path)), "none"
)


def _requests(row: Row) -> list[Sent]:
    """The row's request, or its body to every door."""
    if row.sent is not None:
        return [row.sent]
    takes_arrays = row.status == 422 and row.body.startswith(b"[")
    doors = DOORS if takes_arrays else DOORS + BULK_DOORS
    return [Sent(door.method, door.path, row.body, headers=row.headers) for door in doors]


def _raw(sent: Sent, place: Place) -> bytes:
    named = _NOTHING | {"submission_id": str(uuid4())} | place
    return sent.raw(named)


def _check(row: Row, sent: Sent, raw: bytes, answer: Answer) -> None:
    """The answer is the row's."""
    what = (sent.method, sent.path, answer.status, answer.body[:600])
    assert answer.status == row.status, what
    for name, value in row.answers.items():
        assert answer.headers[name] == value, what
    if row.hidden:
        assert row.hidden.encode() in raw
        assert row.hidden.encode() not in answer.body, what
        assert row.hidden not in str(answer.headers)
    if not row.code:
        assert answer.headers["content-type"] == "application/json"
        return
    assert answer.problem() == row.code, what
    problem = json.loads(answer.body)
    assert problem["type"] == f"/problems/{row.code}"
    assert problem["status"] == PROBLEMS[row.code].status == answer.status
    assert problem["title"] == PROBLEMS[row.code].title.en
    found = [(error["pointer"], error["code"]) for error in problem["errors"]]
    assert {code for _, code in found} <= set(FIELD_CODES)
    if row.sent is not None or row.errors:
        assert found == list(row.errors), what


def _kept(row: Row, wire: Wire, answer: Answer, place: Place) -> None:
    """What was stored is what was sent."""
    path = f"/v1/responses/{json.loads(answer.body)['id']}"
    read = wire.send(Sent("GET", path).raw(place)).answer()
    assert read.status == 200
    shown = json.loads(read.body)
    assert {name: shown[name] for name in row.kept} == row.kept


def _is_good(wire: Wire, place: Place) -> bool:
    """Whether a good request on this connection is answered as always."""
    sent = Sent("PUT", f"{SUBMIT}/{uuid4()}", text({"answers": {"nps": 9}}))
    return wire.send(sent.raw(place)).answer().status == 201


def _name(row: Row) -> str:
    return f"{row.number:02}-{row.name}"


def test_every_row_of_the_table_is_here() -> None:
    """A row is data here, or has a test of its own, or a reason why it does not apply yet."""
    data = {row.number for row in ROWS}
    assert data | set(PROVEN_ELSEWHERE) | set(NOT_HERE) == NUMBERS
    assert not (data | set(PROVEN_ELSEWHERE)) & set(NOT_HERE)
    assert set(NOT_HERE_IN_PART) <= data | set(PROVEN_ELSEWHERE)
    for place in PROVEN_ELSEWHERE.values():
        module, _, name = place.partition(":")
        assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_alone(port: int, place: Place, row: Row) -> None:
    """A bad input on a connection of its own gets the right answer."""
    for sent in _requests(row):
        with Wire(port) as wire:
            raw = _raw(sent, place)
            answer = wire.send(raw).answer()
            _check(row, sent, raw, answer)
            if row.ends == "closed":
                assert wire.closes_within(_PATIENCE_SECONDS + 3)
            if row.kept:
                _kept(row, wire, answer, place)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.ends], ids=_name)
def test_a_good_request_follows(port: int, place: Place, row: Row) -> None:
    """A bad input does not cost the next request on its connection, wherever it was sent."""
    with Wire(port) as wire:
        for sent in _requests(row):
            raw = _raw(sent, place)
            _check(row, sent, raw, wire.send(raw).answer())
            assert _is_good(wire, place)


def test_all_at_once_among_good_traffic(port: int, place: Place) -> None:
    """Fifty connections send every bad input while others work: all get what they get alone."""
    bad = [(row, sent) for row in ROWS for sent in _requests(row)]
    done: list[float] = []

    def work(number: int) -> None:
        with Wire(port, timeout=30) as wire:
            while len(done) < len(bad):
                began = time.monotonic()
                assert _is_good(wire, place), number
                good.append(time.monotonic() - began)

    def misbehave(row: Row, sent: Sent) -> None:
        with Wire(port, timeout=30) as wire:
            raw = _raw(sent, place)
            try:
                _check(row, sent, raw, wire.send(raw).answer())
            finally:
                done.append(0)

    good: list[float] = []
    with ThreadPoolExecutor(54) as pool:
        workers = [pool.submit(work, number) for number in range(4)]
        attacks = [pool.submit(misbehave, row, sent) for row, sent in bad]
        for future in (*attacks, *workers):
            future.result()
    assert len(good) > 4


def test_depth_costs_nothing() -> None:
    """Row 21: a hundred thousand levels are refused in less than 5 ms of processor time."""
    began = time.process_time()
    for opening in (b"[" * 100_000, b'{"a":' * 100_000):
        with pytest.raises(Problem, match="too-deep"):
            parse(opening)
    assert time.process_time() - began < 2 * 0.005


def test_a_head_that_does_not_end_is_given_up(port: int) -> None:
    """Row 26: a head that trickles in is closed at the deadline, without an answer."""
    with Wire(port) as wire:
        wire.send("GET /v1/surveys HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        began = time.monotonic()
        while time.monotonic() - began < _PATIENCE_SECONDS / 2:
            wire.send("a")
            time.sleep(0.1)
        assert wire.closes_within(_PATIENCE_SECONDS)
        assert time.monotonic() - began < 2 * _PATIENCE_SECONDS


async def test_a_submission_sent_again(owner: Tenant, place: Place) -> None:
    """Row 64: the same content, also eight at a time, is one response; other content is 409."""
    client, path = owner.client, f"/v1/surveys/{place['survey']}/responses/{uuid4()}"
    body = {"answers": {"nps": 9}}
    first = await client.put(path, json=body)
    again = await client.put(path, json=body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.content, again.headers["idempotent-replayed"]) == (again.content, "true")
    other = f"/v1/surveys/{place['survey']}/responses/{uuid4()}"
    copies = await asyncio.gather(*(client.put(other, json=body) for _ in range(8)))
    assert {copy.status_code for copy in copies} == {201}
    assert len({copy.content for copy in copies}) == 1
    conflict = await client.put(path, json={"answers": {"nps": 9, "comment": CANARY}})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "submission-conflict")
    assert CANARY not in conflict.text


async def test_three_bad_lines_of_a_thousand(owner: Tenant) -> None:
    """Row 71: each bad line is refused alone; sending the file again stores nothing twice."""
    lines: list[dict[str, object]] = [
        {"submission_id": f"line-{number}", "answers": {"nps": number % 11}}
        for number in range(1_000)
    ]
    lines[7] = {"submission_id": "line-7", "answers": {"nps": 11, "name": CANARY}}
    lines[70] = {"submission_id": "line-70", "answers": {"nps": 1}, "extra": CANARY}
    body = ndjson(lines).splitlines(keepends=True)
    body[700] = b'{"submission_id": "line-700", "answers": {"nps": 1' + CANARY.encode() + b"\n"
    survey = await published(owner)
    reports = [
        await owner.client.post(
            f"/v1/surveys/{survey}/responses", content=b"".join(body), headers=NDJSON
        )
        for _ in range(2)
    ]
    for report, stored in zip(reports, ("created", "unchanged"), strict=True):
        assert report.status_code == 200
        outcomes = report.json()["outcomes"]
        assert Counter(each["status"] for each in outcomes) == {stored: 997, "rejected": 3}
        refused = {
            each["line"]: [(error["pointer"], error["code"]) for error in each["errors"]]
            for each in outcomes
            if each["status"] == "rejected"
        }
        assert refused == {
            8: [("/answers/nps", "answer-out-of-range")],
            71: [("/extra", "unknown-field")],
            701: [("", "malformed-json")],
        }
        assert CANARY not in report.text
