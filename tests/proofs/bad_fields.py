"""The rows of the table of bad inputs that are about what a request says and who sends it."""

from typing import Any

from tests.proofs.bad_inputs import (
    CANARY,
    JSON,
    SUBMIT,
    Row,
    Sent,
    answered,
    complaint,
    in_minutes,
    refused,
    submit,
    text,
)
from tests.surveys.definitions import definition, question

_BIG_HEADER = {"Content-Type": JSON, "X-Big": CANARY + "x" * 102_400}
_MANY_HEADERS = {"Content-Type": JSON} | {f"X-{n}": CANARY for n in range(500)}
_NUL = f"{CANARY}\x00"


def _survey(*questions: dict[str, Any], **fields: object) -> Sent:
    body = {"name": CANARY, "definition": definition(*questions, **fields)}
    return Sent("POST", "/v1/surveys", text(body))


def _order(**fields: object) -> Sent:
    body = {"customer": CANARY, "amount": "1.00", "currency": "CNY"} | fields
    return Sent("PUT", "/v1/orders/bad", text(body))


def _pattern(name: str, pattern: str) -> Row:
    asked = question("short_text", pattern=pattern)
    wrong = ("/definition/pages/0/questions/0/pattern", "invalid-pattern")
    return refused(51, name, _survey(asked), wrong, hidden=text(pattern).decode())


def _time(number: int, name: str, value: object, code: str) -> Row:
    hidden = value if isinstance(value, str) else text(value).decode()
    return refused(number, name, submit(occurred_at=value), ("/occurred_at", code), hidden=hidden)


def _key(name: str, key: str) -> Row:
    sent = Sent("GET", f"/v1/surveys?{CANARY}=1", key=key)
    return Row(56, name, 401, "unauthenticated", sent, answers={"www-authenticate": "Bearer"})


def _origin(name: str, origin: str) -> Row:
    headers = {"Content-Type": JSON, "Origin": origin, "X-A": CANARY}
    sent = Sent("POST", SUBMIT, text({"answers": {"nps": 9}}), "limited", headers)
    return Row(60, name, 403, "origin-not-allowed", sent)


def _stored(number: int, name: str, written: str) -> Row:
    answers = {"comment": written}
    kept = {"answers": {"nps": 9, "comment": written}}
    return Row(number, name, 201, sent=submit(answers), hidden="", kept=kept)


FIELDS = (
    answered(9, "NPS of 11", {"nps": 11}, ("nps", "answer-out-of-range")),
    answered(9, "NPS of -1", {"nps": -1}, ("nps", "answer-out-of-range")),
    answered(9, "NPS of 9.5", {"nps": 9.5}, ("nps", "answer-out-of-range"), hidden="9.5"),
    answered(
        9, "a row of a matrix", {"aspects": {"speed": 6}}, ("aspects/speed", "answer-out-of-range")
    ),
    answered(10, "score as text", {"nps": "9"}, ("nps", "wrong-type")),
    answered(10, "true as score", {"nps": True}, ("nps", "wrong-type")),
    answered(10, "9.0 as score", {"nps": 9.0}, ("nps", "wrong-type"), hidden="9.0"),
    answered(11, "yes as answer", {"again": CANARY}, ("again", "wrong-type")),
    answered(11, "1 as answer", {"again": 1}, ("again", "wrong-type")),
    refused(11, "yes as flag", submit(test=CANARY), ("/test", "wrong-type")),
    refused(
        11, "1 as flag", complaint(with_pin=1), ("/with_pin", "wrong-type")
    ),
    answered(14, "NUL in an answer", {"comment": _NUL}, ("comment", "invalid-text")),
    refused(
        14, "NUL in metadata", submit(metadata={"a": _NUL}), ("/metadata/a", "invalid-text")
    ),
    refused(14, "NUL in a text", complaint(description=_NUL), ("/description", "invalid-text")),
    Row(
        14, "NUL in the query", 422, "invalid-request",
        Sent("GET", f"/v1/responses?customer={CANARY}%00"),
        errors=(("?customer", "invalid-text"),),
    ),
    refused(20, "unknown field", submit(extra=CANARY), ("/extra", "unknown-field")),
    refused(
        20, "unknown field deep inside", _survey(question("nps", extra=CANARY)),
        ("/definition/pages/0/questions/0/extra", "unknown-field"),
    ),
    refused(
        20, "undeclared hidden field", submit(hidden_fields={"shop": CANARY}),
        ("/hidden_fields/shop", "unknown-field"),
    ),
    answered(20, "unknown question", {"other": CANARY}, ("other", "unknown-question")),
    refused(
        20, "unknown query parameter", Sent("GET", f"/v1/surveys?state={CANARY}"),
        ("?state", "unknown-parameter"),
    ),
    Row(
        23, "64 KiB + 1", 413, "content-too-large",
        Sent("POST", SUBMIT, (CANARY + "x" * 65_537)[:65_537].encode()),
    ),
    Row(
        23, "announced and not sent", 413, "content-too-large",
        Sent("POST", SUBMIT, CANARY.encode(), declared=65_537), ends="spoilt",
    ),
    Row(
        23, "1 MiB + 1 elsewhere", 413, "content-too-large",
        Sent("POST", "/v1/complaints", CANARY.encode(), declared=1_048_577), ends="closed",
    ),
    Row(
        24, "chunks without end", 413, "content-too-large",
        Sent(
            "POST", SUBMIT, (b"4000\r\n" + CANARY.encode().ljust(16_384) + b"\r\n") * 6,
            headers={"Content-Type": JSON, "Transfer-Encoding": "chunked"},
        ),
        ends="closed",
    ),
    Row(
        25, "less than announced", 408, "request-timeout",
        Sent("POST", SUBMIT, CANARY.encode(), declared=100), ends="closed",
    ),
    Row(28, "a header of 100 KiB", 431, "headers-too-large",
        Sent("GET", "/v1/surveys", headers=_BIG_HEADER), ends="closed"),
    Row(28, "a header of 5 MiB", 431, "headers-too-large",
        Sent("GET", "/v1/surveys", headers={"X-Big": CANARY * 250_000}), ends="closed"),
    Row(28, "500 headers", 431, "headers-too-large",
        Sent("GET", "/v1/surveys", headers=_MANY_HEADERS)),
    Row(28, "an address of 20 KiB", 414, "uri-too-long",
        Sent("GET", "/v1/surveys?a=" + CANARY * 1_100)),
    Row(
        33, "Accept: text/xml", 200,
        sent=Sent("GET", "/v1/surveys", headers={"Accept": "text/xml"}), hidden="",
        answers={"content-type": JSON},
    ),
    Row(34, "wrong method", 405, "method-not-allowed",
        Sent("DELETE", f"/v1/complaints?{CANARY}"), answers={"allow": "GET, POST"}),
    Row(34, "wrong method on the hot path", 405, "method-not-allowed",
        Sent("PATCH", SUBMIT, CANARY.encode()), answers={"allow": "POST"}),
    Row(34, "TRACE", 405, "method-not-allowed", Sent("TRACE", f"/v1/surveys?{CANARY}"),
        answers={"allow": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}),
    _time(37, "naive time", "2026-11-01T10:00:00", "timezone-required"),
    _time(37, "date only", "2026-11-01", "timezone-required"),
    refused(
        37, "naive time of an order", _order(ordered_at="2026-11-01T10:00:00"),
        ("/ordered_at", "timezone-required"),
    ),
    refused(
        37, "naive time in the query", Sent("GET", "/v1/responses?updated_after=2026-11-01"),
        ("?updated_after", "timezone-required"), hidden="2026-11-01",
    ),
    _time(39, "24:00:00", "2026-11-01T24:00:00Z", "invalid-timestamp"),
    _time(39, "30 February", "2026-02-30T10:00:00Z", "invalid-timestamp"),
    _time(39, "the year 0000", "0000-01-01T10:00:00Z", "invalid-timestamp"),
    _time(39, "the year 10000", "10000-01-01T10:00:00Z", "invalid-timestamp"),
    _time(39, "an offset of 25 hours", "2026-11-01T10:00:00+25:00", "invalid-timestamp"),
    _time(40, "an integer as time", 1_780_000_000, "wrong-type"),
    Row(
        41, "an hour ahead, as the device's clock is", 201,
        sent=submit(occurred_at=in_minutes(60), sent_at=in_minutes(61)), hidden="",
        kept={"flags": ["clock_drift"]},
    ),
    Row(
        41, "an hour ahead, without a word of why", 201,
        sent=submit(occurred_at=in_minutes(60)), hidden="", kept={"flags": ["clock_drift"]},
    ),
    Row(
        42, "two days ahead", 422, "implausible-time",
        submit({"name": CANARY}, key="public", occurred_at=in_minutes(2_880)),
        errors=(("/occurred_at", "implausible-time"),),
    ),
    Row(
        42, "eleven years before the survey", 422, "implausible-time",
        submit({"name": CANARY}, key="public", occurred_at="2010-01-01T00:00:00Z"),
        errors=(("/occurred_at", "implausible-time"),),
    ),
    Row(
        42, "an import of old responses", 201, sent=submit(occurred_at="2010-01-01T00:00:00Z"),
        hidden="", kept={"flags": ["implausible_time"]},
    ),
    refused(
        43, "question type in capitals", _survey(question("NPS", "q")),
        ("/definition/pages/0/questions/0/type", "unknown-value"), hidden='"NPS"',
    ),
    refused(43, "channel in capitals", submit(channel="WEB"), ("/channel", "unknown-value"),
            hidden="WEB"),
    refused(43, "kind in capitals", complaint(kind="Complaint"), ("/kind", "unknown-value")),
    refused(
        43, "filter in capitals", Sent("GET", "/v1/responses?channel=WEB"),
        ("?channel", "unknown-value"), hidden="WEB",
    ),
    answered(44, "unknown choice", {"why": CANARY}, ("why", "unknown-choice")),
    answered(
        44, "unknown choice of several", {"like": ["a", CANARY]}, ("like/1", "unknown-choice")
    ),
    answered(44, "unknown item", {"order": ["x", "y", CANARY]}, ("order/2", "unknown-choice")),
    Row(
        45, "required answer missing", 422, "invalid-answers",
        Sent("POST", SUBMIT, text({"answers": {"comment": CANARY}})),
        errors=(("/answers/nps", "missing-answer"),),
    ),
    Row(
        45, "answers of somebody who gave none", 422, "invalid-answers",
        submit({"name": CANARY}, status="dismissed"),
        errors=(("/answers", "unexpected-answer"),),
    ),
    _stored(48, "emoji, astral planes, Ext-B", "👩‍👩‍👧‍👦 𝒜 𠀋𪜈 한 Å"),
    _stored(49, "markup", "<script>alert(1)</script>"),
    _stored(49, "template", "{{7*7}} ${jndi:ldap://x/a}"),
    _stored(49, "SQL", "'; DROP TABLE responses; --"),
    _stored(50, "formula", '=HYPERLINK("http://example.com","x")'),
    _pattern("catastrophic", "(a+)+$"),
    _pattern("back-reference", "(a)\\1b"),
    _pattern("10 KiB", "a" * 10_240),
    Row(53, "closed survey", 409, "survey-closed", submit({"comment": CANARY}, to="closed")),
    Row(
        53, "answered before it closed", 201,
        sent=submit(to="closed", occurred_at=in_minutes(-60)), hidden="",
    ),
    Row(54, "older version", 201, sent=submit(to="twice", version=1), hidden="",
        kept={"version": 1}),
    Row(54, "retired version", 409, "survey-version-retired",
        submit({"comment": CANARY}, to="retired", version=1)),
    _key("no key", ""),
    _key("malformed key", "malformed"),
    _key("wrong checksum", "misspelt"),
    _key("unknown key", "unknown"),
    _key("revoked key", "revoked"),
    _key("expired key", "expired"),
    Row(57, "a key without the scope", 403, "missing-scope",
        Sent("GET", f"/v1/surveys?{CANARY}", key="narrow")),
    Row(58, "publishable key on a secret route", 403, "wrong-key-type",
        Sent("GET", f"/v1/responses?{CANARY}", key="public")),
    Row(58, "secret key in a browser", 403, "secret-key-in-browser",
        Sent("GET", "/v1/surveys", headers={"Origin": f"https://{CANARY}.example"})),
    _origin("unlisted website", f"https://{CANARY}.example"),
    _origin("a frame without an origin", "null"),
)  # fmt: skip
"""Each with the one route that it is about."""
