"""Turns Ctrl-C and SIGTERM into one orderly end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

_NAMES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class AskedToEndError(BaseException):
    """Somebody asked us to end. Like KeyboardInterrupt, nothing that catches errors catches it."""


class RequestsToEnd:
    """Inside the block, the first signal raises AskedToEndError and later ones are ignored.

    Ignored, because whoever ends is stopping processes, and must not be stopped half way.
    """

    def __init__(self) -> None:
        self._held = False
        self._asked = False
        self._raised = False

    def __enter__(self) -> Self:
        """Listen for signals; a hang-up that `nohup` made us ignore stays ignored."""
        self._before = {
            name: signal.signal(name, self._receive)
            for name in _NAMES
            if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for name, handler in self._before.items():
            signal.signal(name, handler)

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Finish the block first: nothing is left half started."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._asked:
            self._end()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True
        if not self._held:
            self._end()

    def _end(self) -> None:
        if not self._raised:
            self._raised = True
            raise AskedToEndError
