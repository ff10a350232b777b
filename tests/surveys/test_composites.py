"""What several answers make together, by exact arithmetic over every item."""

from fractions import Fraction

import pytest

from app.surveys.answers import compile_answers
from app.surveys.comparison import scale_changes
from app.surveys.questions.base import SERVICE_DIMENSIONS
from tests.surveys.definitions import Json, coded, parsed, question


def tallies(asked: list[Json], answers: Json, *, partial: bool = False) -> dict[str, str]:
    """The codes of the composites (and indices) of a response, by name."""
    reading = compile_answers(parsed(*asked)).read(answers, partial=partial)
    assert reading.errors == []
    found = [tally.partition("=") for tally in reading.tallies if tally.startswith("@")]
    return {name: code for name, _, code in found}


def written(*values: Fraction) -> str:
    """Fractions as tallies write them."""
    return ",".join(f"{value.numerator}/{value.denominator}" for value in values)


def ten(key: str, construct: str, **fields: object) -> Json:
    """An item on 0 to 10."""
    return question("rating", key, min=0, max=10, construct=construct, **fields)


def test_declared_weights_weigh() -> None:
    """The weighted index stands beside the plain one, and only where weights were declared."""
    plain = [ten("a", "satisfaction"), ten("b", "satisfaction")]
    answers = {"a": 10, "b": 0}
    assert tallies(plain, answers) == {"@satisfaction": "1/2"}
    weighed = [plain[0] | {"weight": 3}, plain[1]]
    assert tallies(weighed, answers) == {
        "@satisfaction": "1/2", "@satisfaction.weighted": "3/4",
    }  # fmt: skip
    assert tallies(weighed, {"a": 10})["@satisfaction.weighted"] == "~incomplete"
    rows = [*coded("r", weight=2), *coded("s")]
    matrix = question("matrix", "m", rows=rows, construct="satisfaction", weight=5)
    found = tallies([matrix], {"m": {"r": 5, "s": 1}})
    assert found["@satisfaction.weighted"] == "2/7"


def test_three_indicators_stand_in_one_code() -> None:
    """Trust, repurchase and recommendation, in this order; none without all."""
    asked = [ten("t", "trust"), question("nps", "n", construct="recommendation"),
             ten("r", "repurchase", direction="lower")]  # fmt: skip
    found = tallies(asked, {"t": 3, "n": 9, "r": 2})
    assert found["@loyalty.indicators"] == "3/10,4/5,9/10"
    assert tallies(asked, {"t": 3, "n": 9})["@loyalty.indicators"] == "~incomplete"
    assert "@loyalty.indicators" not in tallies(asked, {"t": 3}, partial=True)
    assert "@loyalty.indicators" not in tallies(asked[:2], {"t": 3, "n": 9})


def test_ratings_of_those_who_know_the_brand() -> None:
    """The rating again, unaware, or nothing where it is not known."""
    asked = [question("yes_no", "k", construct="awareness"), ten("i", "image")]
    name = "@aware.i"
    assert tallies(asked, {"k": True, "i": 7})[name] == "7"
    assert tallies(asked, {"k": False, "i": 7})[name] == "~unaware"
    assert tallies(asked, {"i": 7})[name] == "~incomplete"
    assert name not in tallies(asked, {"k": True}, partial=True)


def service(construct: str, key: str, **fields: object) -> Json:
    """One row for each dimension, two for the first."""
    rows = [*coded("extra", facet="tangibles")]
    rows += [each for name in SERVICE_DIMENSIONS for each in coded(name, facet=name)]
    return question("matrix", key, rows=rows, construct=construct, **fields)


def test_gaps_of_service_quality() -> None:
    """Dimensions are means of their items; the whole is their mean, or weighed by the points."""
    points = question("allocation", "w", construct="importance", items=[
        each for name in SERVICE_DIMENSIONS for each in coded(name, facet=name)
    ])  # fmt: skip
    asked = [service("expectation", "e"), service("perception", "p"), points]
    codes = ["extra", *SERVICE_DIMENSIONS]
    expected = dict(zip(codes, (5, 4, 5, 5, 3, 4), strict=True))
    perceived = dict(zip(codes, (2, 5, 4, 5, 1, 5), strict=True))
    weights = dict(zip(SERVICE_DIMENSIONS, (40, 30, 20, 10, 0), strict=True))
    found = tallies(asked, {"e": expected, "p": perceived, "w": weights})

    def side(ratings: Json) -> list[Fraction]:
        first = Fraction(ratings["extra"] + ratings["tangibles"] - 2, 8)
        return [first, *(Fraction(ratings[name] - 1, 4) for name in SERVICE_DIMENSIONS[1:])]

    e, p = side(expected), side(perceived)
    gaps = [better - worse for better, worse in zip(p, e, strict=True)]
    assert found["@servqual"] == written(sum(gaps, Fraction()) / 5)
    weighed = [gap * weight for gap, weight in zip(gaps, weights.values(), strict=True)]
    assert found["@servqual.weighted"] == written(sum(weighed, Fraction()) / 100)
    assert found["@servperf"] == written(sum(p, Fraction()) / 5)
    for place, name in enumerate(SERVICE_DIMENSIONS):
        assert found[f"@servqual.{name}"] == written(e[place], p[place])
        assert found[f"@servperf.{name}"] == written(p[place])
    alone = tallies(asked, {"p": perceived})
    assert alone["@servperf"] == found["@servperf"]
    assert {code for name, code in alone.items() if "servqual" in name} == {"~incomplete"}


def test_who_closes_the_survey_dismisses_every_composite() -> None:
    """Each name that a response may carry is there when it was dismissed."""
    asked = [service("expectation", "e"), service("perception", "p"),
             ten("g", "value", facet="product"), ten("c", "value", facet="time")]  # fmt: skip
    sheet = compile_answers(parsed(*asked))
    given = {tally.partition("=")[0] for tally in sheet.read({}).tallies}
    assert {tally.partition("=")[0] for tally in sheet.dismissed} == given
    assert "@value.sides" in given


@pytest.mark.parametrize("fields", [{"price_difference": 10}, {"price_difference": None}])
def test_a_choice_keeps_its_price_difference(fields: Json) -> None:
    """Answers of two versions are added up by code: its meaning may not change."""
    asked = question(
        "single_choice", construct="price", choices=coded("a", "b", price_difference=5)
    )
    changed = asked | {"choices": [asked["choices"][0], asked["choices"][1] | fields, *coded("c")]}
    found = list(scale_changes(parsed(asked), parsed(changed)))
    assert [(error.pointer, error.code) for error in found] == [
        ("/pages/0/questions/0/choices/1", "changed-scale")
    ]
    assert list(scale_changes(parsed(asked), parsed(asked))) == []
