"""How strongly a quantity answers to a price."""

from fractions import Fraction


def arc_elasticity(
    quantities: tuple[int | Fraction, int | Fraction], prices: tuple[int | Fraction, int | Fraction]
) -> Fraction | None:
    """The midpoint formula: (q2-q1)/((q1+q2)/2) / ((p2-p1)/((p1+p2)/2)).

    The same whichever way the price moved, and -1 where spending stays what it was (R. G. D.
    Allen, 1934). None where the prices are equal, or both quantities or both prices are 0.
    """
    (before, after), (low, high) = quantities, prices
    if low == high or not before + after or not low + high:
        return None
    return Fraction(after - before) / (before + after) * Fraction(low + high) / (high - low)
