"""Every question type, as one union on `type`. A new type is a class here and in the union."""

from typing import Annotated, TypeAlias

from pydantic import Field

from app.surveys.questions.base import Construct, Direction, QuestionBase, Reader, Scale, Schema
from app.surveys.questions.choices import MultipleChoice, SingleChoice, YesNo
from app.surveys.questions.contact import Contact
from app.surveys.questions.grids import Matrix, Ranking
from app.surveys.questions.scales import Ces, Csat, Nps, Rating
from app.surveys.questions.texts import Date, LongText, Number, ShortText

Question: TypeAlias = Annotated[
    Nps
    | Csat
    | Ces
    | Rating
    | SingleChoice
    | MultipleChoice
    | Matrix
    | Ranking
    | YesNo
    | ShortText
    | LongText
    | Number
    | Date
    | Contact,
    Field(discriminator="type"),
]

__all__ = [
    "Ces", "Construct", "Contact", "Csat", "Date", "Direction", "LongText", "Matrix",
    "MultipleChoice", "Nps", "Number", "Question", "QuestionBase", "Ranking", "Rating",
    "Reader", "Scale", "Schema", "ShortText", "SingleChoice", "YesNo",
]  # fmt: skip
