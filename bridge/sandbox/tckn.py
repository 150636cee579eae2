"""Turkish national ids."""

from __future__ import annotations

import re

__all__ = ["is_tckn"]

ELEVEN_DIGITS = re.compile(r"[1-9][0-9]{10}")


def is_tckn(text: str) -> bool:
    """Whether the tenth digit is the checksum of the first nine, and the eleventh that of the first ten."""
    if not ELEVEN_DIGITS.fullmatch(text):
        return False
    digits = [int(digit) for digit in text]
    tenth = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[9] == tenth and digits[10] == sum(digits[:10]) % 10
