"""What a fitted model says of each customer, and of groups of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.lifetime.bgnbd import Bgnbd
from app.lifetime.fitting import Fit
from app.lifetime.gamma_gamma import GammaGamma
from app.lifetime.histories import Floats, Histories, Ints, compressed
from app.lifetime.pareto_nbd import ParetoNbd
from app.lifetime.sufficient import Customers
from app.lifetime.units import (
    DAYS_IN,
    HORIZONS,
    ROUND_YEAR,
    Horizon,
    Unit,
    force_of_discount,
    units_in,
)

#: Draws of the parameters behind an interval, and the customers by whom a draw is felt.
DRAWS = 100
_FELT = 300
_SEED = 20_050_501
#: Of a dimension, so many of the largest groups are kept.
_MOST_GROUPS = 500
#: Of these, so many have an interval.
_MOST_INTERVALS = 20
_TENTHS = np.arange(1, 10) / 10
_FINITE: tuple[Horizon, ...] = ("12", "24", "36")


class PurchaseModel(Protocol):
    """A model of when customers buy."""

    def p_alive(self, data: Histories) -> Floats:
        """Probability of not having ended."""

    def expected(self, t: float) -> float:
        """Purchases of a new customer in a time t."""

    def expected_if_alive(self, data: Histories, t: float) -> Floats:
        """Purchases in a time t, if alive."""

    def discounted_if_alive(
        self, data: Histories, horizons: list[float], delta: float, *, fine: bool = True
    ) -> list[Floats]:
        """The same, discounted, up to each horizon."""


MODELS: Mapping[str, type[Bgnbd] | type[ParetoNbd]] = {"bgnbd": Bgnbd, "pnbd": ParetoNbd}


@dataclass(frozen=True)
class Terms:
    """The unit of the fit and the discount a year, in percent."""

    unit: Unit
    discount: int

    @property
    def days(self) -> float:
        """The length of the unit."""
        return DAYS_IN[self.unit]

    @property
    def delta(self) -> float:
        """The continuous discount a unit."""
        return force_of_discount(self.discount, self.unit)

    @property
    def horizons(self) -> list[float]:
        """HORIZONS in units."""
        return [units_in(each, self.unit) for each in HORIZONS]


@dataclass(frozen=True)
class Scores:
    """One place in each array for every customer."""

    p_alive: Floats
    value: Floats
    """What a future purchase is worth."""
    year: Floats
    """Purchases expected in a year of whole units."""
    purchases: Mapping[Horizon, Floats]
    """Purchases expected in the horizon, not discounted; not for the infinite one."""
    residual: Mapping[Horizon, Floats]
    """Discounted value of what will be bought."""


def score(
    model: PurchaseModel,
    worth: GammaGamma,
    customers: Customers,
    data: tuple[Histories, Ints],
    terms: Terms,
) -> Scores:
    """Score the distinct histories and spread them over the customers."""
    histories, place = data
    pairs, pair_of = _pairs(histories)
    alive = model.p_alive(histories)

    def spread(of_pairs: Floats) -> Floats:
        found: Floats = (alive * of_pairs[pair_of])[place]
        return found

    value = worth.expected(customers.x.astype(np.float64), customers.mean)
    worths = model.discounted_if_alive(pairs, terms.horizons, terms.delta)
    return Scores(
        p_alive=alive[place],
        value=value,
        year=spread(model.expected_if_alive(pairs, ROUND_YEAR[terms.unit])),
        purchases={
            each: spread(model.expected_if_alive(pairs, units_in(each, terms.unit)))
            for each in _FINITE
        },
        residual={
            each: value * spread(units) for each, units in zip(HORIZONS, worths, strict=True)
        },
    )


def _pairs(histories: Histories) -> tuple[Histories, Ints]:
    """The distinct (x, T): of customers who are alive the last purchase says nothing more."""
    both = histories.x + 1j * histories.T
    distinct, place = np.unique(both, return_inverse=True)
    x, age = distinct.real.copy(), distinct.imag.copy()
    return Histories.of(x, np.zeros(len(x)), age), place


@dataclass(frozen=True)
class GroupScores:
    """The customers of one group added up; dimension '' is everybody."""

    dimension: str
    member: str
    customers: int
    alive: float
    historic: float
    purchases: Mapping[Horizon, float]
    residual: Mapping[Horizon, float]
    deciles: Mapping[Horizon, list[float]]
    """Of the residual values of its customers."""
    draws: Mapping[Horizon, list[float]] | None
    """The residual under other parameters that the data allow, as shares of the estimate,
    ascending."""


@dataclass(frozen=True)
class Uncertain:
    """Both fits, to draw parameters from."""

    kind: str
    purchases: Fit
    value: Fit


def groups(
    customers: Customers, scores: Scores, fits: Uncertain, terms: Terms
) -> Iterator[GroupScores]:
    """Everybody, and the largest groups of each dimension, with their draws."""
    selections = list(_selections(customers))
    random = np.random.default_rng(_SEED)
    felt = [
        random.choice(own, _FELT, replace=False) if len(own) > _FELT else own
        for *_, own, shown in selections
        if shown
    ]
    ratios = iter(_draws(customers, felt, fits, terms))
    for dimension, member, own, shown in selections:
        yield GroupScores(
            dimension=dimension,
            member=member,
            customers=len(own),
            alive=float(scores.p_alive[own].sum()),
            historic=float(customers.total[own].sum()),
            purchases={name: float(each[own].sum()) for name, each in scores.purchases.items()},
            residual={name: float(each[own].sum()) for name, each in scores.residual.items()},
            deciles={
                name: np.quantile(each[own], _TENTHS).tolist()
                for name, each in scores.residual.items()
            },
            draws=next(ratios) if shown else None,
        )


def _selections(customers: Customers) -> Iterator[tuple[str, str, Ints, bool]]:
    """Dimension, member, the places of its customers, and whether it has an interval."""
    yield "", "", np.arange(len(customers)), True
    for dimension, codes in customers.members.items():
        order = np.argsort(codes, kind="stable")
        values, starts = np.unique(codes[order], return_index=True)
        found = zip(values.tolist(), np.split(order, starts[1:]), strict=True)
        ranked = sorted(found, key=lambda each: (-len(each[1]), each[0]))
        for rank, (code, own) in enumerate(ranked[:_MOST_GROUPS]):
            yield dimension, customers.names[dimension][code], own, rank < _MOST_INTERVALS


def _draws(
    customers: Customers, felt: list[Ints], fits: Uncertain, terms: Terms
) -> list[dict[Horizon, list[float]]]:
    """For each selection of customers, its residual under drawn parameters over the estimate's.

    Of a large group a random part stands for the whole: the share hardly depends on whom.
    """
    together = np.unique(np.concatenate(felt))
    places = [np.searchsorted(together, each) for each in felt]
    histories, place = compressed(
        customers.x[together], customers.t_x[together], customers.age[together], terms.days
    )
    some = _Some(
        x=customers.x[together].astype(np.float64),
        mean=customers.mean[together],
        histories=histories,
        place=place,
        pairs=_pairs(histories),
    )
    purchases = [fits.purchases.values, *fits.purchases.draws(DRAWS, _SEED)]
    values = [fits.value.values, *fits.value.draws(DRAWS, _SEED + 1)]
    rows = []
    for of_purchases, of_value in zip(purchases, values, strict=True):
        residual = some.residual(MODELS[fits.kind].of(of_purchases), of_value, terms)
        rows.append([[float(each[own].sum()) for own in places] for each in residual])
    sums = np.array(rows)  # draw, horizon, selection
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(sums[0] > 0, sums[1:] / sums[0], 1.0)
    ratios.sort(axis=0)
    return [
        {name: ratios[:, number, each].tolist() for number, name in enumerate(HORIZONS)}
        for each in range(len(felt))
    ]


@dataclass(frozen=True)
class _Some:
    """Some customers, made ready to be scored many times."""

    x: Floats
    mean: Floats
    histories: Histories
    place: Ints
    pairs: tuple[Histories, Ints]

    def residual(self, model: PurchaseModel, of_value: Floats, terms: Terms) -> list[Floats]:
        """The residual value of each, by horizon; a draw with q <= 1 has none and is moved."""
        worth = GammaGamma.of(np.array([of_value[0], max(of_value[1], 1.01), of_value[2]]))
        value = worth.expected(self.x, self.mean)
        alive = model.p_alive(self.histories)
        pairs, pair_of = self.pairs
        worths = model.discounted_if_alive(pairs, terms.horizons, terms.delta, fine=False)
        return [value * (alive * each[pair_of])[self.place] for each in worths]
