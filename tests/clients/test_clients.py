"""Clients generated from the document compile strictly and walk the main path on a live server."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.main import create_app
from tests.clients.making import HERE, PACKAGE, python_client, ran, typescript_client, written
from tests.conformance import contract
from tests.conftest import Tenant
from tests.http.serving import serving

#: Five scores: three promoters, a passive, a detractor.
FIGURE = {"n": 5, "value": 0.4, "method": "adjusted_wald"}
#: The bodies that openapi-python-client has no name for; it sends JSON instead.
UNKNOWN_TO_PYTHON = {"application/x-ndjson", "text/csv"}


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """A live server on the database of the tests."""
    with serving(create_app(settings), settings) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def python_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the generated Python package, and what was said while it was made."""
    directory = tmp_path_factory.mktemp("python-client")
    said = python_client(written(contract(), directory), directory)
    (directory / "said.txt").write_text(said, encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def typescript_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the TypeScript client, compiled in the strictest mode."""
    directory = tmp_path_factory.mktemp("typescript-client")
    binaries = typescript_client(written(contract(), directory), directory)
    ran(binaries / "tsc", "--project", directory, cwd=directory)
    return directory


def test_python_client_leaves_nothing_out(python_directory: Path) -> None:
    """The generator drops no operation and no schema; it only skips bodies that are no JSON."""
    said = (python_directory / "said.txt").read_text(encoding="utf-8")
    assert set(re.findall(r"Unsupported content type (\S+)", said)) == UNKNOWN_TO_PYTHON
    assert said.count("WARNING") == said.count("Unsupported content type")
    assert "Unable to" not in said
    made = {path.stem for path in (python_directory / PACKAGE / "api").glob("*/*.py")}
    for item in contract()["paths"].values():
        for operation in item.values():
            assert operation["operationId"] in made


def test_python_client_type_checks(python_directory: Path) -> None:
    """A program that uses the client passes mypy in strict mode, and so does the client."""
    ran(
        sys.executable, "-m", "mypy", "--config-file=", "--strict", "--implicit-reexport",
        "--cache-dir", str(python_directory / "mypy"), str(HERE / "python" / "main_path.py"),
        cwd=python_directory, MYPYPATH=str(python_directory),
    )  # fmt: skip


def test_python_client_walks_the_main_path(
    python_directory: Path, address: str, tenant: Tenant
) -> None:
    """Survey, responses one by one and in bulk, customers, orders, a complaint, and the figure."""
    program = HERE / "python" / "main_path.py"
    keys = (tenant.secret_key, tenant.publishable_key)
    printed = ran(
        sys.executable, program, address, *keys,
        cwd=python_directory, PYTHONPATH=str(python_directory),
    )  # fmt: skip
    assert json.loads(printed) == FIGURE


def test_typescript_client_walks_the_main_path(
    typescript_directory: Path, address: str, tenant: Tenant
) -> None:
    """The same path through openapi-fetch, compiled strictly, under node."""
    program = typescript_directory / "out" / "main_path.js"
    keys = (tenant.secret_key, tenant.publishable_key)
    printed = ran("node", program, address, *keys, cwd=typescript_directory)
    assert json.loads(printed) == FIGURE


def test_lock_of_the_typescript_tools_names_no_place() -> None:
    """Integrity is kept, and where packages come from is each machine's own setting."""
    lock = (HERE / "typescript" / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    assert "://" not in lock
    assert "resolved" not in lock
    assert all("integrity" in each for name, each in packages.items() if name)
