"""The statement that stores responses, and how their columns are sent to it.

Each column of a batch is one text, its values joined: the driver looks at every element of an
array several times, which costs more than PostgreSQL needs to take the text apart.
"""

from collections.abc import Sequence

from app.responses.submission import Prepared

#: Between the values of a column, which hold no control characters.
_NEXT = "\x1e"

#: One statement, so that the row and its event are one transaction without a BEGIN. A row goes
#: in only under the revision of the survey that it was judged by: a close or a new version holds
#: at once, in every process, although judges remember a survey for a second. What many rows were
#: judged by together is sent and looked up once.
INSERT = """
WITH judged AS MATERIALIZED (
    SELECT q.number, q.workspace_id, q.survey_id, (pg_current_xact_id()::text)::int8 AS xid
    FROM unnest(
        string_to_array($1, E'\\x1e')::uuid[],
        string_to_array($2, E'\\x1e')::uuid[],
        string_to_array($3, E'\\x1e')::int8[]
    ) WITH ORDINALITY AS q (workspace_id, survey_id, revision, number)
    JOIN surveys s ON s.workspace_id = q.workspace_id AND s.id = q.survey_id
        AND s.revision = q.revision
), stored AS (
    INSERT INTO responses (workspace_id, id, survey_id, version, submission_key, content_hash,
        status, quality, assurance, language, channel, method, customer, segment, occurred_at,
        claimed_at, duration_seconds, flags, metadata, answers, tallies, received_at, updated_at,
        xid)
    SELECT q.workspace_id, r.id, q.survey_id, r.version, r.submission_key,
        decode(r.content_hash, 'hex'), r.status, r.quality, r.assurance, r.language, r.channel,
        r.method, r.customer, CASE WHEN r.assurance = 'verified' THEN (
            SELECT segment FROM customers
            WHERE workspace_id = q.workspace_id AND external_id BETWEEN r.customer AND r.customer
            ORDER BY external_id LIMIT 1
        ) END, r.occurred_at, r.claimed_at, r.duration_seconds, r.flags::text[],
        r.metadata::jsonb, r.answers::jsonb, r.tallies::text[], statement_timestamp(),
        statement_timestamp(), q.xid
    FROM unnest(
        string_to_array($4, E'\\x1e')::int8[],
        string_to_array($5, E'\\x1e'),
        $6::text[],
        string_to_array($7, E'\\x1e')::uuid[],
        string_to_array($8, E'\\x1e')::int8[],
        string_to_array($9, E'\\x1e'),
        string_to_array($10, E'\\x1e'),
        string_to_array($11, E'\\x1e'),
        string_to_array($12, E'\\x1e'),
        string_to_array($13, E'\\x1e', ''),
        string_to_array($14, E'\\x1e'),
        string_to_array($15, E'\\x1e'),
        string_to_array($16, E'\\x1e')::timestamptz[],
        string_to_array($17, E'\\x1e', '')::timestamptz[],
        string_to_array($18, E'\\x1e', '')::float8[],
        string_to_array($19, E'\\x1e'),
        string_to_array($20, E'\\x1e'),
        string_to_array($21, E'\\x1e'),
        string_to_array($22, E'\\x1e')
    ) AS r (judged_by, content_hash, customer, id, version, submission_key, status, quality,
        assurance, language, channel, method, occurred_at, claimed_at, duration_seconds, flags,
        tallies, metadata, answers)
    JOIN judged q ON q.number = r.judged_by
    ON CONFLICT (workspace_id, survey_id, submission_key) DO NOTHING
    RETURNING workspace_id, id, survey_id, received_at, xid
), told AS (
    INSERT INTO events (workspace_id, id, type, subject, data, occurred_at, xid)
    SELECT workspace_id, id, 'response.received', id::text,
        jsonb_build_object('survey', survey_id::text), received_at, xid
    FROM stored
)
SELECT id::text, received_at FROM stored
"""


def columns(rows: Sequence[Prepared]) -> list[object]:
    """The rows as one argument for each column, in the order of `INSERT`.

    First what they were judged by, then which of it each row was, counted from one. The
    customer's id is free text, and may hold anything: it goes as an array.
    """
    judged_by = {id(row.questionnaire): row.questionnaire for row in rows}
    numbers = {each: str(number) for number, each in enumerate(judged_by, start=1)}
    return [
        _NEXT.join([each.workspace_id.hex for each in judged_by.values()]),
        _NEXT.join([each.survey_id.hex for each in judged_by.values()]),
        _NEXT.join([str(each.revision) for each in judged_by.values()]),
        _NEXT.join([numbers[id(row.questionnaire)] for row in rows]),
        _NEXT.join([row.content_hash.hex() for row in rows]),
        [row.customer for row in rows],
        *map(_NEXT.join, zip(*[row.texts for row in rows], strict=True)),
        *map(_joined, zip(*[row.documents for row in rows], strict=True)),
    ]


def _joined(documents: Sequence[bytes]) -> str:
    return _NEXT.encode().join(documents).decode()
