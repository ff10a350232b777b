"""Submissions of one moment, which reach PostgreSQL in one statement."""

import asyncio

from tests.conftest import Tenant
from tests.responses.builders import answer, publish


async def test_each_of_a_batch_keeps_what_it_was_judged_by(
    tenant: Tenant, stranger: Tenant
) -> None:
    """Workspaces, surveys, keys and customers mixed in one moment: nobody gets another's."""
    surveys = [await publish(tenant), await publish(tenant)]
    foreign = await publish(stranger)
    named = {"segment": "gold"}
    assert (await tenant.client.put("/v1/customers/c%1E1", json=named)).status_code in {200, 201}
    senders = [
        (client, owner, survey, customer)
        for client, owner, survey in (
            (tenant.client, tenant, surveys[0]),
            (tenant.public, tenant, surveys[0]),
            (tenant.client, tenant, surveys[1]),
            (stranger.client, stranger, foreign),
        )
        for customer in ("c\x1e1", "c2", None)
    ] * 4
    receipts = await asyncio.gather(
        *(
            client.post(f"/v1/surveys/{survey}/responses", json=answer(customer=customer))
            for client, _, survey, customer in senders
        )
    )
    for receipt, (client, owner, survey, customer) in zip(receipts, senders, strict=True):
        assert receipt.status_code == 201, receipt.text
        read = (await owner.client.get(receipt.headers["location"])).json()
        trusted = client is not owner.public
        known = trusted and owner is tenant and customer == "c\x1e1"
        assert (read["survey"], read["customer"]) == (survey, customer)
        assert read["assurance"] == ("verified" if trusted else "open")
        assert read["segment"] == ("gold" if known else None)


async def test_a_closed_survey_holds_up_nobody_else(tenant: Tenant) -> None:
    """Of two surveys in one moment one is closed: its answers are refused, the others are kept."""
    open_one, closed_one = [await publish(tenant), await publish(tenant)]
    for survey in (open_one, closed_one):  # both are now remembered as open
        sent = await tenant.client.post(f"/v1/surveys/{survey}/responses", json=answer())
        assert sent.status_code == 201
    assert (await tenant.client.post(f"/v1/surveys/{closed_one}/close")).status_code == 200
    answers = await asyncio.gather(
        *(
            tenant.client.post(f"/v1/surveys/{survey}/responses", json=answer())
            for survey in (open_one, closed_one) * 10
        )
    )
    assert [each.status_code for each in answers[::2]] == [201] * 10
    assert [each.json()["code"] for each in answers[1::2]] == ["survey-closed"] * 10
