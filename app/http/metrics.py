"""What this process is doing and has done, counted in plain dictionaries for Prometheus."""

import asyncio
import json
import os
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

#: Upper bounds of the latency histogram in seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STATUS_CLASSES = 6
_SHARE_SECONDS = 1.0
#: A gauge that must ask the database may not hold up the rest.
_GAUGE_SECONDS = 2.0

Gauge = Callable[[], float]
SlowGauge = Callable[[], Awaitable[float]]


class Series:
    """The requests of one route template and method."""

    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses = [0] * _STATUS_CLASSES
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, statuses: list[int], buckets: list[int], seconds: float) -> None:
        """Add what another process counted."""
        self.statuses = [a + b for a, b in zip(self.statuses, statuses, strict=True)]
        self.buckets = [a + b for a, b in zip(self.buckets, buckets, strict=True)]
        self.seconds += seconds


class Traffic:
    """The requests of this process, and whatever gauges the parts of the service add.

    With a `directory` the processes of one machine share their counts through it: each writes
    its own file at most once a second, and whoever is scraped answers for all of them. Counts
    of a process that has ended stay in the sum; its gauges do not.
    """

    def __init__(self, directory: str = "") -> None:
        self.in_flight = 0
        self.draining = False
        """Told to stop: `/readyz` says so, and answers close their connection."""
        self._series: dict[tuple[str, str], Series] = {}
        self._gauges: dict[str, tuple[str, Gauge]] = {}
        self._slow: dict[str, tuple[str, SlowGauge]] = {}
        self._file = Path(directory) / f"{os.getpid()}.json" if directory else None
        self._scheduled = False
        self.gauge(
            "feedback_http_requests_in_flight",
            "Requests in progress.",
            lambda: self.in_flight,
        )

    def gauge(self, name: str, explanation: str, read: Gauge) -> None:
        """Show a number of this process at every scrape; summed over the processes."""
        self._gauges[name] = (explanation, read)

    def slow_gauge(self, name: str, explanation: str, read: SlowGauge) -> None:
        """Show a number of the whole installation that must be asked for, say of the database.

        Left out of a scrape when it fails or takes longer than two seconds.
        """
        self._slow[name] = (explanation, read)

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; on the hot path, on the event loop."""
        series = self._series.get((method, route))
        if series is None:
            series = self._series[method, route] = Series()
        series.statuses[status // 100] += 1
        series.buckets[bisect_left(BOUNDS, seconds)] += 1
        series.seconds += seconds
        if self._file is not None and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_later(_SHARE_SECONDS, self._share)

    async def exposition(self) -> bytes:
        """Everything in the text format of Prometheus 0.0.4."""
        slow: dict[str, tuple[str, float]] = {}
        for name, (explanation, read) in self._slow.items():
            try:
                async with asyncio.timeout(_GAUGE_SECONDS):
                    slow[name] = (explanation, float(await read()))
            except Exception:  # noqa: BLE001, S112 - a scrape shows what can be shown
                continue
        if self._file is not None:
            self._share()
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Snapshot(*self._totals(), slow))
        return generate_latest(registry)

    def _totals(self) -> tuple[dict[tuple[str, str], Series], dict[str, tuple[str, float]]]:
        gauges = {name: (text, float(read())) for name, (text, read) in self._gauges.items()}
        if self._file is None:
            return self._series, gauges
        total: dict[tuple[str, str], Series] = {}
        for key, series in self._series.items():
            total.setdefault(key, Series()).add(series.statuses, series.buckets, series.seconds)
        for other in self._file.parent.glob("*.json"):
            if other != self._file:
                _merge(other, total, gauges)
        return total, gauges

    def _share(self) -> None:
        """Write this process's counts for the others, whole or not at all."""
        self._scheduled = False
        if self._file is None:
            return
        content = {
            "requests": [
                [method, route, series.statuses, series.buckets, series.seconds]
                for (method, route), series in self._series.items()
            ],
            "gauges": {name: float(read()) for name, (_, read) in self._gauges.items()},
        }
        draft = self._file.with_suffix(".draft")
        try:
            draft.write_text(json.dumps(content), encoding="utf-8")
            draft.replace(self._file)
        except OSError:  # the directory is gone or full: each then answers for itself
            self._file = None


def _merge(
    file: Path, total: dict[tuple[str, str], Series], gauges: dict[str, tuple[str, float]]
) -> None:
    try:
        content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for method, route, *counts in content["requests"]:
        total.setdefault((method, route), Series()).add(*counts)
    if _lives(int(file.stem)):
        for name, value in content["gauges"].items():
            if name in gauges:
                explanation, sum_ = gauges[name]
                gauges[name] = (explanation, sum_ + value)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Snapshot(Collector):
    """The families of one scrape."""

    def __init__(
        self,
        requests: Mapping[tuple[str, str], Series],
        gauges: Mapping[str, tuple[str, float]],
        slow: Mapping[str, tuple[str, float]],
    ) -> None:
        self._requests = requests
        self._gauges = {**gauges, **slow}

    @override
    def collect(self) -> Iterator[Metric]:
        answered = CounterMetricFamily(
            "feedback_http_requests",
            "Requests answered, by route template and class of status.",
            labels=("method", "route", "status"),
        )
        latency = HistogramMetricFamily(
            "feedback_http_request_seconds",
            "Time from the first to the last byte of the application's work.",
            labels=("method", "route"),
        )
        for (method, route), series in self._requests.items():
            for digit, count in enumerate(series.statuses):
                if count:
                    answered.add_metric((method, route, f"{digit}xx"), count)
            bounds = (*map(str, BOUNDS), "+Inf")
            running = zip(bounds, accumulate(series.buckets), strict=True)
            buckets: list[tuple[str, float]] = [(bound, float(n)) for bound, n in running]
            latency.add_metric((method, route), buckets, sum_value=series.seconds)
        yield answered
        yield latency
        for name, (explanation, value) in self._gauges.items():
            yield GaugeMetricFamily(name, explanation, value=value)
