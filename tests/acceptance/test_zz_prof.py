import time
from tests.acceptance import loads
from tests.acceptance.loads import load_complaints
from tests.conftest import open_tenant
async def test_prof(app, monkeypatch):
    t = await open_tenant(app, "p", time_zone="America/New_York")
    allrows = loads.cfpb_rows()
    for rnd in range(2):
        for i in range(0, 3186, 400):
            monkeypatch.setattr(loads, "cfpb_rows", lambda: allrows[i:i+400])
            a = time.process_time(); w = time.perf_counter()
            await load_complaints(t)
            print("X", rnd, i, round(time.process_time() - a,2), round(time.perf_counter() - w,2))
