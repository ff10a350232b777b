"""The script that we tell call centres to begin with: it tries again what will pass, and only that.

What it posts is tested with the commands of its page (`test_tour`).
"""

import importlib.util
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType

import httpx
import pytest
from typing_extensions import override

from tests.docs.markdown import ROOT

EXAMPLES = ROOT / "docs" / "examples"
BROKEN = 0
Answer = tuple[int, str]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The example, imported."""
    spec = importlib.util.spec_from_file_location("call_centre", EXAMPLES / "call_centre.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def server(answers: list[Answer]) -> Iterator[tuple[httpx.Client, list[bytes]]]:
    """A server that gives these answers in turn (status and code), and notes what it was sent."""
    received: list[bytes] = []

    class Unlucky(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, code = answers[len(received) - 1]
            if status == BROKEN:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            self.send_header("Retry-After", "0.01")
            self.end_headers()
            self.wfile.write(json.dumps({"code": code}).encode())

        @override
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Unlucky) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.server_port}") as client:
            yield client, received
        listening.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def impatient(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of a hundredth of a second."""
    monkeypatch.setattr(script, "LONGEST_PAUSE_SECONDS", 0.01)


def test_what_passes_is_tried_again_unchanged(script: ModuleType) -> None:
    """Back-pressure, a broken connection and a request in flight end in one stored response."""
    passing = [(503, "overloaded"), (BROKEN, ""), (409, "idempotency-in-progress"), (201, "")]
    with server(passing) as (client, received):
        answer = script.send(client, "PUT", "/", json={"answers": {"nps": 9}})
    assert answer.status_code == 201
    assert len(received) == len(passing)
    assert len(set(received)) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(409, "submission-conflict"), (422, "invalid-answers"), (401, "")]
)
def test_what_stays_is_told_at_once(script: ModuleType, status: int, code: str) -> None:
    """A refusal that time will not change is reported, and not repeated."""
    with server([(status, code)]) as (client, received):
        answer = script.send(client, "PUT", "/", json={})
    assert answer.status_code == status
    assert len(received) == 1


def test_it_gives_up_and_says_so(script: ModuleType) -> None:
    """A service that stays away ends the script with a sentence that says what to do."""
    with (
        server([(503, "overloaded")] * script.TRIES) as (client, _),
        pytest.raises(SystemExit, match="run it again later"),
    ):
        script.send(client, "PUT", "/", json={})


def test_nothing_unanswered_is_sent(script: ModuleType) -> None:
    """What a caller did not answer is left out: null is no answer."""
    for line in (EXAMPLES / "calls.ndjson").read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        answers = script.response_of(call)["answers"]
        assert None not in answers.values()
        assert ("recommend" in answers) == (call["recommend"] is not None)
