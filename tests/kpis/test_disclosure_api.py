"""Small groups over HTTP: what is withheld, and that nothing told gives it away."""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from tests.conftest import Tenant
from tests.kpis.adversary import isolated
from tests.kpis.feedback import Sent, ask, change, sent, submit
from tests.kpis.weighing import put_scheme
from tests.responses.builders import NPS, publish

DIMENSIONS = {
    "channel": ("web", "phone"),
    "method": ("questionnaire", "interview"),
    "language": ("en", "zh-CN"),
}
KINDS = list(itertools.product(*DIMENSIONS.values()))


def _people(kind: tuple[str, ...], count: int, **fields: object) -> list[Sent]:
    where = dict(zip(DIMENSIONS, kind, strict=True))
    return [sent({"nps": n % 11}, **where, **fields) for n in range(count)]


def _filters() -> Iterator[dict[str, list[str]]]:
    """Every choice of values of every choice of dimensions."""
    choices = [[[], *([value] for value in values), list(values)] for values in DIMENSIONS.values()]
    for chosen in itertools.product(*choices):
        yield {name: values for name, values in zip(DIMENSIONS, chosen, strict=True) if values}


def _row(surveys: set[int], filters: dict[str, list[str]]) -> np.ndarray:
    """Which of the people of each survey and kind a question selects."""
    return np.array(
        [
            float(survey in surveys and all(
                kind[place] in filters.get(name, values)
                for place, (name, values) in enumerate(DIMENSIONS.items())
            ))
            for survey in (0, 1) for kind in KINDS
        ]
    )  # fmt: skip


class Adversary:
    """Asks, checks what is told against the truth, and keeps it."""

    def __init__(self, tenant: Tenant, surveys: list[str], counts: np.ndarray) -> None:
        self.tenant, self.surveys, self.counts = tenant, surveys, counts
        self.rows: list[np.ndarray] = []
        self.withheld = self.weighted = 0

    async def ask_everything(self) -> None:
        """All figures of each survey and of both, by all filters, and all comparisons."""
        for surveys in ({0}, {1}, {0, 1}):
            named = {} if len(surveys) == 2 else {"survey": self.surveys[min(surveys)]}
            for filters in _filters():
                found = await ask(self.tenant, "nps", compare="none", **named, **filters)
                self._note(found, _row(surveys, filters), narrowed=bool(filters))
            for by, other in itertools.permutations(DIMENSIONS, 2):
                for filters in ({}, {other: [DIMENSIONS[other][0]]}):
                    found = await ask(self.tenant, "nps/compare", group_by=by, **named, **filters)
                    for group in found["groups"]:
                        chosen = filters | {by: [group["member"]]}
                        self._note(group, _row(surveys, chosen), narrowed=True)

    async def ask_weighted(self, scheme: str, strata: Sequence[str]) -> None:
        """Weighted figures by filters, and comparisons: of what is told every stratum is known."""
        for surveys in ({0}, {0, 1}):
            named = {} if len(surveys) == 2 else {"survey": self.surveys[0]}
            for filters in _filters():
                if sum(map(len, filters.values())) > 2:
                    continue
                found = await ask(
                    self.tenant, "nps", compare="none", weighting=scheme, **named, **filters
                )
                self._note_strata(found, surveys, strata, filters)
            for by in DIMENSIONS:
                found = await ask(
                    self.tenant, "nps/compare", group_by=by, weighting=scheme, **named
                )
                for group in found["groups"]:
                    self._note_strata(group, surveys, strata, {by: [group["member"]]})

    def _note_strata(
        self,
        found: dict[str, Any],
        surveys: set[int],
        strata: Sequence[str],
        filters: dict[str, list[str]],
    ) -> None:
        """Who knows the weights of enough figures may solve for each of their strata."""
        if found["suppressed"]:
            assert found["n"] is found["value"] is found["weights"] is None
            self.withheld += 1
            return
        self.weighted += 1
        if found["reason"] is None:
            assert found["n"] == _row(surveys, filters) @ self.counts
        for members in itertools.product(*(DIMENSIONS[name] for name in strata)):
            stratum = dict(zip(strata, members, strict=True))
            if all(stratum.get(name, own[0]) in own for name, own in filters.items()):
                narrowed = {name: [member] for name, member in stratum.items()}
                self.rows.append(_row(surveys, filters | narrowed))

    def _note(self, found: dict[str, Any], row: np.ndarray, *, narrowed: bool) -> None:
        true = row @ self.counts
        if found["suppressed"]:
            assert narrowed
            assert found["n"] is found["value"] is None
            self.withheld += 1
            return
        assert found["n"] == true
        assert not narrowed or true == 0 or true >= 5
        self.rows.append(row)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_an_adversary_isolates_nobody(careful: Tenant, seed: int) -> None:
    """Everything is asked of two surveys; no sum or difference of it counts 1 to 4 people.

    Every set of the people is tried, by linear algebra over all answers that were given; whole
    surveys excepted, whose totals are told whatever their size. Of weighted answers each stratum
    is taken for known.
    """
    rng = random.Random(seed)
    sizes = [0, 1, 2, 3, 5, 6, 8, 12] if seed < 3 else [5, 6, 7, 9]
    counts = [rng.choice(sizes) for _ in (0, 1) for _ in KINDS]
    if seed == 3:  # only one cell of one survey is small: most of the rest is told
        counts[3] = 2
    surveys = [await publish(careful, NPS), await publish(careful, NPS)]
    for place, survey in enumerate(surveys):
        own = counts[place * 8 : place * 8 + 8]
        pairs = zip(KINDS, own, strict=True)
        await submit(careful, survey, [each for kind, n in pairs for each in _people(kind, n)])
    adversary = Adversary(careful, surveys, np.array(counts, dtype=float))
    await adversary.ask_everything()
    assert adversary.withheld
    assert len(adversary.rows) > 6
    even = {name: dict.fromkeys(members, 1) for name, members in DIMENSIONS.items()}
    await put_scheme(careful, {"channel": even["channel"]}, "one")
    await put_scheme(careful, {name: even[name] for name in ("method", "language")}, "two")
    await adversary.ask_weighted("one", ["channel"])
    await adversary.ask_weighted("two", ["method", "language"])
    assert adversary.weighted > 20 or seed < 3
    for found in isolated(np.array(adversary.rows), adversary.counts, 5):
        raise AssertionError(found)


async def test_weights_tell_of_nobody(careful: Tenant) -> None:
    """A stratum too small to be told withholds the weighted total, and all that is beside it."""
    survey = await publish(careful, NPS)
    await put_scheme(careful, {"channel": {"web": 1, "phone": 1}})
    await submit(careful, survey, _people(KINDS[0], 12) + _people(KINDS[7], 3))
    whole = await ask(careful, "nps", weighting="ours")
    (point,) = (await ask(careful, "nps/trend", weighting="ours", grain="month"))["points"]
    for figure in (whole, point):
        assert (figure["suppressed"], figure["reason"]) == (True, "suppressed")
        for name in ("value", "n", "n_effective", "weights", "interval"):
            assert figure[name] is None, name
        assert not figure["excluded"]
    counts = await ask(careful, "nps/distribution", weighting="ours")
    assert (counts["n"], counts["counts"], counts["reason"]) == (None, [], "suppressed")
    groups = await ask(careful, "nps/compare", weighting="ours", group_by="method")
    assert (groups["groups"], groups["warnings"]) == ([], ["suppressed"])
    await submit(careful, survey, _people(KINDS[7], 4))
    assert (await ask(careful, "nps", weighting="ours"))["n"] == 19


async def test_weights_are_made_of_responses_that_may_be_told(careful: Tenant) -> None:
    """Three who did not get as far as the question weigh the others: that would tell of them."""
    survey = await publish(careful, NPS | {"required": False})
    await put_scheme(careful, {"language": {"en": 1, "zh-CN": 1}})
    web, phone = KINDS[0], KINDS[1]
    await submit(careful, survey, _people(web, 9) + _people(phone, 7))
    assert (await ask(careful, "nps", weighting="ours"))["n"] == 16
    few = [sent({}, status="partial", language="fr", channel="web") for _ in range(3)]
    await submit(careful, survey, few)
    assert (await ask(careful, "nps"))["n"] == 16
    assert (await ask(careful, "nps", weighting="ours"))["suppressed"]


async def test_a_small_group_and_one_more_are_withheld(careful: Tenant) -> None:
    """Of 12, 7 and 3 the 3 are withheld, and the 7, which the total would give away."""
    survey = await publish(careful, NPS)
    for channel, count in (("web", 12), ("phone", 7), ("email", 3)):
        people = [sent({"nps": n % 11}, channel=channel) for n in range(count)]
        await submit(careful, survey, people)
    total = await ask(careful, "nps")
    assert (total["n"], total["suppressed"]) == (22, False)
    found = await ask(careful, "nps/compare", group_by="channel")
    assert [(g["member"], g["n"], g["suppressed"]) for g in found["groups"]] == [
        ("web", 12, False),
        ("email", None, True),
        ("phone", None, True),
    ]
    assert (found["pairwise"], found["warnings"]) == ([], ["suppressed"])
    for channels in ("email", "phone", ["web", "phone"], ["web", "email"]):
        one = await ask(careful, "nps", channel=channels)
        assert one["suppressed"], channels
    both = await ask(careful, "nps", channel=["email", "phone"])
    assert both["n"] == 10


async def test_a_withheld_figure_says_nothing(careful: Tenant) -> None:
    """Value, n, counts, interval, change and warnings: all are empty, and the reason is given."""
    survey = await publish(careful, NPS)
    await submit(careful, survey, _people(KINDS[0], 12) + _people(KINDS[7], 3))
    found = await ask(careful, "nps", channel="phone")
    assert (found["suppressed"], found["reason"]) == (True, "suppressed")
    for name in ("value", "n", "n_effective", "interval", "previous", "target", "currency"):
        assert found[name] is None, name
    for name in ("numerator", "denominator", "excluded", "components", "warnings"):
        assert not found[name], name
    counts = await ask(careful, "nps/distribution", channel="phone")
    assert (counts["n"], counts["counts"], counts["reason"]) == (None, [], "suppressed")


async def test_a_first_answer_is_shown_at_once(careful: Tenant) -> None:
    """The figure of everybody is told whatever its size; by channel it is not."""
    survey = await publish(careful, NPS)
    await submit(careful, survey, [sent({"nps": 10}, channel="web")])
    total = await ask(careful, "nps", survey=survey)
    assert (total["value"], total["n"]) == (1, 1)
    assert "few_answers" in total["warnings"]
    for channel in ("web", "phone"):
        assert (await ask(careful, "nps", channel=channel))["suppressed"]
    versions = await ask(careful, "nps/compare", group_by="version")
    assert [each["n"] for each in versions["groups"]] == [1]


async def test_a_small_survey_does_not_silence_the_others(careful: Tenant) -> None:
    """By channel, several surveys are told without the one with three answers, and say so."""
    large, small = await publish(careful, NPS), await publish(careful, NPS)
    people = [sent({"nps": 9}, channel=channel) for channel in ("web", "phone") for _ in range(6)]
    await submit(careful, large, people)
    await submit(careful, small, [sent({"nps": 1}, channel="web") for _ in range(3)])
    assert (await ask(careful, "nps"))["n"] == 15
    for surveys in ({}, {"survey": [large, small]}):
        found = await ask(careful, "nps/compare", group_by="channel", **surveys)
        assert [(each["member"], each["n"]) for each in found["groups"]] == [
            ("phone", 6),
            ("web", 6),
        ]
        assert all("surveys_left_out" in each["warnings"] for each in found["groups"])
        one = await ask(careful, "nps", channel="web", **surveys)
        assert (one["n"], "surveys_left_out" in one["warnings"]) == (6, True)
    assert (await ask(careful, "nps", channel="web", survey=small))["suppressed"]


async def test_dimensions_are_combined_where_all_of_their_table_is_large(careful: Tenant) -> None:
    """Channel and method have no small cell together, channel and language do."""
    survey = await publish(careful, NPS)
    sizes = [9, 1, 8, 7, 6, 9, 0, 8]
    people = [each for kind, n in zip(KINDS, sizes, strict=True) for each in _people(kind, n)]
    await submit(careful, survey, people)
    told = await ask(careful, "nps", channel="web", method="interview")
    assert told["n"] == 15
    grouped = await ask(careful, "nps/compare", group_by="method", channel="phone")
    assert [each["n"] for each in grouped["groups"]] == [15, 8]
    kept = await ask(careful, "nps", channel="web", method="interview", language="en")
    assert kept["suppressed"]
    none = await ask(careful, "nps/compare", group_by="language", channel="phone", filter="a:1")
    assert (none["groups"], none["warnings"]) == ([], ["suppressed"])


async def test_clean_does_not_tell_of_the_flagged(careful: Tenant) -> None:
    """All of a channel less the clean ones are the flagged of it: two are not told."""
    survey = await publish(careful, NPS)
    await submit(careful, survey, _people(KINDS[0], 9) + _people(KINDS[7], 8))
    assert (await ask(careful, "nps", channel="web", quality="clean"))["n"] == 9
    for response in await submit(careful, survey, _people(KINDS[0], 2)):
        await change(careful, response, quality="flagged")
    flagged = (await ask(careful, "nps", quality="clean"))["excluded"]["flagged_quality"]
    assert flagged == 2
    assert (await ask(careful, "nps", channel="web"))["n"] == 11
    assert (await ask(careful, "nps", channel="web", quality="clean"))["suppressed"]


async def test_points_of_a_line_do_not_give_away_one(careful: Tenant) -> None:
    """A week with three is withheld, and another one, which the whole month would give away."""
    survey = await publish(careful, NPS)
    for day, count in (("06", 9), ("13", 3), ("20", 7), ("27", 8)):
        at = {"occurred_at": f"2026-10-{day}T12:00:00+08:00"}
        await submit(careful, survey, _people(KINDS[0], count, **at))
        await submit(careful, survey, _people(KINDS[7], 9, **at))
    found = await ask(careful, "nps/trend", grain="week", channel="web")
    shown = [(point["n"], point["suppressed"]) for point in found["points"]]
    assert shown == [(0, False), (9, False), (None, True), (None, True), (8, False)]
    assert (await ask(careful, "nps", channel="web"))["n"] == 27


async def test_the_setting(careful: Tenant) -> None:
    """The workspace says how few are few; 1 tells everything."""
    survey = await publish(careful, NPS)
    await submit(careful, survey, _people(KINDS[0], 2) + _people(KINDS[7], 2))
    assert (await ask(careful, "nps", channel="web"))["suppressed"]
    path = "/v1/workspaces/current"
    for wrong in (0, 1001, "5"):
        refused = await careful.client.patch(path, json={"minimum_cell_size": wrong})
        assert refused.status_code in {400, 422}
    changed = await careful.client.patch(path, json={"minimum_cell_size": 1})
    assert changed.json()["minimum_cell_size"] == 1
    assert (await ask(careful, "nps", channel="web"))["n"] == 2
