"""Relates items to each other, pair by pair, from the tables of their answers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.association import kendall, pearson, spearman
from app.analyses.chosen import Chosen
from app.analyses.disclosing import judge
from app.analyses.evidence import Evidence, benjamini_hochberg, total
from app.analyses.relation_schemas import (
    Coefficient,
    CorrelationEvidence,
    CorrelationPair,
    CorrelationRequest,
)
from app.analyses.rows import Table, tables, values
from app.analyses.schemas import evidence_read
from app.analyses.variables import Asked, is_numeric
from app.errors import FieldError, Invalid
from app.kpis.statistics import holm

_COEFFICIENTS: Mapping[Coefficient, Callable[[Table, float], Evidence | None]] = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall": kendall,
}


async def correlate(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: CorrelationRequest
) -> list[CorrelationPair]:
    """Every pair of items, in the order in which they were named."""
    if len(set(wanted.coefficients)) < len(wanted.coefficients):
        raise Invalid(FieldError("/coefficients", "duplicate-item"))
    variables = asked.several("/items", wanted.items, is_numeric)
    columns = values(variables)
    places = list(combinations(range(len(variables)), 2))
    listwise = wanted.missing == "listwise"
    found = await tables(session, chosen, columns, places, complete=listwise)
    figures = [tuple(range(len(variables)))] * len(places) if listwise else places
    rulings = await judge(session, chosen, columns, figures)
    kept = []
    for table, ruling in zip(found, rulings, strict=True):
        pairs = Counter({pair: n for pair, n in table.items() if None not in pair})
        told = ruling.tells and not 0 < total(pairs) < chosen.minimum
        kept.append(pairs if told else None)
    # Tables of free numbers are long: the event loop goes on meanwhile.
    return await asyncio.to_thread(_read, chosen, wanted, places, kept)


def _read(
    chosen: Chosen,
    wanted: CorrelationRequest,
    places: list[tuple[int, int]],
    found: list[Counter[tuple[Any, ...]] | None],
) -> list[CorrelationPair]:
    adjust = holm if wanted.correction == "holm" else benjamini_hochberg
    read: list[list[CorrelationEvidence]] = [[] for _ in places]
    for name in wanted.coefficients:
        tested = [
            (place, evidence)
            for place, table in enumerate(found)
            if table is not None
            and (evidence := _COEFFICIENTS[name](table, chosen.level)) is not None
        ]
        adjusted = adjust([evidence.p for _, evidence in tested])
        for (place, evidence), p in zip(tested, adjusted, strict=True):
            shown = evidence_read(evidence)
            assert shown is not None  # noqa: S101 - there is evidence
            read[place].append(CorrelationEvidence(evidence=shown, p_adjusted=p))
    return [
        CorrelationPair(
            first=wanted.items[i],
            second=wanted.items[j],
            n=None if table is None else total(table),
            coefficients=coefficients,
            suppressed=table is None,
        )
        for (i, j), table, coefficients in zip(places, found, read, strict=True)
    ]
