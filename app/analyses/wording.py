"""Counts the words and phrases of open answers by score, in the worker."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses import segmenting
from app.analyses.chosen import Chosen
from app.analyses.disclosing import judge
from app.analyses.evidence import Evidence, benjamini_hochberg
from app.analyses.failing import Impossible
from app.analyses.keyness import keyness
from app.analyses.phrases import Term as Words
from app.analyses.phrases import terms
from app.analyses.rows import Column, run, select_sql
from app.analyses.run_schemas import (
    Keyness,
    ScoreGroup,
    Term,
    TermGroup,
    WordsRead,
    WordsRequest,
)
from app.analyses.runs import splits
from app.analyses.schemas import evidence_read
from app.analyses.variables import Asked, Variable, is_text
from app.errors import Problem
from app.kpis import envelopes
from app.kpis.disclosure import Cell, protected
from app.kpis.proportions import Share, wilson

#: Most answers that are read at once.
MOST_TEXTS = 200_000
_NPS: Sequence[ScoreGroup] = ("promoters", "passives", "detractors")
_BOXES: Sequence[ScoreGroup] = ("top", "other")


@dataclass(frozen=True)
class _Answer:
    text: str
    person: str
    group: ScoreGroup | None


@dataclass
class _Use:
    """Who uses a term."""

    n: int = 0
    people: set[str] = field(default_factory=set)
    groups: Counter[ScoreGroup] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Sizes:
    """The groups: all, those that may be told, and how many answers each has."""

    groups: Sequence[ScoreGroup]
    told: Sequence[ScoreGroup]
    n: Counter[ScoreGroup]


@dataclass(frozen=True)
class _Tested:
    words: Words
    use: _Use
    evidence: Evidence | None


async def prepare_words(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: WordsRequest, seed: int
) -> Callable[[dict[str, Any]], WordsRead]:
    """What is left to count once the texts are here, and the session is given back."""
    del seed  # nothing is drawn
    question = asked.one("/question", wanted.question, is_text)
    score = None if wanted.score is None else asked.one("/score", wanted.score, splits)
    texts = await _texts(session, chosen, question, score)
    columns = [Column(question.answered_sql(0), question.bound(0))]
    (ruling,) = await judge(session, chosen, columns, [(0,)])
    people = len({each.person for each in texts})
    if not ruling.tells or 0 < people < chosen.minimum:
        raise Impossible("suppressed")
    if not texts:
        raise Impossible("too_few_answers")

    def compute(header: dict[str, Any]) -> WordsRead:
        return _words(texts, chosen, wanted, _groups(score), header)

    return compute


async def _texts(
    session: AsyncSession, chosen: Chosen, question: Variable, score: Variable | None
) -> list[_Answer]:
    selected = ["r.answers ->> CAST(:key0 AS text) AS words"]
    selected.append("coalesce(r.customer, r.id::text) AS person")
    selected.append(f"({score.value_sql(1) if score else 'NULL::int4'}) AS score")
    bound = question.bound(0) | (score.bound(1) if score else {})
    sql = f"""
WITH chosen AS ({select_sql(chosen, selected)})
SELECT words, person, score FROM chosen
WHERE words IS NOT NULL LIMIT {MOST_TEXTS + 1}"""  # noqa: S608 - our own names
    rows = await run(session, sql, chosen, [Column("", bound)])
    if len(rows) > MOST_TEXTS:
        raise Problem("analysis-too-large")
    return [_Answer(words, person, _group(score, point)) for words, person, point in rows]


def _groups(score: Variable | None) -> Sequence[ScoreGroup]:
    if score is None:
        return ()
    return _NPS if score.type == "nps" else _BOXES


def _group(score: Variable | None, point: int | None) -> ScoreGroup | None:
    if score is None or score.scale is None or point is None:
        return None
    if score.type != "nps":
        return "top" if point in score.scale.top_box else "other"
    if point >= 9:
        return "promoters"
    return "passives" if point >= 7 else "detractors"


def _words(
    texts: Sequence[_Answer],
    chosen: Chosen,
    wanted: WordsRequest,
    groups: Sequence[ScoreGroup],
    header: dict[str, Any],
) -> WordsRead:
    sizes = Counter(each.group for each in texts if each.group is not None)
    kept = protected({group: Cell(sizes[group]) for group in groups}, chosen.minimum)
    told = [group for group in groups if kept.permits([group])]
    by = _Sizes(groups, told, sizes)
    uses = _uses(texts, wanted)
    tested = [
        _Tested(words, use, _evidence(use, by))
        for words, use in uses.items()
        if len(use.people) >= chosen.minimum
    ]
    scored = [each for each in tested if each.evidence is not None]
    adjusted = benjamini_hochberg([each.evidence.p for each in scored if each.evidence])
    keys = {
        each.words: _key(each, p, by, chosen.level)
        for each, p in zip(scored, adjusted, strict=True)
    }
    tested.sort(key=_by_keyness if wanted.order == "keyness" else _by_frequency)
    shown = {group: sizes[group] if group in told else None for group in groups}
    in_groups = sum(sizes.values())
    return WordsRead(
        **header | {"analysis": "words", "kind": "exact"},
        question=wanted.question,
        score=wanted.score,
        n=len(texts),
        groups=[
            TermGroup(group=group, n=n, share=None if n is None else n / in_groups)
            for group, n in shown.items()
            if in_groups
        ],
        terms=[
            _term(each, keys.get(each.words), Share(each.use.n, len(texts)), by, chosen)
            for each in tested[: wanted.limit]
        ],
        segmenter=segmenting.NAME,
    )


def _uses(texts: Sequence[_Answer], wanted: WordsRequest) -> dict[Words, _Use]:
    found: dict[Words, _Use] = defaultdict(_Use)
    for answer in texts:
        for words in terms(answer.text, segmenting.segment, wanted.longest_phrase):
            use = found[words]
            use.n += 1
            use.people.add(answer.person)
            if answer.group is not None:
                use.groups[answer.group] += 1
    return found


def _evidence(use: _Use, by: _Sizes) -> Evidence | None:
    return keyness([use.groups[group] for group in by.told], [by.n[group] for group in by.told])


def _key(tested: _Tested, p: float, by: _Sizes, level: float) -> Keyness:
    read = evidence_read(tested.evidence)
    assert read is not None  # noqa: S101 - only what was tested
    most = max(by.told, key=lambda group: tested.use.groups[group] / max(by.n[group], 1))
    return Keyness(evidence=read, p_adjusted=p, leans_to=most if p < 1 - level else None)


def _by_frequency(tested: _Tested) -> tuple[float, Words]:
    return -tested.use.n, tested.words


def _by_keyness(tested: _Tested) -> tuple[float, float, Words]:
    p = tested.evidence.p if tested.evidence else 1.0
    return p, -tested.use.n, tested.words


def _term(tested: _Tested, key: Keyness | None, share: Share, by: _Sizes, chosen: Chosen) -> Term:
    words, count, language = tested.words
    used = tested.use.groups
    interval = envelopes.interval(wilson(share, chosen.level))
    assert interval is not None  # noqa: S101 - there are answers
    kept = protected({group: Cell(used[group]) for group in by.groups}, chosen.minimum)
    shown = [group for group in by.told if kept.permits([group])]
    return Term(
        term=words,
        kind="word" if count == 1 else "phrase",
        language=language,
        n=share.count,
        share=share.count / share.total,
        interval=interval,
        groups=[
            TermGroup(
                group=group,
                n=used[group] if group in shown else None,
                share=used[group] / by.n[group] if group in shown and by.n[group] else None,
            )
            for group in by.groups
        ],
        keyness=key if len(shown) == len(by.groups) else None,
    )
