"""The processes that the demo starts: watched while they run, and never left behind."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_STOP_SECONDS = 15.0
_LOOK_SECONDS = 0.2
_LAST_LINES = 15


class ChildEndedError(Exception):
    """A process that should run for ever ended; carries its name and its last words."""

    def __init__(self, name: str, log: Path) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        self.name = name
        self.log = log
        self.last_words = "\n".join(lines[-_LAST_LINES:])
        super().__init__(f"{name} ended")


class Children:
    """Processes of this service; leaving the block ends them in order, the last one first.

    Each holds the reading end of a pipe whose writing end is ours alone: when we are killed the
    pipe closes, and they end themselves.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._their_end, self._our_end = os.pipe()

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them all, politely and then not."""
        for _, process in reversed(self._running):
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for _, process in reversed(self._running):
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        os.close(self._our_end)
        os.close(self._their_end)

    def start(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], *fds: int
    ) -> None:
        """Start `feedback` with these arguments; it writes to `<name>.log` and inherits `fds`."""
        command = [sys.executable, "-m", "app.cli", *arguments, "--lifeline", str(self._their_end)]
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._their_end, *fds),
                start_new_session=True,  # a Ctrl-C is ours to pass on, in order
            )
        self._running.append((name, process))

    def check(self) -> None:
        """Raise ChildEndedError if one of them ended."""
        for name, process in self._running:
            if process.poll() is not None:
                raise ChildEndedError(name, self._log(name))

    def watch(self) -> None:
        """Return never; raise ChildEndedError when one of them ends."""
        while True:
            self.check()
            time.sleep(_LOOK_SECONDS)

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"
