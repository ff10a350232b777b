"""When a watched figure changes its state: not at the first sign, and not back at the first."""

from collections.abc import Sequence
from typing import Literal

State = Literal["ok", "at_risk", "breached"]

_RANK: dict[State, int] = {"ok": 0, "at_risk": 1, "breached": 2}
_BY_RANK: tuple[State, ...] = ("ok", "at_risk", "breached")


def step(
    state: State, recent: Sequence[State], level: State, *, open_after: int, close_after: int
) -> tuple[State, list[State]]:
    """The state after an evaluation, and the levels to remember for the next.

    It becomes worse when the last `open_after` levels were all worse, up to the mildest of them,
    and better when the last `close_after` levels were all better, down to the worst of them. An
    evaluation without a figure is none: do not call this for it. Both numbers are at least 1.
    """
    levels = [*recent, level][-max(open_after, close_after) :]
    ranks = [_RANK[each] for each in levels]
    now = _RANK[state]
    if len(ranks) >= open_after:
        now = max(now, min(ranks[-open_after:]))
    if now == _RANK[state] and len(ranks) >= close_after:
        now = min(now, max(ranks[-close_after:]))
    return _BY_RANK[now], levels
