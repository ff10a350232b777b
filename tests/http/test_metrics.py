"""The figures for Prometheus."""

from pathlib import Path

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from app.http.metrics import Traffic
from app.main import create_app
from tests.conftest import client_of
from tests.http.serving import quick_settings, small_app

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    """Every sample, as Prometheus itself reads the text."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labels(**values: str) -> tuple[tuple[str, str], ...]:
    """Labels as `samples` writes them."""
    return tuple(sorted(values.items()))


async def test_requests_are_counted_by_route_and_status() -> None:
    """Templates, never paths, are the labels; unknown paths are one series."""
    app = small_app(quick_settings())
    async with client_of(app) as client:
        for n in range(3):
            await client.post("/v1/echo", content=b"x")
            await client.get(f"/v1/nothing/{n}")
        await client.get("/v1/boom")
    found = samples((await app.state.traffic.exposition()).decode())
    name = "feedback_http_requests_total"
    assert found[name, labels(method="POST", route="/v1/echo", status="2xx")] == 3
    assert found[name, labels(method="GET", route="none", status="4xx")] == 3
    assert found[name, labels(method="GET", route="/v1/boom", status="5xx")] == 1
    echo = labels(method="POST", route="/v1/echo")
    assert found["feedback_http_request_seconds_count", echo] == 3
    assert found["feedback_http_request_seconds_bucket", labels(**dict(echo), le="+Inf")] == 3
    assert 0 < found["feedback_http_request_seconds_sum", echo] < 3
    assert found["feedback_http_requests_in_flight", ()] == 0


async def test_latencies_fall_into_cumulative_buckets() -> None:
    """A bucket holds what took at most its bound, as Prometheus defines `le`."""
    traffic = Traffic()
    for seconds in (0.001, 0.0011, 0.2, 60.0):
        traffic.record("GET", "/x", 200, seconds)
    found = samples((await traffic.exposition()).decode())
    name = "feedback_http_request_seconds_bucket"
    at = {le: found[name, labels(method="GET", route="/x", le=le)]
          for le in ("0.001", "0.0025", "0.25", "10.0", "+Inf")}  # fmt: skip
    assert at == {"0.001": 1, "0.0025": 2, "0.25": 3, "10.0": 3, "+Inf": 4}


async def test_parts_of_the_service_add_gauges() -> None:
    """A gauge that fails is left out and does not cost the others."""
    traffic = Traffic()
    traffic.gauge("feedback_quick", "Quick.", lambda: 7)

    async def unfolded() -> float:
        return 42

    async def broken() -> float:
        raise OSError

    traffic.slow_gauge("feedback_unfolded", "Asked for.", unfolded)
    traffic.slow_gauge("feedback_broken", "Broken.", broken)
    found = samples((await traffic.exposition()).decode())
    assert found["feedback_quick", ()] == 7
    assert found["feedback_unfolded", ()] == 42
    assert ("feedback_broken", ()) not in found


async def test_processes_add_up_through_a_directory(tmp_path: Path) -> None:
    """Whoever is scraped tells of all; a process that ended keeps its counts, not its gauges."""
    ended = tmp_path / "999999999.json"
    ended.write_text(
        '{"requests": [["GET", "/x", [0, 0, 5, 0, 0, 0], '
        "[5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0.5]], "
        '"gauges": {"feedback_http_requests_in_flight": 3.0}}'
    )
    (tmp_path / "1.json").write_text('{"requests": [], "gauges": {"feedback_quick": 2}}')
    (tmp_path / "2.json").write_text("half a fi")
    traffic = Traffic(str(tmp_path))
    traffic.gauge("feedback_quick", "Quick.", lambda: 1)
    traffic.record("GET", "/x", 204, 0.25)
    found = samples((await traffic.exposition()).decode())
    total = found["feedback_http_requests_total", labels(method="GET", route="/x", status="2xx")]
    assert total == 6
    series = labels(method="GET", route="/x")
    assert found["feedback_http_request_seconds_sum", series] == 0.75
    assert found["feedback_http_requests_in_flight", ()] == 0
    assert found["feedback_quick", ()] == 3


async def test_metrics_are_for_this_machine_only() -> None:
    """Others, and whoever comes through a proxy on this machine, see no such page."""
    app = create_app(quick_settings(metrics_public=False))

    async def ask(host: str, **headers: str) -> int:
        transport = httpx.ASGITransport(app=app, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return (await client.get("/metrics", headers=headers)).status_code

    assert await ask("127.0.0.1") == 200
    assert await ask("::1") == 200
    assert await ask("10.0.0.7") == 404
    assert await ask("testclient") == 404
    assert await ask("127.0.0.1", **{"X-Forwarded-For": "203.0.113.9"}) == 404
    await app.state.database.close()


async def test_the_service_shows_its_metrics(app: FastAPI) -> None:
    """`/metrics` of the whole service tells of requests and of the connection pool."""
    async with client_of(app) as client:
        await client.get("/livez")
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    livez = labels(method="GET", route="/livez", status="2xx")
    assert found["feedback_http_requests_total", livez] >= 1
    assert found["feedback_database_connections_in_use", ()] >= 0
