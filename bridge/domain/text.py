"""Texts: what an encoding carries of them, and how many parts they take on the air.

Facts:
- A part has 140 octets: 160 septets or 70 UTF-16 code units. A user data header takes its own length (1 octet), 5 octets for
  concatenation (8-bit reference, as all vendors' 153 and 67 imply) and 3 octets for the national language (3GPP TS 23.040
  9.2.3.24.1 and 9.2.3.24.15), filled up to a whole septet: 134 octets carry 153 septets or 67 units, 136 carry 155, 131
  carry 149.
- An escape belongs to its part: the table is used "until the end of the current segment" (3GPP TS 23.038 C.2). So a character
  of two septets is never divided, and a part may end one septet early: 306 septets can need three parts.
- The same holds for the two code units of an emoji. (UCS-2 proper has no emoji; handsets read UTF-16.)
- The national language element says that the Turkish table replaces the default extension table. The latter is a part of the
  former, so a text without ğ ı ş ç Ğ İ Ş means the same without the element.
- Turkish platforms append an operator's code of five characters (" B038"; BTK decision 2016/DK-YED/211). They add and bill it;
  nothing here knows of it, so near a limit a vendor may count one part more.

Strategy:
- Texts are counted and sent in Unicode's composed form (NFC): "g" and a combining breve is ğ.
- Encoding 0 carries the GSM 7-bit default alphabet, but Turkish letters always become ASCII, also those that the alphabet has
  (ü ö Ü Ö Ç): platforms call this "without Turkish characters". £, é or ß stay.
- Encoding 1 carries the Turkish letters too. A text that has none of the Turkish table's is sent without the element: 160/153.
  All parts of a text that has one are counted with it: 155/149.
- What stands outside becomes the nearest that the encoding has. What has no nearest (emoji, other scripts) is left out and
  told: whoever sends refuses such a text.
- CR and LF stay as they are, a septet each.
"""

from __future__ import annotations

import re
from codecs import charmap_build, charmap_encode
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import category, normalize

from msgspec import Struct

from bridge.domain.gsm import DEFAULT, EXTENSION, NEAREST, TURKISH_ONLY
from bridge.domain.message import Encoding

__all__ = ["Alphabet", "Carried", "Parts", "alphabet_of", "carry", "fits", "measure", "measure_in"]


class Alphabet(StrEnum):
    """How a text is coded on the air."""

    __hash__ = str.__hash__  # Enum's own is no C function

    GSM = "gsm"  # 7-bit default alphabet and its extension table
    TURKISH = "turkish"  # the same with the Turkish national single shift table
    UCS2 = "ucs2"  # UTF-16


# to ask the class for a member costs as much as counting a short text, before Python 3.12
_GSM, _TURKISH, _UCS2 = Alphabet
_IN_TURKISH, _IN_UTF8 = Encoding.TURKISH, Encoding.UTF8


class Parts(Struct, frozen=True, gc=False):
    """What a text takes on the air."""

    number: int  # short messages, at least 1: an empty text is a message
    units: int  # septets, or UTF-16 code units with UCS2; without headers
    alphabet: Alphabet


class Carried(NamedTuple):
    """A text as an encoding carries it."""

    text: str  # composed (NFC), without what is lost
    lost: str  # characters that have no nearest, each once, in order of appearance; not for logs

    def __repr__(self) -> str:  # texts never reach a log
        return f"<Carried {len(self.text)} characters, lost {len(self.lost)}>"


class _Capacity(NamedTuple):
    """Units a part holds."""

    single: int  # as the only part
    joined: int  # as one of several


_CAPACITY = {
    Alphabet.GSM: _Capacity(160, 153),
    Alphabet.TURKISH: _Capacity(155, 149),
    Alphabet.UCS2: _Capacity(70, 67),
}

_TO_ASCII = tuple(zip("çğıöşüÇĞİÖŞÜ", "cgiosuCGIOSU", strict=True))
_TURKISH_LETTERS = "".join(letter for letter, _ in _TO_ASCII)


def _any_of(characters: str) -> str:
    return f"[{re.escape(characters)}]"


class _Codes(NamedTuple):
    """A charmap codec that counts: it gives each character a byte, in C. Byte 0 stands for none of them."""

    of: Any
    # bytes of the characters that take one unit
    one_unit: bytes


def _codes(one_unit: str, two_units: str) -> _Codes:
    characters = f"\0{one_unit}{two_units}"
    return _Codes(charmap_build(characters.ljust(256, "\ufffe")), bytes(range(1, 1 + len(one_unit))))


_CODES = {
    Encoding.ASCII: _codes("".join(dict.fromkeys(DEFAULT + _TURKISH_LETTERS)), EXTENSION),
    Encoding.TURKISH: _codes(DEFAULT, EXTENSION + TURKISH_ONLY),
}
# bytes of TURKISH_ONLY there
_TURKISH_CODES = bytes(range(1 + len(DEFAULT + EXTENSION), 1 + len(DEFAULT + EXTENSION + TURKISH_ONLY)))
_WITHOUT_PAIRS = re.compile("[\0-\ud7ff\ue000-\uffff]*")
_OF_TWO_UNITS = {
    Alphabet.GSM: re.compile(_any_of(EXTENSION)),
    Alphabet.TURKISH: re.compile(_any_of(EXTENSION + TURKISH_ONLY)),
    Alphabet.UCS2: re.compile("[\U00010000-\U0010ffff]"),
}
_OUTSIDE = {
    Alphabet.GSM: re.compile(f"[^{re.escape(DEFAULT + EXTENSION)}]"),
    Alphabet.TURKISH: re.compile(f"[^{re.escape(DEFAULT + EXTENSION + TURKISH_ONLY)}]"),
    Alphabet.UCS2: re.compile("[\ud800-\udfff]"),  # half a character: the text was broken before it came here
}
_LARGEST = {Encoding.ASCII: Alphabet.GSM, Encoding.TURKISH: Alphabet.TURKISH, Encoding.UTF8: Alphabet.UCS2}
_TURKISH_NEEDED = re.compile(_any_of(TURKISH_ONLY))

# the first of a character's two units, while they are counted; no alphabet carries it as a character
_ESCAPE = "\ud800"
_PAIR = _ESCAPE + "_"

_NEAREST_BY_CATEGORY = {
    "Zs": " ",
    "Zl": "\n",
    "Zp": "\n",
    "Pd": "-",
    # not seen by themselves: marks on another character, joiners and directions, controls
    **dict.fromkeys(("Mn", "Me", "Cf", "Cc"), ""),
}
_NEGATION = "\u0338"  # the stroke of ≠: without it the sign says the opposite


def measure(text: str, encoding: Encoding) -> Parts:
    """What the text takes on the air when it is sent in the encoding; 1 to 2 us for 150 characters.

    What the encoding cannot carry is not counted: see carry.
    Source: Node API v1.8.3, "Karakter Kodlaması"; 3GPP TS 23.038 and 23.040.
    """
    text = normalize("NFC", text)
    if encoding is _IN_UTF8:
        if _WITHOUT_PAIRS.fullmatch(text):
            return _plain_parts(len(text), _UCS2)
        return _parts(carry(text, encoding).text, _UCS2)
    codes, one_unit = _CODES[encoding]
    try:
        coded = charmap_encode(text, "strict", codes)[0]
        outside = 0 in coded
    except UnicodeEncodeError:
        outside = True
    if outside:
        text = carry(text, encoding).text
        coded = charmap_encode(text, "strict", codes)[0]
    of_two_units = coded.translate(None, one_unit)
    if not of_two_units:
        return _plain_parts(len(coded), _GSM)
    turkish = encoding is _IN_TURKISH and len(of_two_units.translate(None, _TURKISH_CODES)) < len(of_two_units)
    alphabet, units = _TURKISH if turkish else _GSM, len(coded) + len(of_two_units)
    return Parts(1, units, alphabet) if units <= _CAPACITY[alphabet].single else _parts(text, alphabet)


def measure_in(text: str, alphabet: Alphabet) -> Parts:
    """What the text takes in an alphabet of the vendor's choice. A character that does not fit counts one unit."""
    return _parts(normalize("NFC", text), alphabet)


def carry(text: str, encoding: Encoding) -> Carried:
    """The text as it is to be sent in the encoding, and what of it cannot be. Never raises; carrying twice changes nothing."""
    text = normalize("NFC", text)
    if encoding is Encoding.ASCII and not text.isascii():
        text = _without_turkish_letters(text)
    outside = _OUTSIDE[_LARGEST[encoding]]
    if not outside.search(text):
        return Carried(text, "")
    text = outside.sub(lambda match: _nearest(match[0], outside), text)
    lost = "".join(dict.fromkeys(outside.findall(text)))
    return Carried(outside.sub("", text), lost)


def fits(text: str, alphabet: Alphabet) -> bool:
    """Whether the alphabet has every character of the text, composed."""
    return not _OUTSIDE[alphabet].search(normalize("NFC", text))


def alphabet_of(text: str) -> Alphabet:
    """The least alphabet that has every character of the text, composed: GSM, then TURKISH, then UCS2."""
    text = normalize("NFC", text)
    return Alphabet.UCS2 if _OUTSIDE[Alphabet.TURKISH].search(text) else _least(text)


def _least(text: str) -> Alphabet:
    """The least alphabet of a text that fits TURKISH."""
    return Alphabet.TURKISH if _TURKISH_NEEDED.search(text) else Alphabet.GSM


def _plain_parts(units: int, alphabet: Alphabet) -> Parts:
    single, joined = _CAPACITY[alphabet]
    return Parts(1 if units <= single else -(-units // joined), units, alphabet)


def _parts(text: str, alphabet: Alphabet) -> Parts:
    """Parts of a composed text, no character of which is divided."""
    of_two = _OF_TWO_UNITS[alphabet]
    number, units = 1, len(text) + len(of_two.findall(text))
    single, joined = _CAPACITY[alphabet]
    if units > single:
        number = _joined_parts(_PAIR.join(of_two.split(text)), joined)
    return Parts(number, units, alphabet)


def _joined_parts(units: str, capacity: int) -> int:
    number = at = 0
    while at < len(units):
        at += capacity
        if units[at - 1 : at] == _ESCAPE:
            at -= 1
        number += 1
    return number


def _without_turkish_letters(text: str) -> str:
    """Some 2 us for 150 characters, where str.translate takes 7."""
    for letter, plain in _TO_ASCII:
        text = text.replace(letter, plain)
    return text


@lru_cache(maxsize=4096)
def _nearest(character: str, outside: re.Pattern[str]) -> str:
    """What is written for a character that stands outside; the character itself when there is nothing."""
    nearest = NEAREST.get(character)
    if nearest is None:
        nearest = _NEAREST_BY_CATEGORY.get(category(character))
    return _decomposed(character, outside) if nearest is None else nearest


def _decomposed(character: str, outside: re.Pattern[str]) -> str:
    """The character by Unicode's compatibility decomposition, without marks: ē is e, ﬁ is fi, ½ is 1/2."""
    pieces = normalize("NFKD", character)
    text = "".join(NEAREST.get(piece, piece) for piece in pieces if category(piece) != "Mn")
    if not text or _NEGATION in pieces or outside.search(text):
        return character
    return text
