"""What a caller may see of a response."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.http.auth import Credential
from app.responses.models import Response
from app.responses.schemas import ResponseRead
from app.surveys import service as surveys

_UNNAMED = ("key:", "random:")


class Reader:
    """Turns rows into what the caller may see; reads each survey version once."""

    def __init__(self, session: AsyncSession, caller: Credential, *, own: bool = False) -> None:
        self._session = session
        self._sees_personal = own or caller.may("responses:read_pii")
        self._personal: dict[tuple[UUID, int], frozenset[str]] = {}

    async def read(self, response: Response) -> ResponseRead:
        """The response, without personal answers unless the caller may read them."""
        hidden: frozenset[str] = frozenset()
        if not self._sees_personal:
            hidden = await self._personal_keys(response)
        named = not response.submission_key.startswith(_UNNAMED)
        return ResponseRead.model_validate(
            {
                "id": response.id,
                "survey": response.survey_id,
                "version": response.version,
                "submission_id": response.submission_key if named else None,
                "status": response.status,
                "quality": response.quality,
                "assurance": response.assurance,
                "language": response.language,
                "channel": response.channel,
                "method": response.method,
                "customer": response.customer,
                "segment": response.segment,
                "occurred_at": response.occurred_at,
                "claimed_at": response.claimed_at,
                "received_at": response.received_at,
                "updated_at": response.updated_at,
                "duration_seconds": response.duration_seconds,
                "flags": response.flags,
                "metadata": response.metadata_,
                "answers": {
                    key: value for key, value in response.answers.items() if key not in hidden
                },
                "redacted": sorted(hidden & response.answers.keys()),
                "revision": response.revision,
            }
        )

    async def _personal_keys(self, response: Response) -> frozenset[str]:
        name = (response.survey_id, response.version)
        if name not in self._personal:
            version = await surveys.fetch_version(
                self._session, response.workspace_id, response.survey_id, response.version
            )
            definition = surveys.definition_of(version)
            self._personal[name] = frozenset(
                question.key for question in definition.questions() if question.personal_data
            )
        return self._personal[name]
