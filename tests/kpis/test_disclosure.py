"""The rules of minimum cell sizes, against an adversary who adds and subtracts all that is told."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kpis.disclosure import Cell, Protected, combinable, protected
from tests.kpis.adversary import isolated

SIZES = st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5, 6, 9])
Joint = Mapping[tuple[str, ...], int]


@st.composite
def joints(draw: st.DrawFn) -> Joint:
    """A table of people by two to four dimensions of a few members each."""
    shape = draw(st.sampled_from([(2, 2), (3, 2), (3, 4), (2, 2, 2), (3, 2, 2), (2, 2, 2, 1)]))
    people = itertools.product(*(range(size) for size in shape))
    return {tuple(map(str, members)): draw(SIZES) for members in people}


def _margin(joint: Joint, place: int) -> dict[str, Cell]:
    sums: dict[str, int] = {}
    for members, n in joint.items():
        sums[members[place]] = sums.get(members[place], 0) + n
    return {member: Cell(n) for member, n in sums.items()}


def _choices(members: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(1, len(members) + 1):
        yield from itertools.combinations(members, size)


def _answers(joint: Joint, minimum: int) -> Iterator[np.ndarray]:
    """Every selection that is told, as the people in it."""
    people = list(joint)
    places = range(len(people[0]))
    members = [sorted({each[place] for each in people}) for place in places]
    yield np.ones(len(people))
    for place in places:
        rule = protected(_margin(joint, place), minimum)
        for chosen in _choices(members[place]):
            if rule.permits(chosen):
                yield np.array([float(each[place] in chosen) for each in people])
    cells = {each: Cell(n) for each, n in joint.items()}
    names = [str(place) for place in places]
    together = sorted(int(name) for name in combinable(cells, names, minimum))
    for size in range(2, len(together) + 1):
        for dimensions in itertools.combinations(together, size):
            for values in itertools.product(*(_choices(members[place]) for place in dimensions)):
                passes = list(zip(dimensions, values, strict=True))
                yield np.array(
                    [float(all(each[at] in wanted for at, wanted in passes)) for each in people]
                )


@settings(max_examples=150, deadline=None)
@given(joints(), st.integers(2, 5))
def test_nobody_is_isolated(joint: Joint, minimum: int) -> None:
    """No sum or difference of all that is told counts 1 to minimum - 1 people.

    Every set of cells is tried, by whether it lies in the row space of the answers; the adversary
    also knows every cell that an answer of 0 shows to be empty.
    """
    answers = np.array(list(_answers(joint, minimum)))
    counts = np.array([float(n) for n in joint.values()])
    for found in isolated(answers, counts, minimum):
        assert found.all(), (joint, found)


def test_the_adversary_finds_what_is_told_carelessly() -> None:
    """Tables of every two of three dimensions have no small cell, and isolate one person."""
    joint = dict.fromkeys(itertools.product("01", repeat=3), 6) | {
        ("0", "0", "0"): 1,
        ("1", "1", "1"): 0,
    }
    people = list(joint)
    answers = [np.ones(8)]
    for one, other in itertools.combinations(range(3), 2):
        for members in itertools.product("01", repeat=2):
            selected = [float((each[one], each[other]) == members) for each in people]
            answers.append(np.array(selected))
    counts = np.array([float(n) for n in joint.values()])
    assert all(count >= 5 for count in np.array(answers) @ counts)
    found = [each @ counts for each in isolated(np.array(answers), counts, 5)]
    assert found == [1.0]
    cells = {each: Cell(n) for each, n in joint.items()}
    assert combinable(cells, ["a", "b", "c"], 5) == {"a", "b"}


@pytest.mark.parametrize(
    ("sizes", "members", "everything"),
    [
        ({"a": 9, "b": 8, "c": 7}, set(), False),
        ({"a": 9, "b": 8, "c": 2}, {"b", "c"}, False),
        ({"a": 9, "b": 3, "c": 2}, {"b", "c"}, False),
        ({"a": 9, "b": 2, "c": 2}, {"a", "b", "c"}, False),
        ({"a": 9, "b": 2, "c": 0}, {"a", "b"}, False),
        ({"a": 9, "b": 9, "c": 4}, {"a", "c"}, False),
        ({"a": 2, "b": 2}, set(), True),
        ({"a": 4}, set(), True),
        ({"a": 5}, set(), False),
        ({}, set(), False),
    ],
)
def test_protected(sizes: dict[str, int], members: set[str], *, everything: bool) -> None:
    """By hand, with a minimum of 5: the small ones, and the smallest other to hide them behind."""
    found = protected({name: Cell(n) for name, n in sizes.items()}, 5)
    assert found == Protected(frozenset(members), everything)


def test_permits() -> None:
    """All of the protected or none of them; nothing where all are too few."""
    rule = Protected(frozenset("ab"))
    assert [rule.permits(each) for each in ("a", "b", "c", "ab", "abc", "ac", "")] == [
        False, False, True, True, True, False, True,
    ]  # fmt: skip
    assert not Protected(everything=True).permits("c")


def test_counts_beside_nothing_are_a_cell() -> None:
    """Three who skipped are as few as three who answered; beside enough answers they are not."""
    table = {"web": Cell(9), "phone": Cell(0, {"-skipped": 3}), "mail": Cell(8, {"-skipped": 1})}
    assert protected(table, 5).members == {"phone", "mail"}
    assert not Cell(9, {"-skipped": 1}).tells_of_few(5)
    assert not Cell(0, {"-skipped": 5}).tells_of_few(5)


def test_off() -> None:
    """A minimum of 1 protects nobody."""
    assert protected({"a": Cell(1)}, 1).permits(["a"])


@given(st.dictionaries(st.sampled_from("abcdef"), SIZES), st.integers(2, 6), st.data())
def test_withheld_stay_with_others(
    sizes: dict[str, int], minimum: int, data: st.DataObject
) -> None:
    """What is withheld anyhow is never alone: its piece has two members and is large enough."""
    withheld = data.draw(st.sets(st.sampled_from(sorted(sizes)))) if sizes else set()
    found = protected({name: Cell(n) for name, n in sizes.items()}, minimum, withheld)
    occupied = {name for name, n in sizes.items() if n}
    assert found.everything or withheld & occupied <= found.members
    if found.members and found.members != occupied:
        assert len(found.members) >= 2
        assert sum(sizes[name] for name in found.members) >= minimum
