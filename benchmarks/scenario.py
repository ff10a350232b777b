"""What the benchmarks share: a durable PostgreSQL, a workspace with a survey, and submissions."""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from pydantic import SecretStr

from app.config import DEMO_PEPPER, Settings
from app.db import Database
from app.demo import postgres
from app.http.auth import SCOPES
from app.surveys import service as surveys
from app.surveys.schemas import SurveyCreate
from app.workspaces import service as workspaces
from app.workspaces.schemas import ApiKeyCreate

ROOT = Path(__file__).parent.parent
REASONS = ("price", "speed", "quality", "staff")
WORDS = ("服务很好，", "师傅很专业，", "下次还会来。", "Quick answer, ", "fair price. ")


@dataclass(frozen=True)
class Scenario:
    """A database with one workspace and one published survey."""

    settings: Settings
    postmaster: int
    key: str
    survey: str

    @property
    def environment(self) -> dict[str, str]:
        """What a server process needs to know."""
        return {
            "DATABASE_URL": self.settings.database_url,
            "FEEDBACK_PEPPER": self.settings.pepper.get_secret_value(),
        }


@contextmanager
def scenario() -> Iterator[Scenario]:
    """Start PostgreSQL with its default durability, migrate, and make the survey."""
    with tempfile.TemporaryDirectory(prefix="feedback-bench-") as directory:
        Path(directory).chmod(0o755)
        server = postgres.start(Path(directory) / "pg", settings={"max_wal_size": "4GB"})
        try:
            url = server.url("postgres")
            config = Config(ROOT / "alembic.ini")
            config.set_main_option("script_location", str(ROOT / "migrations"))
            config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
            command.upgrade(config, "head")
            settings = Settings(database_url=url, pepper=SecretStr(DEMO_PEPPER))
            key, survey = asyncio.run(_prepare(settings))
            pid = int((server.data_directory / "postmaster.pid").read_text().split()[0])
            yield Scenario(settings, pid, key, survey)
        finally:
            server.stop()


async def _prepare(settings: Settings) -> tuple[str, str]:
    database = Database(settings)
    pepper = settings.pepper.get_secret_value()
    async with database.transaction() as session:
        workspace = await workspaces.create_workspace(session, name="benchmark")
        wanted = ApiKeyCreate(kind="secret", name="benchmark", scopes=list(SCOPES))
        _, key = await workspaces.create_key(session, workspace.id, pepper, wanted)
        body = SurveyCreate.model_validate({"name": "service", "definition": definition()})
        survey = await surveys.create_survey(session, workspace.id, body)
        await surveys.publish_survey(session, survey)
    await database.close()
    return key, str(survey.id)


def definition() -> dict[str, Any]:
    """Four questions of the usual kinds."""
    text = {"text": {"en": "How was it?", "zh-CN": "您觉得怎么样？"}}
    choices = [{"code": code, "label": {"en": code, "zh-CN": code}} for code in REASONS]
    return {
        "default_language": "zh-CN",
        "languages": ["zh-CN", "en"],
        "title": {"en": "Service", "zh-CN": "服务"},
        "pages": [
            {
                "key": "main",
                "questions": [
                    text | {"type": "nps", "key": "nps", "required": True},
                    text | {"type": "csat", "key": "csat", "construct": "satisfaction"},
                    text | {"type": "multiple_choice", "key": "reasons", "choices": choices},
                    text | {"type": "long_text", "key": "why"},
                ],
            }
        ],
    }


def submissions(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Believable submissions, spread over the year before 22 November 2026."""
    rng = random.Random(seed)
    for _ in range(count):
        month, day = rng.randrange(1, 11), rng.randrange(1, 29)
        yield {
            "answers": {
                "nps": rng.choice((9, 10, 8, 7, 10, 9, 6, 3, 0, 5)),
                "csat": rng.choice((5, 4, 4, 3, 5, 1)),
                "reasons": rng.sample(REASONS, rng.randrange(1, 3)),
                "why": "".join(rng.sample(WORDS, 4)),
            },
            "language": rng.choice(("zh-CN", "zh-CN", "en")),
            "channel": rng.choice(("web", "mobile", "email", "phone", "kiosk")),
            "customer": f"C{rng.randrange(5_000):05}",
            "occurred_at": f"2026-{month:02}-{day:02}T{rng.randrange(24):02}:15:00+08:00",
            "metadata": {"branch": rng.choice(("east", "west", "north"))},
        }


def raw_request(path: str, body: dict[str, Any], key: str) -> bytes:
    """One HTTP/1.1 request as bytes."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def drive(port: int, connections: int, count: int, requests: list[bytes]) -> dict[str, Any]:
    """Run the load generator; its report."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(request.hex() for request in requests))
        file.flush()
        output = subprocess.run(
            [sys.executable, "-m", "benchmarks.load", str(port), str(connections), str(count),
             file.name],
            check=True, capture_output=True, cwd=ROOT, timeout=300,
        ).stdout  # fmt: skip
    report: dict[str, Any] = json.loads(output)
    return report
