"""A PostgreSQL that keeps what it has acknowledged, and the accidents that happen to one."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app import schema
from app.demo import postgres
from app.demo.account import account_of, run
from app.demo.postmaster import live_postmaster

DATABASE = "feedback"
#: A standby of this name never comes: every commit waits for it, after it is on disk here.
_NOBODY = "nobody"


class Durable:
    """A server with every durability setting on, with the service's tables in one database."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.server = postgres.start(directory, settings={"max_connections": "150"})
        postgres.create_database(self.server, DATABASE)
        self.url = self.server.url(DATABASE)
        schema.upgrade(self.url)

    def ask(self, sql: str) -> str:
        """The answer to one statement."""
        return postgres.query(self.server, sql, database=DATABASE)

    def hold_commits(self) -> None:
        """From now on no commit returns."""
        self.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{_NOBODY}'")
        self.ask("SELECT pg_reload_conf()")

    def release_commits(self) -> None:
        """Let the waiting commits return, and those to come."""
        self.ask("ALTER SYSTEM RESET synchronous_standby_names")
        self.ask("SELECT pg_reload_conf()")

    def commits_held(self) -> int:
        """How many transactions wait in their commit."""
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        return int(self.ask(waiting))

    def start(self) -> None:
        """Start it again, at the same address."""
        self.server = postgres.start(self._directory, settings={"max_connections": "150"})
        assert self.server.url(DATABASE) == self.url

    def stop(self, mode: str) -> None:
        """End it the `fast` way (connections are told) or `immediate` (as in a crash)."""
        home = self.server.data_directory.parent
        command = ["pg_ctl", "stop", "-D", self.server.data_directory.name, "-m", mode, "-w"]
        run(command, binaries=self.server.binaries, cwd=home, account=account_of(home))

    def kill(self) -> None:
        """kill -9 of the postmaster and every process of it."""
        postmaster = live_postmaster(self.server.data_directory)
        assert postmaster is not None
        for pid in (postmaster, *children_of(postmaster)):
            kill(pid)


@contextmanager
def durable_server() -> Iterator[Durable]:
    """A server of the caller's own; it and its data are gone after the block."""
    directory = Path(tempfile.mkdtemp(prefix="feedback-")).resolve()
    directory.chmod(0o755)  # the server's account must be able to enter
    try:
        durable = Durable(directory)
        try:
            yield durable
        finally:
            durable.server.discard()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def kill(pid: int) -> None:
    """kill -9; a process that has just ended is as dead as one that is killed."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def children_of(parent: int) -> list[int]:
    """The processes that it started, as /proc tells."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state parent ...; a name may hold spaces and brackets
            about = file.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(about[1]) == parent:
            found.append(int(file.parent.name))
    return found
