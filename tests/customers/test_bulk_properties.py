"""Bulk loads of any lines in any sequence, and in any of the forms."""

import random
from typing import Any

from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from app.db import Database
from tests.conftest import Tenant, open_tenant
from tests.customers.making import CSV, as_csv, load, ndjson, order, rows, statuses

_IDS = st.sampled_from(["a", "b", "c", "d"])
_CUSTOMER = st.fixed_dictionaries(
    {"external_id": _IDS},
    optional={
        "name": st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1),
        "phone": st.sampled_from(["13800138000", "4.41E+11", "+1 212 555 0123"]),
        "segment": st.sampled_from(["vip", "new"]),
        "survey_consent": st.booleans(),
        "survey_consent_at": st.just("2026-01-01T00:00:00Z"),
        "first_seen_at": st.just("2020-02-29T23:59:59.5+08:00"),
        "attributes": st.dictionaries(st.sampled_from(["x", "y"]), st.text("ab", min_size=1)),
    },
)
_ORDER = st.builds(
    lambda name, customer, amount, written: order(
        name, customer=customer, amount=f"{amount}", source_updated_at=written
    ),
    _IDS,
    _IDS,
    st.decimals(0, 100, places=2),
    st.integers(0, 9).map(lambda second: f"2026-04-01T00:00:0{second}Z"),
)


def _one_of_each(lines: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Lines of which no two speak of the same thing at the same time."""
    return list({tuple(line.get(name) for name in names): line for line in lines}.values())


async def _fresh(app: FastAPI) -> Tenant:
    tenant = await open_tenant(app, "property")
    await tenant.public.aclose()
    return tenant


_SLOW = examples(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_SLOW
@given(st.lists(_ORDER, max_size=12), st.randoms(use_true_random=False))
async def test_orders_do_not_depend_on_sequence_or_repetition(
    app: FastAPI, database: Database, lines: list[dict[str, Any]], chance: random.Random
) -> None:
    """Any permutation and repetition of copies that the source dated gives the same rows."""
    copies = _one_of_each(lines, "external_id", "source_updated_at")
    shuffled = copies + chance.choices(copies, k=len(copies)) if copies else []
    chance.shuffle(shuffled)
    straight, mixed = await _fresh(app), await _fresh(app)
    await load(straight, "orders", ndjson(copies))
    cut = chance.randint(0, len(shuffled))
    for part in (shuffled[:cut], shuffled[cut:]):
        await load(mixed, "orders", ndjson(part))
    assert await rows(database, mixed, "orders") == await rows(database, straight, "orders")
    for tenant in (straight, mixed):
        await tenant.client.aclose()


@_SLOW
@given(st.lists(_CUSTOMER, max_size=8), st.randoms(use_true_random=False))
async def test_customers_do_not_depend_on_sequence_or_repetition(
    app: FastAPI, database: Database, lines: list[dict[str, Any]], chance: random.Random
) -> None:
    """Any permutation and repetition of lines that do not contradict each other."""
    copies = [{"survey_consent_at": None} | line for line in _one_of_each(lines, "external_id")]
    shuffled = copies + chance.choices(copies, k=len(copies)) if copies else []
    chance.shuffle(shuffled)
    straight, mixed = await _fresh(app), await _fresh(app)
    await load(straight, "customers", ndjson(copies))
    report = await load(mixed, "customers", ndjson(shuffled))
    assert report["created"] == len(copies)
    assert report["unchanged"] == len(shuffled) - len(copies)
    assert await rows(database, mixed, "customers") == await rows(database, straight, "customers")
    for tenant in (straight, mixed):
        await tenant.client.aclose()


@_SLOW
@given(st.lists(_CUSTOMER, max_size=8), st.lists(_ORDER, max_size=8))
async def test_csv_says_the_same_as_ndjson(
    app: FastAPI,
    database: Database,
    people: list[dict[str, Any]],
    orders: list[dict[str, Any]],
) -> None:
    """The same facts as CSV and as NDJSON make the same rows and the same outcomes."""
    for person in people:
        person.setdefault("survey_consent_at", "2026-01-01T00:00:00Z")
    one, other = await _fresh(app), await _fresh(app)
    for path, lines in (("customers", people), ("orders", orders)):
        if lines:
            first = await load(one, path, ndjson(lines))
            second = await load(other, path, as_csv(lines), CSV)
            assert statuses(first) == statuses(second)
        assert await rows(database, one, path) == await rows(database, other, path)
    for tenant in (one, other):
        await tenant.client.aclose()
