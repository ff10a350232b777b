"""`feedback check`: what is wrong with this installation, in plain words."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app import schema
from app.config import DEMO_PEPPER, Settings
from app.db import Database
from app.problems import Text
from app.reports import printing

_OLDEST_VERSION = 15
_PEPPER_LENGTH = 32
_PEPPER_DISTINCT = 10
_SKEW_SECONDS = 2.0
_FREE_BYTES = 1 << 30
_FREE_SHARE = 0.1
_DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and whether it is as it should be."""

    good: bool
    said: Text


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Look at the configuration, then at the database; without a database the rest is left out."""
    yield _pepper(settings.pepper.get_secret_value())
    yield _base_url(settings.base_url)
    yield _printing()
    if not settings.database_url:
        yield Finding(good=False, said=Text("DATABASE_URL is not set.", "未设置 DATABASE_URL。"))
        return
    try:
        async with _connected(settings) as connection:
            yield Finding(good=True, said=Text("The database answers.", "数据库可以连接。"))
            async for finding in _database(connection):
                yield finding
    except (OSError, SQLAlchemyError, TimeoutError) as error:
        why = str(getattr(error, "orig", None) or error) or type(error).__name__
        said = Text(f"The database cannot be used: {why}", f"无法使用数据库：{why}")
        yield Finding(good=False, said=said)


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[AsyncConnection]:
    database = Database(settings)
    try:
        async with database.engine.connect() as connection:
            yield connection
    finally:
        await database.close()


async def _database(connection: AsyncConnection) -> AsyncIterator[Finding]:
    yield await _version(connection)
    for name, accepted in _DURABLE.items():
        yield _durability(name, await _setting(connection, name), accepted)
    yield await _writable(connection)
    yield await _encoding(connection)
    yield await _clock(connection)
    yield await _migrations(connection)
    space = await _disk(connection)
    if space is not None:
        yield space


def _pepper(pepper: str) -> Finding:
    if not pepper:
        said = Text(
            "FEEDBACK_PEPPER is not set: API keys cannot be made or recognised.",
            "未设置 FEEDBACK_PEPPER：无法创建或识别 API 密钥。",
        )
    elif pepper == DEMO_PEPPER:
        said = Text(
            "FEEDBACK_PEPPER is the demo's, which everybody can read.",
            "FEEDBACK_PEPPER 使用的是公开的演示值。",
        )
    elif len(pepper) < _PEPPER_LENGTH or len(set(pepper)) < _PEPPER_DISTINCT:
        said = Text(
            f"FEEDBACK_PEPPER is weak: give it at least {_PEPPER_LENGTH} random characters.",
            f"FEEDBACK_PEPPER 太弱：请使用至少 {_PEPPER_LENGTH} 个随机字符。",
        )
    else:
        return Finding(
            good=True, said=Text("The pepper is strong.", "密钥混淆值（pepper）足够强。")
        )
    return Finding(good=False, said=said)


def _base_url(base_url: str) -> Finding:
    local = ("http://127.0.0.1", "http://localhost", "http://[::1]")
    if base_url.startswith(("https://", *local)):
        return Finding(
            good=True,
            said=Text(f"The public address is {base_url}.", f"对外地址为 {base_url}。"),
        )
    return Finding(
        good=False,
        said=Text(
            f"FEEDBACK_BASE_URL {base_url} is not https: keys would travel in the clear.",
            f"FEEDBACK_BASE_URL {base_url} 不是 https：密钥将以明文传输。",
        ),
    )


def _printing() -> Finding:
    """PDF is optional; printing it without Chinese would be a report of empty boxes."""
    if not printing.can_print():
        said = Text(
            f"Reports are made as HTML only. {printing.WHAT_TO_INSTALL.en}",
            f"报告仅生成 HTML。{printing.WHAT_TO_INSTALL.zh}",
        )
        return Finding(good=True, said=said)
    if not printing.has_chinese_font():
        said = Text(
            "Reports are printed as PDF without a font for Chinese: install fonts-noto-cjk, or "
            "the extra `reports`.",
            "生成 PDF 报告时没有中文字体：请安装 fonts-noto-cjk 或可选依赖 reports。",
        )
        return Finding(good=False, said=said)
    said = Text("Reports are printed as PDF, Chinese too.", "可以生成 PDF 报告，包括中文。")
    return Finding(good=True, said=said)


async def _setting(connection: AsyncConnection, name: str) -> str:
    return str(await connection.scalar(text("SELECT current_setting(:name)"), {"name": name}))


async def _version(connection: AsyncConnection) -> Finding:
    version = int(await _setting(connection, "server_version_num")) // 10_000
    return Finding(
        good=version >= _OLDEST_VERSION,
        said=Text(
            f"PostgreSQL is version {version}; {_OLDEST_VERSION} or newer is needed.",
            f"PostgreSQL 版本为 {version}；需要 {_OLDEST_VERSION} 或更高版本。",
        ),
    )


def _durability(name: str, value: str, accepted: set[str]) -> Finding:
    if value in accepted:
        return Finding(good=True, said=Text(f"{name} is {value}.", f"{name} 为 {value}。"))
    return Finding(
        good=False,
        said=Text(
            f"{name} is {value}: what was acknowledged may be lost in a crash. Set it to on.",
            f"{name} 为 {value}：已确认的数据可能在崩溃时丢失。请设为 on。",
        ),
    )


async def _writable(connection: AsyncConnection) -> Finding:
    standby = await connection.scalar(text("SELECT pg_is_in_recovery()"))
    read_only = await _setting(connection, "transaction_read_only") == "on"
    if standby or read_only:
        said = Text(
            "The database refuses writes: it is a standby or set read-only.",
            "数据库拒绝写入：它是备库或被设为只读。",
        )
        return Finding(good=False, said=said)
    return Finding(good=True, said=Text("The database takes writes.", "数据库可以写入。"))


async def _encoding(connection: AsyncConnection) -> Finding:
    encoding = await _setting(connection, "server_encoding")
    return Finding(
        good=encoding == "UTF8",
        said=Text(
            f"The database's encoding is {encoding}; it must be UTF8.",
            f"数据库编码为 {encoding}；必须是 UTF8。",
        ),
    )


async def _clock(connection: AsyncConnection) -> Finding:
    before = datetime.now(UTC)
    theirs: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    after = datetime.now(UTC)
    # Theirs was read between ours: only what lies outside that span is certainly skew.
    skew = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    return Finding(
        good=skew <= _SKEW_SECONDS,
        said=Text(
            f"Our clock and the database's differ by {skew:.1f} s (at most {_SKEW_SECONDS:.0f}).",
            f"本机与数据库的时钟相差 {skew:.1f} 秒（最多 {_SKEW_SECONDS:.0f} 秒）。",
        ),
    )


async def _migrations(connection: AsyncConnection) -> Finding:
    try:
        missing = await schema.pending(connection)
    except LookupError as error:
        said = Text(
            f"The database belongs to a newer release (revision {error}): update the service.",
            f"数据库属于更新的版本（修订 {error}）：请升级本服务。",
        )
        return Finding(good=False, said=said)
    if missing:
        said = Text(
            f"{len(missing)} migration(s) have not run: feedback migrate.",
            f"有 {len(missing)} 个迁移尚未执行：请运行 feedback migrate。",
        )
        return Finding(good=False, said=said)
    return Finding(good=True, said=Text("Every migration has run.", "所有迁移均已执行。"))


async def _disk(connection: AsyncConnection) -> Finding | None:
    """Free space under the data, where the database is on this machine and lets us know."""
    may_ask = "SELECT pg_has_role(current_user, 'pg_read_all_settings', 'MEMBER')"
    if not await connection.scalar(text(may_ask)):
        return None
    data = Path(await _setting(connection, "data_directory"))
    try:
        usage = shutil.disk_usage(data)
    except OSError:  # on another machine, or not ours to see
        return None
    free_gib = usage.free / (1 << 30)
    return Finding(
        good=usage.free >= _FREE_BYTES and usage.free >= _FREE_SHARE * usage.total,
        said=Text(
            f"{free_gib:.1f} GiB are free under the data; 1 GiB and a tenth are needed.",
            f"数据所在磁盘剩余 {free_gib:.1f} GiB；至少需要 1 GiB 且不少于十分之一。",
        ),
    )
