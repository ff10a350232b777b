"""Words and phrases of texts, and the test that tells groups apart."""

import pytest
from scipy import stats

from app.analyses.keyness import keyness
from app.analyses.phrases import terms
from app.analyses.segmenting import segment


def _told(text: str, longest: int = 3) -> set[str]:
    return {word for word, _, _ in terms(text, segment, longest)}


def test_chinese_is_cut_into_words_and_phrases() -> None:
    """Words of meaning and their neighbours; particles stand nowhere."""
    found = _told("客服态度很好，配送速度的体验差，性价比不高。")
    assert {"客服", "态度", "好", "配送", "速度", "差", "配送速度", "客服态度", "不高"} <= found
    assert not {"很", "的", "不", "好配送", "，", "速度的"} & found


def test_english_phrases_keep_inner_words() -> None:
    """A phrase may hold a small word inside, never at its ends; a negation may begin it."""
    found = _told("The quality of service isn't good enough!")
    assert {"quality", "service", "quality of service", "isn't good"} <= found
    assert not {"of", "the", "the quality", "of service", "isn't"} & found


def test_numbers_and_addresses_are_no_terms() -> None:
    """What is made of digits, or between signs, is left out; widths of letters are one."""
    found = _told("请拨打13800138000，或写信至 ann7@example.com；ＤＥＬＩＶＥＲＹ slow, 2026年")
    assert {"delivery", "slow", "delivery slow"} <= found
    assert not any(any(letter.isdigit() for letter in word) for word in found)


def test_phrases_end_with_punctuation_and_language() -> None:
    """Neither a comma nor a change of script is crossed."""
    found = _told("app 价格 贵, cheap app")
    assert "cheap app" in found
    assert not {"app 价格", "贵 cheap"} & found
    assert _told("cheap app", 1) == {"cheap", "app"}


def test_keyness_is_the_likelihood_ratio_of_scipy() -> None:
    """G2 of a table of groups (oracle: scipy); nothing to say of what all or none use."""
    found = keyness([12, 3, 5], [40, 50, 30])
    oracle = stats.chi2_contingency(
        [[12, 3, 5], [28, 47, 25]], correction=False, lambda_="log-likelihood"
    )
    assert found is not None
    assert found.statistic == pytest.approx(oracle.statistic)
    assert found.p == pytest.approx(oracle.pvalue)
    assert keyness([0, 0], [5, 5]) is None
    assert keyness([5, 5], [5, 5]) is None
    assert keyness([3, 0], [5, 0]) is None
