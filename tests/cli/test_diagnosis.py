"""`feedback check` on real installations: silent about what is right, plain about what is not."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import text

from app import schema
from app.cli import diagnosis
from app.config import DEMO_PEPPER, Settings
from app.db import Database
from app.demo import postgres

PEPPER = "0123456789-abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def durable() -> Iterator[postgres.Server]:
    """A server as the demo starts it, with nothing given up for speed."""
    directory = Path(tempfile.mkdtemp(prefix="feedback-check-"))
    directory.chmod(0o755)
    server = postgres.start(directory / "pg")
    yield server
    server.discard()
    directory.rmdir()


async def _wrong(settings: Settings) -> list[str]:
    """What is said to be wrong, in English, after a look that both languages were written."""
    found = [finding async for finding in diagnosis.findings(settings)]
    assert all(finding.said.en and finding.said.zh for finding in found)
    return [finding.said.en for finding in found if not finding.good]


def _installation(url: str, pepper: str = PEPPER, base_url: str = "https://x.example") -> Settings:
    return Settings(
        database_url=url, pepper=SecretStr(pepper), base_url=base_url, environment="test"
    )


async def test_sound_installation_has_nothing_wrong(durable: postgres.Server) -> None:
    """A durable, migrated database and a strong pepper: nothing to say."""
    postgres.create_database(durable, "sound")
    await asyncio.to_thread(schema.upgrade, durable.url("sound"))
    assert await _wrong(_installation(durable.url("sound"))) == []


async def test_pending_migrations_are_counted(durable: postgres.Server) -> None:
    """An empty database lacks every migration, and the command that runs them is named."""
    postgres.create_database(durable, "empty")
    [said] = await _wrong(_installation(durable.url("empty")))
    scripts = ScriptDirectory(str(Path(__file__).parents[2] / "migrations"))
    count = len(list(scripts.walk_revisions()))
    assert said == f"{count} migration(s) have not run: feedback migrate."


async def test_newer_database_is_not_taken_for_an_older_one(durable: postgres.Server) -> None:
    """A revision that this release does not know means that the database is ahead of it."""
    postgres.create_database(durable, "newer")
    postgres.query(
        durable,
        "CREATE TABLE alembic_version AS SELECT 'from_the_future' AS version_num",
        database="newer",
    )
    [said] = await _wrong(_installation(durable.url("newer")))
    assert "newer release" in said
    assert "from_the_future" in said


async def test_relaxed_durability_is_named(durable: postgres.Server) -> None:
    """Each setting that lets an acknowledged response vanish is named with its value."""
    url = durable.url("relaxed")
    postgres.create_database(durable, "relaxed")
    await asyncio.to_thread(schema.upgrade, url)
    postgres.query(durable, "ALTER DATABASE relaxed SET synchronous_commit = off")
    [said] = await _wrong(_installation(url))
    assert said.startswith("synchronous_commit is off: what was acknowledged may be lost")
    postgres.query(durable, "ALTER DATABASE relaxed SET default_transaction_read_only = on")
    assert "refuses writes" in " ".join(await _wrong(_installation(url)))


async def test_fsync_off_is_named(settings: Settings) -> None:
    """The server of the tests gives up fsync, so `check` must object to it."""
    said = " ".join(await _wrong(settings))
    database = Database(settings)
    async with database.engine.connect() as connection:
        fsync = await connection.scalar(text("SHOW fsync"))
    await database.close()
    assert ("fsync is off" in said) == (fsync == "off")


@pytest.mark.parametrize(
    ("pepper", "said"),
    [
        ("", "FEEDBACK_PEPPER is not set"),
        (DEMO_PEPPER, "FEEDBACK_PEPPER is the demo's"),
        ("short-but-random-0", "FEEDBACK_PEPPER is weak"),
        ("ab" * 40, "FEEDBACK_PEPPER is weak"),
    ],
)
async def test_bad_pepper_is_refused(pepper: str, said: str) -> None:
    """Without a strong pepper of its own an installation is not safe."""
    wrong = await _wrong(_installation("", pepper=pepper))
    assert wrong[0].startswith(said)
    assert wrong[1] == "DATABASE_URL is not set."


async def test_plain_http_in_public_is_refused() -> None:
    """Keys in clear text are only for this machine."""
    assert "is not https" in (await _wrong(_installation("", base_url="http://x.example")))[0]
    assert len(await _wrong(_installation("", base_url="http://127.0.0.1:8000"))) == 1


async def test_unreachable_database_says_so() -> None:
    """No server there: one finding in words, and no traceback."""
    [said] = await _wrong(_installation("postgresql://nobody@127.0.0.1:9/none"))
    assert said.startswith("The database cannot be used: ")
    assert "Connect" in said or "connect" in said


async def test_garbled_address_says_so() -> None:
    """An address that cannot be read is a finding like the others."""
    [said] = await _wrong(_installation("not an address"))
    assert said.startswith("The database cannot be used: ")


async def test_wrong_password_is_told_without_it(durable: postgres.Server) -> None:
    """What the database answered is passed on; the secret is not."""
    host = str(durable.socket_directory)
    url = f"postgresql://absent:hunter2@/postgres?host={host}&port={durable.port}"
    [said] = await _wrong(_installation(url))
    assert "absent" in said
    assert "hunter2" not in said


async def test_a_font_for_chinese_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that would print boxes instead of Chinese hears which package to install."""
    monkeypatch.setattr("app.reports.printing._FONT_PACKAGE", "a_font_that_is_not_installed")
    monkeypatch.setenv("PATH", "")  # nor does the system list any
    said = await _wrong(_installation(""))
    assert [each for each in said if "fonts-noto-cjk" in each]


async def test_printing_is_no_duty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the parts that print an installation is sound, and is told what it lacks."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    found = [each async for each in diagnosis.findings(_installation(""))]
    [said] = [each for each in found if "HTML only" in each.said.en]
    assert said.good
    assert "libpango" in said.said.zh
