"""Recipients: telephone numbers, national ids, and how either is shown in a log.

Facts:
- Old programs write one mobile as 905321234567, 5321234567, 05321234567, +90 532 123 45 67, 0090(532)123-45-67, +90 (0)532 ...
- Mobile ranges (5xx) are given out faster than libraries learn them; a wrong one is the vendor's to refuse.
- A foreign number without "+" can look like a Turkish mobile: Cuba's +53 5123 4567 is 5351234567. The vendors, too, read ten
  digits from 5 as Turkish.

Strategy:
- Any 5xxxxxxxxx, however its 90 is written, is a Turkish mobile and is found by a regular expression.
- Everything else is asked of phonenumbers, as a full international number: "+", "00", or bare digits that begin with a country
  code. One leading 0 means Turkey. So bare ten-digit landlines (2121234567) are not guessed at.
- A foreign number whose bare form reads as a Turkish mobile, or as one that lost a digit, is refused: it would reach the
  wrong person.
- Only ASCII digits count. Arabic or full-width digits are shown alike but no vendor takes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import phonenumbers
from msgspec import Struct

__all__ = ["Normalised", "is_tckn", "mask", "normalise", "normalise_all"]

# white space, dashes and invisible marks that contact lists and spreadsheets leave in copied numbers
_ASCII_SEPARATORS = "\t\v\f\r ().-/"
_OTHER_SEPARATORS = "\x1c\x1d\x1e\x1f\x85\xa0\xad\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufeff"
_SEPARATORS = re.compile(f"[{re.escape(_ASCII_SEPARATORS)}{_OTHER_SEPARATORS}]+")
_DELETE = dict.fromkeys(map(ord, _ASCII_SEPARATORS))  # str.translate is the faster of the two, on ASCII

_MOBILE = re.compile(r"(?:(?:\+|00)?900?|0)?(5[0-9]{9})")
_MOBILE_PREFIX = re.compile(r"^(?:(?:\+|00)?900?|0)?(?=5[0-9]{9}$)", re.MULTILINE)
_ALL_MOBILES = re.compile(r"(?:905[0-9]{9}\n)*+905[0-9]{9}")
# E.164 allows 15 digits; the shortest numbers that exist (Niue, Saint Helena) have 7
_OTHER = re.compile(r"(?:\+|00)?([1-9][0-9]{6,14})|0([1-9][0-9]{6,12})")
_LOOKS_TURKISH = re.compile(r"5[0-9]{8,9}")

_TCKN = re.compile(r"[1-9][0-9]{10}")


class Normalised(Struct, frozen=True, gc=False):
    """What became of a list of numbers."""

    numbers: list[str]  # the valid ones, E.164 digits without "+", in the order given; the same number may occur twice
    invalid: list[int]  # positions in the list given, ascending

    def __repr__(self) -> str:  # numbers never reach a log
        return f"<Normalised {len(self.numbers)}, invalid {len(self.invalid)}>"


def normalise(text: str) -> str | None:
    """The E.164 digits without "+" (905xxxxxxxxx), or None for what is not a telephone number.

    text: any spelling named above; spaces, dashes, dots, slashes and parentheses may stand anywhere.
    Source: the numbers of the Node API v1.8.3 ("905591234567") and what its clients are seen to write.
    """
    return _normalise_bare(_without_separators(text.strip()))


def normalise_all(numbers: Sequence[str]) -> Normalised:
    """`normalise` for a whole list: 0.1 us a number when all are 905xxxxxxxxx, 0.5 us for other spellings of Turkish mobiles."""
    text = "\n".join(numbers)
    if _ALL_MOBILES.fullmatch(text):
        return Normalised(list(numbers), [])
    if text.count("\n") >= len(numbers):  # a number has a line break of its own (or the list is empty)
        return _split([normalise(number) for number in numbers])
    text = _MOBILE_PREFIX.sub("90", _without_separators(text))
    lines = text.split("\n")
    if _ALL_MOBILES.fullmatch(text):
        return Normalised(lines, [])
    return _split([_normalise_bare(line) for line in lines])


def is_tckn(text: str) -> bool:
    """Whether the text is a Turkish national id: 11 ASCII digits, the first not 0, both check digits right."""
    if not _TCKN.fullmatch(text):
        return False
    digits = [int(digit) for digit in text]
    tenth = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[9] == tenth and digits[10] == sum(digits[:10]) % 10


def mask(number: str) -> str:
    """A number or national id for logs: 9055******54. What is shorter than 10 characters is hidden whole, longer than 20 is cut."""
    if len(number) < 10:
        return "*" * len(number)
    return number[:4] + "*" * (min(len(number), 20) - 6) + number[-2:]


def _without_separators(text: str) -> str:
    """Drops separators, but keeps line feeds: they part the numbers of a list."""
    return text.translate(_DELETE) if text.isascii() else _SEPARATORS.sub("", text)


def _normalise_bare(text: str) -> str | None:
    """`normalise` of a text without separators."""
    mobile = _MOBILE.fullmatch(text)
    return "90" + mobile[1] if mobile else _normalise_other(text)


def _normalise_other(text: str) -> str | None:
    """Landlines and foreign numbers; some 25 us."""
    match = _OTHER.fullmatch(text)
    if not match:
        return None
    try:
        number = phonenumbers.parse(f"+{match[1] or '90' + match[2]}")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return None if _LOOKS_TURKISH.fullmatch(digits) else digits


def _split(results: list[str | None]) -> Normalised:
    return Normalised(
        [number for number in results if number is not None], [at for at, number in enumerate(results) if number is None]
    )
