"""The house rules that a linter cannot say: what keeps it small, safe and one-way."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.config import Settings
from app.http.auth import Open, declared_need
from app.http.route import Route
from app.main import ROUTERS, create_app

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "app").rglob("*.py"))
#: The longest a file may be; what grows beyond is split by family.
MAX_LINES = 320
MAX_FUNCTION_LINES = 50
#: Who owns a transaction, beside the route class (which uses `Database.transaction`).
MAY_COMMIT = {"app/responses/loading.py", "app/http/bulk.py"}


def _routes() -> Iterator[APIRoute]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def test_every_route_declares_who_may_call_it() -> None:
    """Each has a scope, or says why it is open; operation ids are verb_noun and unique."""
    ids = []
    for route in _routes():
        need = declared_need(route.dependant)
        assert need is not None, route.path
        assert need.scope is not None or (isinstance(need, Open) and need.why), route.path
        if route.include_in_schema:
            ids.append(route.operation_id)
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", id_ or "") for id_ in ids), ids


def test_a_route_without_a_scope_cannot_be_built() -> None:
    """Forgetting the scope is found when the program starts, not when somebody finds the hole."""
    router = APIRouter(route_class=Route)

    with pytest.raises(TypeError, match="declares no scope"):
        router.add_api_route("/open-by-accident", lambda: "oops")


def test_an_application_serves_the_routes_as_they_are() -> None:
    """None is made anew, so that the first request of a process is answered like the next."""
    app = create_app(Settings(database_url="postgresql://nobody/nowhere"))
    served = {id(route) for route in app.routes}
    assert all(id(route) in served for route in _routes())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    """A file has at most some 300 lines and a function some 40: more is two things."""
    source = path.read_text()
    assert source.count("\n") <= MAX_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, node.name


def test_nobody_commits_but_who_owns_the_transaction() -> None:
    """`commit(` stands only where a transaction is owned by design."""
    found = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(r"\.commit\(", path.read_text())
    }
    assert found <= MAY_COMMIT


def test_routes_write_no_sql() -> None:
    """What a route needs from the database it asks of a service."""
    for path in SOURCES:
        if path.name.endswith("routes.py"):
            assert "import select" not in path.read_text(), path
            assert "session.execute" not in path.read_text(), path


def test_every_test_says_what_it_proves() -> None:
    """The report of the tests reads as a specification."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
                "test_"
            ):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"
