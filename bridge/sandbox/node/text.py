"""How many parts a text takes. Source: 3GPP TS 23.038 (alphabets), TS 23.040 (concatenation)."""

from __future__ import annotations

from math import ceil

__all__ = ["parts"]

ASCII, TURKISH, UTF8 = 0, 1, 2
LIMITS = {ASCII: (160, 153), TURKISH: (155, 149), UTF8: (70, 67)}
EXTENSION = frozenset("\f^{}\\[~]|€")
TURKISH_SINGLE_SHIFT = EXTENSION | frozenset("ĞğİıŞşç")


def parts(text: str, encoding: int) -> int:
    """Characters of a shift table take two septets; a character outside of the alphabet is replaced by one of it."""
    if encoding == UTF8:
        length = len(text.encode("utf-16-le")) // 2
    else:
        doubled = TURKISH_SINGLE_SHIFT if encoding == TURKISH else EXTENSION
        length = len(text) + sum(character in doubled for character in text)
    single, joined = LIMITS[encoding]
    return 1 if length <= single else ceil(length / joined)
