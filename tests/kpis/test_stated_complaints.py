"""How many say that they complained, over HTTP, counted by hand."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from app.db import Database
from tests.conftest import Tenant
from tests.kpis.feedback import ask, fold_all, load, sent
from tests.kpis.instruments import COMPLAINED, KNOWS
from tests.responses.builders import publish


async def test_those_who_complained_are_a_share_of_those_who_answered(
    tenant: Tenant, database: Database
) -> None:
    """Yes by yes and no; who skipped it, dismissed the survey or only tested it does not count."""
    survey = await publish(tenant, COMPLAINED, KNOWS)
    await load(tenant, survey, [
        *[sent({"complained": said, "knows": True}) for said in (True, True, False, False, False)],
        sent({"knows": True}), sent({}, status="dismissed"), sent({"complained": True}, test=True),
    ])  # fmt: skip
    limits = proportion_confint(2, 5, method="wilson")
    for _ in range(2):
        found = await ask(tenant, "stated-complaint-rate")
        assert (found["value"], found["n"]) == (0.4, 5)
        assert found["numerator"] == {"complained": 2}
        left_out = {name: n for name, n in found["excluded"].items() if n}
        assert left_out == {"dismissed": 1, "skipped": 1, "test": 1}
        assert (found["interval"]["low"], found["interval"]["high"]) == pytest.approx(limits)
        await fold_all(database, tenant)
    counts = (await ask(tenant, "stated-complaint-rate/distribution"))["counts"]
    assert {each["code"]: each["n"] for each in counts if each["counted"]} == {"yes": 2, "no": 3}


async def test_without_such_a_question_there_is_no_value(tenant: Tenant) -> None:
    """Other questions of yes and no do not tell."""
    survey = await publish(tenant, KNOWS)
    await load(tenant, survey, [sent({"knows": True})])
    found = await ask(tenant, "stated-complaint-rate")
    assert (found["value"], found["n"], found["reason"]) == (None, 0, "not_defined")
