"""What nobody can do without a receipt: guess, enumerate, measure, overwrite."""

import asyncio
import random
import time

import httpx
import pytest
from sqlalchemy import select

from app.complaints.models import ComplaintPinAttempts
from app.complaints.references import check_character
from app.db import Database
from app.http.idempotency import IdempotencyKey
from tests.complaints.makers import Json, access, file
from tests.conftest import Tenant

PATH = "/v1/complaint-tracking"


def shown(answer: httpx.Response) -> Json:
    """A problem without what differs from request to request."""
    body: Json = answer.json()
    return {name: value for name, value in body.items() if name != "request_id"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"secret": None}, 422),
        ({"pin": "12345678"}, 422),
        ({"secret": None, "pin": "1234"}, 422),
        ({"secret": 7}, 422),
        ({"secret": "\x00"}, 422),
        ({"extra": 1}, 422),
        ({"reference": "x" * 101}, 422),
        ({"reference": "x"}, 404),
        ({"reference": "\u0130" * 39}, 404),
        ({"secret": "x"}, 404),
        ({"secret": "é𠀀"}, 404),
    ],
)
async def test_what_is_no_receipt(tenant: Tenant, change: Json, status: int) -> None:
    """What has the wrong form is 422, what opens nothing is 404."""
    receipt = await file(tenant.client)
    body = {name: value for name, value in (access(receipt) | change).items() if value is not None}
    assert (await tenant.public.post(PATH, json=body)).status_code == status


async def test_nobody_learns_whether_a_reference_exists(tenant: Tenant) -> None:
    """Unknown, wrong secret, wrong PIN, locked, no PIN at all: one answer, on all three routes."""
    receipt = await file(tenant.client, with_pin=True)
    bare = await file(tenant.client)
    locked = await file(tenant.client, with_pin=True)
    for _ in range(5):
        wrong = {"reference": locked["reference"], "pin": "00000000"}
        await tenant.public.post(PATH, json=wrong)
    tries: list[Json] = [
        {"reference": "C-0000-0000-0", "secret": receipt["tracking_secret"]},
        {"reference": "C-0000-0000-0", "pin": receipt["pin"]},
        {"reference": receipt["reference"], "secret": bare["tracking_secret"]},
        {"reference": receipt["reference"], "pin": locked["pin"]},
        {"reference": bare["reference"], "pin": receipt["pin"]},
        {"reference": locked["reference"], "pin": locked["pin"]},
    ]
    answers = [await tenant.public.post(PATH, json=body) for body in tries]
    answers += [await tenant.public.post(f"{PATH}/messages", json=tries[0] | {"text": "x"})]
    answers += [await tenant.public.post(f"{PATH}/events", json=tries[3] | {"event": "withdraw"})]
    assert {answer.status_code for answer in answers} == {404}
    assert len({str(shown(answer)) for answer in answers}) == 1
    assert len({str(sorted(set(answer.headers) - {"date"})) for answer in answers}) == 1


async def test_five_wrong_pins_lock_and_a_new_pin_opens(tenant: Tenant) -> None:
    """Five in a row, guessed in parallel or in turn; the tracking secret still opens."""
    receipt = await file(tenant.client, with_pin=True)
    right = {"reference": receipt["reference"], "pin": receipt["pin"]}
    wrong = {"reference": receipt["reference"], "pin": f"{(int(receipt['pin']) + 1) % 10**8:08d}"}
    for _ in range(4):
        assert (await tenant.public.post(PATH, json=wrong)).status_code == 404
    assert (await tenant.public.post(PATH, json=right)).status_code == 200  # counts anew
    await asyncio.gather(*(tenant.public.post(PATH, json=wrong) for _ in range(20)))
    assert (await tenant.public.post(PATH, json=right)).status_code == 404
    assert (await tenant.public.post(PATH, json=access(receipt))).status_code == 200
    fresh = (await tenant.client.post(f"/v1/complaints/{receipt['id']}/pin")).json()["pin"]
    assert (await tenant.public.post(PATH, json=right)).status_code == 404
    opened = await tenant.public.post(PATH, json=right | {"pin": fresh})
    assert opened.status_code == 200


async def test_guessing_hits_nothing(tenant: Tenant, database: Database) -> None:
    """Guesses of secrets never open; guesses of PINs are counted, for the unknown on few rows."""
    receipt = await file(tenant.client, with_pin=True)
    guess = random.Random(1)
    for _ in range(30):
        bodies = [access(receipt, secret=f"{guess.getrandbits(88):022x}") for _ in range(10)]
        answers = await asyncio.gather(*(tenant.public.post(PATH, json=body) for body in bodies))
        assert {answer.status_code for answer in answers} == {404}
    for number in range(30):
        reference = f"00000{number:03d}"
        reference = f"C-{reference[:4]}-{reference[4:]}-{check_character(reference)}"
        answer = await tenant.public.post(PATH, json={"reference": reference, "pin": "12345678"})
        assert answer.status_code == 404
    async with database.snapshot() as session:
        rows = (await session.scalars(select(ComplaintPinAttempts.reference))).all()
    assert not [row for row in rows if row.startswith("C-0000-0")]
    assert 0 < len([row for row in rows if row.startswith("?")]) <= 256


async def test_a_known_and_an_unknown_reference_take_the_same_time(tenant: Tenant) -> None:
    """Both pay for the slow hash and one write; without it the medians would differ tenfold."""
    receipt = await file(tenant.client, with_pin=True)
    taken: dict[str, list[float]] = {receipt["reference"]: [], "C-0000-0001-2": []}
    for _ in range(15):
        for reference, times in taken.items():
            started = time.perf_counter()
            body = {"reference": reference, "pin": "00000000"}
            assert (await tenant.public.post(PATH, json=body)).status_code == 404
            times.append(time.perf_counter() - started)
    known, unknown = (sorted(times)[len(times) // 2] for times in taken.values())
    assert abs(known - unknown) < 0.4 * max(known, unknown)


async def test_an_idempotency_key_without_a_credential_touches_nobodys(
    tenant: Tenant, database: Database
) -> None:
    """Who has no key stores no answer, least of all over those of others."""
    headers = {"Idempotency-Key": "mine"}
    receipt = (await tenant.client.post("/v1/complaints", json=_plain(), headers=headers)).json()
    query = select(IdempotencyKey.body).where(IdempotencyKey.workspace_id == tenant.workspace.id)
    async with database.snapshot() as session:
        before = (await session.scalars(query)).all()
    answer = await tenant.public.post(PATH, json=access(receipt), headers=headers)
    assert answer.status_code == 200
    async with database.snapshot() as session:
        assert (await session.scalars(query)).all() == before


def _plain() -> Json:
    return {"kind": "complaint", "channel": "web", "description": "x"}
