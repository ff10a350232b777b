"""Runs a private PostgreSQL from a directory, for the demo and the tests.

Nothing listens on a well-known port: the server is reached through a unix socket in its own
directory, or through a free port of 127.0.0.1 with a password where that path is too long for a
socket. A server that outlived the process that started it is found again and reused.
"""

import fcntl
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from app.demo.account import PostgresUnavailableError, account_of, can_enter, environment, run
from app.demo.binaries import find_binaries, major_version, within_reach
from app.demo.postmaster import await_ready, clear_traces, live_postmaster

__all__ = [
    "PostgresUnavailableError",
    "Server",
    "create_database",
    "database_exists",
    "find_binaries",
    "query",
    "start",
]

SUPERUSER = "postgres"
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_SOCKET_PORT = 5432  # only part of the socket's file name: nothing listens on it
_SOCKET_PATH_BYTES = 100  # a socket's path holds 104 bytes on macOS and 108 on Linux
_ATTEMPTS = 5
_BUILTIN_LOCALES_SINCE = 17  # locales that do not depend on the operating system


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL of ours: where it lives and how to reach it."""

    data_directory: Path
    port: int
    socket_directory: Path | None  # None: reached through 127.0.0.1
    binaries: Path
    password: str = field(repr=False)

    def url(self, database: str) -> str:
        """The SQLAlchemy address of one of its databases."""
        name = quote(database, safe="")
        if self.socket_directory is None:
            login = f"{SUPERUSER}:{quote(self.password, safe='')}"
            return f"postgresql+asyncpg://{login}@127.0.0.1:{self.port}/{name}"
        place = quote(str(self.socket_directory), safe="/")
        return f"postgresql+asyncpg://{SUPERUSER}@/{name}?host={place}&port={self.port}"

    def stop(self) -> None:
        """End the server: open connections are cut, what is committed stays."""
        if live_postmaster(self.data_directory) is not None:
            home = self.data_directory.parent
            command = ["pg_ctl", "stop", "-D", self.data_directory.name, "-m", "fast", "-w"]
            run(command, binaries=self.binaries, cwd=home, account=account_of(home))

    def discard(self) -> None:
        """End the server and remove its data for ever: for tests."""
        self.stop()
        shutil.rmtree(self.data_directory.parent)


def start(
    directory: Path, *, settings: Mapping[str, str] = _NO_SETTINGS, binaries: Path | None = None
) -> Server:
    """Start the PostgreSQL that lives in `directory`, or find it running and reuse it.

    The directory is made and initialised at the first call. `settings` are server settings for
    this start; a server that runs already keeps the ones it has. Two callers at once are put in
    line. As root the server runs as `postgres` or `nobody`; where that account cannot enter
    `directory` (a clone under root's home) the data lives under /var/tmp, and the link
    `elsewhere` in `directory` says where.

    Raises PostgresUnavailableError, in plain words, when no PostgreSQL is found, when the data is
    of another major version or of another account, and when the server does not come up.
    """
    found = find_binaries(binaries)
    directory.mkdir(parents=True, exist_ok=True)
    with _exclusively(directory):
        home = _home(directory.resolve())
        found = within_reach(found, home, account_of(home))
        data = home / "data"
        if not data.exists():
            _initialise(home, found, synced=settings.get("fsync", "on") != "off")
        _require_usable(data, found)
        if live_postmaster(data) is None:
            server = _launch(home, found, settings)
        else:
            await_ready(data)
            server = _describe(home, found)
        _require_ours(server)
        return server


def database_exists(server: Server, name: str) -> bool:
    """Whether the server has a database of this name."""
    sql = f"SELECT 1 FROM pg_database WHERE datname = {_literal(name)}"  # noqa: S608 - quoted
    return query(server, sql) == "1"


def create_database(server: Server, name: str, *, template: str | None = None) -> None:
    """Create a database; one made from a template is a copy of its files, in some 0.06 s."""
    copied = f" TEMPLATE {_identifier(template)} STRATEGY file_copy" if template else ""
    query(server, f"CREATE DATABASE {_identifier(name)}{copied}")


def query(server: Server, sql: str, *, database: str = "postgres") -> str:
    """Run one statement through psql; rows come back as lines with columns parted by `|`."""
    host = "127.0.0.1" if server.socket_directory is None else str(server.socket_directory)
    command = [str(server.binaries / "psql"), "-XAtqw", "-v", "ON_ERROR_STOP=1", "-h", host]
    command += ["-p", str(server.port), "-U", SUPERUSER, "-d", database, "-c", sql]
    done = subprocess.run(
        command,
        env=environment() | {"PGPASSWORD": server.password, "PGCONNECT_TIMEOUT": "10"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PostgresUnavailableError(done.stderr.strip())
    return done.stdout.strip()


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _exclusively(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; the kernel lets go of it however this process ends."""
    try:
        lock = (directory / "lock").open("a")
    except PermissionError as error:
        message = f"{directory} belongs to another account: {error.strerror}"
        raise PostgresUnavailableError(message) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _home(directory: Path) -> Path:
    """The directory itself, or its stand-in where the server's account cannot enter it."""
    elsewhere = directory / "elsewhere"
    if elsewhere.is_dir():
        return elsewhere.resolve()
    if can_enter(directory, account_of(directory)):
        return directory
    # mkdtemp: a name that nobody else can have prepared for us.
    home = Path(tempfile.mkdtemp(prefix="customer-feedback-", dir="/var/tmp"))
    home.chmod(0o711)
    elsewhere.unlink(missing_ok=True)
    elsewhere.symlink_to(home)
    return home


def _initialise(home: Path, binaries: Path, *, synced: bool) -> None:
    """Run initdb aside and rename: the data directory is whole, or it is not there."""
    account = account_of(home)
    unfinished, secret, log = home / "unfinished", home / "password", home / "log"
    shutil.rmtree(unfinished, ignore_errors=True)
    for directory in (unfinished, home / "socket"):
        directory.mkdir(mode=0o700, exist_ok=True)
    for file in (secret, log):
        file.touch(mode=0o600)
    secret.write_text(secrets.token_urlsafe(24))
    if account is not None:
        for path in (unfinished, home / "socket", secret, log):
            os.chown(path, account.pw_uid, account.pw_gid)
    locale = ["--locale=C.UTF-8"]
    if major_version(binaries) >= _BUILTIN_LOCALES_SINCE:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    command = ["initdb", "-D", unfinished.name, "-U", SUPERUSER, "-E", "UTF8", *locale]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret.name}"]
    if not synced:
        command.append("--no-sync")
    run(command, binaries=binaries, cwd=home, account=account)
    unfinished.rename(home / "data")


def _require_usable(data: Path, binaries: Path) -> None:
    """The data must be ours to run and of the version that we are about to run."""
    if os.geteuid() not in {0, data.stat().st_uid}:
        message = f"{data} belongs to another account (user id {data.stat().st_uid})"
        raise PostgresUnavailableError(message)
    made_by = int((data / "PG_VERSION").read_text())
    ours = major_version(binaries)
    if made_by != ours:
        message = (
            f"{data} was made by PostgreSQL {made_by} and this is PostgreSQL {ours}: "
            f"name the older one in FEEDBACK_PG_BIN, or remove the directory to start anew"
        )
        raise PostgresUnavailableError(message)


def _launch(home: Path, binaries: Path, settings: Mapping[str, str]) -> Server:
    """Start the server; again with another port if somebody took ours in between."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return _launch_once(home, binaries, settings)
        except PostgresUnavailableError:
            time.sleep(0.2 * attempt)
    try:
        return _launch_once(home, binaries, settings)
    except PostgresUnavailableError as error:
        said = "\n".join((home / "log").read_text(errors="replace").splitlines()[-10:])
        message = f"{error}\nThe end of {home / 'log'}:\n{said}"
        raise PostgresUnavailableError(message) from error


def _launch_once(home: Path, binaries: Path, settings: Mapping[str, str]) -> Server:
    data = home / "data"
    clear_traces(data)
    port, options = _listening(home)
    options |= {"timezone": "UTC", "log_timezone": "UTC", **settings}
    given = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())
    # Names relative to `home`: pg_ctl hands its words to a shell, which must not see our path.
    # The server writes to the log: a pipe of ours would stay open as long as it lives.
    command = ["pg_ctl", "start", "-D", data.name, "-l", "log", "-w", "-o", given]
    run(command, binaries=binaries, cwd=home, account=account_of(home))
    return Server(data, port, _socket_directory(home), binaries, (home / "password").read_text())


def _listening(home: Path) -> tuple[int, dict[str, str]]:
    """The port and the settings that say where to listen."""
    if _socket_directory(home) is not None:
        # Relative to the data directory, where the server stands: no path to quote.
        place = {"listen_addresses": "", "unix_socket_directories": "../socket"}
        return _SOCKET_PORT, place | {"port": str(_SOCKET_PORT)}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    place = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
    return port, place | {"port": str(port)}


def _socket_directory(home: Path) -> Path | None:
    """Where the unix socket lies, if its path is short enough for one."""
    directory = home / "socket"
    longest = directory / f".s.PGSQL.{_SOCKET_PORT}"
    return directory if len(os.fsencode(longest)) <= _SOCKET_PATH_BYTES else None


def _describe(home: Path, binaries: Path) -> Server:
    """The running server as its postmaster.pid tells it (line 4 is the port)."""
    data = home / "data"
    port = int((data / "postmaster.pid").read_text().splitlines()[3])
    return Server(data, port, _socket_directory(home), binaries, (home / "password").read_text())


def _require_ours(server: Server) -> None:
    """Whoever answers must be the server of this data directory, not a stranger on the port."""
    answering = query(server, "SHOW data_directory")
    if Path(answering).resolve() != server.data_directory:
        message = f"another server answers in place of ours: its data is in {answering}"
        raise PostgresUnavailableError(message)
