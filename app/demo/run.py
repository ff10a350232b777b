"""`feedback demo`: PostgreSQL, tables, a generated year, the API and the worker, in one command."""

import asyncio
import errno
import fcntl
import hashlib
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from alembic.util import CommandError
from pydantic import SecretStr

from app import schema
from app.config import DEMO_PEPPER, Settings
from app.db import raw_dsn
from app.demo import keys, load, postgres
from app.demo.children import ChildEndedError, Children
from app.demo.ending import AskedToEndError, RequestsToEnd
from app.problems import Text

_DATABASE = "feedback"
_USUAL_PORT = 8000
_READY_SECONDS = 60.0


class DemoError(Exception):
    """The demo cannot run; says why in both languages."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


@dataclass(frozen=True)
class Ready:
    """What a caller needs to use the running demo."""

    base_url: str
    secret_key: str
    publishable_key: str
    database_url: str


def demo(
    settings: Settings, *, directory: Path, port: int | None, as_json: bool, scale: float = 1.0
) -> None:
    """Run until Ctrl-C or SIGTERM, then end everything that was started here.

    With `settings.database_url` no PostgreSQL is started, and none is stopped. `scale` makes the
    generated year smaller or larger; data that is there already stays as it is.
    Raises DemoError when it cannot start, or when one of its processes ends.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        note = stack.enter_context(_only_one(directory, settings.database_url))
        listening = stack.enter_context(_listen(port))
        requests = stack.enter_context(RequestsToEnd())
        try:
            _run(
                settings,
                directory,
                listening=listening,
                note=note,
                stack=stack,
                requests=requests,
                as_json=as_json,
                scale=scale,
            )
        except AskedToEndError:
            _say(Text("Stopping", "正在停止"), aloud=not as_json)
        except postgres.PostgresUnavailableError as error:
            said = Text(f"PostgreSQL: {error}", f"PostgreSQL 无法启动：{error}")
            raise DemoError(said) from error
        except ChildEndedError as error:
            raise DemoError(_obituary(error)) from error


def _run(
    settings: Settings,
    directory: Path,
    *,
    listening: socket.socket,
    note: TextIO,
    stack: ExitStack,
    requests: RequestsToEnd,
    as_json: bool,
    scale: float,
) -> None:
    aloud = not as_json
    base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    note.write(base_url)
    note.flush()
    kept_keys = directory / f"keys-{_which(settings.database_url)}.json"
    url = settings.database_url
    if not url:
        _say(Text("Starting PostgreSQL", "正在启动 PostgreSQL"), aloud=aloud)
        url = _own_database(directory, stack, requests)
    settings = _demo_settings(settings, url, base_url)
    _say(Text("Preparing tables and demo data", "正在准备数据表与演示数据"), aloud=aloud)
    _migrate(url, directory)
    opened_by = asyncio.run(load.load(settings, kept=keys.read(kept_keys), scale=scale))
    keys.write(kept_keys, opened_by)
    _say(Text("Starting the API and the worker", "正在启动 API 与后台任务"), aloud=aloud)
    children = stack.enter_context(Children(directory))
    environment, fd = _environment(settings), listening.fileno()
    children.start("api", ["serve", "--fd", str(fd)], environment, fd)
    children.start("worker", ["worker"], environment)
    _await_ready(children, base_url)
    ready = Ready(base_url, opened_by.secret_key, opened_by.publishable_key, raw_dsn(url))
    sys.stdout.write(json.dumps(asdict(ready)) + "\n" if as_json else _banner(ready, directory))
    sys.stdout.flush()
    children.watch()


def _migrate(url: str, directory: Path) -> None:
    try:
        schema.upgrade(url)
    except CommandError as error:  # made by another release, whose migrations are not here
        said = Text(
            f"The data in {directory} is of another release. Use that one, or begin anew with"
            " --directory.",
            f"{directory} 中的数据属于其他版本。请使用该版本，或用 --directory 另建目录。",
        )
        raise DemoError(said) from error


def _own_database(directory: Path, stack: ExitStack, requests: RequestsToEnd) -> str:
    """The address of the demo's database on our own PostgreSQL, which ends with us."""
    with requests.put_off():
        server = postgres.start(directory.resolve() / "postgres")
        stack.callback(server.stop)
    if not postgres.database_exists(server, _DATABASE):
        postgres.create_database(server, _DATABASE)
    return server.url(_DATABASE)


def _demo_settings(settings: Settings, url: str, base_url: str) -> Settings:
    changes = {"database_url": url, "base_url": base_url, "environment": "demo"}
    if not settings.pepper.get_secret_value():
        return settings.model_copy(update={**changes, "pepper": SecretStr(DEMO_PEPPER)})
    return settings.model_copy(update=changes)


def _environment(settings: Settings) -> dict[str, str]:
    """What the children read: our environment, and what was decided here."""
    return os.environ | {
        "DATABASE_URL": settings.database_url,
        "FEEDBACK_PEPPER": settings.pepper.get_secret_value(),
        "FEEDBACK_BASE_URL": settings.base_url,
        "FEEDBACK_ENVIRONMENT": settings.environment,
    }


def _which(database_url: str) -> str:
    """Tells the files of one database from those of another, without its password."""
    return hashlib.sha256(database_url.encode()).hexdigest()[:8] if database_url else "own"


@contextmanager
def _only_one(directory: Path, database_url: str) -> Iterator[TextIO]:
    """Hold this demo's lock; the file tells a second one where the first serves."""
    with (directory / f"demo-{_which(database_url)}.lock").open("a+") as note:
        try:
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            note.seek(0)
            place = note.read()
            message = Text(
                f"The demo runs already, at {place}. Stop it first, or use --directory.",
                f"演示已在 {place} 运行。请先停止它，或使用 --directory。",
            )
            raise DemoError(message) from error
        note.truncate(0)
        yield note


def _listen(port: int | None) -> socket.socket:
    """A socket on the wanted port; on 8000 or else any free one where none is wanted."""
    try:
        return _bound(_USUAL_PORT if port is None else port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        if port is None:
            return _bound(0)
        message = Text(f"Port {port} is taken.", f"端口 {port} 已被占用。")
        raise DemoError(message) from error


def _bound(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening


def _await_ready(children: Children, base_url: str) -> None:
    """Ask /readyz until it says yes."""
    deadline = time.monotonic() + _READY_SECONDS
    while not _is_ready(base_url):
        children.check()
        if time.monotonic() > deadline:
            message = Text("The API does not become ready.", "API 未能就绪。")
            raise DemoError(message)
        time.sleep(0.05)


def _is_ready(base_url: str) -> bool:
    connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _say(text: Text, *, aloud: bool) -> None:
    if aloud:
        sys.stderr.write(f"{text.en} / {text.zh}\n")


def _obituary(error: ChildEndedError) -> Text:
    words = f"{error.last_words}\n({error.log})"
    return Text(f"The {error.name} ended:\n{words}", f"{error.name} 已退出：\n{words}")


def _banner(ready: Ready, directory: Path) -> str:
    return f"""
The service is ready. Ctrl-C ends it.
服务已就绪，按 Ctrl-C 结束。

  API              {ready.base_url}/v1
  OpenAPI          {ready.base_url}/v1/openapi.json
  Secret key       {ready.secret_key}
  私有密钥（服务器使用）
  Publishable key  {ready.publishable_key}
  公开密钥（网页使用）
  Database 数据库   {ready.database_url}
  Logs 日志         {directory}/api.log, {directory}/worker.log

Try 试一试:
  curl -H 'Authorization: Bearer {ready.secret_key}' {ready.base_url}/v1/kpis

"""
