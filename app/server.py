"""How the API is served: uvicorn, with limits for connections and an orderly end."""

import os
import socket
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from app import log
from app.config import Settings

#: By name, because it takes seconds to import: who only watches over processes does not need it.
_APPLICATION = "app.process:application"
_KEEP_ALIVE_SECONDS = 5
_BACKLOG = 2_048
#: uvicorn kills a worker that does not answer in this time; importing may take long on a busy
#: machine.
_WORKER_SECONDS = 30
_METRICS_DIRECTORY = "FEEDBACK_METRICS_DIRECTORY"


def serve(
    settings: Settings, *, host: str, port: int, workers: int = 1, fd: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; requests in progress are finished first.

    These settings are of the server; what it serves reads the environment itself. Several
    processes add up their metrics in a directory of their own. With `fd` one process serves a
    socket that listens already, so that a restart refuses nobody. Ends the program with status 3
    when the address is taken.
    """
    log.configure()
    if workers > 1 and fd is None:
        _serve_together(settings, host, port, workers)
        return
    server = uvicorn.Server(configured(_APPLICATION, settings, host=host, port=port))
    with suppress(KeyboardInterrupt):  # uvicorn ends in order, and then tells how it was asked to
        # Not uvicorn's own `fd`: it takes every socket for a unix socket and loses the peer.
        server.run(sockets=None if fd is None else [socket.socket(fileno=fd)])
    log.SINK.flush()
    if not server.started:
        sys.exit(1)


def _serve_together(settings: Settings, host: str, port: int, workers: int) -> None:
    config = configured(_APPLICATION, settings, host=host, port=port, workers=workers)
    with tempfile.TemporaryDirectory(prefix="feedback-metrics-") as directory:
        if not settings.metrics_directory:
            os.environ[_METRICS_DIRECTORY] = directory
        Multiprocess(config, sockets=[config.bind_socket()]).run()


def configured(
    app: FastAPI | str, settings: Settings, *, host: str, port: int, workers: int = 1
) -> uvicorn.Config:
    """What uvicorn is told.

    The log of requests is our own (`app.log`), proxy headers are not believed, and there are no
    WebSockets. Where httptools is missing (Windows), h11 serves, without the head's time limit.
    """
    fast = find_spec("httptools") is not None
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=host,
        port=port,
        workers=workers,
        loop="auto",
        http="app.http.protocol:GuardedProtocol" if fast else "h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_worker_healthcheck=_WORKER_SECONDS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_timeout_seconds,
    )
