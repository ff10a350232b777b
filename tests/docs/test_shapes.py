"""The judge of the documentation's answers is itself right."""

import pytest

from tests.docs.shapes import misfits


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": "..."}, {"a": {"deep": [1]}}),
        ({"a": "C-..."}, {"a": "C-1234"}),
        ([2, 4], [1, 2, 3, 4]),
        ([{"key": "b"}, "..."], [{"key": "a"}, {"key": "b", "n": 1}]),
    ],
)
def test_a_part_fits(shown: object, real: object) -> None:
    """What is shown may leave things out, and nothing else."""
    assert list(misfits(shown, real)) == []


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 1.5}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {"a": 0}),
        ({"a": "C-..."}, {"a": "D-1234"}),
        ([4, 2], [1, 2, 3, 4]),
        ({"a": []}, {"a": {}}),
        ([{"n": 1}], [{"n": 2}]),
    ],
)
def test_what_differs_is_told(shown: object, real: object) -> None:
    """Another value, another type, another order and a missing member are each found."""
    assert list(misfits(shown, real)) != []


def test_figures_may_differ_and_stay_numbers() -> None:
    """With `figures` a number stands for any number, and for nothing else."""
    assert list(misfits({"n": 40, "p": 0.5}, {"n": 2_310, "p": 1}, figures=True)) == []
    assert list(misfits({"n": 40}, {"n": None}, figures=True)) != []
    assert list(misfits({"code": "a"}, {"code": "b"}, figures=True)) != []
