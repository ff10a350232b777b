"""The keys of the demo, kept beside its data: only hashes of them are in the database."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True)
class Credentials:
    """What opens the demo's workspace."""

    secret_key: str
    publishable_key: str
    workspace_id: UUID


def read(path: Path) -> Credentials | None:
    """The keys of an earlier run; None where there are none, or none that can be understood."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(
            str(found["secret_key"]), str(found["publishable_key"]), UUID(found["workspace_id"])
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(path: Path, credentials: Credentials) -> None:
    """Keep the keys for the next run, readable by nobody else, and never half written."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        json.dump(asdict(credentials), file, default=str)
    unfinished.replace(path)
