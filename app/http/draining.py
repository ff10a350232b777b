"""Leaving without dropping anybody: SIGTERM is announced for a while before it is obeyed."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from app.http.metrics import Traffic


@contextmanager
def announced(traffic: Traffic, seconds: float) -> Iterator[None]:
    """While the block runs, SIGTERM first turns `/readyz` red, and ends the server `seconds` later.

    A load balancer sees the first and sends no more, so that nobody meets a closed listener.
    Meanwhile answers close their connection. A second SIGTERM ends the wait. Works under any
    server that has taken SIGTERM for itself, in each of its processes; does nothing elsewhere.
    """
    obey = signal.getsignal(signal.SIGTERM)
    if not callable(obey) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def announce(number: int, frame: FrameType | None) -> None:
        if traffic.draining:
            obey(number, frame)
            return
        traffic.draining = True
        loop.call_soon_threadsafe(loop.call_later, seconds, obey, number, None)

    signal.signal(signal.SIGTERM, announce)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, obey)
