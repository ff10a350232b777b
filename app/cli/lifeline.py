"""Ends a process together with the one that started it."""

import os
import signal
import threading


def end_with(lifeline: int | None) -> None:
    """End this process, as SIGTERM would, when the other end of the pipe `lifeline` is gone.

    That is how a process that was killed, and so could not say goodbye, leaves nobody behind.
    """
    if lifeline is not None:
        threading.Thread(target=_await_end, args=(lifeline,), daemon=True).start()


def _await_end(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
