"""Random definitions, and random answers to them that fit or nearly fit."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from app.surveys.definition import SurveyDefinition
from tests.surveys.definitions import Json, coded, parsed, question

CODES = ["a", "b", "c", "d"]
PATTERNS = ["^[A-Z]{2}[0-9]+", "[0-9]", "^(?:a|bc)*x"]
DAYS = st.dates(date(1990, 1, 1), date(2030, 12, 31))


@st.composite
def scales(draw: st.DrawFn, type_: str) -> Json:
    """A question with a scale of random ends."""
    low = draw(st.integers(-20, 5))
    high = low + draw(st.integers(1, 10))
    escape = draw(st.booleans())
    fields: Json = {"min": low, "max": high, "top_box": [high], "allow_not_applicable": escape}
    if type_ == "matrix":
        fields["rows"] = coded(*draw(some_codes()))
    return fields


def some_codes(least: int = 1) -> st.SearchStrategy[list[str]]:
    """Different codes."""
    return st.lists(st.sampled_from(CODES), min_size=least, unique=True)


@st.composite
def choices(draw: st.DrawFn, type_: str) -> Json:
    """Choices, perhaps exclusive ones, perhaps an "other"."""
    fields: Json = {"choices": coded(*draw(some_codes(2)))}
    if draw(st.booleans()):
        fields["other"] = coded("z")[0]
    if type_ == "multiple_choice":
        for choice in fields["choices"]:
            choice["exclusive"] = draw(st.booleans())
        offered = len(fields["choices"]) + ("other" in fields)
        fields["min_selected"] = draw(st.integers(1, 2))
        fields["max_selected"] = draw(st.integers(fields["min_selected"], offered))
    return fields


@st.composite
def rankings(draw: st.DrawFn) -> Json:
    """Items, all or some of which are ranked."""
    items = draw(some_codes(2))
    return {"items": coded(*items), "top": draw(st.none() | st.integers(1, len(items)))}


@st.composite
def allocations(draw: st.DrawFn) -> Json:
    """Things that share out a few points."""
    return {"items": coded(*draw(some_codes(2))), "total": draw(st.integers(1, 12))}


@st.composite
def open_questions(draw: st.DrawFn, type_: str) -> Json:
    """Texts, numbers, dates and contacts with random limits."""
    if type_ in {"short_text", "long_text"}:
        low = draw(st.integers(1, 3))
        pattern = draw(st.none() | st.sampled_from(PATTERNS))
        return {"min_length": low, "max_length": draw(st.integers(low, 8)), "pattern": pattern}
    if type_ == "number":
        bounds = st.integers(-3, 3) | st.sampled_from([-2.5, 0.5, 2.5])
        least, most = sorted([draw(bounds), draw(bounds)])
        return {"minimum": least, "maximum": most, "integer_only": draw(st.booleans())}
    if type_ == "date":
        first, last = sorted([draw(DAYS), draw(DAYS)])
        return {"earliest": first.isoformat(), "latest": last.isoformat()}
    names = draw(st.lists(st.sampled_from(["name", "email", "phone"]), min_size=1, unique=True))
    return {"fields": [{"field": name, "required": draw(st.booleans())} for name in names]}


#: Made once: hypothesis takes longer to judge a strategy than to draw from it.
FIELDS: dict[str, st.SearchStrategy[Json]] = {
    "nps": st.just({}),
    "csat": scales("csat"),
    "ces": st.sampled_from([{"variant": "effort_5"}, {"allow_not_applicable": True}]),
    "rating": scales("rating"),
    "matrix": scales("matrix"),
    "single_choice": choices("single_choice"),
    "multiple_choice": choices("multiple_choice"),
    "ranking": rankings(),
    "allocation": allocations(),
    "yes_no": st.just({}),
    "short_text": open_questions("short_text"),
    "long_text": open_questions("long_text"),
    "number": open_questions("number"),
    "date": open_questions("date"),
    "contact": open_questions("contact"),
}
TYPES = st.sampled_from(list(FIELDS))


@st.composite
def questions(draw: st.DrawFn, key: str) -> Json:
    """Any question."""
    type_ = draw(TYPES)
    fields = draw(FIELDS[type_])
    return question(type_, key, required=draw(st.booleans()), **fields)


TEXTS = (
    st.sampled_from(
        [*CODES, "z", "?", "", "not_applicable", "AB12", "bcax", "x\x00", "a@b", "a@b\n", "@",
         "010-1234", "您好", "👩‍💻"]
    )
    | DAYS.map(date.isoformat)
    | st.sampled_from(["2026-02-30", "0000-01-01", "20260101", "2026-01-01\n", "9999-12-31"])
    | st.text(max_size=9)
)  # fmt: skip
NUMBERS = st.integers(-22, 16) | st.sampled_from([0.5, -2.5, 2.25, 9.75])
WRITTEN = st.fixed_dictionaries(
    {"choice": st.sampled_from(["z", "a", "?"]), "text": TEXTS}, optional={"more": st.just(1)}
) | st.just({"choice": "z"})
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none() | WRITTEN
MEMBERS = st.sampled_from([*CODES, "name", "email", "phone", "fax"])
ANYTHING = SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(MEMBERS, SCALARS)


def fitting(asked: Json) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911 - one for each type
    """Answers of the right form; most of them fit."""
    codes = [each["code"] for each in asked.get("choices") or asked.get("items") or []]
    other = [st.just({"choice": "z", "text": "x"}), st.just("z")] if "other" in asked else []
    choice = st.one_of(st.sampled_from(codes), *other) if codes else st.nothing()
    match asked["type"]:
        case "nps" | "csat" | "ces" | "rating":
            return points(asked)
        case "matrix":
            rows = {row["code"]: points(asked) for row in asked["rows"]}
            return st.fixed_dictionaries({}, optional=rows) | st.fixed_dictionaries(rows)
        case "single_choice":
            return choice
        case "multiple_choice":
            return st.lists(choice, unique_by=str, min_size=1, max_size=asked["max_selected"])
        case "ranking":
            count = asked["top"] or len(codes)
            return st.permutations(codes).map(lambda order: order[:count])
        case "allocation":
            return shares(codes, asked["total"])
        case "yes_no":
            return st.booleans()
        case "number":
            low, high = asked["minimum"], asked["maximum"]
            return st.integers(-4, 4) | st.sampled_from([low, high, 0.25, -0.25])
        case "date":
            first, last = asked["earliest"], asked["latest"]
            return st.dates(date.fromisoformat(first), date.fromisoformat(last)).map(date.isoformat)
        case "contact":
            good = {"name": "李", "email": "a@b", "phone": "010-1234"}
            return st.just({each["field"]: good[each["field"]] for each in asked["fields"]})
        case _:
            texts = st.text(min_size=asked["min_length"], max_size=asked["max_length"])
            return st.from_regex(asked["pattern"]) if asked["pattern"] else texts


def shares(codes: list[str], total: int) -> st.SearchStrategy[Json]:
    """The total shared out among the codes."""
    size = len(codes) - 1
    cuts = st.lists(st.integers(0, total), min_size=size, max_size=size).map(sorted)
    return cuts.map(
        lambda found: {
            code: high - low
            for code, low, high in zip(codes, [0, *found], [*found, total], strict=True)
        }
    )


def points(asked: Json) -> st.SearchStrategy[Any]:
    """Points of the scale, and the escape if there is one."""
    low, high = asked.get("min", 0), asked.get("max", 5)
    escape = [st.just("not_applicable")] if asked.get("allow_not_applicable") else []
    return st.one_of(st.integers(low, high), *escape)


def near(asked: Json) -> st.SearchStrategy[Any]:
    """Answers that miss by a little: an end, a member, an item."""
    low, high = asked.get("min", 0), asked.get("max", 10)
    around = st.integers(low - 1, high + 1) | st.just("not_applicable")
    items = st.sampled_from([*CODES, "z"]) | WRITTEN
    return st.one_of(
        around,
        st.dictionaries(st.sampled_from(CODES), around),
        st.lists(items, max_size=5),
        items,
        st.dictionaries(MEMBERS, TEXTS),
        TEXTS | st.from_regex(PATTERNS[0], fullmatch=True),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[SurveyDefinition, Json]:
    """A definition of up to three questions, and answers of which few are wrong."""
    asked = [draw(questions(f"q{number}")) for number in range(draw(st.integers(1, 3)))]
    doubtful = draw(st.sampled_from([None, *asked, *asked]))
    answers: Json = {}
    for each in asked:
        if each is doubtful:
            answers[each["key"]] = draw(near(each) | ANYTHING | fitting(each))
        elif each["required"] or draw(st.booleans()):
            answers[each["key"]] = draw(fitting(each))
    if draw(st.sampled_from([False] * 7 + [True])):
        answers["unknown"] = 1
    return parsed(*asked), answers
