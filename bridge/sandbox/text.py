"""What a text becomes on the air: how many parts it takes, and which characters are lost.

Source: 3GPP TS 23.038 (alphabets), TS 23.040 (concatenation).
"""

from __future__ import annotations

from collections.abc import Set
from math import ceil

__all__ = ["ASCII", "ENGLISH", "TURKISH", "TURKISH_ALPHABET", "UTF8", "mangled", "parts"]

ASCII, TURKISH, UTF8 = 0, 1, 2
LIMITS = {ASCII: (160, 153), TURKISH: (155, 149), UTF8: (70, 67)}
EXTENSION = frozenset("\f^{}\\[~]|€")
TURKISH_SINGLE_SHIFT = EXTENSION | frozenset("ĞğİıŞşç")
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TURKISH_ALPHABET = BASIC | TURKISH_SINGLE_SHIFT
ENGLISH = frozenset(filter(str.isascii, BASIC | EXTENSION))


def parts(text: str, encoding: int) -> int:
    """Characters of a shift table take two septets; a character outside of the alphabet is replaced by one of it."""
    if encoding == UTF8:
        length = len(text.encode("utf-16-le")) // 2
    else:
        doubled = TURKISH_SINGLE_SHIFT if encoding == TURKISH else EXTENSION
        length = len(text) + sum(character in doubled for character in text)
    single, joined = LIMITS[encoding]
    return 1 if length <= single else ceil(length / joined)


def mangled(text: str, alphabet: Set[str]) -> str:
    """The text with `?` in place of every character that the alphabet has not."""
    return "".join(character if character in alphabet else "?" for character in text)
