"""What decides what is withheld counts as the figures themselves do, kept or from the rows."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.db import Database
from app.kpis.catalog import CATALOGUE
from app.kpis.declaration import Kpi
from app.kpis.disclosure_tables import cell_of
from app.kpis.periods import Period
from app.purchases.fold import fold
from tests.kpis.shops import Shop, opened, period_lists, shops

COUNTING = [kpi for kpi in CATALOGUE if kpi.counting is not None]


@pytest.mark.parametrize("kpi", COUNTING, ids=lambda kpi: kpi.id)
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(shop=shops(), periods=period_lists(), folded=st.booleans())
async def test_counting_tells_of_as_many_as_the_figures(
    database: Database, kpi: Kpi, shop: Shop, periods: list[Period], folded: bool
) -> None:
    """Cells of segments are alike; what else the figures count is as many as they are of."""
    assert kpi.counting is not None
    async with opened(database, shop) as (session, scope):
        if folded:
            await fold(session, scope.workspace_id)
        figures = await kpi.measure(session, scope, periods, "segment")
        counted = await kpi.counting(session, scope, periods, "segment")
    for full, short in zip(figures, counted, strict=True):
        assert full.keys() == short.keys()
        for member, measured in full.items():
            whole, part = cell_of(measured), cell_of(short[member])
            assert part.n == whole.n
            left_out = whole.beside.keys() - part.beside.keys()
            assert {whole.beside[name] for name in left_out} <= {whole.n}
            assert {name: whole.beside[name] for name in part.beside} == part.beside
