"""Alert rules and alerts over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.alerts import service
from app.alerts.hysteresis import State
from app.alerts.reading import alert_detail, alert_read, rule_read
from app.alerts.schemas import (
    Acknowledgement,
    AlertDetail,
    AlertRead,
    AlertRulePut,
    AlertRuleRead,
)
from app.fields import Code
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag
from app.http.route import ReadSession, Route, Session

router = APIRouter(prefix="/v1", tags=["steering"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
Writer = Annotated[Credential, needs("kpi:write")]
Acknowledged = Annotated[
    bool | None, Query(description="Only alerts that somebody has seen, or that nobody has.")
]


@router.get("/alert-rules", operation_id="list_alert_rules")
async def list_alert_rules(
    session: ReadSession, caller: Reader, paging: Paging
) -> Page[AlertRuleRead]:
    """The alert rules by name, with where they stand."""
    found, cursor = await service.list_rules(session, caller.workspace_id, paging)
    return Page(data=[rule_read(*each) for each in found], next_cursor=cursor)


@router.put(
    "/alert-rules/{rule}",
    operation_id="put_alert_rule",
    responses={201: {"model": AlertRuleRead, "description": "Created"}},
)
async def put_alert_rule(
    rule: Code,
    wanted: AlertRulePut,
    session: Session,
    caller: Writer,
    request: Request,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> AlertRuleRead:
    """Watch a figure, or watch it otherwise; the same content again changes nothing.

    The rule is evaluated at once for the last hour, day or week, then once after each. One alert
    is raised for each change of its state, and its channels are told. Judging something else
    begins anew: what was open is over then.
    """
    private = request.app.state.settings.webhook_private_addresses
    (kept, state), status = await service.put_rule(
        session, caller.workspace_id, rule, wanted, if_match=if_match, private=private
    )
    response.status_code = 201 if status == "created" else 200
    response.headers["ETag"] = etag(kept.revision)
    return rule_read(kept, state)


@router.get("/alert-rules/{rule}", operation_id="get_alert_rule")
async def get_alert_rule(
    rule: str, session: ReadSession, caller: Reader, response: Response
) -> AlertRuleRead:
    """One alert rule and where it stands."""
    found, state = await service.fetch_rule(session, caller.workspace_id, rule)
    response.headers["ETag"] = etag(found.revision)
    return rule_read(found, state)


@router.delete("/alert-rules/{rule}", status_code=204, operation_id="delete_alert_rule")
async def delete_alert_rule(
    rule: str, session: Session, caller: Writer, if_match: IfMatch = None
) -> None:
    """Watch it no more; what is open is told to be over, and its alerts stay to be read."""
    await service.delete_rule(session, caller.workspace_id, rule, if_match=if_match)


@router.get("/alerts", operation_id="list_alerts")
async def list_alerts(
    session: ReadSession,
    caller: Reader,
    paging: Paging,
    *,
    rule: Code | None = None,
    state: State | None = None,
    acknowledged: Acknowledged = None,
) -> Page[AlertRead]:
    """Changes of state of the rules, newest first."""
    found, cursor = await service.list_alerts(
        session,
        caller.workspace_id,
        paging,
        rule=rule,
        state=state,
        acknowledged=acknowledged,
    )
    return Page(data=[alert_read(each) for each in found], next_cursor=cursor)


@router.get("/alerts/{alert}", operation_id="get_alert")
async def get_alert(alert: str, session: ReadSession, caller: Reader) -> AlertDetail:
    """One alert, and who was told of it."""
    found = await service.fetch_alert(session, caller.workspace_id, alert)
    return alert_detail(found, await service.deliveries_of(session, found))


@router.post("/alerts/{alert}/acknowledge", operation_id="acknowledge_alert")
async def acknowledge_alert(
    alert: str, seen: Acknowledgement, session: Session, caller: Writer
) -> AlertRead:
    """Say that somebody has seen it; the first to say so is kept."""
    found = await service.acknowledge(
        session, caller.workspace_id, alert, by=caller.key_id, note=seen.note
    )
    return alert_read(found)
