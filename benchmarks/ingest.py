"""Taking responses, against a bare echo and against the textbook: processor time for each."""

from typing import Any

from benchmarks.processes import cpu_seconds, memory_mib, server
from benchmarks.scenario import Scenario, drive, raw_request, submissions

CONNECTIONS = 64
REQUESTS = 20_000
TEXTBOOK_REQUESTS = 2_000
WARM_UP = 1_000


def measure(scenario: Scenario) -> dict[str, Any]:
    """Measure the three servers in turn, in one run, each after a warm-up."""
    path = f"/v1/surveys/{scenario.survey}/responses"
    requests = [raw_request(path, body, scenario.key) for body in submissions(4_000)]
    echo = _one(scenario, "benchmarks.echo:application", requests, REQUESTS)
    product = _one(scenario, "product", requests, REQUESTS)
    textbook = _one(scenario, "benchmarks.textbook:application", requests, TEXTBOOK_REQUESTS)
    return {
        "connections": CONNECTIONS,
        "requests": REQUESTS,
        "echo": echo,
        "product": product,
        "textbook": textbook,
        "cpu_over_bare_echo": round(product["cpu_us"] / echo["cpu_us"], 2),
        "cpu_over_textbook": round(product["cpu_us"] / textbook["cpu_us"], 3),
    }


def _one(scenario: Scenario, application: str, requests: list[bytes], count: int) -> dict[str, Any]:
    with server(application, scenario.environment) as (pid, port):
        at_rest = memory_mib(pid)
        _expect_201(drive(port, CONNECTIONS, WARM_UP, requests), WARM_UP)
        before = cpu_seconds(pid, scenario.postmaster)
        server_before = cpu_seconds(pid)
        report = drive(port, CONNECTIONS, count, requests)
        used = cpu_seconds(pid, scenario.postmaster) - before
        server_used = cpu_seconds(pid) - server_before
        _expect_201(report, count)
        return {
            "cpu_us": round(1e6 * used / count, 1),
            "server_cpu_us": round(1e6 * server_used / count, 1),
            "database_cpu_us": round(1e6 * (used - server_used) / count, 1),
            "per_second": round(count / report["seconds"]),
            "median_ms": round(report["median_ms"], 2),
            "p99_ms": round(report["p99_ms"], 2),
            "memory_at_rest_mib": at_rest,
            "memory_under_load_mib": memory_mib(pid),
        }


def _expect_201(report: dict[str, Any], count: int) -> None:
    if report["statuses"] != {"201": count}:
        message = f"not every answer was 201: {report['statuses']}"
        raise RuntimeError(message)
