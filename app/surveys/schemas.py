"""What clients send and see of surveys."""

from typing import Literal
from uuid import UUID

from pydantic import JsonValue, RootModel

from app.fields import Code, Input, Localized, Output, ShortText, Timestamp, example
from app.surveys.definition import SurveyDefinition

SurveyStatus = Literal["draft", "published", "closed"]


class SurveyCreate(Input):
    """A new draft. It may be incomplete; publishing says what is missing."""

    model_config = example(
        name="After a visit",
        definition={
            "default_language": "zh-CN",
            "languages": ["zh-CN", "en"],
            "title": {"zh-CN": "您的到访", "en": "Your visit"},
            "pages": [
                {
                    "key": "visit",
                    "questions": [
                        {
                            "type": "nps",
                            "key": "nps",
                            "text": {
                                "zh-CN": "您会向朋友推荐我们吗？",
                                "en": "Would you recommend us to a friend?",
                            },
                            "required": True,
                            "construct": "recommendation",
                        }
                    ],
                }
            ],
        },
    )

    name: ShortText
    definition: SurveyDefinition


class SurveyPatch(Input):
    """The parts of a draft that may change; what is absent or null stays."""

    name: ShortText | None = None
    definition: SurveyDefinition | None = None


class DefinitionCandidate(RootModel[dict[str, JsonValue]]):
    """A definition as it stands in an editor: any JSON object, however wrong."""


class SurveySummary(Output):
    """A survey without its questions."""

    id: UUID
    name: str
    status: SurveyStatus
    current_version: int | None
    """The version that is served; null before the first."""
    revision: int
    created_at: Timestamp
    updated_at: Timestamp
    published_at: Timestamp | None
    """When the current version was published."""
    closed_at: Timestamp | None


class SurveyRead(SurveySummary):
    """A survey with its draft, which may differ from what is published."""

    definition: SurveyDefinition


class SurveyVersionSummary(Output):
    """A published version without its questions; it takes responses until it is retired."""

    survey_id: UUID
    number: int
    published_at: Timestamp
    retired_at: Timestamp | None


class SurveyVersionRead(SurveyVersionSummary):
    """A published version; its definition never changes."""

    definition: SurveyDefinition


class DefinitionProblem(Output):
    """One thing that is wrong with a definition."""

    pointer: str
    """JSON Pointer (RFC 6901) into the definition."""
    code: str
    detail: str


class DefinitionVerdict(Output):
    """Whether a definition could be published, and what is in the way."""

    valid: bool
    problems: list[DefinitionProblem]


class QuestionChanged(Output):
    """A question that both versions ask, and the fields that differ."""

    key: str
    fields: list[str]


class VersionDifference(Output):
    """What changed from one version to another, by question key."""

    from_version: int
    to_version: int
    added: list[str]
    removed: list[str]
    changed: list[QuestionChanged]
    reordered: bool
    """Whether the questions that both ask stand in another order."""
    settings: list[str]
    """Fields of the survey itself that differ: title, languages, pages, ..."""


class SurveyTemplateSummary(Output):
    """A ready instrument."""

    key: Code
    name: Localized
    description: Localized


class SurveyTemplateRead(SurveyTemplateSummary):
    """A ready instrument with its definition: send that to `POST /v1/surveys`."""

    definition: SurveyDefinition
