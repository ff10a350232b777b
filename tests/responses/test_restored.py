"""After a dump was restored into another cluster, whose transactions count from the beginning."""

from sqlalchemy import text

from app.db import Database
from tests.conftest import Tenant
from tests.responses.builders import answer, publish
from tests.responses.test_cells import _all, _counted, _fold, _recounted

#: What the restored rows are ahead of this cluster's count.
_AHEAD = 10**12


async def _restore(database: Database, tenant: Tenant) -> None:
    """Give the rows numbers that this cluster has not reached, as a dump would bring them."""
    async with database.transaction() as session:
        for table in ("responses", "response_deltas", "events"):
            await session.execute(
                text(f"UPDATE {table} SET xid = xid + :a WHERE workspace_id = :w"),
                {"a": _AHEAD, "w": tenant.workspace.id},
            )
        await session.execute(
            text("UPDATE rollup_states SET folded_to = folded_to + :a WHERE workspace_id = :w"),
            {"a": _AHEAD, "w": tenant.workspace.id},
        )


async def test_figures_and_lists_survive_a_restored_dump(
    tenant: Tenant, database: Database
) -> None:
    """Figures are right at once, lists after the worker's next turn; old cursors say so."""
    survey = await publish(tenant)
    url = f"/v1/surveys/{survey}/responses"
    for score in range(8):
        await tenant.client.post(url, json=answer(score))
    await _fold(database, tenant)
    listed = (await tenant.client.get("/v1/responses?limit=3")).json()
    changed = f"/v1/responses/{listed['data'][0]['id']}"
    await tenant.client.patch(changed, json={"answers": {"nps": 10}})
    expected = _recounted(await _all(tenant))
    await _restore(database, tenant)
    assert await _counted(database, tenant) == expected
    await tenant.client.post(url, json=answer(9))
    during = await _counted(database, tenant)
    await _fold(database, tenant)
    assert len(await _all(tenant)) == 9
    assert during == await _counted(database, tenant) == _recounted(await _all(tenant))
    stale = await tenant.client.get(f"/v1/responses?cursor={listed['next_cursor']}")
    assert (stale.status_code, stale.json()["code"]) == (400, "invalid-cursor")
