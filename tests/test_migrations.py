"""Migrations: up, down and up again, and nothing that the models say differs from them."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url

from app.db import raw_dsn

ROOT = Path(__file__).parent.parent
_SCHEMA = """
SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
    || ' ' || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
ORDER BY 1
"""


@pytest.fixture
def empty_database(server_url: str, worker_id: str) -> str:
    """A database without any table."""
    name = f"stairs_{worker_id}"

    async def create() -> None:
        connection = await asyncpg.connect(raw_dsn(server_url))
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        await connection.close()

    asyncio.run(create())
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _schema(url: str) -> list[str]:
    async def read() -> list[str]:
        connection = await asyncpg.connect(raw_dsn(url))
        rows = await connection.fetch(_SCHEMA)
        await connection.close()
        return [row[0] for row in rows]

    return asyncio.run(read())


def test_the_stairs_go_up_down_and_up(empty_database: str) -> None:
    """Down leaves nothing behind, up again makes the same, and the models agree with it."""
    config = Config(ROOT / "alembic.ini", toml_file=ROOT / "pyproject.toml")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("sqlalchemy.url", empty_database.replace("%", "%%"))
    command.upgrade(config, "head")
    first = _schema(empty_database)
    command.downgrade(config, "base")
    left = [line for line in _schema(empty_database) if "alembic_version" not in line]
    assert left == []
    command.upgrade(config, "head")
    assert _schema(empty_database) == first
    command.check(config)


def test_names_follow_the_convention(empty_database: str) -> None:
    """Constraints are named once by the convention, so that they can be altered by name."""
    config = Config(ROOT / "alembic.ini", toml_file=ROOT / "pyproject.toml")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("sqlalchemy.url", empty_database.replace("%", "%%"))
    command.upgrade(config, "head")
    doubled = [line for line in _schema(empty_database) if line.count("ck_") > 1]
    assert doubled == []
