"""References, their check character, and the hashes of a receipt."""

import random

from hypothesis import given
from hypothesis import strategies as st

from app.complaints import references
from app.complaints.references import ALPHABET, check_character, new_reference, parse_reference

bodies = st.text(ALPHABET, min_size=8, max_size=8)


def compact(reference: str) -> str:
    """The nine characters that carry information."""
    return reference.replace("-", "")[1:]


def written(nine: str) -> str:
    """Nine characters as they are printed."""
    return f"C-{nine[:4]}-{nine[4:8]}-{nine[8]}"


@given(bodies, st.integers(0, 8), st.sampled_from(ALPHABET))
def test_any_single_substitution_is_detected(body: str, place: int, other: str) -> None:
    """One wrong character, wherever it stands, is never a valid reference."""
    nine = body + check_character(body)
    wrong = nine[:place] + other + nine[place + 1 :]
    assert (parse_reference(written(wrong)) is None) == (other != nine[place])


@given(bodies, st.integers(0, 7))
def test_any_adjacent_transposition_is_detected(body: str, place: int) -> None:
    """Two neighbours exchanged are never a valid reference, unless they are equal."""
    nine = body + check_character(body)
    swapped = nine[:place] + nine[place + 1] + nine[place] + nine[place + 2 :]
    assert (parse_reference(written(swapped)) is None) == (swapped != nine)


def test_all_errors_of_one_reference_by_brute_force() -> None:
    """Every one of the 279 substitutions and 36 exchanges at any distance is found out."""
    nine = compact(new_reference())
    wrong = [nine[:i] + c + nine[i + 1 :] for i in range(9) for c in ALPHABET if c != nine[i]]
    for i in range(9):
        for j in range(i + 1, 9):
            letters = list(nine)
            letters[i], letters[j] = letters[j], letters[i]
            wrong.append("".join(letters))
    assert not [each for each in wrong if each != nine and parse_reference(written(each))]


def test_the_check_character_by_polynomial_arithmetic() -> None:
    """The same check from the definition: the sum of d_i * a^(n-i) in GF(2)[x]/(x^5+x^2+1)."""

    def product(a: int, b: int) -> int:
        result = 0
        for bit in range(5):
            if b >> bit & 1:
                result ^= a << bit
        for bit in range(9, 4, -1):
            if result >> bit & 1:
                result ^= 0b100101 << (bit - 5)
        return result

    chooser = random.Random(7)
    for _ in range(200):
        body = "".join(chooser.choices(ALPHABET, k=8))
        total, weight = 0, 2
        for character in reversed(body):
            total ^= product(ALPHABET.index(character), weight)
            weight = product(weight, 2)
        assert check_character(body) == ALPHABET[total]


def test_a_reference_is_read_as_people_write_it() -> None:
    """Lower case, spaces, no or other dashes, a missing C, O and I and L, full width: the same."""
    body = "70101K9Q"
    reference = f"C-7010-1K9Q-{check_character(body)}"
    check = reference[-1]
    spoken = [
        reference.lower(),
        f" c 7010 1k9q {check} ",
        f"C7O1O1K9Q{check}",
        f"7OIO-LK9Q-{check}",
        f"c-7oio-ik9q-{check.lower()}",
        f"Ｃ－７０１０－１Ｋ９Ｑ－{check}",
        f"C\u20147010\u20141K9Q\u2014{check}",
    ]
    assert {parse_reference(each) for each in spoken} == {reference}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text breaks the reader, and what it returns reads as itself."""
    reference = parse_reference(text)
    assert reference is None or parse_reference(reference) == reference


def test_references_do_not_repeat_and_use_no_lookalikes() -> None:
    """Ten thousand references are different and hold no I, L, O or U after the C."""
    made = {new_reference() for _ in range(10_000)}
    assert len(made) == 10_000
    assert not set("ILOU") & set("".join(compact(each) for each in made))


def test_hashes_open_nothing_else() -> None:
    """A PIN is hashed with its case and the pepper; nothing equals a hash that is not there."""
    first = references.pin_hash("pepper", "C-7F3K-9Q2M-X", "12345678")
    assert first == references.pin_hash("pepper", "C-7F3K-9Q2M-X", "12345678")
    assert first != references.pin_hash("pepper", "C-7F3K-9Q2M-Y", "12345678")
    assert first != references.pin_hash("other", "C-7F3K-9Q2M-X", "12345678")
    assert references.equal(first, first)
    assert not references.equal(references.NO_HASH, None)
    assert len({references.new_tracking_secret() for _ in range(1_000)}) == 1_000
    assert all(len(references.new_pin()) == 8 for _ in range(100))
