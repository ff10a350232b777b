"""The surveys that are being answered, compiled, in memory for a second at a time."""

import asyncio
import time
from functools import lru_cache
from uuid import UUID

from app.db import Database
from app.errors import NotFound
from app.responses.submission import Questionnaire
from app.surveys import service as surveys
from app.surveys.answers import AnswerSheet, compile_answers

#: How long a survey is believed to be as it was read; the statement that writes checks it.
REFRESH_SECONDS = 1.0
_MOST = 2_000

_Name = tuple[UUID, UUID]


@lru_cache(maxsize=_MOST)
def _uuid(text: str) -> UUID:
    """Read the id of a survey in a path: few are asked for, again and again."""
    return UUID(text)


def _open(questionnaire: Questionnaire | None) -> bool:
    return questionnaire is not None and questionnaire.status == "published"


class Questionnaires:
    """Reads surveys on their own short connection, one reader for each survey at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[_Name, tuple[float, Questionnaire | None]] = {}
        self._locks: dict[_Name, asyncio.Lock] = {}
        self._sheets: dict[tuple[UUID, UUID, int], AnswerSheet] = {}

    async def get(self, workspace_id: UUID, survey: str, *, fresh: bool = False) -> Questionnaire:
        """The survey of the workspace; 404 for every other id.

        `fresh` looks it up now. So does everything that is not an open survey, so that one that
        was just published is answered at once.
        """
        try:
            name = (workspace_id, _uuid(survey))
        except ValueError:
            raise NotFound from None
        asked_at = time.monotonic()
        known = self._known.get(name)
        if fresh or known is None or not _open(known[1]):
            known = await self._refresh(name, read_since=asked_at)
        elif asked_at - known[0] > REFRESH_SECONDS:
            known = await self._refresh(name, read_since=asked_at - REFRESH_SECONDS)
        if known[1] is None:
            raise NotFound
        return known[1]

    async def _refresh(
        self, name: _Name, *, read_since: float
    ) -> tuple[float, Questionnaire | None]:
        """Read the survey, unless somebody did while we waited for our turn."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            known = self._known.get(name)
            if known is not None and known[0] >= read_since:
                return known
            read_at = time.monotonic()
            fresh = (read_at, await self._read(*name))
            if len(self._known) >= _MOST:
                self._known.clear()
                self._locks.clear()
                self._sheets.clear()
            self._known[name] = fresh
            return fresh

    async def _read(self, workspace_id: UUID, survey_id: UUID) -> Questionnaire | None:
        async with self._database.snapshot() as session:
            try:
                survey = await surveys.fetch_survey(session, workspace_id, survey_id)
            except NotFound:
                return None
            versions = await surveys.list_all_versions(session, workspace_id, survey_id)
        sheets = {}
        for version in versions:
            key = (workspace_id, survey_id, version.number)
            if key not in self._sheets:
                self._sheets[key] = compile_answers(surveys.definition_of(version))
            sheets[version.number] = self._sheets[key]
        return Questionnaire(
            workspace_id=workspace_id,
            survey_id=survey_id,
            revision=survey.revision,
            status=survey.status,
            current_version=survey.current_version,
            created_at=survey.created_at,
            closed_at=survey.closed_at,
            sheets=sheets,
            retired=frozenset(each.number for each in versions if each.retired_at is not None),
        )
