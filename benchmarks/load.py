"""A load generator in a process of its own: closed loop, keep-alive, raw HTTP/1.1.

`python -m benchmarks.load PORT CONNECTIONS REQUESTS FILE` sends the requests of FILE (one raw
request after each length line) in turn, and prints JSON: seconds, statuses, latencies.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import cast

import uvloop
from typing_extensions import override


class Client(asyncio.Protocol):
    """One connection that sends its next request when the answer to the last is complete."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's has no common base
        self.send()

    def send(self) -> None:
        """Send the next request, or close when there is none."""
        assert self.transport is not None  # noqa: S101
        request = self.run.next_request()
        if request is None:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    @override
    def data_received(self, data: bytes) -> None:
        """Wait for the whole answer, count it, go on."""
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.buffer[:head_end].lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start : head.find(b"\r\n", start) if b"\r\n" in head[start:] else None])
        if len(self.buffer) < head_end + 4 + length:
            return
        self.run.statuses[int(self.buffer[9:12])] += 1
        self.run.latencies.append(time.perf_counter() - self.sent_at)
        self.buffer = b""
        self.send()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the run."""
        del exc
        self.run.lost()


class Run:
    """The requests still to send and what came back."""

    def __init__(self, requests: list[bytes], count: int, connections: int) -> None:
        self.requests = requests
        self.left = count
        self.open = connections
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.done = asyncio.Event()

    def next_request(self) -> bytes | None:
        """The next of the requests, in turn."""
        if self.left <= 0:
            return None
        self.left -= 1
        return self.requests[self.left % len(self.requests)]

    def lost(self) -> None:
        """One connection less."""
        self.open -= 1
        if self.open == 0:
            self.done.set()


async def drive(port: int, connections: int, count: int, requests: list[bytes]) -> Run:
    """Send `count` requests over the connections and wait for every answer."""
    loop = asyncio.get_running_loop()
    run = Run(requests, count, connections)
    for _ in range(connections):
        await loop.create_connection(lambda: Client(run), "127.0.0.1", port)
    await run.done.wait()
    return run


def main() -> None:
    """Read the arguments, drive, print."""
    port, connections, count = (int(word) for word in sys.argv[1:4])
    requests = [bytes.fromhex(line) for line in Path(sys.argv[4]).read_text().split()]
    started = time.perf_counter()
    run = uvloop.run(drive(port, connections, count, requests))
    seconds = time.perf_counter() - started
    ordered = sorted(run.latencies)
    report = {
        "seconds": seconds,
        "statuses": dict(run.statuses),
        "median_ms": 1_000 * ordered[len(ordered) // 2],
        "p99_ms": 1_000 * ordered[int(len(ordered) * 0.99)],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
