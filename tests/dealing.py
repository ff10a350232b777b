"""Which tests run together on one worker, and which of them first.

What is made once for a module would else be made by every worker: the marks for groups of
pytest-xdist 3.8 do nothing with pytest 9.2. So the place of a test tells its group.
"""

from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

#: Folders whose modules share something dear; all other modules are a group each.
FOLDERS = ("tests/acceptance/", "tests/docs/")
#: What takes long begins first, or one worker would work when all others have ended.
LONGEST_FIRST = (
    "tests/test_durability.py",
    "tests/acceptance/",
    "tests/docs/",
    "tests/demo/test_run.py",
    "tests/clients/test_clients.py",
    "tests/test_server.py",
    "tests/lifetime/test_model_runs_cdnow.py",
    "tests/test_fuzz.py",
)


def group_of(node_id: str) -> str:
    """The folder or module whose tests run on one worker, in their order."""
    module = node_id.partition("::")[0]
    return next((folder for folder in FOLDERS if module.startswith(folder)), module)


def rank_of(node_id: str) -> int:
    """The place of its group among those that begin first."""
    group = group_of(node_id)
    return LONGEST_FIRST.index(group) if group in LONGEST_FIRST else len(LONGEST_FIRST)


class ByGroup(LoadScopeScheduling):  # type: ignore[misc] # published without types
    """Deals out group by group, in the order of the tests, to whoever has almost done."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
