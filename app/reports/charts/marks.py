"""What charts draw: figures with their intervals, as they are to be written beside their marks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

#: Writes a number at a tick; the second number is the distance of the ticks.
Tick = Callable[[float, float], str]
Tone = Literal["plain", "good", "middle", "bad"]


@dataclass(frozen=True)
class Mark:
    """A figure of a point in time or of a group."""

    label: str
    value: float | None
    shown: str
    """The value as it is written; for one without a value, why there is none."""
    low: float | None = None
    high: float | None = None
    under: str = ""
    """A second line below the label, as the year of a month: written where it changes."""
    note: str = ""
    """What is written beside the value of a bar, as the number of answers."""
    told: str = ""
    """The whole sentence for who points at the mark or cannot see it."""
    withheld: bool = False
    """Kept back to protect people, which is not the same as having no value."""
    partial: bool = False
    """Of a period that is not over."""


@dataclass(frozen=True)
class Count:
    """How often something was given."""

    label: str
    n: int
    share: float
    shown: str
    told: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Goal:
    """A target that is drawn as a line."""

    value: float
    shown: str


@dataclass(frozen=True)
class Titles:
    """The name of a drawing on its page, and what it says to those who cannot see it."""

    name: str
    title: str
    description: str
