"""Which survival curves would tell of too few; the rules are those of `disclosure`."""

import json
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.disclosure import OFF, Cell, combinable, protected
from app.kpis.purchases import CUSTOMER_DIMENSIONS
from app.kpis.survival_lives import Groups, Wanted
from app.kpis.survival_times import watch
from app.purchases.book import JOINED


async def withheld(
    session: AsyncSession, wanted: Wanted, groups: Groups, by: str | None
) -> frozenset[str]:
    """The groups whose curves are not told. Everybody's curve is told whatever their number."""
    scope = wanted.scope
    asked = {*scope.filters, *([by] if by else [])}
    if scope.minimum_cell_size <= OFF or not asked:
        return frozenset()
    order = [name for name in CUSTOMER_DIMENSIONS if len(asked) > 1 or name in asked]
    if asked == {by}:
        every = groups
    else:
        everybody = replace(wanted, scope=replace(scope, filters={}))
        every = await watch(session, everybody, JOINED.join(order))
    cells = _cells(every, joined=len(order) > 1)
    if len(asked) > 1:
        may = combinable(cells, order, scope.minimum_cell_size)
        return frozenset() if may.issuperset(asked) else frozenset(groups)
    table = {members[0]: cell for members, cell in cells.items()}
    ruling = protected(table, scope.minimum_cell_size)
    if by is None:
        (chosen,) = scope.filters.values()
        return frozenset() if ruling.permits(chosen) else frozenset(groups)
    return frozenset(member for member in groups if not ruling.permits([member]))


def _cells(groups: Groups, *, joined: bool) -> Mapping[tuple[str, ...], Cell]:
    return {
        tuple(json.loads(member)) if joined else (member,): Cell(lives.subjects)
        for member, lives in groups.items()
    }
