"""Folding how responses came: signs and durations are added up, first answers of days found anew.

The statements share the rows of a step and are exact by themselves: each adds the difference
between what stood before the step and what stands after it, whatever else commits meanwhile.
"""

from sqlalchemy import bindparam, text

from app.responses.durations import LEAST, bucket_sql

#: Responses that signs are counted of.
COUNTS = "status <> 'dismissed' AND quality IN ('ok', 'flagged')"
_DAY = "(occurred_at AT TIME ZONE :time_zone)::date"
#: What one response `r` shows: (sign, name).
SHOWN = f"""LATERAL (
        SELECT 'flag' AS sign, flag AS name FROM unnest(r.flags) AS f (flag)
        UNION ALL SELECT 'named', '' WHERE r.customer IS NOT NULL
        UNION ALL SELECT 'took', {bucket_sql("r.duration_seconds")}::text
        WHERE r.status = 'complete' AND r.duration_seconds IS NOT NULL
    ) AS shown"""  # noqa: S608 - only names of our own
_COLUMNS = "survey_id, version, occurred_at, status, flags, customer, duration_seconds"
_CHANGED = f"""(
        SELECT {_COLUMNS}, 1::int8 AS plus FROM responses
        WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper AND {COUNTS}
        UNION ALL
        SELECT {_COLUMNS}, sign FROM response_deltas
        WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper AND {COUNTS}
    ) AS r"""  # noqa: S608 - only names of our own
_SIGNS = f"""
WITH days AS (
    SELECT survey_id, sign, {_DAY} AS day, version, name, sum(plus)::int8 AS n
    FROM {_CHANGED} CROSS JOIN {SHOWN}
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(plus) <> 0
)
INSERT INTO sign_cells (workspace_id, survey_id, sign, grain, day, version, name, n)
SELECT CAST(:workspace_id AS uuid), survey_id, sign, grain,
    CASE grain WHEN 'day' THEN day ELSE date_trunc('month', day)::date END, version, name,
    sum(n)::int8
FROM days CROSS JOIN (VALUES ('day'), ('month')) AS g (grain)
GROUP BY 2, 3, 4, 5, 6, 7 HAVING sum(n) <> 0
ORDER BY 2, 3, 4, 5, 6, 7
ON CONFLICT (workspace_id, survey_id, sign, grain, day, version, name)
DO UPDATE SET n = sign_cells.n + excluded.n
"""  # noqa: S608 - only names of our own
_DURATIONS = f"""
INSERT INTO duration_cells (workspace_id, survey_id, version, bucket, day, seconds, n)
SELECT CAST(:workspace_id AS uuid), survey_id, version, {bucket_sql("duration_seconds")}, {_DAY},
    duration_seconds, sum(plus)::int8
FROM {_CHANGED}
WHERE status = 'complete' AND duration_seconds IS NOT NULL
GROUP BY 2, 3, 4, 5, 6 HAVING sum(plus) <> 0
ORDER BY 2, 3, 4, 5, 6
ON CONFLICT (workspace_id, survey_id, version, bucket, day, seconds)
DO UPDATE SET n = duration_cells.n + excluded.n
"""  # noqa: S608 - only names of our own
#: What was at a number of transactions: rows below it, less what changed from it on. So the days
#: of those whom the step touches are told before and after it, and each day's day before.
_RETURNS = f"""
WITH touched AS (
    SELECT survey_id, customer FROM responses
    WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
        AND customer IS NOT NULL
    UNION
    SELECT survey_id, customer FROM response_deltas
    WHERE workspace_id = :workspace_id AND xid >= :folded_to AND xid < :upper
        AND customer IS NOT NULL
), told AS (
    SELECT survey_id, customer, {_DAY} AS day, (xid < :folded_to)::int AS was, 1 AS now
    FROM responses JOIN touched USING (survey_id, customer)
    WHERE workspace_id = :workspace_id AND xid < :upper AND {COUNTS}
    UNION ALL
    SELECT survey_id, customer, {_DAY}, -sign, CASE WHEN xid < :upper THEN 0 ELSE -sign END
    FROM response_deltas JOIN touched USING (survey_id, customer)
    WHERE workspace_id = :workspace_id AND xid >= :folded_to AND {COUNTS}
), days AS (
    SELECT survey_id, customer, day, sum(was) > 0 AS was, sum(now) > 0 AS now
    FROM told GROUP BY 1, 2, 3
), pairs AS (
    SELECT survey_id, day, lag(day, 1, '-infinity') OVER customers AS before, 1 AS plus
    FROM days WHERE now WINDOW customers AS (PARTITION BY survey_id, customer ORDER BY day)
    UNION ALL
    SELECT survey_id, day, lag(day, 1, '-infinity') OVER customers, -1
    FROM days WHERE was WINDOW customers AS (PARTITION BY survey_id, customer ORDER BY day)
), changed AS (
    SELECT survey_id, day, before, sum(plus) AS n FROM pairs
    GROUP BY 1, 2, 3 HAVING sum(plus) <> 0
)
INSERT INTO return_cells (workspace_id, survey_id, grain, grain_before, day, before, n)
SELECT CAST(:workspace_id AS uuid), survey_id, grain, grain_before,
    CASE grain WHEN 'day' THEN day ELSE date_trunc('month', day)::date END,
    CASE grain_before WHEN 'day' THEN before ELSE date_trunc('month', before)::date END,
    sum(n)::int8
FROM changed CROSS JOIN (VALUES ('day'), ('month')) AS g (grain)
    CROSS JOIN (VALUES ('day'), ('month')) AS b (grain_before)
GROUP BY 2, 3, 4, 5, 6 HAVING sum(n) <> 0
ORDER BY 2, 3, 4, 5, 6
ON CONFLICT (workspace_id, survey_id, grain, grain_before, day, before)
DO UPDATE SET n = return_cells.n + excluded.n
"""  # noqa: S608 - only names of our own
FOLDS = (
    text(_SIGNS).bindparams(bindparam("least", list(LEAST))),
    text(_DURATIONS).bindparams(bindparam("least", list(LEAST))),
    text(_RETURNS),
)
