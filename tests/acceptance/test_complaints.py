"""The CFPB's public complaints: intake, handling and the complaint rate, recounted by hand."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import pytest

from tests.acceptance import oracle
from tests.acceptance.bodies import CHANNELS, Json, category, complainant, complaint
from tests.acceptance.handling import Handled, decision, final_state
from tests.acceptance.loads import Loaded
from tests.acceptance.oracle import agrees, near
from tests.acceptance.shop import shop
from tests.acceptance.sources import CfpbRow, cfpb_rows, purchases

WINTER = date(2016, 1, 1), date(2016, 3, 1)


def _dates(start: date, end: date) -> dict[str, str]:
    return {"from_": str(start), "to": str(end)}


def _received(start: date, end: date) -> list[CfpbRow]:
    return [row for row in cfpb_rows() if start <= row.received < end]


def _ordered(start: date, end: date) -> int:
    """Lines of the log that fall into the period, in their own time or in the moved one."""
    days = [day for each in purchases() for day in (each.day, each.moved_to) if day]
    return sum(start <= day < end for day in days)


def _complaining(start: date, end: date) -> set[str]:
    """Customers of the shop who complained."""
    rows = enumerate(cfpb_rows())
    names = {complainant(row, number) for number, row in rows if start <= row.received < end}
    return {name for name in names if name is not None}


def _channel(row: CfpbRow) -> str:
    return CHANNELS[row.cells["Submitted via"]]


def _agrees_on_rate(found: Json, complaints: Sequence[CfpbRow], orders: int) -> None:
    agrees(
        found,
        value=oracle.ratio(len(complaints), orders, 1_000),
        numerator={"complaints": len(complaints)},
        denominator={"orders": orders},
        interval=oracle.garwood(len(complaints), orders, 1_000),
        method="garwood",
    )
    assert found["excluded"] == {"merged": 0, "duplicate": 0, "not_a_complaint": 0}


async def test_the_slice_arrives_whole(loaded: Loaded, handled: list[Handled]) -> None:
    """3,186 cases, equal rows too; timely 97.08 %, disputed 595 of 3,129 (published)."""
    assert handled
    assert Counter(status for status, _ in loaded.receipts) == {201: 3_186}
    assert len({receipt["reference"] for _, receipt in loaded.receipts}) == 3_186
    stored = await loaded.everything("complaints")
    kept = {each["external_id"]: each for each in stored}
    sent = [complaint(row, number) for number, row in enumerate(cfpb_rows())]
    assert len(kept) == len(stored) == len(sent) == 3_186
    for body in sent:
        case = kept[body["external_id"]]
        for name in ("channel", "category", "subject", "description", "metadata"):
            assert case[name] == body[name]
        assert case["received_at"] == _utc(body["received_at"])
    facts = [each["metadata"] for each in stored]
    timely = sum(each["timely"] for each in facts)
    assert (timely, round(100 * timely / len(facts), 2)) == (3_093, 97.08)
    assert Counter(each.get("disputed") for each in facts) == {"Yes": 595, "No": 2_534, None: 57}
    assert sum(len(each.get("zip_code", "")) in {3, 4} for each in facts) == 184


def _utc(local: str) -> str:
    moment = datetime.fromisoformat(local).astimezone(UTC)
    return moment.isoformat().replace("+00:00", "Z")


async def test_equal_rows_are_cases_of_their_own(loaded: Loaded) -> None:
    """11 rows repeat another one: each has a case and a reference, and none is merged."""
    again = [
        receipt
        for row, (_, receipt) in zip(cfpb_rows(), loaded.receipts, strict=True)
        if row.occurrence > 1
    ]
    assert len({receipt["id"] for receipt in again}) == 11
    assert (await loaded.get("complaints", state="merged"))["data"] == []


async def test_filters_count_what_the_file_counts(loaded: Loaded) -> None:
    """By channel, by category, and by local days of receipt."""
    by_category = Counter(category(row) for row in cfpb_rows())
    found = await loaded.get("complaint-categories")
    assert {each["category"]: each["cases"] for each in found["data"]} == by_category
    for channel in ("phone", "postal"):
        stored = await loaded.everything("complaints", channel=channel)
        assert len(stored) == sum(_channel(row) == channel for row in cfpb_rows())
    august = {
        "received_from": "2013-08-01T00:00:00-04:00",
        "received_to": "2013-09-01T00:00:00-04:00",
    }
    stored = await loaded.everything("complaints", **august)
    assert len(stored) == len(_received(date(2013, 8, 1), date(2013, 9, 1))) == 216


async def test_cases_end_as_their_rows_say(loaded: Loaded, handled: list[Handled]) -> None:
    """Disputed answers open the case again; nothing happens before a case was received."""
    early = [each for each in handled if each.row.sent < each.row.received]
    assert len(early) == 6
    for each in handled:
        refused = ["acknowledge /occurred_at implausible-time"] if each in early else []
        assert each.refused == refused
        case = await loaded.get(f"complaints/{each.case}")
        assert (case["state"], case["outcome"]) == (final_state(each.row), decision(each.row))
        assert (case["acknowledged_at"] is None) == (each in early)
        disputed = decision(each.row) and each.row.cells["Consumer disputed?"] == "Yes"
        assert case["escalation_level"] == (1 if disputed else 0)


async def test_complaints_without_orders_have_no_rate(loaded: Loaded) -> None:
    """In 2013 nothing was sold: the complaints are counted, and there is no value."""
    for start, end in [(date(2013, 1, 1), date(2014, 1, 1)), (date(2013, 8, 1), date(2013, 9, 1))]:
        found = await loaded.kpi("complaint-rate", **_dates(start, end))
        _agrees_on_rate(found, _received(start, end), 0)
    sold = await loaded.kpi("complaint-rate", **_dates(date(1997, 1, 1), date(1998, 7, 1)))
    _agrees_on_rate(sold, [], 6_919)
    assert sold["interval"]["high"] == near(1_000 * 3.6888794541139363 / 6_919)


async def test_complaint_rate(loaded: Loaded) -> None:
    """Complaints of two months per 1,000 orders, and February against January as Poisson rates."""
    found = await loaded.kpi("complaint-rate", **_dates(*WINTER), compare="none")
    _agrees_on_rate(found, _received(*WINTER), _ordered(*WINTER))
    months = [(date(2016, 2, 1), date(2016, 3, 1)), (date(2016, 1, 1), date(2016, 2, 1))]
    found = await loaded.kpi("complaint-rate", **_dates(*months[0]))
    assert found["numerator"] == {"complaints": 1_428}
    now, before = ((len(_received(*each)), _ordered(*each)) for each in months)
    tested = oracle.rates(now, before, 1_000)
    oracle.agrees_on_change(found["previous"], tested, "poisson_conditional_exact", "mover_garwood")


async def test_complaint_rate_of_every_month(loaded: Loaded) -> None:
    """Late in the evening it is tomorrow in UTC: days are those of New York."""
    found = await loaded.kpi(
        "complaint-rate/trend", from_="2016-01-01", to="2017-03-01", grain="month"
    )
    assert len(found["points"]) == 14
    for point in found["points"]:
        start, end = (date.fromisoformat(point["period"][name]) for name in ("from", "to"))
        _agrees_on_rate(point, _received(start, end), _ordered(start, end))


@pytest.mark.parametrize(("dimension", "of"), [("channel", _channel), ("category", category)])
async def test_complaint_rate_of_groups(
    loaded: Loaded, dimension: str, of: Callable[[CfpbRow], str]
) -> None:
    """Groups of complaints over the same orders; together they are all, and filters agree."""
    found = await loaded.kpi("complaint-rate/compare", **_dates(*WINTER), group_by=dimension)
    rows, orders = _received(*WINTER), _ordered(*WINTER)
    members = {group["member"] for group in found["groups"]}
    assert members == {of(row) for row in rows}
    for group in found["groups"]:
        own = [row for row in rows if of(row) == group["member"]]
        _agrees_on_rate(group, own, orders)
        alone = await loaded.kpi(
            "complaint-rate",
            **_dates(*WINTER),
            filter=f"{dimension}:{group['member']}",
            compare="none",
        )
        _agrees_on_rate(alone, own, orders)
    rates = {name: (count, orders) for name, count in Counter(map(of, rows)).items()}
    oracle.agrees_on_pairs(
        found, rates, lambda one, other: oracle.rates(one, other, 1_000), "mover_garwood"
    )


async def test_complaining_customers(loaded: Loaded) -> None:
    """Customers who complained and ordered, per 1,000 who ordered; the others are named."""
    found = await loaded.kpi("complaint-rate", **_dates(*WINTER), basis="customers", compare="none")
    complained, ordered = _complaining(*WINTER), shop().active(*WINTER)
    both = complained & ordered
    agrees(
        found,
        value=oracle.ratio(len(both), len(ordered), 1_000),
        numerator={"complaining_customers": len(both)},
        denominator={"active_customers": len(ordered)},
        interval=oracle.wilson(len(both), len(ordered), 1_000),
        method="wilson",
    )
    unnamed = sum(row.cells["Submitted via"] != "Phone" for row in _received(*WINTER))
    assert found["excluded"]["without_customer"] == unnamed
    assert found["excluded"]["without_order"] == len(complained - ordered)
