"""A question to the service, and how long its answer takes."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

WARM_UP = 8


@dataclass(frozen=True)
class Question:
    """A request; what it sends may differ from one repetition to the next."""

    path: str
    method: str = "GET"
    body: Callable[[int], Mapping[str, Any]] | None = None


def median_ms(client: httpx.Client, question: Question | str, requests: int) -> float:
    """The median time of an answer, after a warm-up."""
    asked = Question(question) if isinstance(question, str) else question
    times = []
    for number in range(WARM_UP + requests):
        body = None if asked.body is None else asked.body(number)
        started = time.perf_counter()
        answer = client.request(asked.method, asked.path, json=body)
        if number >= WARM_UP:
            times.append(1_000 * (time.perf_counter() - started))
        answer.raise_for_status()
    return round(statistics.median(times), 2)
