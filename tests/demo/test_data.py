"""The generated year: the same from the same seed, as large as promised, and believable."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import correlation, mean

import pytest

from app.complaints import lifecycle
from app.complaints.cases import Case
from app.complaints.kinds import KINDS
from app.demo.contacts import Contact
from app.demo.data import DemoData, generate
from app.demo.population import SEGMENTS
from app.demo.submissions import PLANS
from app.demo.year import Calendar, local_day
from app.surveys.answers import compile_answers
from app.surveys.templates import TEMPLATES
from tests.demo.conftest import TODAY

REPOSITORY = Path(__file__).resolve().parents[2]
_FINGERPRINT = """
import sys
from datetime import date
from tests.demo.test_data import fingerprint
from app.demo.data import generate
print(fingerprint(generate(seed=7, today=date(2026, 3, 9), scale=0.02)))
"""


def fingerprint(data: DemoData) -> str:
    """A hash of everything that was generated."""
    return hashlib.sha256(repr(data).encode()).hexdigest()


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _monthly(data: DemoData, key: str) -> dict[str, list[int]]:
    """The answers to a scale question, by local month."""
    found = defaultdict(list)
    for each in data.submissions:
        answer = each.answers.get(key)
        if isinstance(answer, int):
            found[_month(local_day(each.occurred_at))].append(answer)
    return found


def _nps(answers: list[int]) -> float:
    return mean((answer >= 9) - (answer <= 6) for answer in answers)


def _share_of_satisfied(answers: list[int]) -> float:
    return mean(answer >= 4 for answer in answers)


def test_same_seed_makes_same_data() -> None:
    """Another process, which hashes texts differently, makes the same from the same seed."""
    here = fingerprint(generate(seed=7, today=TODAY, scale=0.02))
    there = subprocess.run(
        [sys.executable, "-c", _FINGERPRINT],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONHASHSEED": "12345", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


def test_another_seed_makes_other_data() -> None:
    """The seed decides."""
    first = generate(seed=7, today=TODAY, scale=0.02)
    second = generate(seed=8, today=TODAY, scale=0.02)
    assert fingerprint(first) != fingerprint(second)


def test_is_as_large_as_promised(data: DemoData) -> None:
    """5,000 customers, 20,000 responses, 600 contacts; some 25,000 orders."""
    counts = (len(data.customers), len(data.submissions), len(data.contacts))
    assert counts == (5_000, 20_000, 600)
    assert 22_500 < len(data.orders) < 27_500
    assert len({person.external_id for person in data.customers}) == 5_000
    assert len({order.external_id for order in data.orders}) == len(data.orders)
    ids = {(each.template, each.submission_id) for each in data.submissions}
    assert len(ids) == 20_000


def test_covers_channels_languages_kinds_and_segments(data: DemoData) -> None:
    """Two surveys in two languages over five channels; all contact kinds; every segment."""
    assert {each.template for each in data.submissions} == {plan.template for plan in PLANS}
    channels = Counter(each.channel for each in data.submissions)
    assert set(channels) == {"web", "mobile", "email", "phone", "kiosk"}
    assert min(channels.values()) > 1_000
    assert {each.language for each in data.submissions} == {"zh-CN", "en"}
    assert 0.70 < mean(each.language == "zh-CN" for each in data.submissions) < 0.80
    assert {contact.filed.kind for contact in data.contacts} == set(KINDS)
    assert {person.segment for person in data.customers} == set(SEGMENTS)
    assert sum(person.key_account_type is not None for person in data.customers) > 50


def test_calls_are_calls(data: DemoData) -> None:
    """What came by telephone was a call-back, and nothing else was."""
    for each in data.submissions:
        assert (each.channel == "phone") == (each.method == "call_back")


def test_every_answer_fits_its_survey(data: DemoData) -> None:
    """The product's own answer sheets accept every response."""
    sheets = {key: compile_answers(each.definition) for key, each in TEMPLATES.items()}
    statuses = Counter(each.status for each in data.submissions)
    assert set(statuses) == {"complete", "partial", "dismissed"}
    for each in data.submissions:
        if each.status == "dismissed":
            assert each.answers == {}
            continue
        reading = sheets[each.template].read(each.answers, partial=each.status == "partial")
        assert reading.errors == [], each


def test_every_question_is_answered_by_many(data: DemoData) -> None:
    """No question of the two surveys stays empty, and `not applicable` occurs."""
    answered = Counter((each.template, key) for each in data.submissions for key in each.answers)
    for plan in {each.template for each in data.submissions}:
        for question in TEMPLATES[plan].definition.questions():
            assert answered[plan, question.key] > 500, question.key
    aspects = [each.answers.get("aspects") for each in data.submissions]
    assert any("not_applicable" in each.values() for each in aspects if isinstance(each, dict))


def test_nothing_happens_before_its_cause_or_after_the_end(data: DemoData) -> None:
    """Customers join, order, answer, complain and get their money back in that order."""
    joined = {person.external_id: person.joined_at for person in data.customers}
    ordered = {order.external_id: order.ordered_at for order in data.orders}
    end = data.calendar.end
    for order in data.orders:
        assert joined[order.customer] <= order.ordered_at < end
        assert Decimal(0) <= order.refunded <= order.amount
        assert order.refunded_at is None or order.ordered_at < order.refunded_at < end
    for each in data.submissions:
        assert data.calendar.start <= local_day(each.occurred_at) < TODAY
        assert each.customer is None or joined[each.customer] < each.occurred_at
    for contact in data.contacts:
        filed = contact.filed
        assert filed.received_at is not None
        assert filed.order is None or ordered[filed.order] < filed.received_at
        moments = [filed.received_at, *(act.at for act in contact.acts)]
        assert moments == sorted(moments)
        assert moments[-1] < end


def test_levels_are_plausible(data: DemoData) -> None:
    """A company that most people like: NPS between 10 and 50, CSAT between 75 % and 95 %."""
    nps = _nps([answer for month in _monthly(data, "recommend").values() for answer in month])
    satisfied = _share_of_satisfied(
        [answer for month in _monthly(data, "satisfaction").values() for answer in month]
    )
    assert 0.1 < nps < 0.5
    assert 0.75 < satisfied < 0.95


def test_bad_month_and_recovery_are_visible(data: DemoData) -> None:
    """In the month of the outage NPS and CSAT fall to their lowest; two months later all is well.

    Compared with what the generator was told: the calendar names the month.
    """
    first, after = data.calendar.bad_month
    bad, well = _month(first), _month(after + timedelta(days=45))
    nps = {month: _nps(answers) for month, answers in _monthly(data, "recommend").items()}
    csat = {
        month: _share_of_satisfied(answers)
        for month, answers in _monthly(data, "satisfaction").items()
    }
    for scores in (nps, csat):
        before = [scores[month] for month in scores if month < bad]
        assert scores[bad] == min(scores.values())
        assert scores[bad] < min(before) - 0.15
        assert scores[well] > mean(before) - 0.05


def test_satisfaction_drives_recommendation(data: DemoData) -> None:
    """Who is satisfied recommends: the two answers of a person go together."""
    pairs = [
        (each.answers["overall"], each.answers["recommend"])
        for each in data.submissions
        if {"overall", "recommend"} <= each.answers.keys()
    ]
    satisfaction, recommendation = zip(*pairs, strict=True)
    assert correlation(satisfaction, recommendation) > 0.4


def test_comments_are_varied_and_fit_their_language(data: DemoData) -> None:
    """Thousands of comments, many of them different, in the language of the response.

    None holds anything that looks like a telephone number or an address.
    """
    comments = [(each.language, str(each.answers["comment"])) for each in data.submissions
                if "comment" in each.answers]  # fmt: skip
    assert len(comments) > 3_000
    assert len(set(comments)) > 1_500
    for language, comment in comments:
        assert (re.search(r"[\u4e00-\u9fff]", comment) is not None) == (language == "zh-CN")
        assert re.search(r"[0-9@]", comment) is None


def test_customers_come_back(data: DemoData) -> None:
    """Most customers order again, and the content ones more often than the others."""
    orders = Counter(order.customer for order in data.orders)
    repeated = mean(orders[person.external_id] >= 2 for person in data.customers)
    assert 0.5 < repeated < 0.85
    by_goodwill = sorted(data.customers, key=lambda person: person.goodwill)
    grumpy, content = by_goodwill[:1_500], by_goodwill[-1_500:]
    average = [mean(orders[each.external_id] for each in some) for some in (grumpy, content)]
    assert average[1] > 1.1 * average[0]
    assert sum(order.refunded > 0 for order in data.orders) > 100


def test_the_brand_is_asked_for_where_somebody_hears_it(data: DemoData) -> None:
    """Orders in a store, by telephone and through sales say it; the content ask for it more."""
    heard = [order for order in data.orders if order.channel in {"store", "phone", "sales"}]
    assert len(heard) > 3_000
    said = {order.external_id for order in data.orders if order.asked_for_brand is not None}
    assert said == {order.external_id for order in heard}
    goodwill = {person.external_id: person.goodwill for person in data.customers}
    asked = [
        mean(
            bool(order.asked_for_brand)
            for order in heard
            if (goodwill[order.customer] > 0) == happy
        )
        for happy in (False, True)
    ]
    assert 0.2 < asked[0] < asked[1] - 0.1 < 0.6


def test_outage_brings_complaints(data: DemoData) -> None:
    """The bad month has at least twice the contacts of an average one."""
    months = Counter(_month(local_day(_received(contact))) for contact in data.contacts)
    bad = _month(data.calendar.bad_month[0])
    others = [count for month, count in months.items() if month != bad]
    assert months[bad] > 2 * mean(others)


def _received(contact: Contact) -> datetime:
    assert contact.filed.received_at is not None
    return contact.filed.received_at


def test_complaints_come_from_the_discontented(data: DemoData) -> None:
    """Whoever complains likes the house less than the average customer; praise is the reverse."""
    goodwill = {person.external_id: person.goodwill for person in data.customers}

    def average(kind: str) -> float:
        some = [each.filed for each in data.contacts if each.filed.kind == kind]
        return mean(goodwill[each.customer] for each in some if each.customer is not None)

    assert average("complaint") < -0.3
    assert average("praise") > 0.3


def test_every_case_lives_by_the_rules(data: DemoData) -> None:
    """The product's lifecycle lets every event happen; cases end in many ways, some reopened."""
    cases = [_lived(contact) for contact in data.contacts]
    states = Counter(case.state for case in cases)
    assert states["closed"] > 400
    assert len(states) >= 5
    assert sum(case.reopen_count for case in cases) >= 5
    assert {"upheld", "partially_upheld", "not_upheld"} <= {case.outcome for case in cases}
    assert {case.severity for case in cases} == {"low", "medium", "high", "critical"}


def _lived(contact: Contact) -> Case:
    filed = contact.filed
    assert filed.received_at is not None
    case = Case(
        state="received",
        kind=filed.kind,
        identity_mode=filed.identity_mode,
        contactable=True,
        received_at=filed.received_at,
        category=filed.category,
        severity=filed.severity,
    )
    for act in contact.acts:
        case = lifecycle.apply(case, act)
    return case


def test_anonymous_contacts_lead_to_nobody(data: DemoData) -> None:
    """Who wants to stay unknown is: no customer and no order stand beside the words."""
    anonymous = [each.filed for each in data.contacts if each.filed.identity_mode == "anonymous"]
    assert anonymous
    assert all(each.customer is None and each.order is None for each in anonymous)


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2025, 1, 1), date(2026, 12, 31)])
def test_any_day_will_do(today: date) -> None:
    """Leap days and the ends of a year make a year like any other."""
    calendar = Calendar(today)
    first, after = calendar.bad_month
    assert first.day == after.day == 1
    assert calendar.start < first < after < today
    small = generate(seed=1, today=today, scale=0.01)
    assert (len(small.customers), len(small.submissions), len(small.contacts)) == (50, 200, 6)
