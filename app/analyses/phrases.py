"""Words and phrases of a text: what an open answer is about."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Literal

from app.analyses.stop_words import NEGATIONS, STOP_WORDS

Language = Literal["zh", "en"]
#: Cuts a run of Chinese characters into words.
Segmenter = Callable[[str], list[str]]
#: A term: its words, joined as the language joins them, how many they are, and its language.
Term = tuple[str, int, Language]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
#: Runs of one script; whatever lies between them other than spaces ends a phrase. A word with
#: digits in it is a number of something, or of somebody: it is left out.
_RUN = re.compile(rf"([{_HAN}]+)|([^\W\d_{_HAN}]+(?:['’][^\W\d_{_HAN}]+)*)|(\s+)|([^\s])")
_LETTERS = re.compile(r"[a-z]+(?:'[a-z]+)*")
_LONGEST_WORD = 40
#: Words of one letter, which hold a phrase together.
_SHORT = ("i", "a")


def terms(text: str, segment: Segmenter, longest: int) -> set[Term]:
    """The different words and phrases of up to `longest` words.

    Words that say nothing alone are no terms, and phrases neither begin nor end with one; they
    may begin with a negation. Phrases do not cross punctuation, numbers or languages.
    """
    found: set[Term] = set()
    for words, language in _clauses(text, segment):
        joint = "" if language == "zh" else " "
        for start, word in enumerate(words):
            if word in STOP_WORDS:
                continue
            if word not in NEGATIONS:
                found.add((word, 1, language))
            for end in range(start + 2, min(start + longest, len(words)) + 1):
                last = words[end - 1]
                if last not in STOP_WORDS and last not in NEGATIONS:
                    found.add((joint.join(words[start:end]), end - start, language))
    return found


def _clauses(text: str, segment: Segmenter) -> Iterator[tuple[list[str], Language]]:
    """Runs of words of one language that nothing interrupts."""
    words: list[str] = []
    language: Language = "en"
    for han, latin, space, _ in _RUN.findall(_plain(text)):
        if space:
            continue
        if words and (not (han or latin) or (language == "zh") != bool(han)):
            yield words, language
            words = []
        if han:
            language = "zh"
            words += segment(han)
        elif _is_word(latin):
            language = "en"
            words.append(latin)
        elif words:
            yield words, language
            words = []
    if words:
        yield words, language


def _is_word(latin: str) -> bool:
    """Whether it is an English word; single letters are mostly initials."""
    fits = latin in _SHORT or 2 <= len(latin) <= _LONGEST_WORD
    return fits and _LETTERS.fullmatch(latin) is not None


def _plain(text: str) -> str:
    """One form for all widths of letters, lower case, one apostrophe."""
    return unicodedata.normalize("NFKC", text).lower().replace("’", "'")
