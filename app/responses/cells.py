"""Histograms of answers: the cells, plus what is not folded into them yet, in one snapshot.

A read is exact at once: it adds to the cells the responses and deltas of every transaction
that the cells do not hold. What the cells cannot answer (another time zone, two dimensions at
once, one that they do not keep, the latest response of each customer, joint scores one by one) is
counted from the rows by the same statement, as if nothing were folded: as exact, and slower.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import run
from app.responses.day_spans import Span, spans
from app.responses.joint_scores import added_up
from app.responses.models import RollupState

#: Dimensions that have cells, beside those that the workspace declares. Each has its own: cells
#: of all together would be as many as the responses.
WITH_CELLS = ("channel", "method", "segment", "version", "language")
#: Where a response keeps the value of a dimension; any other name is one of its metadata.
_COLUMNS = {
    "channel": "r.channel",
    "method": "r.method",
    "segment": "coalesce(r.segment, '')",
    "version": "r.version::text",
    "language": "coalesce(r.language, '')",
    "customer": "coalesce(r.customer, '')",
    "@survey": "r.survey_id::text",
}
#: Groups by several dimensions at once are written `channel*segment`, and their members as a JSON
#: array; neither sign can be in the name of a dimension. `@survey` splits by survey too.
JOINED = "*"
EACH_SURVEY = "@survey"
#: The code of every answer of a response that a later one of the same customer replaces.
SUPERSEDED = "~superseded"


def members_of_group(group: str, by: str) -> tuple[str, ...]:
    """The members of a group, one for each dimension that is joined in `by`."""
    return tuple(json.loads(group)) if JOINED in by else (group,)


#: Where clocks go back over midnight, midnight is two instants: the index narrows the rows to
#: the days roughly, their own local dates decide.
_SLACK = "interval '1 day'"


#: A fold from beyond the oldest running transaction is of another cluster: a dump was restored,
#: and until the worker has begun anew everything is counted from the rows.
OURS = "CAST(:folded_to AS int8) <= pg_snapshot_xmin(pg_current_snapshot())::text::int8"
FOLDED_TO = f"(CASE WHEN {OURS} THEN CAST(:folded_to AS int8) ELSE 0 END)"


@dataclass(frozen=True)
class Slice:
    """Which answers to count: half-open local days in a zone, and what they must match."""

    workspace_id: UUID
    start: date
    end: date
    time_zone: str
    survey_ids: tuple[UUID, ...] | None = None
    questions: tuple[str, ...] | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Dimension to the values that pass: `channel`, `method`, `segment`, `version`, `language`,
    `customer`, or a metadata key. '' stands for "has none"."""
    latest_of: tuple[str, ...] | None = None
    """Of each customer only the latest response counts, among those of these qualities that were
    not dismissed, in each survey and bucket; only then filters apply. None: every one counts."""
    as_given: bool = False
    """Joint scores as the codes that were given, where cells keep their sums: from the rows."""


class Count(NamedTuple):
    """How often a code was given to a question: `bucket` numbers the days' buckets from 1."""

    bucket: int
    member: str
    survey_id: UUID
    question: str
    code: str
    quality: str
    n: int
    sums: Sequence[int] | None = None
    """With the code `joint_scores.SUMS`: what joint scores and their products add up to."""


async def histogram(
    session: AsyncSession,
    wanted: Slice,
    *,
    by: str | None = None,
    buckets: Sequence[date] = (),
) -> list[Count]:
    """Count the answers of a slice, by the members of a dimension and by buckets of days.

    `buckets` are the first days of each, ascending, `wanted.start` first; without them there is
    one. Codes are as `surveys.answers` writes them; special ones begin with `~`. Several
    dimensions that are joined make one group of each combination. Where only the latest response
    of a customer counts, all codes of the others are `SUPERSEDED`.
    """
    state = await session.get(RollupState, wanted.workspace_id)
    dimensions = {*wanted.filters, *(by or "").split(JOINED)} - {"", EACH_SURVEY}
    folded = state is not None and _holds(state, wanted, dimensions)
    cells = spans(wanted.start, wanted.end, buckets) if folded else []
    parameters = bound(wanted, by, buckets)
    parameters["folded_to"] = state.folded_to if state is not None and folded else 0
    for number, span in enumerate(cells):
        parameters[f"start{number}"], parameters[f"end{number}"] = span.start, span.end
    rows = await run(session, _sql(wanted, by, cells), parameters)
    return [Count(*row) for row in rows]


def bound(wanted: Slice, by: str | None, buckets: Sequence[date]) -> dict[str, object]:
    """What statements over a slice may name."""
    parameters: dict[str, object] = {
        "workspace_id": wanted.workspace_id,
        "start": wanted.start,
        "end": wanted.end,
        "time_zone": wanted.time_zone,
        "surveys": list(wanted.survey_ids) if wanted.survey_ids is not None else None,
        "questions": list(wanted.questions) if wanted.questions is not None else None,
        "buckets": list(buckets or [wanted.start]),
        "latest_of": list(wanted.latest_of or ()),
    }
    for number, (name, values) in enumerate(wanted.filters.items()):
        parameters[f"name{number}"] = name
        parameters[f"values{number}"] = list(values)
    for number, name in enumerate((by or "").split(JOINED)):
        parameters[f"by{number}"] = name
    return parameters


def _holds(state: RollupState, wanted: Slice, dimensions: set[str]) -> bool:
    if wanted.latest_of is not None or wanted.as_given:
        return False
    kept = dimensions <= {*WITH_CELLS, *state.dimensions}
    return state.time_zone == wanted.time_zone and len(dimensions) <= 1 and kept


def _sql(wanted: Slice, by: str | None, cells: Sequence[Span]) -> str:
    """The statement over the cells of the spans; without any, over all rows of the period."""
    parts = [_cells(wanted, by, span, number) for number, span in enumerate(cells)]
    counted = "\n    UNION ALL\n    ".join([*parts, _tail(wanted, by, folded=bool(cells))])
    return f"""
SELECT width_bucket(day, CAST(:buckets AS date[])) AS bucket, member, survey_id, question, code,
    quality, sum(n)::int8 AS n, {added_up("sums")} AS sums
FROM (
    {counted}
) AS counted
GROUP BY 1, 2, 3, 4, 5, 6
HAVING sum(n) <> 0
"""  # noqa: S608 - only names of our own


def _cells(wanted: Slice, by: str | None, span: Span, number: int) -> str:
    joined = [name for name in (by or "").split(JOINED) if name]
    places = [number for number, name in enumerate(joined) if name != EACH_SURVEY]
    dimension = f":by{places[0]}" if places else ":name0" if wanted.filters else "''"
    columns = ["c.survey_id::text" if name == EACH_SURVEY else "c.member" for name in joined]
    member = _joined(columns)
    conditions = "AND c.member = ANY(:values0)" if wanted.filters else ""
    return f"""SELECT c.day, {member} AS member, c.survey_id, c.question, c.code, c.quality, c.n,
        c.sums
    FROM survey_cells c
    WHERE {OURS} AND c.workspace_id = :workspace_id AND c.dimension = {dimension}
        AND c.grain = '{span.grain}' AND c.day >= :start{number} AND c.day < :end{number}
        {_among("c.survey_id", "surveys", "uuid", wanted.survey_ids)}
        {_among("c.question", "questions", "text", wanted.questions)}
        {conditions}"""  # noqa: S608 - only names of our own


def _tail(wanted: Slice, by: str | None, *, folded: bool) -> str:
    """Count the rows of every transaction from `folded_to` on, deltas with their sign."""
    code = "substr(t.tally, strpos(t.tally, '=') + 1)"
    question = _among("split_part(t.tally, '=', 1)", "questions", "text", wanted.questions)
    tables = [("responses", "1::int8"), ("response_deltas", "r.sign")]
    if wanted.latest_of is not None:
        # Deltas cancel each other where all is counted from the rows.
        code, tables = f"CASE WHEN r.superseded THEN '{SUPERSEDED}' ELSE {code} END", tables[:1]
    parts = [
        f"""SELECT r.local_day AS day, r.member,
        r.survey_id, split_part(t.tally, '=', 1) AS question, {code} AS code, r.quality,
        {sign} AS n, CAST(NULL AS int8[]) AS sums
    FROM {rows_sql(wanted, by, table, folded=folded)} r
        CROSS JOIN LATERAL unnest(r.tallies) AS t (tally)
    WHERE true {question}"""  # noqa: S608 - only names of our own
        for table, sign in tables
    ]
    return "\n    UNION ALL\n    ".join(parts)


def rows_sql(
    wanted: Slice, by: str | None, table: str = "responses", *, folded: bool = False
) -> str:
    """The rows of a slice with `local_day` and `member`; not only what is not folded, by default.

    With `latest_of` also `superseded`: whether a later response of the customer counts instead.
    """
    joined = enumerate((by or "").split(JOINED)) if by else ()
    member = _joined([dimension_sql(name, f":by{number}") for number, name in joined])
    conditions = " ".join(
        f"AND {dimension_sql(name, f':name{number}')} = ANY(:values{number})"
        for number, name in enumerate(wanted.filters)
    )
    surveys = _among("r.survey_id", "surveys", "uuid", wanted.survey_ids)
    day = "(r.occurred_at AT TIME ZONE :time_zone)::date"
    within = f"{day} >= :start AND {day} < :end {surveys}"
    rows = f"(SELECT r.* FROM {_rows(table, surveys, folded=folded)} WHERE {within})"  # noqa: S608 - only names of our own
    if wanted.latest_of is not None:
        rows = f"(SELECT r.*, {_SUPERSEDED.format(day=day)} AS superseded FROM {rows} r)"  # noqa: S608 - only names of our own
    return f"""(SELECT r.*, {day} AS local_day, {member} AS member FROM {rows} r
        WHERE true {conditions})"""  # noqa: S608 - only names of our own


#: Judged before any filter, so that each customer is in one group: that of the latest response.
_COUNTS = "r.status <> 'dismissed' AND r.quality = ANY(CAST(:latest_of AS text[]))"
_SUPERSEDED = f"""{_COUNTS} AND row_number() OVER (
    PARTITION BY r.survey_id, width_bucket({{day}}, CAST(:buckets AS date[])), r.customer,
        CASE WHEN r.customer IS NULL THEN r.id END, {_COUNTS}
    ORDER BY r.occurred_at DESC, r.id DESC) > 1"""


def _rows(table: str, surveys: str, *, folded: bool) -> str:
    """The rows to look at: those not folded, or without cells those of the days, roughly.

    OFFSET 0 keeps the planner to the index on transactions. A plan made for any parameters would
    take the one on time, and read all of the period to find the few rows that are not folded.
    """
    if folded:
        return f"""(SELECT * FROM {table} r
        WHERE r.workspace_id = :workspace_id AND r.xid >= {FOLDED_TO} OFFSET 0) r"""  # noqa: S608 - only names of our own
    return f"""(SELECT * FROM {table} r WHERE r.workspace_id = :workspace_id {surveys}
        AND r.occurred_at >= (CAST(:start AS timestamp) AT TIME ZONE :time_zone) - {_SLACK}
        AND r.occurred_at < (CAST(:end AS timestamp) AT TIME ZONE :time_zone) + {_SLACK}) r"""  # noqa: S608 - only names of our own


def _joined(columns: Sequence[str]) -> str:
    """The member of a group: of one dimension as it is, of several as a JSON array."""
    if len(columns) > 1:
        return f"jsonb_build_array({', '.join(columns)})::text"
    return columns[0] if columns else "''"


def dimension_sql(dimension: str | None, parameter: str) -> str:
    """The member of a dimension in a response `r`; `parameter` names a key of its metadata."""
    column = _COLUMNS.get(dimension or "")
    return column or f"coalesce(r.metadata ->> {parameter}, '')"


def _among(column: str, parameter: str, type_: str, values: Sequence[object] | None) -> str:
    return "" if values is None else f"AND {column} = ANY(CAST(:{parameter} AS {type_}[]))"
