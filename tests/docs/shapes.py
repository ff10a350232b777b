"""Whether an answer shown in the documentation is part of the real one."""

from collections.abc import Iterator

ANYTHING = "..."


def misfits(shown: object, real: object, *, figures: bool = False, at: str = "") -> Iterator[str]:
    """Say where the real answer lacks something that is shown.

    "..." stands for anything, "abc..." for any text that begins so. Members that are not shown
    do not matter, nor do other items between those of a list. With `figures`, a number stands
    for any number: those of the generated year depend on the day.
    """
    if shown == ANYTHING:
        return
    if isinstance(shown, dict) and isinstance(real, dict):
        for name, value in shown.items():
            if name not in real:
                yield f"{at}/{name} is missing"
            else:
                yield from misfits(value, real[name], figures=figures, at=f"{at}/{name}")
    elif isinstance(shown, list) and isinstance(real, list):
        yield from _misfits_in_list(shown, real, figures=figures, at=at)
    elif not _alike(shown, real, figures=figures):
        yield f"{at}: {shown!r} is shown, {real!r} is real"


def _misfits_in_list(
    shown: list[object], real: list[object], *, figures: bool, at: str
) -> Iterator[str]:
    """Each item that is shown must be met, in this order."""
    rest = iter(real)
    for number, item in enumerate(shown):
        if item == ANYTHING:
            continue
        if not any(not list(misfits(item, other, figures=figures)) for other in rest):
            yield f"{at}/{number}: {item!r} is shown, and not (or not there) in {real!r}"


def _alike(shown: object, real: object, *, figures: bool) -> bool:
    if isinstance(shown, str) and isinstance(real, str) and shown.endswith(ANYTHING):
        return real.startswith(shown.removesuffix(ANYTHING))
    if figures and _is_number(shown):
        return _is_number(real)
    return type(shown) is type(real) and shown == real


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
