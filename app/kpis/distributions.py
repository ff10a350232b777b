"""The normal, Student t, chi-square and binomial distributions, in plain Python.

Everything stands on two classical functions, the regularised incomplete beta and gamma
(Abramowitz and Stegun 26.5.8, 6.5.29, 6.5.31). Their leading factors are computed in deviance
form (C. Loader, "Fast and accurate computation of binomial probabilities", 2000), because
differences of `lgamma` lose six digits at a million degrees of freedom.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

_STANDARD_NORMAL = NormalDist()
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_TINY = 1e-300
_PRECISION = 4e-16
_MAX_TERMS = 2_000_000
_MAX_STEPS = 200
_LAST_STEP = 1e-9
#: Quantiles that are kept in memory: a comparison and its parts need some dozens.
_MOST_KEPT = 1_000


def normal_quantile(p: float) -> float:
    """The `z` below which a standard normal value lies with probability `p`, 0 < p < 1."""
    _check_probability(p)
    return _STANDARD_NORMAL.inv_cdf(p)


def normal_two_sided_p(z: float) -> float:
    """Probability that a standard normal value is at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2))


def t_two_sided_p(t: float, df: float) -> float:
    """Probability that a Student t value with `df` > 0 degrees is at least as far from 0 as `t`.

    Ten right digits up to a million degrees, eight at a hundred million. `df` may be fractional
    (Welch). The complement of the beta argument is passed separately, so that neither end loses
    digits.
    """
    _check_positive(df)
    ratio = min(abs(t) / math.sqrt(df), 1e150)
    below = 1 / (1 + ratio * ratio)
    above = below * ratio * ratio
    return beta_regularised(df / 2, 0.5, below, above)


@lru_cache(maxsize=_MOST_KEPT)
def t_quantile(p: float, df: float) -> float:
    """The value below which a Student t value with `df` > 0 degrees lies with probability `p`.

    With many degrees, compared with the square of the normal quantile, by the expansion around it,
    to twelve digits. What was computed is kept: the parts of a figure often have the same `df`.
    """
    _check_probability(p)
    _check_positive(df)
    if p == 0.5:
        return 0.0
    z = _STANDARD_NORMAL.inv_cdf(p)
    if df > 100 * (1 + z * z):
        return _t_from_normal(z, df)
    alpha = 2 * min(p, 1 - p)
    log_alpha = math.log(alpha)

    def step(t: float) -> float:
        tail = t_two_sided_p(t, df)
        slope = -2 * t * _t_density(t, df) / tail
        return (math.log(tail) - log_alpha) / slope

    near = df > 10 * (1 + z * z)
    size = _solve_on_log_scale(abs(_t_from_normal(z, df) if near else z), step)
    return size if p > 0.5 else -size


def _t_from_normal(z: float, df: float) -> float:
    """Abramowitz and Stegun 26.7.5, a series in 1 / df, by Horner's rule."""
    square = z * z
    terms = (
        (1 + square) / 4,
        (3 + square * (16 + square * 5)) / 96,
        (-15 + square * (17 + square * (19 + square * 3))) / 384,
        (-945 + square * (-1_920 + square * (1_482 + square * (776 + square * 79)))) / 92_160,
    )
    total = 0.0
    for term in reversed(terms):
        total = (total + term) / df
    return z * (1 + total)


def chi_square_survival(x: float, df: float) -> float:
    """Probability that a chi-square value with `df` > 0 degrees exceeds `x`."""
    _check_positive(df)
    return gamma_regularised(df / 2, x / 2)[1]


def chi_square_quantile(p: float, df: float) -> float:
    """The value below which a chi-square value with `df` > 0 degrees lies with probability `p`."""
    _check_probability(p)
    _check_positive(df)
    shape = df / 2
    lower = p < 0.5
    log_goal = math.log(p if lower else 1 - p)

    def step(x: float) -> float:
        tails = gamma_regularised(shape, x)
        tail = tails[0] if lower else tails[1]
        slope = shape * _gamma_factor(shape, x) / tail
        return (math.log(tail) - log_goal) / (slope if lower else -slope)

    return 2 * _solve_on_log_scale(_chi_square_start(p, df) / 2, step)


def binomial_at_most(count: int, trials: int, chance: float) -> float:
    """Probability of at most `count` successes in `trials` with the given chance each."""
    if count >= trials:
        return 1.0
    if count < 0:
        return 0.0
    return beta_regularised(trials - count, count + 1, 1 - chance, chance)


def binomial_at_least(count: int, trials: int, chance: float) -> float:
    """Probability of at least `count` successes in `trials` with the given chance each."""
    if count <= 0:
        return 1.0
    if count > trials:
        return 0.0
    return beta_regularised(count, trials - count + 1, chance, 1 - chance)


def beta_regularised(a: float, b: float, x: float, y: float) -> float:
    """Regularised incomplete beta I_x(a, b), where the caller gives both x and y = 1 - x."""
    if x <= 0:
        return 0.0
    if y <= 0:
        return 1.0
    if x * (a + b + 2) < a + 1:
        return min(1.0, _beta_factor(a, b, x, y) * _beta_fraction(a, b, x))
    return max(0.0, 1 - _beta_factor(b, a, y, x) * _beta_fraction(b, a, y))


def gamma_regularised(a: float, x: float) -> tuple[float, float]:
    """Regularised incomplete gamma functions (P, Q) of shape `a` > 0 at `x`: P + Q = 1."""
    if x <= 0:
        return 0.0, 1.0
    factor = _gamma_factor(a, x)
    if x < a + 1:
        lower = min(1.0, factor * _gamma_series(a, x))
        return lower, 1 - lower
    upper = min(1.0, a * factor * _gamma_fraction(a, x))
    return 1 - upper, upper


def _beta_factor(a: float, b: float, x: float, y: float) -> float:
    """x^a y^b / (a B(a, b)), from Loader's form of the binomial density."""
    total = a + b
    mean_a, mean_b = total * x, total * y
    if mean_a < _TINY or mean_b < _TINY:
        return 0.0
    exponent = (
        _stirling_error(total)
        - _stirling_error(a)
        - _stirling_error(b)
        - _deviance(a, mean_a)
        - _deviance(b, mean_b)
    )
    return math.exp(exponent) * math.sqrt(b / (2 * math.pi * a * total))


def _gamma_factor(a: float, x: float) -> float:
    """x^a e^-x / Gamma(a + 1), from Loader's form of the Poisson density."""
    if x < _TINY:
        return 0.0
    return math.exp(-_stirling_error(a) - _deviance(a, x)) / math.sqrt(2 * math.pi * a)


def _t_density(t: float, df: float) -> float:
    """Density of Student's t, written with the beta factor at the same arguments."""
    ratio = t / math.sqrt(df)
    below = 1 / (1 + ratio * ratio)
    return df * _beta_factor(df / 2, 0.5, below, below * ratio * ratio) / (2 * t)


def _stirling_error(n: float) -> float:
    """How far log Gamma(n + 1) is above Stirling's approximation, for n > 0."""
    if n < 16:
        return math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - _HALF_LOG_TWO_PI
    inverse = 1 / (n * n)
    series = 1 / 1260 - inverse * (1 / 1680 - inverse / 1188)
    return (1 / 12 - inverse * (1 / 360 - inverse * series)) / n


def _deviance(observed: float, expected: float) -> float:
    """Compute o log(o/e) + e - o; where the two are close, by the series of 2 artanh."""
    gap = observed - expected
    total = observed + expected
    if abs(gap) >= 0.1 * total:
        return observed * math.log(observed / expected) - gap
    v = gap / total
    result = gap * v
    power = 2 * observed * v
    for odd in range(3, 2000, 2):
        power *= v * v
        following = result + power / odd
        if following == result:
            break
        result = following
    return result


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (26.5.8), by Lentz's method."""

    def coefficient(index: int) -> tuple[float, float]:
        m, odd = divmod(index, 2)
        if odd:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        return term, 1.0

    return 1 / _lentz(1.0, coefficient)


def _gamma_fraction(a: float, x: float) -> float:
    """The continued fraction of the upper incomplete gamma function (6.5.31, contracted)."""

    def coefficient(index: int) -> tuple[float, float]:
        return -index * (index - a), x + 2 * index + 1 - a

    return 1 / _lentz(x + 1 - a, coefficient)


def _lentz(first: float, coefficient: Callable[[int], tuple[float, float]]) -> float:
    """Evaluate first + n1/(d1 + n2/(d2 + ...)), where coefficient(i) is (n_i, d_i)."""
    value = first or _TINY
    c, d = value, 0.0
    for index in range(1, _MAX_TERMS):
        numerator, denominator = coefficient(index)
        d = 1 / (denominator + numerator * d or _TINY)
        c = denominator + numerator / c or _TINY
        change = c * d
        value *= change
        if abs(change - 1) <= _PRECISION:
            return value
    raise ArithmeticError("continued fraction did not converge")


def _gamma_series(a: float, x: float) -> float:
    """1 + x/(a+1) + x^2/((a+1)(a+2)) + ... (6.5.29)."""
    term = total = 1.0
    for index in range(1, _MAX_TERMS):
        term *= x / (a + index)
        total += term
        if term <= total * _PRECISION:
            return total
    raise ArithmeticError("series did not converge")


def _chi_square_start(p: float, df: float) -> float:
    """Wilson and Hilferty's cube-root normal; near 0 the first term of the series."""
    spread = 2 / (9 * df)
    root = 1 - spread + _STANDARD_NORMAL.inv_cdf(p) * math.sqrt(spread)
    if root > 0.3:
        return df * root**3
    shape = df / 2
    return max(_TINY, 2 * math.exp((math.log(p) + math.lgamma(shape + 1)) / shape))


def _solve_on_log_scale(start: float, step: Callable[[float], float]) -> float:
    """Newton's method in log x; `step(x)` is the Newton step in log x.

    The logarithm of a tail of |t| or chi-square is concave in log x, so that after at most one
    overshoot the iterates approach the root from one side: no bracket is needed. What a step leaves
    is of the order of its square (times the square root of the shape), so that after a small one
    another would find rounding noise only.
    """
    value = start
    for _ in range(_MAX_STEPS):
        move = step(value)
        value *= math.exp(-move)
        if abs(move) < _LAST_STEP:
            return value
    raise ArithmeticError("quantile did not converge")


def _check_probability(p: float) -> None:
    if not 0 < p < 1:
        raise ValueError("a probability must lie strictly between 0 and 1")


def _check_positive(df: float) -> None:
    if not 0 < df < math.inf:
        raise ValueError("degrees of freedom must be positive and finite")
