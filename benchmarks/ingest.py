"""Taking responses, against a bare echo and against the textbook: processor time for each."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.processes import cpu_seconds, memory_mib, server
from benchmarks.scenario import Scenario, drive, raw_request, submissions

CONNECTIONS = 64
REQUESTS = 8_000
TEXTBOOK_REQUESTS = 2_000
WARM_UP = 1_000
#: Echo and product take turns: what a neighbour takes from one it takes from the other too.
ROUNDS = 5


def measure(scenario: Scenario) -> dict[str, Any]:
    """Measure the servers in one run, each after a warm-up; medians of the rounds."""
    path = f"/v1/surveys/{scenario.survey}/responses"
    requests = [raw_request(path, body, scenario.key) for body in submissions(4_000)]
    environment = scenario.environment
    with (
        server("benchmarks.echo:application", environment) as echo_at,
        server("product", environment) as product_at,
    ):
        echo, product = (_Subject(scenario, *at, requests) for at in (echo_at, product_at))
        for _ in range(ROUNDS):
            echo.run(REQUESTS)
            product.run(REQUESTS)
        figures = {"echo": echo.figures(), "product": product.figures()}
    with server("benchmarks.textbook:application", environment) as at:
        textbook = _Subject(scenario, *at, requests)
        textbook.run(TEXTBOOK_REQUESTS)
        figures["textbook"] = textbook.figures()
    ratios = [
        round(of_product.cpu / of_echo.cpu, 2)
        for of_product, of_echo in zip(product.rounds, echo.rounds, strict=True)
    ]
    return {
        "connections": CONNECTIONS,
        "requests": REQUESTS,
        **figures,
        "cpu_over_bare_echo": median(ratios),
        "cpu_over_bare_echo_by_round": ratios,
        "cpu_over_textbook": round(product.cpu() / textbook.cpu(), 3),
    }


@dataclass(frozen=True)
class _Round:
    """What one round took: processor time in microseconds a request, and the load's report."""

    cpu: float
    server_cpu: float
    report: dict[str, Any]
    per_second: float


class _Subject:
    """A server under measurement."""

    def __init__(self, scenario: Scenario, pid: int, port: int, requests: list[bytes]) -> None:
        self._pid, self._port, self._requests = pid, port, requests
        self._postmaster = scenario.postmaster
        self._at_rest = memory_mib(pid)
        self.rounds: list[_Round] = []
        self._drive(WARM_UP)

    def _drive(self, count: int) -> dict[str, Any]:
        report = drive(self._port, CONNECTIONS, count, self._requests)
        if report["statuses"] != {"201": count}:
            message = f"not every answer was 201: {report['statuses']}"
            raise RuntimeError(message)
        return report

    def run(self, count: int) -> None:
        """Measure one round."""
        before, all_before = cpu_seconds(self._pid), cpu_seconds(self._pid, self._postmaster)
        report = self._drive(count)
        used, all_used = cpu_seconds(self._pid), cpu_seconds(self._pid, self._postmaster)
        self.rounds.append(
            _Round(
                1e6 * (all_used - all_before) / count,
                1e6 * (used - before) / count,
                report,
                count / report["seconds"],
            )
        )

    def cpu(self) -> float:
        """Of the server and PostgreSQL together, in microseconds a request."""
        return median(each.cpu for each in self.rounds)

    def figures(self) -> dict[str, Any]:
        """Medians of the rounds, and memory before and after them."""
        server_cpu = median(each.server_cpu for each in self.rounds)
        return {
            "cpu_us": round(self.cpu(), 1),
            "server_cpu_us": round(server_cpu, 1),
            "database_cpu_us": round(self.cpu() - server_cpu, 1),
            "per_second": round(median(each.per_second for each in self.rounds)),
            "median_ms": round(median(each.report["median_ms"] for each in self.rounds), 2),
            "p99_ms": round(median(each.report["p99_ms"] for each in self.rounds), 2),
            "memory_at_rest_mib": self._at_rest,
            "memory_under_load_mib": memory_mib(self._pid),
        }
