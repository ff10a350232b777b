"""Numerical libraries are of the worker's processes: neither the API nor the worker loads them."""

import subprocess
import sys
from pathlib import Path

import pytest

_LOADED = """
import sys
{load}
print(sorted({{"numpy", "scipy", "pandas"}} & set(sys.modules)))
"""
_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "load",
    [
        "import app.worker",
        "import app.cli",
    ],
    ids=["worker", "cli"],
)
def test_starting_loads_no_numerical_library(load: str) -> None:
    """A fresh interpreter that starts a part of the service has loaded none of them."""
    command = [sys.executable, "-c", _LOADED.format(load=load)]
    said = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_serving_and_documenting_load_no_numerical_library(
    loaded_by_the_api: frozenset[str],
) -> None:
    """Nor has one that has made the API and its document."""
    assert loaded_by_the_api & {"numpy", "scipy", "pandas"} == set()
