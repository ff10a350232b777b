"""Who a server of ours runs as, and running PostgreSQL's programs as that account."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path


class PostgresUnavailableError(RuntimeError):
    """No PostgreSQL could be found, started or asked; the message says what to do."""


def account_of(home: Path) -> pwd.struct_passwd | None:
    """Who the server runs as; None: as ourselves. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    data = home / "data"
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = "as root, PostgreSQL needs an account named postgres or nobody to run as"
    raise PostgresUnavailableError(message)


def can_enter(directory: Path, account: pwd.struct_passwd | None) -> bool:
    """Whether `account` (None: ourselves) can reach what is in `directory`."""
    return execute(["test", "-x", str(directory)], Path("/"), account).returncode == 0


def run(
    command: Sequence[str], *, binaries: Path, cwd: Path, account: pwd.struct_passwd | None
) -> None:
    """Run one of the programs to its end.

    Raises PostgresUnavailableError with what the program wrote.
    """
    done = execute([str(binaries / command[0]), *command[1:]], cwd, account)
    if done.returncode != 0:
        message = f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}"
        raise PostgresUnavailableError(message)


def environment() -> dict[str, str]:
    """Our environment without what would lead PostgreSQL's programs to another server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def execute(
    command: Sequence[str], cwd: Path, account: pwd.struct_passwd | None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end as `account` (None: ourselves), whatever its outcome."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(),
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
        umask=0o077,
        start_new_session=True,  # Ctrl-C is for us: half a start would leave a server behind
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",  # paths are bytes
        check=False,
    )
