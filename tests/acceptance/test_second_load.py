"""The same files again change nothing: no row, no figure, no byte of an answer."""

from collections.abc import Mapping

from tests.acceptance import bodies
from tests.acceptance.bodies import Json
from tests.acceptance.handling import Handled
from tests.acceptance.loads import CSV, Loaded, load_bulk, load_complaints, send

SHOP = {"from": "1997-01-01", "to": "1998-07-01"}
QUARTER = {"from": "1997-07-01", "to": "1997-10-01"}
BANK = {"from": "2020-01-01", "to": "2021-01-01"}
WINTER = {"from": "2016-01-01", "to": "2016-03-01"}

QUESTIONS: list[tuple[str, Mapping[str, str]]] = [
    ("retention", QUARTER),
    ("retention", WINTER),
    ("retention/trend", SHOP | {"grain": "month"}),
    ("retention/compare", QUARTER | {"group_by": "segment"}),
    ("retention/cohorts", SHOP | {"periods": "18"}),
    ("repeat-purchase-rate", SHOP),
    ("repeat-purchase-rate/trend", SHOP | {"grain": "quarter"}),
    ("acquisition/trend", SHOP | {"grain": "month"}),
    ("acquisition/compare", SHOP | {"group_by": "channel"}),
    ("lifetime-value", QUARTER),
    ("lifetime-value/compare", SHOP | {"group_by": "segment"}),
    ("responses", BANK),
    ("responses/trend", BANK | {"grain": "day"}),
    ("satisfaction", BANK),
    ("satisfaction/compare", BANK | {"group_by": "gender"}),
    ("satisfaction/distribution", BANK),
    ("csat", BANK),
    ("csat/trend", BANK | {"grain": "month"}),
    ("csat/distribution", BANK | {"question": "sat1"}),
    ("nps", BANK),
    ("complaint-rate", WINTER),
    ("complaint-rate", WINTER | {"basis": "customers"}),
    ("complaint-rate/compare", WINTER | {"group_by": "category"}),
    ("complaint-rate/trend", {"from": "2013-01-01", "to": "2017-03-01", "grain": "month"}),
]


async def _answers(loaded: Loaded) -> list[str]:
    """The answer to every question, as text without the moment of asking."""
    found = []
    for path, params in QUESTIONS:
        answer = await loaded.tenant.client.get(f"/v1/kpis/{path}", params=params)
        assert answer.status_code == 200, answer.text
        as_of = answer.json()["as_of"]
        assert answer.text.count(as_of) == 1
        found.append(answer.text.replace(as_of, ""))
    return found


async def _lists(loaded: Loaded) -> list[list[Json]]:
    """Everything that the lists show, revisions and times of writing too."""
    names = ("customers", "orders", "responses", "complaints")
    return [await loaded.everything(name) for name in names]


def _untouched(report: Json, lines: int) -> None:
    assert (report["received"], report["unchanged"]) == (lines, lines)
    assert {outcome["status"] for outcome in report["outcomes"]} == {"unchanged"}


async def test_a_second_load_changes_nothing(loaded: Loaded, handled: list[Handled]) -> None:
    """Every line is unchanged, every complaint is the case it was, every KPI the same bytes."""
    answers, lists = await _answers(loaded), await _lists(loaded)
    reports = await load_bulk(loaded)
    for name, first in loaded.reports.items():
        _untouched(reports[name], first["received"])
        ids = [[outcome["id"] for outcome in each["outcomes"]] for each in (first, reports[name])]
        assert ids[0] == ids[1]
    receipts = await load_complaints(loaded.tenant)
    assert {status for status, _ in receipts} == {200}
    for (_, again), (_, first) in zip(receipts, loaded.receipts, strict=True):
        assert (again["id"], again["reference"]) == (first["id"], first["reference"])
        assert again["tracking_secret"] is None
    assert handled[0].case in {receipt["id"] for _, receipt in receipts}
    assert await _answers(loaded) == answers
    assert await _lists(loaded) == lists


async def test_the_format_makes_no_difference(loaded: Loaded) -> None:
    """What came as NDJSON comes as CSV, where all is text, and the other way: all unchanged."""
    tenant = loaded.tenant
    orders = bodies.orders()
    _untouched(await send(tenant, "orders", bodies.as_csv(orders), CSV), len(orders))
    customers = bodies.customers()
    _untouched(await send(tenant, "customers", bodies.as_csv(customers), CSV), len(customers))
    moved = bodies.moved_orders()
    report = await send(tenant, "orders", bodies.ndjson(moved), "application/x-ndjson")
    _untouched(report, len(moved))
