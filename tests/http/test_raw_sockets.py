"""What no well-behaved client sends, on a real server through raw sockets."""

import time
from collections.abc import Iterator

import pytest

from tests.http.serving import Wire, quick_settings, serving, small_app

_GET = "GET /v1/none HTTP/1.1\r\nHost: x\r\n"
_POST = "POST /v1/echo HTTP/1.1\r\nHost: x\r\n"
_SUBMIT = "POST /v1/surveys/1/responses HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server whose time limits are one second."""
    settings = quick_settings()
    with serving(small_app(settings), settings) as port:
        yield port


@pytest.mark.parametrize("start", ["", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_an_unfinished_head_ends_the_connection(port: int, start: str) -> None:
    """A connection that is never used, or whose head trickles in, is closed at the deadline."""
    with Wire(port) as wire:
        wire.send(start)
        began = time.monotonic()
        if start:
            for _ in range(3):
                time.sleep(0.2)
                wire.send("a")
        assert wire.closes_within(3)
        assert 0.5 < time.monotonic() - began < 2.5


def test_a_head_deadline_counts_from_the_last_answer(port: int) -> None:
    """A used connection on which half a head arrives is closed too."""
    with Wire(port) as wire:
        assert wire.is_open()
        wire.send("GET / HTTP/1.1\r\nHo")
        assert wire.closes_within(3)


@pytest.mark.parametrize("pieces", [["abc"], ["abc", "d", "e", "f", "g", "h", "i"]])
def test_a_stalled_body_is_given_up(port: int, pieces: list[str]) -> None:
    """A body that stalls or trickles is answered 408 at the deadline, and the connection ends."""
    with Wire(port) as wire:
        began = time.monotonic()
        wire.send(_POST, "Content-Length: 100\r\n\r\n")
        for piece in pieces:
            wire.send(piece)
            time.sleep(0.15)
        answer = wire.answer()
        assert answer.status == 408
        assert answer.problem() == "request-timeout"
        assert answer.headers["connection"] == "close"
        assert wire.closes_within(2)
        assert time.monotonic() - began < 3


def test_bulk_may_take_long_but_not_pause_long(port: int) -> None:
    """NDJSON that keeps coming outlives the deadline of other bodies; a pause ends it."""
    head = "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Wire(port) as wire:
        wire.send(_POST, head)
        for _ in range(6):
            wire.send("1\r\nx\r\n")
            time.sleep(0.3)
        wire.send("0\r\n\r\n")
        assert wire.answer().body == b"xxxxxx"
        wire.send(_POST, head, "1\r\nx\r\n")
        assert wire.answer().problem() == "request-timeout"


def test_a_declared_length_over_the_cap_is_refused_before_the_body(port: int) -> None:
    """10 GB announced: 413 although not a byte of it was sent, and nothing is invited."""
    with Wire(port) as wire:
        wire.send(_POST, "Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n")
        answer = wire.answer()
        assert answer.status == 413
        assert answer.problem() == "content-too-large"
        assert answer.headers["connection"] == "close"
        assert wire.closes_within(4)


def test_a_submission_just_over_its_cap_keeps_the_connection(port: int) -> None:
    """64 KiB + 1 for a submission is 413; 64 KiB is not, and the connection serves on."""
    with Wire(port) as wire:
        wire.send(_SUBMIT, "Content-Length: 65537\r\n\r\n", b"x" * 65_537)
        assert wire.answer().problem() == "content-too-large"
        wire.send(_SUBMIT, "Content-Length: 65536\r\n\r\n", b"x" * 65_536)
        assert wire.answer().status == 200
        assert wire.is_open()


def test_a_chunked_body_over_the_cap_is_cut(port: int) -> None:
    """A body without end is counted while it is read: 413, then the connection is closed."""
    with Wire(port) as wire:
        wire.send(_POST, "Transfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        wire.send(*[piece] * 40)
        answer = wire.answer()
        assert answer.status == 413
        assert answer.problem() == "content-too-large"
        assert answer.headers["connection"] == "close"
        assert wire.closes_within(5)


def test_an_endless_chunk_extension_is_cut(port: int) -> None:
    """Bytes that add nothing to a body, such as chunk extensions, cannot fill the memory."""
    with Wire(port) as wire:
        wire.send(_POST, "Transfer-Encoding: chunked\r\n\r\n1;", *[b"x" * 65_536] * 20)
        assert wire.answer().problem() == "invalid-request-line"
        assert wire.closes_within(5)


def test_a_header_of_5_mib_is_refused(port: int) -> None:
    """The head is not kept in memory beyond a limit: 431 while it is still arriving."""
    with Wire(port) as wire:
        wire.send(_GET, "X-Big: ", *[b"x" * 65_536] * 80, "\r\n\r\n")
        answer = wire.answer()
        assert answer.status == 431
        assert answer.problem() == "headers-too-large"
        assert wire.closes_within(5)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ("".join(f"X-{n}: 1\r\n" for n in range(500)), 431, "headers-too-large"),
        ("X-Big: " + "x" * 33_000 + "\r\n", 431, "headers-too-large"),
    ],
    ids=["500 headers", "33 kB header"],
)
def test_too_many_or_too_large_headers(port: int, headers: str, status: int, code: str) -> None:
    """More than 100 headers or 32 KiB of them are refused, and the connection serves on."""
    with Wire(port) as wire:
        answer = wire.send(_GET, headers, "\r\n").answer()
        assert (answer.status, answer.problem()) == (status, code)
        assert wire.is_open()


_FIRST = {
    "unknown path": (_GET + "\r\n", 404, "not-found"),
    "wrong method": ("DELETE /v1/echo HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method-not-allowed"),
    "TRACE": ("TRACE /v1/echo HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method-not-allowed"),
    "PROPFIND": ("PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method-not-allowed"),
    "exception": ("GET /v1/boom HTTP/1.1\r\nHost: x\r\n\r\n", 500, "internal-error"),
    "exception, body unread": (
        "POST /v1/boom HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 500, "internal-error",
    ),
    "exception on the hot path": (
        "GET /v1/hot HTTP/1.1\r\nHost: x\r\n\r\n", 500, "internal-error",
    ),
    "20 KiB address": (
        f"GET /{'x' * 20_480} HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri-too-long",
    ),
    "gzip": (
        _POST + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 415,
        "unsupported-encoding",
    ),
    "no Host": ("GET / HTTP/1.1\r\n\r\n", 400, "invalid-request-line"),
    "two Hosts": (_GET + "Host: y\r\n\r\n", 400, "invalid-request-line"),
    "two Authorizations": (
        _GET + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400,
        "invalid-request-line",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("first", "status", "code"), _FIRST.values(), ids=_FIRST.keys())
def test_a_bad_request_does_not_cost_the_next_one(
    port: int, first: str, status: int, code: str
) -> None:
    """Every refusal, and even an unexpected error, leaves the connection fit for the next."""
    with Wire(port) as wire:
        answer = wire.send(first).answer()
        assert (answer.status, answer.problem()) == (status, code)
        assert "connection" not in answer.headers
        assert "server" not in answer.headers
        if status == 405:
            assert answer.headers["allow"]
        assert wire.is_open()


def test_an_answer_that_broke_off_ends_the_connection(port: int) -> None:
    """When the application fails in the middle of an answer, the client sees it cut short."""
    with Wire(port) as wire:
        assert wire.send("GET /v1/late HTTP/1.1\r\nHost: x\r\n\r\n").answer().status == 200
        assert wire.closes_within(3) or not wire.is_open()


@pytest.mark.parametrize(
    "request_",
    [
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        _POST + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        _POST + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_cut(port: int, request_: str) -> None:
    """Malformed or smuggled requests get a problem or nothing, and always a closed connection."""
    with Wire(port) as wire:
        answer = wire.send(request_).answer()
        assert answer.status in {400, 405}
        assert answer.problem() in {"invalid-request-line", "method-not-allowed"}
        if answer.status == 400:
            assert answer.headers["connection"] == "close"
            assert wire.closes_within(5)


def test_a_client_that_leaves_in_the_middle_harms_nobody(port: int) -> None:
    """Half a body and a closed socket: nothing is done, and the server serves on."""
    with Wire(port) as wire:
        wire.send(_POST, "Content-Length: 100\r\n\r\nhalf")
    with Wire(port) as wire:
        assert wire.is_open()


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    """Three requests in one packet, the second of them bad: three answers, in order."""
    good = _POST + "Content-Length: 1\r\n\r\n"
    with Wire(port) as wire:
        wire.send(good + "1" + "GET /v1/boom HTTP/1.1\r\nHost: x\r\n\r\n" + good + "3")
        answers = [wire.answer() for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 500, 200]
    assert answers[2].body == b"3"


def test_two_hundred_slow_connections_do_not_stop_a_good_one(port: int) -> None:
    """Connections that send nothing cost nothing, and are gone after the deadline."""
    wires = [Wire(port) for _ in range(200)]
    try:
        for wire in wires:
            wire.send("GET / HT")
        with Wire(port) as good:
            assert good.is_open()
        assert all(wire.closes_within(3) for wire in wires)
    finally:
        for wire in wires:
            wire.__exit__()
