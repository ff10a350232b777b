"""Structured logs: one JSON object a line on stderr, of fields that hold nothing personal.

A field that is not on the list is dropped, the text of an exception is never written, and a
path appears only as the template of its route.
"""

import asyncio
import atexit
import json
import logging
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import structlog
from typing_extensions import override

#: Everything that a line may hold beside `ts`, `level` and `event`.
FIELDS = frozenset(
    {
        "attempt", "count", "exception", "job", "key", "logger", "message", "method", "ms", "pid",
        "problem", "request_id", "route", "sqlstate", "status", "where", "worker", "workspace",
    }
)  # fmt: skip
_LONGEST = 500
_FLUSH_SECONDS = 0.1
#: Their messages are made of constants, addresses and process ids; those of others may quote.
_QUOTABLE = ("uvicorn", "alembic")
_PACKAGE = Path(__file__).parent


class Sink:
    """Where the lines go. Access lines wait up to 0.1 s so that many leave in one write."""

    def __init__(self) -> None:
        self.stream: TextIO | None = None
        """None: whatever is the standard error when the line is written."""
        self._waiting: list[str] = []

    def write(self, text: str) -> None:
        """Write at once, after what waits."""
        self.flush()
        self._put(text)

    def later(self, text: str) -> None:
        """Write soon; must be called on an event loop."""
        self._waiting.append(text)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            text = "".join(self._waiting)
            self._waiting.clear()
            self._put(text)

    def _put(self, text: str) -> None:
        stream = self.stream or sys.stderr
        try:
            stream.write(text)
            stream.flush()
        except (OSError, ValueError):  # nobody reads: serving goes on
            return


SINK = Sink()
atexit.register(SINK.flush)


def _render(_: object, level: str, event: MutableMapping[str, Any]) -> str:
    """The last step of structlog: the allowed fields as JSON, control characters escaped."""
    line: dict[str, object] = {"ts": timestamp(), "level": level, "event": str(event["event"])}
    for name in sorted(event.keys() & FIELDS):
        value = _harmless(event[name])
        if value is not None:
            line[name] = value
    return json.dumps(line)


def _harmless(value: object) -> object:
    """A scalar, cut to a sane length; an exception gives its class; the rest is dropped."""
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, (str, UUID)):
        return str(value)[:_LONGEST]
    if isinstance(value, (int, float)):
        return value
    return None


structlog.configure(
    processors=[_render],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    logger_factory=structlog.WriteLoggerFactory(file=SINK),  # type: ignore[arg-type]
    cache_logger_on_first_use=True,
)
#: `log.warning("job.failed", job="fold", exception=error)`
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Bridge(logging.Handler):
    """Takes what libraries log through `logging` into the same lines."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name}
        if record.name.startswith(_QUOTABLE):
            fields["message"] = record.getMessage().strip()
        if record.exc_info is not None and record.exc_info[1] is not None:
            fields["exception"] = record.exc_info[1]
            fields["where"] = where(record.exc_info[1])
        log.log(record.levelno, "library", **fields)


def configure() -> None:
    """Send the logs of every library here. For processes of the service, not for tests."""
    logging.basicConfig(handlers=[Bridge()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    for name in _QUOTABLE:
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.handlers.clear()
        logger.propagate = True


def where(error: BaseException) -> str:
    """The places in our code that an exception passed, innermost last; no values."""
    places: list[str] = []
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        file = Path(code.co_filename)
        if file.is_relative_to(_PACKAGE):
            places.append(f"{file.relative_to(_PACKAGE)}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join(places[-8:])


class _Clock:
    """The second that was formatted last: formatting one anew for every line is dear."""

    second = -1
    text = ""


def timestamp() -> str:
    """This instant as RFC 3339 in UTC, to the millisecond."""
    instant = time.time()
    second = int(instant)
    if second != _Clock.second:
        _Clock.text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        _Clock.second = second
    return f"{_Clock.text}.{int((instant - second) * 1000):03d}Z"


def access(  # noqa: PLR0917 - the hot path passes by position
    method: str,
    route: str,
    status: int,
    seconds: float,
    request_id: str,
    workspace: object,
    key: str,
    problem: str,
) -> None:
    """Log one request that was answered.

    Built by hand, at a tenth of the cost: every value is a number, a registered code, a
    template of ours or an identifier that was checked, so that none needs escaping.
    """
    SINK.later(
        f'{{"ts": "{timestamp()}", "level": "info", "event": "request", "method": "{method}", '
        f'"route": "{route}", "status": {status}, "ms": {seconds * 1000:.1f}, '
        f'"request_id": "{request_id}"'
        + (f', "workspace": "{workspace}", "key": "{key}"' if key else "")
        + (f', "problem": "{problem}"}}\n' if problem else "}\n")
    )
