"""OpenTelemetry: exported where an endpoint is set, without anything personal; else absent."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from typing_extensions import override

from app.config import Settings
from app.log import SINK
from app.main import create_app
from tests.conftest import client_of
from tests.http.serving import CANARY, quick_settings


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A server that keeps what is exported to it, by path; and its address."""
    kept: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept[self.path] = kept.get(self.path, b"") + body
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kept
    server.shutdown()
    thread.join()
    server.server_close()


async def test_spans_and_metrics_go_to_the_endpoint(settings: Settings) -> None:
    """Requests are exported under their route templates; paths and queries are blotted out."""
    with collector() as (endpoint, kept):
        app = create_app(settings.model_copy(update={"otel_endpoint": endpoint}))
        async with client_of(app, "fbs_live_none") as client:
            await client.get(f"/v1/surveys/{CANARY}?{CANARY}={CANARY}")
            await client.get("/livez")
        await app.state.database.close()
        app.state.telemetry.close()
    assert b"/v1/surveys/{survey}" in kept["/v1/traces"]
    assert b"/livez" not in kept["/v1/traces"]
    assert b"http.server.request.duration" in kept["/v1/metrics"]
    for body in kept.values():
        assert CANARY.encode() not in body


def test_a_missing_extra_is_told_and_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint without the packages: one clear line in the log, and the service runs."""
    monkeypatch.setitem(sys.modules, "app.http.exporters", None)
    SINK.flush()  # lines of requests before this wait for their loop, which stands still now
    monkeypatch.setattr(SINK, "stream", written := io.StringIO())
    app = create_app(quick_settings(otel_endpoint="http://127.0.0.1:9"))
    [line] = [json.loads(line) for line in written.getvalue().splitlines()]
    assert line["event"] == "telemetry.missing"
    assert "customer-feedback[otel]" in line["message"]
    assert app.state.telemetry.config["tracing"] is False
