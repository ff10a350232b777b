"""Tells whether the server of a data directory lives, from its pid file and the process table."""

import os
import time
from pathlib import Path

from app.demo.account import PostgresUnavailableError, account_of, execute

_PATIENCE_SECONDS = 60.0
_HAS_PROC = Path("/proc/self/cwd").exists()


def live_postmaster(data: Path) -> int | None:
    """The process id in postmaster.pid, if that process is this directory's server."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return pid if pid in _processes_in(data, claimed=pid) else None


def _processes_in(data: Path, *, claimed: int) -> list[int]:
    """Processes that stand in the data directory, as every process of a server does.

    A process id alone proves nothing: it may be a stranger's by now, or a dead child that nobody
    reaped. The question is asked as the server's account, since root in a container may not look
    at the processes of others. Where the system has no /proc, a live process has to do.
    """
    if not _HAS_PROC:
        return [claimed] if _exists(claimed) else []
    list_places = ["sh", "-c", "ls -ld /proc/[0-9]*/cwd 2>&-"]
    listing = execute(list_places, Path("/"), account_of(data.parent)).stdout
    standing = []
    for line in listing.splitlines():
        link, _, place = line.partition(" -> ")
        if place == str(data):
            standing.append(int(link.rsplit("/", 2)[1]))
    return standing


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clear_traces(data: Path) -> None:
    """After a kill -9: wait until the orphans are gone, then drop a pid file that names nobody.

    PostgreSQL drops a stale file itself unless some process has that id again (after a restart
    of the container, or unreaped), where it would refuse to start for ever.
    """
    file = data / "postmaster.pid"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while file.exists() and (found := _processes_in(data, claimed=-1)):
        if time.monotonic() > deadline:
            message = f"processes of a dead server do not end: {found}"
            raise PostgresUnavailableError(message)
        time.sleep(0.05)
    if _HAS_PROC:
        file.unlink(missing_ok=True)


def await_ready(data: Path) -> None:
    """Wait for a server that somebody else is starting (the last line of its file says so)."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while live_postmaster(data) is not None and time.monotonic() < deadline:
        if (data / "postmaster.pid").read_text().splitlines()[-1].strip() == "ready":
            return
        time.sleep(0.05)
    message = f"the server in {data} does not become ready; its log is {data.parent / 'log'}"
    raise PostgresUnavailableError(message)
