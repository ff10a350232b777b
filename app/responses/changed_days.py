"""Which local days of which surveys have changed, and when: by responses and their changes.

A response keeps its day and its survey for good, and says itself when it came and when it last
changed. So what is noted by the fold equals what the rows say, however often it is noted.
"""

from app.responses.cells import FOLDED_TO
from app.responses.models import RollupState
from app.restatements.days import ChangedDays, noted, noting

_DAY = "(occurred_at AT TIME ZONE :time_zone)::date"
_CHANGED_AT = "greatest(received_at, updated_at)"
_FOLDED = f"""
    SELECT coalesce(survey_id::text, ''), day, max(changed_at) FROM (
        SELECT survey_id, {_DAY} AS day, {_CHANGED_AT} AS changed_at FROM responses
        WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
    ) AS folded GROUP BY GROUPING SETS ((survey_id, day), (day))"""  # noqa: S608 - our own
#: What a step of the fold has to note; of all surveys together too.
NOTE_FOLDED = noting("'responses'", _FOLDED)


def changed_days(
    state: RollupState | None, time_zone: str, *, of_surveys: bool = False
) -> ChangedDays:
    """What tells which days have changed: of all surveys, or of `:surveys`.

    As noted, with the rows from `:folded_to` on; by all rows in another zone than the fold's.
    """
    members = "member = ANY(CAST(:surveys AS text[]))" if of_surveys else "member = ''"
    ours = "AND survey_id = ANY(CAST(CAST(:surveys AS text[]) AS uuid[]))" if of_surveys else ""
    counted = f"""SELECT {_DAY} AS day, {_CHANGED_AT} AS changed_at FROM responses
    WHERE workspace_id = :workspace_id {ours}
        AND occurred_at >= (CAST(:first AS timestamp) AT TIME ZONE :time_zone) - interval '1 day'
        AND occurred_at < (CAST(:last AS timestamp) AT TIME ZONE :time_zone) + interval '1 day'
        AND {_DAY} >= :first AND {_DAY} < :last"""  # noqa: S608 - only names of our own
    if state is None or state.time_zone != time_zone:
        return ChangedDays(counted, counted=counted)
    # OFFSET 0 keeps the planner to the index on transactions (see `cells`).
    told = f"""{noted("responses", members)}
    UNION ALL
    SELECT day, changed_at FROM (
        SELECT survey_id, {_DAY} AS day, {_CHANGED_AT} AS changed_at FROM responses
        WHERE workspace_id = :workspace_id AND xid >= {FOLDED_TO} OFFSET 0
    ) AS unfolded WHERE day >= :first AND day < :last {ours}"""  # noqa: S608 - our own
    return ChangedDays(told, counted=counted)
