"""From cells to what one figure is made of: answers that count, and answers that do not."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.responses.cells import SUPERSEDED, Count, Slice, histogram
from app.responses.joint_scores import SUMS

#: A question of one survey, by the name that tallies give it.
Name = tuple[UUID, str]

#: Responses of these qualities are in no figure.
_NEVER = ("invalid", "duplicate", "test")
_FLAGGED = "flagged_quality"
_SUMS = SUMS.removeprefix("~")
_SUPERSEDED = SUPERSEDED.removeprefix("~")
#: Why a whole response is left out of every figure: by its quality, if only clean ones count.
NEVER_COUNTED = (*_NEVER, _FLAGGED)
#: Why the answer to a question is not counted, in the order in which envelopes list it.
EXCLUSIONS = ("dismissed", "skipped", "not_applicable", *NEVER_COUNTED)


@dataclass
class Tally:
    """What was answered to each name in one period by one group.

    `answered` and the sum of `excluded` together are all that was asked.
    """

    answered: dict[Name, Counter[str]] = field(default_factory=dict)
    excluded: dict[Name, Counter[str]] = field(default_factory=dict)
    sums: dict[Name, list[int]] = field(default_factory=dict)
    """How many joint scores are not in codes but added up, and their sums (see
    `app.responses.joint_scores`); codes that are bars tell of the same respondents."""

    def codes(self, name: Name) -> Mapping[str, int]:
        """How often each code was given to one question."""
        return self.answered.get(name, {})

    def left_out(
        self, names: Collection[Name], reasons: Sequence[str] = EXCLUSIONS
    ) -> dict[str, int]:
        """What was asked under the names and does not count, by reason; every reason is there.

        So is `superseded` where answers were replaced by later ones of the same customer.
        """
        total: Counter[str] = Counter()
        for name in names:
            total.update(self.excluded.get(name, {}))
        replaced = (_SUPERSEDED,) if total[_SUPERSEDED] else ()
        return {reason: total[reason] for reason in (*reasons, *replaced)}

    def add(self, count: Count, quality: str) -> None:
        """Put a count where it belongs: the quality of the response is judged first."""
        name = (count.survey_id, count.question)
        reason = _exclusion(count, quality)
        if count.sums is not None:
            if reason == _SUMS:
                more = [count.n, *count.sums]
                before = self.sums.get(name, [0] * len(more))
                self.sums[name] = list(map(int.__add__, before, more))
            return
        side = self.answered if reason is None else self.excluded
        side.setdefault(name, Counter())[reason or count.code] += count.n


def _exclusion(count: Count, quality: str) -> str | None:
    if count.quality in _NEVER:
        return count.quality
    if count.quality == "flagged" and quality == "clean":
        return _FLAGGED
    return count.code[1:] if count.code.startswith("~") else None


@dataclass(frozen=True)
class Recipe:
    """What a survey KPI is made of: the tallies that it counts, and its figure of them."""

    names: Collection[Name]
    figure: Callable[[Tally], Measurement]


async def tally(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    names: Collection[Name],
) -> list[dict[str, Tally]]:
    """Tallies of the names by the members of a dimension, one mapping for each period.

    Periods that touch are read together in one statement. Without `by` the only member is '',
    and it is always there.
    """
    found: list[dict[str, Tally]] = [{} if by else {"": Tally()} for _ in periods]
    if not names:
        return found
    wanted = frozenset(names)
    for run in runs(periods):
        starts = [periods[index].start for index in run]
        span = span_of(scope, [periods[index] for index in run], wanted)
        counts = scope.counts
        if counts is None:
            counts = await histogram(session, span, by=by, buckets=starts)
        for count in counts:
            if (count.survey_id, count.question) in wanted:
                members = found[run[count.bucket - 1]]
                members.setdefault(count.member, Tally()).add(count, scope.quality)
    return found


def span_of(scope: Scope, run: Sequence[Period], names: Collection[Name]) -> Slice:
    """The answers to the names in periods that follow one another."""
    return Slice(
        workspace_id=scope.workspace_id,
        start=run[0].start,
        end=run[-1].end,
        time_zone=scope.time_zone,
        survey_ids=tuple(sorted({survey_id for survey_id, _ in names})),
        questions=tuple(sorted({question for _, question in names})),
        filters=scope.filters,
        latest_of=latest_of(scope),
        as_given=scope.clustered,
    )


def counted_qualities(scope: Scope) -> tuple[str, ...]:
    """The qualities of responses that are in figures."""
    return ("ok",) if scope.quality == "clean" else ("ok", "flagged")


def latest_of(scope: Scope) -> tuple[str, ...] | None:
    """The qualities of which only the latest response of a customer counts; None: all count."""
    return None if scope.dedupe == "none" else counted_qualities(scope)


def runs(periods: Sequence[Period]) -> Iterator[list[int]]:
    """Places of periods, ascending in time, cut where one does not begin as the last ends."""
    run: list[int] = []
    end: date | None = None
    for index in sorted(range(len(periods)), key=lambda each: periods[each].start):
        if run and periods[index].start != end:
            yield run
            run = []
        run.append(index)
        end = periods[index].end
    if run:
        yield run
