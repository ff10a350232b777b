"""Analyses that are answered at once, from compact data that one statement counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses import changing, correlating, describing, differences, gaps, loyalty, mapping
from app.analyses.chosen import Chosen, resolve
from app.analyses.descriptive_schemas import DescriptiveRead, DescriptiveRequest
from app.analyses.difference_schemas import (
    BeforeAfterRead,
    BeforeAfterRequest,
    DifferenceRead,
    DifferenceRequest,
)
from app.analyses.importance_schemas import ImportancePerformanceRead, StatedMapRequest
from app.analyses.relation_schemas import (
    CorrelationRead,
    CorrelationRequest,
    ExpectationRead,
    ExpectationRequest,
    LoyaltyCustomer,
    LoyaltyCustomersRequest,
    LoyaltyRead,
    LoyaltyRequest,
)
from app.analyses.rows import is_clustered
from app.analyses.schemas import ResponseFilter, evidence_read
from app.analyses.variables import Asked, load_variables
from app.http.pagination import PageRequest
from app.kpis import envelopes


@dataclass(frozen=True)
class Asking:
    """Who asks, and how long each statement may take."""

    workspace_id: UUID
    timeout_ms: int


async def understand(
    session: AsyncSession, asking: Asking, wanted: ResponseFilter
) -> tuple[Chosen, Asked]:
    """The responses and the variables; 404 for a survey that the workspace does not have."""
    chosen = await resolve(session, asking.workspace_id, wanted, timeout_ms=asking.timeout_ms)
    return chosen, await load_variables(session, asking.workspace_id, wanted.survey)


async def header(
    session: AsyncSession, analysis: str, chosen: Chosen, warnings: Sequence[str] = ()
) -> dict[str, Any]:
    """The members of `AnalysisHeader` of something counted."""
    return {
        "analysis": analysis,
        "survey": chosen.survey_id,
        "period": envelopes.dates(chosen.period, chosen.now),
        "filters": {name: list(values) for name, values in chosen.filters.items()},
        "quality": "clean" if chosen.clean else "all",
        "dedupe": chosen.dedupe,
        "kind": "exact",
        "model_run": None,
        "clustered": await is_clustered(session, chosen),
        "as_of": chosen.now,
        "warnings": list(warnings),
    }


async def describe_items(
    session: AsyncSession, asking: Asking, wanted: DescriptiveRequest
) -> DescriptiveRead:
    """Each item on its own."""
    chosen, asked = await understand(session, asking, wanted)
    items = await describing.describe(session, chosen, asked, wanted)
    return DescriptiveRead(**await header(session, "descriptive", chosen), items=items)


async def compare_groups(
    session: AsyncSession, asking: Asking, wanted: DifferenceRequest
) -> DifferenceRead:
    """Groups or periods, all together and pair by pair."""
    chosen, asked = await understand(session, asking, wanted)
    found = await differences.compare(session, chosen, asked, wanted)
    return DifferenceRead(
        **await header(session, "difference", chosen, found.warnings),
        item=wanted.item,
        measure=wanted.measure,
        correction=wanted.correction,
        groups=found.groups,
        overall=evidence_read(found.overall),
        pairs=found.pairs,
        reason=found.reason,
    )


async def compare_before_after(
    session: AsyncSession, asking: Asking, wanted: BeforeAfterRequest
) -> BeforeAfterRead:
    """The same customers before and after."""
    chosen, asked = await understand(session, asking, wanted)
    found = await changing.compare_before_after(session, chosen, asked, wanted)
    return BeforeAfterRead(**await header(session, "before-after", chosen), **found)


async def correlate_items(
    session: AsyncSession, asking: Asking, wanted: CorrelationRequest
) -> CorrelationRead:
    """Every pair of items."""
    chosen, asked = await understand(session, asking, wanted)
    pairs = await correlating.correlate(session, chosen, asked, wanted)
    return CorrelationRead(
        **await header(session, "correlation", chosen),
        missing=wanted.missing,
        correction=wanted.correction,
        pairs=pairs,
    )


async def compare_expectation(
    session: AsyncSession, asking: Asking, wanted: ExpectationRequest
) -> ExpectationRead:
    """Gaps between what was expected and what was found."""
    chosen, asked = await understand(session, asking, wanted)
    found = await gaps.find_gaps(session, chosen, asked, wanted)
    return ExpectationRead(
        **await header(session, "expectation-perception", chosen),
        items=found.items,
        dimensions=found.dimensions,
        overall=found.overall,
    )


async def cross_loyalty(
    session: AsyncSession, asking: Asking, wanted: LoyaltyRequest
) -> LoyaltyRead:
    """The satisfaction-loyalty matrix."""
    chosen, asked = await understand(session, asking, wanted)
    both = loyalty.sides(asked, wanted)
    found = await loyalty.cross(session, chosen, both, wanted.zones)
    return LoyaltyRead(
        **await header(session, "satisfaction-loyalty", chosen),
        satisfaction=both[0].cuts,
        loyalty=both[1].cuts,
        **found,
    )


async def list_loyalty_customers(
    session: AsyncSession, asking: Asking, wanted: LoyaltyCustomersRequest, paging: PageRequest
) -> tuple[list[LoyaltyCustomer], str | None]:
    """The customers in one cell of the matrix."""
    chosen, asked = await understand(session, asking, wanted)
    both = loyalty.sides(asked, wanted)
    return await loyalty.customers_in(session, chosen, both, wanted, paging)


async def map_importance(
    session: AsyncSession, asking: Asking, wanted: StatedMapRequest
) -> ImportancePerformanceRead:
    """The importance-performance map of stated importance."""
    chosen, asked = await understand(session, asking, wanted)
    found = await mapping.map_stated(session, chosen, asked, wanted)
    return ImportancePerformanceRead(
        **await header(session, "importance-performance", chosen), **found
    )
