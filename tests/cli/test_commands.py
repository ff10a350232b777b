"""The commands as processes: what they print, and how they end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.config import DEMO_PEPPER, Settings
from app.http.auth import Authenticator

REPOSITORY = Path(__file__).parents[2]


def _feedback(
    *arguments: str, settings: Settings | None = None, language: str = "C", **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if "FEEDBACK_" not in name}
    environment |= {"LC_ALL": language, "FEEDBACK_PEPPER": DEMO_PEPPER, "DATABASE_URL": ""}
    if settings is not None:
        environment["DATABASE_URL"] = settings.database_url
    environment |= variables
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("migrate",), ("keys", "list")])
def test_without_database_says_what_to_do(command: tuple[str, ...]) -> None:
    """A command that needs a database ends with status 1 and one line of advice."""
    done = _feedback(*command)
    assert (done.returncode, done.stdout) == (1, "")
    said = "Set DATABASE_URL, or try `feedback demo`, which brings its own database.\n"
    assert done.stderr == said


def test_speaks_the_language_of_the_terminal() -> None:
    """A Chinese terminal gets Chinese."""
    done = _feedback("migrate", language="zh_CN.UTF-8")
    assert "请设置 DATABASE_URL" in done.stderr


def test_check_ends_with_one_when_something_is_wrong(settings: Settings) -> None:
    """The demo's pepper is wrong for production, and the status says so to scripts."""
    done = _feedback("check", settings=settings)
    assert done.returncode == 1
    assert "WRONG  FEEDBACK_PEPPER is the demo's" in done.stdout
    assert "ok     The database answers." in done.stdout


def test_migrate_may_be_repeated(settings: Settings) -> None:
    """On a database that is up to date nothing happens."""
    done = _feedback("migrate", settings=settings)
    assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")


def test_setting_out_of_range_is_told_by_name() -> None:
    """A wrong variable is named as the operator wrote it, without its value."""
    done = _feedback("check", FEEDBACK_POOL_SIZE="1")
    assert done.returncode == 1
    assert done.stderr.startswith("The settings are not valid: FEEDBACK_POOL_SIZE: ")


async def test_key_lives_from_create_to_revoke(settings: Settings, app: FastAPI) -> None:
    """A key made on the command line opens the API until it is revoked there."""
    made = _feedback(
        *("keys", "create", "--name", "till", "--scope", "kpi:read", "--new-workspace", "Shop"),
        settings=settings,
    )
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    ring: Authenticator = app.state.keys
    credential = await ring.authenticate(key)
    assert credential is not None
    assert credential.scopes == {"kpi:read"}
    listed = _feedback("keys", "list", settings=settings).stdout
    assert f"{credential.key_id}\tsecret\tlive\ttill\tShop\n" in listed
    assert key not in listed
    assert _feedback("keys", "revoke", credential.key_id, settings=settings).returncode == 0
    app.state.keys.forget(credential.key_id)
    assert await ring.authenticate(key) is None


def test_key_without_scope_is_refused(settings: Settings) -> None:
    """A secret key that may do nothing, an unknown scope, an unknown key: one line each."""
    create = ("keys", "create", "--name", "x", "--new-workspace", "Shop")
    assert "/scopes too-few-items" in _feedback(*create, settings=settings).stderr
    assert "Not valid: scopes/0." in _feedback(*create, "--scope", "all", settings=settings).stderr
    assert "no such key" in _feedback("keys", "revoke", "absent", settings=settings).stderr
