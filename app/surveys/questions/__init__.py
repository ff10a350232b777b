"""Every question type, as one union on `type`. A new type is a class here and in the union."""

from typing import Annotated, TypeAlias

from pydantic import Field

from app.surveys.questions.allocations import AllocationQuestion
from app.surveys.questions.base import Construct, Direction, QuestionBase, Reader, Scale, Schema
from app.surveys.questions.choices import (
    MultipleChoiceQuestion,
    SingleChoiceQuestion,
    YesNoQuestion,
)
from app.surveys.questions.contact import ContactQuestion
from app.surveys.questions.grids import MatrixQuestion, RankingQuestion
from app.surveys.questions.scales import CesQuestion, CsatQuestion, NpsQuestion, RatingQuestion
from app.surveys.questions.texts import (
    DateQuestion,
    LongTextQuestion,
    NumberQuestion,
    ShortTextQuestion,
)

Question: TypeAlias = Annotated[
    NpsQuestion
    | CsatQuestion
    | CesQuestion
    | RatingQuestion
    | SingleChoiceQuestion
    | MultipleChoiceQuestion
    | MatrixQuestion
    | RankingQuestion
    | AllocationQuestion
    | YesNoQuestion
    | ShortTextQuestion
    | LongTextQuestion
    | NumberQuestion
    | DateQuestion
    | ContactQuestion,
    Field(discriminator="type", title="Question"),
]

__all__ = [
    "AllocationQuestion", "CesQuestion", "Construct", "ContactQuestion", "CsatQuestion",
    "DateQuestion", "Direction", "LongTextQuestion", "MatrixQuestion", "MultipleChoiceQuestion",
    "NpsQuestion", "NumberQuestion", "Question", "QuestionBase", "RankingQuestion",
    "RatingQuestion", "Reader", "Scale", "Schema", "ShortTextQuestion", "SingleChoiceQuestion",
    "YesNoQuestion",
]  # fmt: skip
