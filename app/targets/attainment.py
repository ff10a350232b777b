"""How much of a goal is reached, on one scale for figures of every unit."""

from typing import Literal

Direction = Literal["higher", "lower"]

MOST = 1.2
"""Nothing counts as more than this: one figure far beyond its goal must not hide another."""


def attainment(value: float, *, target: float, floor: float | None) -> float | None:
    """The part of the way from floor to target: (value - floor) / (target - floor), in [0, 1.2].

    It holds for both directions: where lower is better the floor lies above the target, and
    value / target, which many use, would break at 0. Without a floor the way begins at 0 if the
    target lies above it; else nothing says where it begins, and the answer is None.
    """
    begin = 0.0 if floor is None and target > 0 else floor
    if begin is None or begin == target:
        return None
    return min(max((value - begin) / (target - begin), 0.0), MOST)


def attainment_of(
    value: float | None, *, target: float, direction: Direction, floor: float | None
) -> float | None:
    """As `attainment`, for a figure that may have no value.

    A lower-is-better figure without a floor has none: 0 is its best, not its worst.
    """
    if value is None or (floor is None and direction == "lower"):
        return None
    return attainment(value, target=target, floor=floor)


def misplaced(
    *, target: float, direction: Direction, floor: float | None, stretch: float | None
) -> Literal["floor", "stretch"] | None:
    """Which of the two lies on the wrong side: floor, target, stretch go from worse to better."""
    sign = 1 if direction == "higher" else -1
    if floor is not None and sign * floor >= sign * target:
        return "floor"
    if stretch is not None and sign * stretch < sign * target:
        return "stretch"
    return None


def on_the_wrong_side(value: float, *, target: float, direction: Direction) -> bool:
    """Whether the figure itself, whatever its interval says, falls short of the target."""
    return value < target if direction == "higher" else value > target
