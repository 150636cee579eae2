"""The alphabets of an SMS as data, and the nearest characters for what stands outside of them.

Facts:
- Codes are left out: the vendor encodes, the bridge only counts and chooses. The tables stand in code order all the same,
  so that they can be read beside the document.
- Ç is in the default alphabet and ç is not (0x09 is the capital; some old tables say otherwise).
- In the Turkish single shift table a letter has the code of its base letter (ğ that of g). A handset without the table
  therefore shows "Türkce" for "Türkçe" (annex C.2).
- The Turkish table contains the default extension table, at the same codes.
- "`" is ASCII but in none of these tables. Nor is the tab.

Source: 3GPP TS 23.038 version 18.0.0: 6.2.1 (default alphabet), 6.2.1.1 (extension table), A.2.1 (Turkish single shift).
The tables were compared with those of gsmcodecs 1.0.0 (MIT) and of CyberChef, made from the same document.
"""

from __future__ import annotations

__all__ = ["DEFAULT", "EXTENSION", "NEAREST", "TURKISH_ONLY"]

# 6.2.1, one septet each: codes 0x00 to 0x7F by rows of 16, without 0x1B, the escape
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
# 6.2.1.1, an escape and a septet each: codes 0A 14 28 29 2F 3C 3D 3E 40 65
EXTENSION = "\f^{}\\[~]|€"
# A.2.1 beyond the extension table, an escape and a septet each: codes 47 49 53 63 67 69 73
TURKISH_ONLY = "ĞİŞçğış"

_NEAREST_TO_CHARACTERS = {
    "'": "`´‘’‚‛′‵ʹʻʼʽˈ",
    '"': "¨“”„‟″‶«»",
    "<": "‹",
    ">": "›",
    "-": "−⁃¯ˉ",  # the dashes proper are known by their category
    ".": "·∙",
    "*": "•‣◦∗★☆",
    "/": "⁄∕÷",
    "|": "¦∣",
    "_": "‿",
    "~": "˜∼≈",
    "^": "ˆ",
    ",": "¸",
    ":": "∶",
    " ": "\t",
    "\n": "\v\x85",
    "...": "…",
    "->": "→",
    "<-": "←",
    "<=": "≤",
    ">=": "≥",
    "+/-": "±",
    "x": "×",
    "o": "°",
    "u": "µμ",
    "(c)": "©",
    "(R)": "®",
    # letters without a decomposition
    "i": "ı",
    "E": "Ə",  # the Azerbaijani schwa
    "e": "ə",
    "ß": "ẞ",
    "D": "ĐÐ",
    "d": "đð",
    "H": "Ħ",
    "h": "ħ",
    "L": "Ł",
    "l": "ł",
    "N": "Ŋ",
    "n": "ŋ",
    "T": "Ŧ",
    "t": "ŧ",
    "f": "ƒ",
    "k": "ĸ",
    "OE": "Œ",
    "oe": "œ",
    "Th": "Þ",
    "th": "þ",
    # currencies: as they are written in Turkey, else by ISO 4217
    "TL": "₺",
    "£": "₤",
    "c": "¢",
    "AZN": "₼",
    "BTC": "₿",
    "GEL": "₾",
    "ILS": "₪",
    "INR": "₹",
    "KRW": "₩",
    "KZT": "₸",
    "RUB": "₽",
    "THB": "฿",
    "UAH": "₴",
}
# what a character is written as where it cannot stand; the values are characters of DEFAULT and EXTENSION. Accented
# letters, ligatures, fractions and wide forms are not here: Unicode's decompositions give them.
NEAREST = {character: nearest for nearest, characters in _NEAREST_TO_CHARACTERS.items() for character in characters}
