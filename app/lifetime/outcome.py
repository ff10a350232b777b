"""What a fit hands back to be stored, and what its steps took."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.lifetime.schemas import Status


@dataclass(frozen=True)
class Outcome:
    """The end of a run: its status, the members of its result, and rows to store."""

    status: Status
    result: dict[str, Any]
    groups: Sequence[dict[str, Any]] = ()
    """Rows of group predictions."""
    customers: Callable[[], bytes] | None = None
    """Rows of customer predictions in the binary form of COPY, made before the transaction."""
    columns: Sequence[str] = ()
    """Their columns."""


class Clock:
    """What each step of a run took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - begun, 3)
