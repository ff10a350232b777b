"""The receipt of a case: a reference that survives being read out, and secrets that open it.

The reference is public. What opens a case is the tracking secret (128 bits) or, for callers,
an eight-digit PIN.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata

#: Crockford's base 32: no I, L, O and U, so that nothing looks like something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212\u00b7._/]+")
#: Characters of a reference before the check character: 40 bits.
_LENGTH = 8
_LONGEST_INPUT = 40
#: x^5 + x^2 + 1, primitive: its root generates the 31 non-zero elements of GF(32).
_POLYNOMIAL = 0b100101

#: Wrong PINs after which only the tracking secret opens the case.
MAX_PIN_ATTEMPTS = 5
#: Compared against where there is nothing to compare with: nobody's hash.
NO_HASH = bytes(32)


def check_character(body: str) -> str:
    """The character that makes the weighted sum zero in GF(32).

    Position i from the right weighs a^i, where a is a primitive element. A single wrong
    character changes the sum by a non-zero product; swapping two different characters at any
    distance below 31 changes it by (a^i + a^j)(x + y), also never zero.
    """
    total = 0
    for character in body:
        total = (total ^ _VALUES[character]) << 1
        if total & 0b100000:
            total ^= _POLYNOMIAL
    return ALPHABET[total]


def new_reference() -> str:
    """A fresh reference such as `C-7F3K-9Q2M-X`.

    Random, so that nobody counts the cases of a house by filing two.
    """
    body = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    return _written(body)


def _written(body: str) -> str:
    return f"C-{body[:4]}-{body[4:]}-{check_character(body)}"


def parse_reference(text: str) -> str | None:
    """The reference that somebody typed, or None if it cannot be one.

    Forgives case, full-width letters, missing or other dashes, spaces, a missing `C`, and O for
    0 or I and L for 1. A typing error is found by the check character.
    """
    if len(text) > _LONGEST_INPUT:
        return None
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if len(plain) == _LENGTH + 2 and plain[0] == "C":
        plain = plain[1:]
    plain = plain.translate(_LOOKALIKES)
    if len(plain) != _LENGTH + 1 or any(character not in _VALUES for character in plain):
        return None
    body, check = plain[:-1], plain[-1]
    return _written(body) if check_character(body) == check else None


def new_tracking_secret() -> str:
    """128 random bits, safe in a link's fragment."""
    return secrets.token_urlsafe(16)


def secret_hash(secret: str) -> bytes:
    """SHA-256: 128 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def new_pin() -> str:
    """Eight random digits that a caller can write down."""
    return f"{secrets.randbelow(10**8):08d}"


def pin_hash(pepper: str, reference: str, pin: str) -> bytes:
    """scrypt (16 MiB, some 50 ms) of a PIN; run it in a thread.

    The salt is an HMAC of the reference under the pepper: different for each case, absent from
    the database (eight digits fall to whoever has both), and known before the case is looked
    up, so that an unknown reference costs exactly the same work and no connection waits.
    """
    salt = hmac.digest(pepper.encode(), b"complaint-pin:" + reference.encode(), "sha256")
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def equal(given: bytes, stored: bytes | None) -> bool:
    """Compare in constant time; nothing equals a hash that is not there."""
    same = hmac.compare_digest(given, stored or NO_HASH)
    return same and stored is not None
