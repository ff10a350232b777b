"""A process that serves: what uvicorn starts, and starts again."""

import os
import signal
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from threading import Thread

from fastapi import FastAPI

from app import log
from app.config import Settings
from app.main import create_app


def application() -> FastAPI:
    """The application of this process, with the settings of the environment."""
    if (parent := parent_process()) is not None:
        Thread(target=_follow, args=(parent,), daemon=True).start()
    log.configure()
    return create_app(Settings())


def _follow(parent: BaseProcess) -> None:
    """End in order once the parent is gone: it was killed, and we would keep its port for ever."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
