"""What margins must be, whoever sends them: each said once, and all of one population."""

import math
from collections.abc import Iterator, Mapping, Sequence

from app.errors import FieldError

#: Totals of margins may differ by what rounding does.
_ROUNDED = 0.01
#: The least target but 0: weights must not vanish in floating point.
_LEAST_SHARE = 1e-9


def problems_of_margins(
    margins: Sequence[tuple[str, Mapping[str, float]]], name: str
) -> Iterator[FieldError]:
    """Margins that repeat or contradict each other; `name` is the field that names a margin."""
    known: set[str] = set()
    totals = [math.fsum(targets.values()) for _, targets in margins]
    for place, (variable, targets) in enumerate(margins):
        at = f"/margins/{place}"
        if variable in known:
            yield FieldError(f"{at}/{name}", "duplicate-item")
        known.add(variable)
        if totals[place] <= 0 or abs(totals[place] - totals[0]) > _ROUNDED * totals[0]:
            yield FieldError(f"{at}/targets", "wrong-sum")
        for member, target in targets.items():
            if 0 < target < _LEAST_SHARE * totals[place]:
                yield FieldError(f"{at}/targets/{escaped(member)}", "number-out-of-range")


def escaped(name: str) -> str:
    """A name as a part of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
