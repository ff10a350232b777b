"""The statement that stores responses, and how their columns are sent to it.

Each column of a batch is one text, its values joined: the driver looks at every element of an
array several times, which costs more than PostgreSQL needs to take the text apart.
"""

from collections.abc import Sequence

from app.responses.submission import Prepared

#: Between the values of a column: the texts of a response hold no control characters.
_NEXT = "\x1e"

#: One statement, so that the row and its event are one transaction without a BEGIN. A row goes
#: in only under the revision of the survey that it was judged by: a close or a new version holds
#: at once, in every process, although judges remember a survey for a second.
INSERT = """
WITH incoming AS (
    SELECT * FROM unnest(
        string_to_array($1, E'\\x1e')::uuid[],
        string_to_array($2, E'\\x1e')::uuid[],
        string_to_array($3, E'\\x1e')::int8[],
        string_to_array($4, E'\\x1e'),
        $5::text[],
        string_to_array($6, E'\\x1e')::uuid[],
        string_to_array($7, E'\\x1e')::int8[],
        string_to_array($8, E'\\x1e'),
        string_to_array($9, E'\\x1e'),
        string_to_array($10, E'\\x1e'),
        string_to_array($11, E'\\x1e'),
        string_to_array($12, E'\\x1e', ''),
        string_to_array($13, E'\\x1e'),
        string_to_array($14, E'\\x1e'),
        string_to_array($15, E'\\x1e')::timestamptz[],
        string_to_array($16, E'\\x1e', '')::timestamptz[],
        string_to_array($17, E'\\x1e', '')::float8[],
        string_to_array($18, E'\\x1e'),
        string_to_array($19, E'\\x1e'),
        string_to_array($20, E'\\x1e'),
        string_to_array($21, E'\\x1e')
    ) AS r (workspace_id, survey_id, survey_revision, content_hash, customer,
        id, version, submission_key, status, quality, assurance, language, channel, method,
        occurred_at, claimed_at, duration_seconds, flags, metadata, answers, tallies)
), stored AS (
    INSERT INTO responses (workspace_id, id, survey_id, version, submission_key, content_hash,
        status, quality, assurance, language, channel, method, customer, segment, occurred_at,
        claimed_at, duration_seconds, flags, metadata, answers, tallies, received_at, updated_at)
    SELECT r.workspace_id, r.id, r.survey_id, r.version, r.submission_key,
        decode(r.content_hash, 'hex'), r.status, r.quality, r.assurance, r.language, r.channel,
        r.method, r.customer, c.segment, r.occurred_at, r.claimed_at, r.duration_seconds,
        r.flags::text[], r.metadata::jsonb, r.answers::jsonb, r.tallies::text[],
        statement_timestamp(), statement_timestamp()
    FROM incoming r
    JOIN surveys s ON s.workspace_id = r.workspace_id AND s.id = r.survey_id
        AND s.revision = r.survey_revision
    LEFT JOIN LATERAL (
        SELECT segment FROM customers
        WHERE workspace_id = r.workspace_id AND external_id BETWEEN r.customer AND r.customer
        ORDER BY external_id LIMIT 1
    ) c ON r.assurance = 'verified'
    ON CONFLICT (workspace_id, survey_id, submission_key) DO NOTHING
    RETURNING workspace_id, id, survey_id, received_at
), told AS (
    INSERT INTO events (workspace_id, id, type, subject, data, occurred_at)
    SELECT workspace_id, id, 'response.received', id::text,
        jsonb_build_object('survey', survey_id::text), received_at
    FROM stored
)
SELECT id::text, received_at FROM stored
"""


def columns(rows: Sequence[Prepared]) -> list[object]:
    """The rows as one argument for each column, in the order of `INSERT`.

    The customer's id is free text, and may hold anything: it goes as an array.
    """
    judged_by = [row.questionnaire for row in rows]
    return [
        _NEXT.join([each.workspace_id.hex for each in judged_by]),
        _NEXT.join([each.survey_id.hex for each in judged_by]),
        _NEXT.join([str(each.revision) for each in judged_by]),
        _NEXT.join([row.content_hash.hex() for row in rows]),
        [row.customer for row in rows],
        *map(_NEXT.join, zip(*[row.texts for row in rows], strict=True)),
    ]
