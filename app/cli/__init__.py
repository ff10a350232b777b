"""`feedback`: the command line, for whoever operates the service."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from pydantic import ValidationError

from app import jobs, log, schema
from app.cli import credentials, diagnosis
from app.cli.lifeline import end_with
from app.config import Settings
from app.db import Database
from app.problems import Text

# The whole service takes seconds to import: only the commands that run it do so, inside.
commands = typer.Typer(
    name="feedback",
    help="Surveys, complaints and customer KPIs. / 问卷、投诉与客户指标。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
keys = typer.Typer(help="API keys. / API 密钥。", no_args_is_help=True)
commands.add_typer(keys, name="keys")
checks = typer.Typer()
commands.add_typer(checks, name="check")

Lifeline = Annotated[int | None, typer.Option(hidden=True)]


def main() -> None:
    """Run the command that the arguments name."""
    commands()


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on. / 监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on. / 监听端口。")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes. / 进程数。")] = 1,
    fd: Annotated[
        int | None, typer.Option(help="A socket that listens already. / 已监听的套接字。")
    ] = None,
    lifeline: Lifeline = None,
) -> None:
    """提供 API 服务。 / Serve the API."""
    from app import server

    settings = _settings(needs_database=True)
    end_with(lifeline)
    server.serve(settings, host=host, port=port, workers=workers, fd=fd)


@commands.command("worker")
def run_worker(lifeline: Lifeline = None) -> None:
    """运行后台任务。 / Do the work in the background."""
    settings = _settings(needs_database=True)
    end_with(lifeline)
    log.configure()
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    from app import worker

    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await worker.run(settings, stop)


@commands.command("retry-jobs")
def retry_jobs() -> None:
    """让失败的后台任务重新执行。 / Give background jobs that died their attempts again."""
    settings = _settings(needs_database=True)
    revived = asyncio.run(_revive(settings))
    _say(Text(f"{revived} jobs run again.", f"{revived} 个任务将重新执行。"))


async def _revive(settings: Settings) -> int:
    database = Database(settings)
    try:
        async with database.transaction() as session:
            return await jobs.revive(session)
    finally:
        await database.close()


@commands.command()
def migrate() -> None:
    """将数据库升级到最新结构。 / Bring the database to the newest schema."""
    schema.upgrade(_settings(needs_database=True).database_url)
    _say(Text("The database is up to date.", "数据库已是最新。"))


@commands.command()
def openapi() -> None:
    """输出 OpenAPI 文档。 / Print the OpenAPI document."""
    from app.main import document

    typer.echo(json.dumps(document(), ensure_ascii=False, indent=1))


@checks.callback(invoke_without_command=True)
def check(context: typer.Context) -> None:
    """检查安装配置。 / Say what is wrong with this installation."""
    if context.invoked_subcommand is None:
        raise typer.Exit(0 if asyncio.run(_check(diagnosis.findings(_settings()))) else 1)


@checks.command("kpis")
def check_kpis(
    workspace: Annotated[UUID | None, typer.Option(help="Only this. / 仅此工作区。")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All cells, not a sample. / 全部，而非抽样。")
    ] = False,
) -> None:
    """从原始记录重新统计指标。 / Count figures again from the rows."""
    from app.cli import recounting

    settings = _settings(needs_database=True)
    found = recounting.findings(settings, workspace=workspace, everything=everything)
    raise typer.Exit(0 if asyncio.run(_check(found)) else 1)


async def _check(findings: AsyncIterator[diagnosis.Finding]) -> bool:
    all_good = True
    async for finding in findings:
        mark = Text("ok   ", "正常 ") if finding.good else Text("WRONG", "错误 ")
        typer.echo(f"{mark.of(_language())}  {finding.said.of(_language())}")
        all_good = all_good and finding.good
    return all_good


@commands.command()
def demo(
    port: Annotated[
        int | None, typer.Option(help="Port of the API; 8000, or a free one. / API 端口。")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON when ready. / 就绪后输出一行 JSON。")
    ] = False,
    directory: Annotated[Path, typer.Option(help="Where its data lives. / 数据目录。")] = Path(
        ".feedback"
    ),
    scale: Annotated[
        float, typer.Option(min=0.01, help="Of the generated data. / 数据规模。")
    ] = 1.0,
) -> None:
    """启动演示。 / Serve everything with generated data, on a PostgreSQL of its own."""
    from app.demo import run as demo_run

    try:
        demo_run.demo(_settings(), directory=directory, port=port, as_json=as_json, scale=scale)
    except demo_run.DemoError as error:
        _fail(error.said)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="What it is for. / 用途。")],
    kind: Annotated[str, typer.Option(help="secret | publishable")] = "secret",
    scope: Annotated[list[str] | None, typer.Option(help="May repeat. / 可重复。")] = None,
    workspace: Annotated[UUID | None, typer.Option(help="Its id. / 工作区 ID。")] = None,
    new_workspace: Annotated[
        str | None, typer.Option(help="Make a workspace of this name. / 新建工作区。")
    ] = None,
    expires_at: Annotated[datetime | None, typer.Option(help="Local time. / 本地时间。")] = None,
) -> None:
    """创建密钥，仅显示一次。 / Make a key; its text is shown this once."""
    making = credentials.create(
        _settings(needs_database=True),
        kind=kind,
        name=name,
        scopes=scope or [],
        workspace=workspace,
        new_workspace=new_workspace,
        expires_at=expires_at,
    )
    try:
        key, text = asyncio.run(making)
    except credentials.KeyCommandError as error:
        _fail(error.said)
    typer.echo(text)
    kept = Text(
        f"Workspace {key.workspace_id}. Keep the key: it cannot be shown again.",
        f"工作区 {key.workspace_id}。请妥善保存密钥：无法再次显示。",
    )
    typer.echo(kept.of(_language()), err=True)


@keys.command("list")
def list_keys() -> None:
    """列出所有密钥。 / List every key."""
    rows = asyncio.run(credentials.listed(_settings(needs_database=True)))
    _table(
        (key.key_id, key.kind, credentials.state(key).of(_language()), key.name, workspace.name)
        for workspace, key in rows
    )


@keys.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="From the list. / 见列表。")]) -> None:
    """永久吊销密钥。 / End a key for ever."""
    try:
        asyncio.run(credentials.revoke(_settings(needs_database=True), key_id))
    except credentials.KeyCommandError as error:
        _fail(error.said)
    _say(Text("The key is revoked.", "密钥已吊销。"))


def _settings(*, needs_database: bool = False) -> Settings:
    """The settings of the environment, or an end in plain words."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"{'FEEDBACK_' + str(each['loc'][0]).upper()}: {each['msg']}"
            for each in error.errors(include_input=False)
        )
        _fail(Text(f"The settings are not valid: {wrong}", f"配置无效：{wrong}"))
    if needs_database and not settings.database_url:
        _fail(
            Text(
                "Set DATABASE_URL, or try `feedback demo`, which brings its own database.",
                "请设置 DATABASE_URL，或运行自带数据库的 `feedback demo`。",
            )
        )
    return settings


def _language() -> str:
    """The language of the terminal, as the environment tells it."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return next((value for name in names if (value := os.environ.get(name))), "en")


def _say(said: Text) -> None:
    typer.echo(said.of(_language()))


def _fail(said: Text) -> NoReturn:
    typer.echo(said.of(_language()), err=True)
    raise typer.Exit(1)


def _table(rows: Iterable[tuple[str, ...]]) -> None:
    """Columns parted by tabs: for people and for `cut`."""
    for row in rows:
        sys.stdout.write("\t".join(row) + "\n")
