"""Which tests share a worker, and which begin first."""

from pathlib import Path

from tests.dealing import FOLDERS, LONGEST_FIRST, group_of, rank_of

ROOT = Path(__file__).parent.parent


def test_a_folder_or_a_module_is_a_group() -> None:
    """Tests that share something dear have one group, others that of their module."""
    bank = group_of("tests/acceptance/test_bank.py::test_csat[::@/]")
    assert bank == group_of("tests/acceptance/test_shop.py::test_retention") == "tests/acceptance/"
    assert group_of("tests/kpis/test_nps.py::test_score[a::b]") == "tests/kpis/test_nps.py"
    assert rank_of("tests/kpis/test_nps.py::test_score") > rank_of("tests/docs/test_tour.py::test")


def test_groups_with_a_rank_exist() -> None:
    """A module that was renamed does not lose its place unseen."""
    assert [each for each in (*FOLDERS, *LONGEST_FIRST) if not (ROOT / each).exists()] == []
    assert [each for each in LONGEST_FIRST if group_of(each) != each] == []
