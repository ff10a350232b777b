"""One request for every route that changes something, and where its effect can be seen."""

from collections.abc import Awaitable, Callable, Mapping

from tests.complaints.makers import access, complaint
from tests.customers.making import CSV, NDJSON, as_csv, ndjson, order, refund
from tests.market.making import spend, total
from tests.proofs.reporting import REPORTING
from tests.proofs.steering import STEERING
from tests.proofs.workshop import Change, Json, Workshop
from tests.responses.builders import CSAT, NPS, WHY, answer, definition

Maker = Callable[[Workshop], Awaitable[Change]]


async def _workspace(at: Workshop) -> Change:
    trace = f"SELECT revision FROM workspaces WHERE id = '{at.workspace}'"
    return Change("/v1/workspaces/current", trace, {"json": {"name": "renamed"}})


async def _key(at: Workshop) -> Change:
    body = {"kind": "publishable", "name": "made"}
    return Change("/v1/api-keys", at.rows("api_keys", "name = 'made'"), {"json": body}, 201)


async def _renamed_key(at: Workshop) -> Change:
    key = await at.made("/v1/api-keys", {"kind": "publishable", "name": "to be renamed"})
    trace = at.rows("api_keys", "name = 'renamed'")
    return Change(f"/v1/api-keys/{key['key_id']}", trace, {"json": {"name": "renamed"}})


async def _revoked_key(at: Workshop) -> Change:
    key = await at.made("/v1/api-keys", {"kind": "publishable", "name": "to be revoked"})
    trace = at.rows("api_keys", "revoked_at IS NOT NULL")
    return Change(f"/v1/api-keys/{key['key_id']}/revoke", trace)


async def _new_survey(at: Workshop) -> Change:
    body = {"name": "made", "definition": definition()}
    return Change("/v1/surveys", at.rows("surveys", "name = 'made'"), {"json": body}, 201)


async def _changed_survey(at: Workshop) -> Change:
    id_ = await at.survey(published=False)
    trace = at.revision("surveys", id_)
    return Change(f"/v1/surveys/{id_}", trace, {"json": {"name": "renamed"}})


async def _deleted_survey(at: Workshop) -> Change:
    id_ = await at.survey(published=False)
    trace = f"SELECT 1 - ({at.rows('surveys', _named(id_))})"
    return Change(f"/v1/surveys/{id_}", trace, status=204)


def _named(id_: str) -> str:
    return f"id = '{id_}'"


async def _published_survey(at: Workshop) -> Change:
    id_ = await at.survey(published=False)
    trace = at.rows("survey_versions", f"survey_id = '{id_}'")
    return Change(f"/v1/surveys/{id_}/publish", trace)


async def _closed_survey(at: Workshop) -> Change:
    id_ = await at.survey()
    trace = at.rows("surveys", f"id = '{id_}' AND status = 'closed'")
    return Change(f"/v1/surveys/{id_}/close", trace)


async def _reopened_survey(at: Workshop) -> Change:
    id_ = await at.survey()
    await at.made(f"/v1/surveys/{id_}/close", {})
    trace = at.rows("surveys", f"id = '{id_}' AND status = 'published'")
    return Change(f"/v1/surveys/{id_}/reopen", trace)


async def _retired_version(at: Workshop) -> Change:
    id_ = await at.survey()
    trace = at.rows("survey_versions", f"survey_id = '{id_}' AND retired_at IS NOT NULL")
    return Change(f"/v1/surveys/{id_}/versions/1/retire", trace)


async def _posted_response(at: Workshop) -> Change:
    id_ = await at.survey()
    trace = at.rows("responses", f"survey_id = '{id_}'")
    return Change(f"/v1/surveys/{id_}/responses", trace, {"json": answer()}, 201)


async def _posted_responses(at: Workshop) -> Change:
    id_ = await at.survey()
    lines = [{**answer(), "submission_id": f"line-{number}"} for number in range(3)]
    sent = {"content": ndjson(lines), "headers": NDJSON}
    trace = at.rows("responses", f"survey_id = '{id_}'")
    return Change(f"/v1/surveys/{id_}/responses", trace, sent)


async def _put_response(at: Workshop) -> Change:
    id_ = await at.survey()
    trace = at.rows("events", f"data ->> 'survey' = '{id_}'")
    return Change(f"/v1/surveys/{id_}/responses/one", trace, {"json": answer()}, 201)


async def _continued_response(at: Workshop) -> Change:
    survey = await at.survey()
    receipt = await at.made(f"/v1/surveys/{survey}/responses", answer(status="partial"))
    trace = at.revision("responses", receipt["id"])
    sent = {"json": {"status": "complete"}}
    return Change(f"/v1/responses/{receipt['id']}", trace, sent)


async def _filed_complaint(at: Workshop) -> Change:
    trace = at.rows("complaints", "subject = 'made'")
    return Change("/v1/complaints", trace, {"json": complaint(subject="made")}, 201)


async def _complaint_filed_with_key(at: Workshop) -> Change:
    sent = {"json": complaint(), "headers": {"Idempotency-Key": "once"}}
    trace = at.rows("idempotency_keys", "key = 'once' AND status = 201")
    return Change("/v1/complaints", trace, sent, 201)


async def _corrected_complaint(at: Workshop) -> Change:
    case = await at.case()
    trace = at.revision("complaints", case["id"])
    return Change(f"/v1/complaints/{case['id']}", trace, {"json": {"severity": "high"}})


async def _handled_complaint(at: Workshop) -> Change:
    case = await at.case()
    sent = {"json": {"event": "accept", "assignee": "ann"}}
    trace = _entries(at, case)
    return Change(f"/v1/complaints/{case['id']}/events", trace, sent)


async def _message(at: Workshop) -> Change:
    case = await at.case()
    sent = {"json": {"text": "We are looking into it."}}
    return Change(f"/v1/complaints/{case['id']}/messages", _entries(at, case), sent, 201)


async def _pin(at: Workshop) -> Change:
    case = await at.case()
    return Change(f"/v1/complaints/{case['id']}/pin", _entries(at, case), status=201)


def _entries(at: Workshop, case: Json) -> str:
    return at.rows("complaint_events", f"complaint_id = '{case['id']}'")


async def _wrong_pin(at: Workshop) -> Change:
    case = await at.case()
    wrong = "00000000" if case["pin"] != "00000000" else "11111111"
    sent = {"json": {"reference": case["reference"], "pin": wrong}}
    trace = "SELECT coalesce(sum(failures), 0) FROM complaint_pin_attempts"
    return Change("/v1/complaint-tracking", trace, sent, 404)


async def _complainants_message(at: Workshop) -> Change:
    case = await at.case()
    sent = {"json": access(case, text="Is there any news?")}
    return Change("/v1/complaint-tracking/messages", _entries(at, case), sent, 201)


async def _complainants_decision(at: Workshop) -> Change:
    case = await at.case()
    sent = {"json": access(case, event="withdraw", reason="It works again.")}
    return Change("/v1/complaint-tracking/events", _entries(at, case), sent)


async def _customers(at: Workshop) -> Change:
    sent = {"content": ndjson([{"external_id": "bulk"}]), "headers": NDJSON}
    return Change("/v1/customers", at.rows("customers", "external_id = 'bulk'"), sent)


async def _customer_array(at: Workshop) -> Change:
    trace = at.rows("customers", "external_id = 'array'")
    return Change("/v1/customers", trace, {"json": [{"external_id": "array"}]})


async def _put_customer(at: Workshop) -> Change:
    trace = at.rows("customers", "external_id = 'put'")
    return Change("/v1/customers/put", trace, {"json": {"segment": "gold"}}, 201)


async def _changed_customer(at: Workshop) -> Change:
    found = await at.made("/v1/customers/changed", {}, method="PUT")
    trace = at.revision("customers", found["id"])
    return Change("/v1/customers/changed", trace, {"json": {"segment": "gold"}})


async def _orders(at: Workshop) -> Change:
    body = as_csv([order("bulk", customer="buyer-1")])
    trace = at.rows("orders", "external_id = 'bulk'")
    return Change("/v1/orders", trace, {"content": body, "headers": CSV})


async def _put_order(at: Workshop) -> Change:
    body = order("put", customer="buyer-2")
    del body["external_id"]
    trace = at.rows("orders", "external_id = 'put'")
    return Change("/v1/orders/put", trace, {"json": body}, 201)


async def _refund(at: Workshop) -> Change:
    await at.ordered("refunded")
    body = refund("one")
    del body["order"]
    trace = at.rows("refunds", "order_external_id = 'refunded'")
    return Change("/v1/orders/refunded/refunds", trace, {"json": body}, 201)


async def _refunds(at: Workshop) -> Change:
    await at.ordered("refunded-in-bulk")
    body = ndjson([refund("one", "refunded-in-bulk")])
    trace = at.rows("refunds", "order_external_id = 'refunded-in-bulk'")
    return Change("/v1/refunds", trace, {"content": body, "headers": NDJSON})


async def _leads(at: Workshop) -> Change:
    lead = {"external_id": "bulk", "channel": "web", "created_on": "2026-10-01"}
    sent = {"content": ndjson([lead]), "headers": NDJSON}
    return Change("/v1/leads", at.rows("leads", "external_id = 'bulk'"), sent)


async def _put_lead(at: Workshop) -> Change:
    body = {"channel": "web", "created_on": "2026-10-01"}
    trace = at.rows("leads", "external_id = 'put'")
    return Change("/v1/leads/put", trace, {"json": body}, 201)


#: What is stated of other days: to note that days have changed waits for whoever notes the same.
_SEPTEMBER = {"from": "2026-09-01", "to": "2026-10-01"}


async def _put_spend(at: Workshop) -> Change:
    trace = at.rows("acquisition_spend", "channel = 'put'")
    return Change("/v1/acquisition-spend", trace, {"json": spend(channel="put")}, 201)


async def _deleted_spend(at: Workshop) -> Change:
    body = spend(channel="deleted") | _SEPTEMBER
    made = await at.made("/v1/acquisition-spend", body, method="PUT")
    trace = f"SELECT 1 - ({at.rows('acquisition_spend', _named(made['id']))})"
    return Change(f"/v1/acquisition-spend/{made['id']}", trace, status=204)


async def _put_total(at: Workshop) -> Change:
    trace = at.rows("market_totals", "basis = 'value'")
    return Change("/v1/market-totals", trace, {"json": total()}, 201)


async def _deleted_total(at: Workshop) -> Change:
    body = total(basis="units", currency=None) | _SEPTEMBER
    made = await at.made("/v1/market-totals", body, method="PUT")
    trace = f"SELECT 1 - ({at.rows('market_totals', _named(made['id']))})"
    return Change(f"/v1/market-totals/{made['id']}", trace, status=204)


async def _analysis(at: Workshop, path: str, **asked: object) -> Change:
    other = {"type": "rating", "key": "other", "min": 1, "max": 5}
    body = {"name": "analysed", "definition": definition(NPS, CSAT, other, WHY)}
    survey = (await at.made("/v1/surveys", body))["id"]
    await at.made(f"/v1/surveys/{survey}/publish", {})
    trace = at.rows("analysis_runs", f"request ->> 'survey' = '{survey}'")
    return Change(f"/v1/analyses/{path}", trace, {"json": asked | {"survey": survey}}, 202)


async def _drivers(at: Workshop) -> Change:
    return await _analysis(at, "drivers", outcome="nps", drivers=["csat", "other"])


async def _derived_map(at: Workshop) -> Change:
    path = "importance-performance/derived"
    return await _analysis(at, path, outcome="nps", items=["csat", "other"])


async def _words(at: Workshop) -> Change:
    return await _analysis(at, "words", question="why", score="nps")


async def _model_run(at: Workshop) -> Change:
    body = {"kind": "sbg", "survivors": [1_000, 631, 468, 382]}
    trace = at.rows("model_runs", "kind = 'sbg'")
    return Change("/v1/model-runs", trace, {"json": body}, 202)


MUTATIONS: Mapping[str, tuple[Maker, ...]] = {
    "PATCH /v1/workspaces/{workspace}": (_workspace,),
    "POST /v1/api-keys": (_key,),
    "PATCH /v1/api-keys/{key}": (_renamed_key,),
    "POST /v1/api-keys/{key}/revoke": (_revoked_key,),
    "POST /v1/surveys": (_new_survey,),
    "PATCH /v1/surveys/{survey}": (_changed_survey,),
    "DELETE /v1/surveys/{survey}": (_deleted_survey,),
    "POST /v1/surveys/{survey}/publish": (_published_survey,),
    "POST /v1/surveys/{survey}/close": (_closed_survey,),
    "POST /v1/surveys/{survey}/reopen": (_reopened_survey,),
    "POST /v1/surveys/{survey}/versions/{version}/retire": (_retired_version,),
    "POST /v1/surveys/{survey}/responses": (_posted_response, _posted_responses),
    "PUT /v1/surveys/{survey}/responses/{submission_id}": (_put_response,),
    "PATCH /v1/responses/{response_id}": (_continued_response,),
    "POST /v1/complaints": (_filed_complaint, _complaint_filed_with_key),
    "PATCH /v1/complaints/{case}": (_corrected_complaint,),
    "POST /v1/complaints/{case}/events": (_handled_complaint,),
    "POST /v1/complaints/{case}/messages": (_message,),
    "POST /v1/complaints/{case}/pin": (_pin,),
    "POST /v1/complaint-tracking": (_wrong_pin,),
    "POST /v1/complaint-tracking/messages": (_complainants_message,),
    "POST /v1/complaint-tracking/events": (_complainants_decision,),
    "POST /v1/customers": (_customers, _customer_array),
    "PUT /v1/customers/{external_id}": (_put_customer,),
    "PATCH /v1/customers/{external_id}": (_changed_customer,),
    "POST /v1/orders": (_orders,),
    "PUT /v1/orders/{external_id}": (_put_order,),
    "POST /v1/orders/{external_id}/refunds": (_refund,),
    "POST /v1/refunds": (_refunds,),
    "POST /v1/analyses/drivers": (_drivers,),
    "POST /v1/analyses/importance-performance/derived": (_derived_map,),
    "POST /v1/analyses/words": (_words,),
    "POST /v1/leads": (_leads,),
    "PUT /v1/leads/{external_id}": (_put_lead,),
    "PUT /v1/acquisition-spend": (_put_spend,),
    "DELETE /v1/acquisition-spend/{spend}": (_deleted_spend,),
    "PUT /v1/market-totals": (_put_total,),
    "DELETE /v1/market-totals/{total}": (_deleted_total,),
    "POST /v1/model-runs": (_model_run,),
    **STEERING,
    **REPORTING,
}
"""Requests by method and path template. With the right secret tracking only reads; what it
changes is the count of wrong PINs."""

READ_ONLY: Mapping[str, str] = {
    "POST /v1/surveys/validate": "judges the definition in the body and stores nothing",
    "POST /v1/analyses/descriptive": "reads, and stores nothing",
    "POST /v1/analyses/difference": "reads, and stores nothing",
    "POST /v1/analyses/before-after": "reads, and stores nothing",
    "POST /v1/analyses/importance-performance": "reads, and stores nothing",
    "POST /v1/analyses/satisfaction-loyalty/customers": "reads, and stores nothing",
    "POST /v1/analyses/satisfaction-loyalty": "reads, and stores nothing",
    "POST /v1/analyses/expectation-perception": "reads, and stores nothing",
    "POST /v1/analyses/correlation": "reads, and stores nothing",
    "POST /v1/sampling/size": "computes from the body, and stores nothing",
    "POST /v1/sampling/allocation": "computes from the body, and stores nothing",
    "POST /v1/weights/rake": "computes from the body, and stores nothing",
}
"""Methods that may change something on routes that never do, with the reason."""
