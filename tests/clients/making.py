"""Making clients from the OpenAPI document: the tools, and where they are kept."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = "feedback_client"
#: What the lock was made with and `npm ci` is given: no address is written anywhere.
_NPM = ("ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit-lockfile-registry-resolved")
_NPM_SECONDS = 120
_SECONDS = 240


def ran(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What the command prints; its end with another status than 0 fails the test."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def python_client(document: Path, directory: Path) -> str:
    """Generate the package in the directory; what the generator says."""
    tool = Path(sys.executable).with_name("openapi-python-client")
    config = HERE / "python" / "config.yaml"
    return ran(
        tool, "generate", "--path", document, "--meta", "none",
        "--output-path", directory / PACKAGE, "--config", config, cwd=directory,
    )  # fmt: skip


def typescript_client(document: Path, directory: Path) -> Path:
    """Generate the types beside the main path, ready to compile; the folder of the tools."""
    tools = _installed()
    for source in ("main_path.ts", "tsconfig.json", "package.json"):
        shutil.copy(HERE / "typescript" / source, directory)
    (directory / "node_modules").symlink_to(tools / "node_modules")
    binaries = tools / "node_modules" / ".bin"
    ran(binaries / "openapi-typescript", document, "-o", "schema.d.ts", cwd=directory)
    return binaries


def _installed() -> Path:
    """The packages of the lock file, kept for the next run outside of the repository."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("the TypeScript client needs node and npm")
    source = HERE / "typescript"
    lock = (source / "package-lock.json").read_bytes()
    version = subprocess.run([node, "--version"], capture_output=True, check=True).stdout
    name = hashlib.sha256(lock + version).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = home / "customer-feedback" / f"clients-{name}"
    if kept.is_dir():
        return kept
    fresh = kept.with_name(f"{kept.name}-{os.getpid()}")
    fresh.mkdir(parents=True)
    for each in ("package.json", "package-lock.json"):
        shutil.copy(source / each, fresh)
    try:
        done = subprocess.run(
            [npm, *_NPM], cwd=fresh, capture_output=True, text=True, timeout=_NPM_SECONDS,
            check=False,
        )  # fmt: skip
        reason = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except subprocess.TimeoutExpired:
        reason = [f"nothing after {_NPM_SECONDS} s"]
    if reason:
        shutil.rmtree(fresh)
        pytest.skip(f"npm could not install the tools of the TypeScript client: {reason[0]}")
    try:
        fresh.rename(kept)
    except OSError:  # another worker was quicker
        shutil.rmtree(fresh)
    return kept


def written(document: object, directory: Path) -> Path:
    """The document as a file, which is what generators take."""
    path = directory / "openapi.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
