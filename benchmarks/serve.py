"""Serves the product as `feedback serve` does, or `module:application` under the same uvicorn.

`python -m benchmarks.serve product|module:application PORT`
"""

import importlib
import sys

import uvicorn

from app.config import Settings
from app.server import serve


def main() -> None:
    """Read the arguments and serve."""
    name, port = sys.argv[1], int(sys.argv[2])
    if name == "product":
        settings = Settings()
        serve(settings, host="127.0.0.1", port=port)
        return
    module, _, attribute = name.partition(":")
    uvicorn.run(
        getattr(importlib.import_module(module), attribute),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
        backlog=2_048,
    )


if __name__ == "__main__":
    main()
