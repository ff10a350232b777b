"""A client that submits for ever, and writes down what it was told: the other half of the truth.

Each operation is an `invoke` and then `ok` (2xx), `fail` (4xx: certainly not done) or `info` (no
answer, 5xx: unknown). What was `ok` must be there for ever, exactly once; what was never invoked
must not.
"""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from tests.responses.builders import answer

#: Of all submissions: sent twice at the same time, and given up by a device that was lost.
_DOUBLE, _LOST = 0.3, 0.05
_PATIENCE_SECONDS = 8.0


@dataclass
class Ledger:
    """What was tried and what was answered, in memory and in a file."""

    file: Path
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The body of every submission that was ever sent, by its id."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    """The receipt of every submission that was ever acknowledged, as text."""
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers that a client cannot live with."""

    def note(self, outcome: str, submission: str, more: str = "") -> None:
        """Write one line; it is on its way to the disk when this returns."""
        self.outcomes[outcome] += 1
        with self.file.open("a") as file:
            file.write(json.dumps([outcome, submission, more]) + "\n")

    def ok(self, submission: str, receipt: str) -> None:
        """An acknowledgement; every one of the same submission must be the same text."""
        first = self.acknowledged.setdefault(submission, receipt)
        if first != receipt:
            self.wrong.append(f"{submission}: {first} and then {receipt}")
        self.note("ok", submission, receipt)

    def judge(self, what: str, answered: httpx.Response) -> None:
        """Under any accident the only error is a problem 503 that says when to try again."""
        try:
            fits = (
                answered.status_code == 503
                and answered.headers["content-type"] == "application/problem+json"
                and int(answered.headers["retry-after"]) >= 1
            )
        except (KeyError, ValueError):
            fits = False
        if not fits:
            self.wrong.append(f"{what}: {answered.status_code} {answered.text[:300]}")


class Load:
    """Submits to one survey until it is told to stop, from several connections at once."""

    def __init__(self, client: httpx.AsyncClient, survey: str, ledger: Ledger, seed: int) -> None:
        self._client = client
        self._survey = survey
        self.ledger = ledger
        self._random = random.Random(seed)
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        self._senders: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin, and wait until the first is acknowledged."""
        self._senders = [asyncio.create_task(self._send_on()) for _ in range(12)]
        await self.progress(1, within_seconds=60)
        return self

    async def progress(self, count: int, *, within_seconds: float) -> None:
        """Wait until so many more are acknowledged."""
        wanted = self.ledger.outcomes["ok"] + count
        async with asyncio.timeout(within_seconds):
            while self.ledger.outcomes["ok"] < wanted:
                self._news.clear()
                await self._news.wait()

    async def __aexit__(self, *raised: object) -> None:
        """Send nothing new; what was begun is repeated until it is acknowledged."""
        self._stop.set()
        async with asyncio.timeout(60):
            await asyncio.gather(*self._senders)

    async def _send_on(self) -> None:
        while not self._stop.is_set():
            number = len(self.ledger.sent)
            submission = f"s-{number}"
            body = answer(number % 11, customer=f"c-{number % 50}", metadata={"number": number})
            body["answers"]["csat"] = number % 5 + 1
            self.ledger.sent[submission] = body
            copies = 2 if self._random.random() < _DOUBLE else 1
            lost = self._random.random() < _LOST
            await asyncio.gather(*[self._insist(submission, lost=lost) for _ in range(copies)])

    async def _insist(self, submission: str, *, lost: bool) -> None:
        """Repeat until acknowledged, as a device does; a lost one tries once."""
        body = self.ledger.sent[submission]
        path = f"/v1/surveys/{self._survey}/responses/{submission}"
        while True:
            self.ledger.note("invoke", submission)
            try:
                answered = await self._client.put(path, json=body, timeout=_PATIENCE_SECONDS)
            except httpx.TransportError as error:
                self.ledger.note("info", submission, type(error).__name__)
            else:
                if answered.status_code == 201:
                    self.ledger.ok(submission, answered.text)
                    self._news.set()
                    return
                self.ledger.judge("PUT response", answered)
                outcome = "info" if answered.status_code >= 500 else "fail"
                self.ledger.note(outcome, submission, answered.text)
            if lost:
                return
            await asyncio.sleep(self._random.uniform(0.05, 0.2))
