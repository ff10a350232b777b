"""Which local days of cases have changed, and when: in what a complaint rate counts.

A case counts on the day on which it happened. That changes when it is filed, gets another kind,
is merged, or is found to be no complaint or a duplicate, and when such a finding is revised; not
by how it is handled otherwise.
"""

from app.complaints.kinds import COMPLAINT_KINDS
from app.restatements.days import ChangedDays

_KINDS = ", ".join(f"'{kind}'" for kind in COMPLAINT_KINDS)
_OTHERWISE = """(d.details ->> 'outcome' IN ('not_a_complaint', 'duplicate')
            OR d.details ->> 'reason_code' IN ('spam', 'not_a_complaint', 'duplicate'))"""

#: Told by the rows: there are few.
CASE_DAYS = ChangedDays(
    f"""SELECT day, changed_at FROM (
    SELECT (coalesce(c.occurred_at, c.received_at) AT TIME ZONE :time_zone)::date AS day,
        CASE e.event WHEN 'file' THEN c.recorded_at ELSE e.recorded_at END AS changed_at
    FROM complaints c JOIN complaint_events e
        ON e.workspace_id = :workspace_id AND e.complaint_id = c.id
    WHERE c.workspace_id = :workspace_id AND (
        c.occurred_at >= (CAST(:first AS timestamp) AT TIME ZONE :time_zone) - interval '1 day'
        AND c.occurred_at < (CAST(:last AS timestamp) AT TIME ZONE :time_zone) + interval '1 day'
        OR c.occurred_at IS NULL
        AND c.received_at >= (CAST(:first AS timestamp) AT TIME ZONE :time_zone) - interval '1 day'
        AND c.received_at < (CAST(:last AS timestamp) AT TIME ZONE :time_zone) + interval '1 day'
    ) AND (
        e.event = 'file' AND (c.kind IN ({_KINDS})
            OR c.expression_of_dissatisfaction AND c.response_expected)
        OR e.event IN ('retype', 'merge_into')
        OR (e.details ? 'outcome' OR e.event IN ('reject', 'withdraw')) AND EXISTS (
            SELECT FROM complaint_events d
            WHERE d.workspace_id = :workspace_id AND d.complaint_id = c.id AND {_OTHERWISE})
    )
) AS cases WHERE day >= :first AND day < :last"""  # noqa: S608 - only names of our own
)
