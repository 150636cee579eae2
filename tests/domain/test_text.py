"""Alphabets against the printed tables, parts at their limits, and what becomes of characters that cannot be sent."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.gsm import DEFAULT, EXTENSION, NEAREST, TURKISH_ONLY
from bridge.domain.message import Encoding
from bridge.domain.text import Alphabet, Parts, alphabet_of, carry, fits, measure, measure_in

ASCII, TURKISH, UTF8 = Encoding

# 3GPP TS 23.038, 6.2.1, as it is printed: a row for the low four bits, a column for the high three
PRINTED_DEFAULT = """
    0040 0394 0020 0030 00A1 0050 00BF 0070
    00A3 005F 0021 0031 0041 0051 0061 0071
    0024 03A6 0022 0032 0042 0052 0062 0072
    00A5 0393 0023 0033 0043 0053 0063 0073
    00E8 039B 00A4 0034 0044 0054 0064 0074
    00E9 03A9 0025 0035 0045 0055 0065 0075
    00F9 03A0 0026 0036 0046 0056 0066 0076
    00EC 03A8 0027 0037 0047 0057 0067 0077
    00F2 03A3 0028 0038 0048 0058 0068 0078
    00C7 0398 0029 0039 0049 0059 0069 0079
    000A 039E 002A 003A 004A 005A 006A 007A
    00D8 001B 002B 003B 004B 00C4 006B 00E4
    00F8 00C6 002C 003C 004C 00D6 006C 00F6
    000D 00E6 002D 003D 004D 00D1 006D 00F1
    00C5 00DF 002E 003E 004E 00DC 006E 00FC
    00E5 00C9 002F 003F 004F 00A7 006F 00E0
"""
# 6.2.1.1
PRINTED_EXTENSION = {
    0x0A: "FORM FEED",
    0x14: "CIRCUMFLEX ACCENT",
    0x28: "LEFT CURLY BRACKET",
    0x29: "RIGHT CURLY BRACKET",
    0x2F: "REVERSE SOLIDUS",
    0x3C: "LEFT SQUARE BRACKET",
    0x3D: "TILDE",
    0x3E: "RIGHT SQUARE BRACKET",
    0x40: "VERTICAL LINE",
    0x65: "EURO SIGN",
}
# A.2.1, what it has beyond 6.2.1.1
PRINTED_TURKISH = {
    0x47: "LATIN CAPITAL LETTER G WITH BREVE",
    0x49: "LATIN CAPITAL LETTER I WITH DOT ABOVE",
    0x53: "LATIN CAPITAL LETTER S WITH CEDILLA",
    0x63: "LATIN SMALL LETTER C WITH CEDILLA",
    0x67: "LATIN SMALL LETTER G WITH BREVE",
    0x69: "LATIN SMALL LETTER DOTLESS I",
    0x73: "LATIN SMALL LETTER S WITH CEDILLA",
}

EMOJI = "\U0001f600"
UNITS = {Alphabet.GSM: (160, 153), Alphabet.TURKISH: (155, 149), Alphabet.UCS2: (70, 67)}

characters = st.one_of(
    st.characters(),  # with surrogates: a text broken in JSON has them
    st.sampled_from(DEFAULT + EXTENSION + TURKISH_ONLY + EMOJI + "".join(NEAREST)),
)
texts = st.text(characters, max_size=400)
encodings = st.sampled_from(Encoding)


def printed_default():
    rows = [[chr(int(point, 16)) for point in row.split()] for row in PRINTED_DEFAULT.strip().splitlines()]
    return {(column << 4) + low: row[column] for low, row in enumerate(rows) for column in range(8)}


def letters(printed):
    return "".join(unicodedata.lookup(name) for name in printed.values())


def decomposed(text):
    return unicodedata.normalize("NFD", text)


# the tables


def test_the_default_alphabet_is_the_printed_one():
    printed = printed_default()
    assert len(printed) == 128
    assert "".join(printed[code] for code in sorted(printed) if code != 0x1B) == DEFAULT


def test_the_shift_tables_are_the_printed_ones():
    assert letters(PRINTED_EXTENSION) == EXTENSION
    assert letters(PRINTED_TURKISH) == TURKISH_ONLY


def test_a_turkish_letter_becomes_what_a_handset_without_the_table_shows():
    """The code of the letter in the single shift table, read in the default alphabet (23.038, annex C.2)."""
    printed = printed_default()
    for code, name in PRINTED_TURKISH.items():
        assert carry(unicodedata.lookup(name), ASCII).text == printed[code]


def test_capacities_follow_from_140_octets():
    def septets(header):
        return (140 - header) * 8 // 7

    length, concatenation, language = 1, 5, 3
    assert UNITS[Alphabet.GSM] == (septets(0), septets(length + concatenation))
    assert UNITS[Alphabet.TURKISH] == (septets(length + language), septets(length + concatenation + language))
    assert UNITS[Alphabet.UCS2] == (140 // 2, (140 - length - concatenation) // 2)


# parts


@pytest.mark.parametrize(
    ("units", "number"),
    [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4), (612, 4), (613, 5)],
)
@pytest.mark.parametrize("encoding", [ASCII, TURKISH])
def test_gsm_parts(encoding, units, number):
    assert measure("a" * units, encoding) == Parts(number, units, Alphabet.GSM)


@pytest.mark.parametrize(
    ("units", "number"), [(2, 1), (155, 1), (156, 2), (298, 2), (299, 3), (447, 3), (448, 4), (596, 4), (597, 5)]
)
def test_turkish_parts(units, number):
    assert measure("ş" + "a" * (units - 2), TURKISH) == Parts(number, units, Alphabet.TURKISH)


@pytest.mark.parametrize(
    ("units", "number"), [(0, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (268, 4), (269, 5)]
)
@pytest.mark.parametrize("character", ["a", "ş", "中"])
def test_ucs2_parts(character, units, number):
    assert measure(character * units, UTF8) == Parts(number, units, Alphabet.UCS2)


@pytest.mark.parametrize("character", EXTENSION)
@pytest.mark.parametrize("encoding", [ASCII, TURKISH])
def test_a_character_of_the_extension_table_takes_two_septets(encoding, character):
    assert measure(character, encoding) == Parts(1, 2, Alphabet.GSM)
    assert measure("a" * 158 + character, encoding) == Parts(1, 160, Alphabet.GSM)
    assert measure("a" * 159 + character, encoding) == Parts(2, 161, Alphabet.GSM)


@pytest.mark.parametrize("letter", "üÜöÖÇ")
def test_turkish_letters_of_the_default_alphabet_take_one_septet(letter):
    assert measure(letter * 160, TURKISH) == Parts(1, 160, Alphabet.GSM)


@pytest.mark.parametrize("letter", "ğĞşŞıİç")
def test_turkish_letters_of_the_shift_table_take_two_septets(letter):
    assert measure("a" * 153 + letter, TURKISH) == Parts(1, 155, Alphabet.TURKISH)
    assert measure("a" * 154 + letter, TURKISH) == Parts(2, 156, Alphabet.TURKISH)


@pytest.mark.parametrize("letter", "çğıöşüÇĞİÖŞÜ")
def test_turkish_letters_take_one_septet_when_they_become_ascii(letter):
    assert measure(letter * 160, ASCII) == Parts(1, 160, Alphabet.GSM)


def test_extension_characters_are_the_turkish_tables_too():
    assert measure("ş€", TURKISH) == Parts(1, 4, Alphabet.TURKISH)


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        # the pair would begin as the last septet of the first part, and moves to the second
        ("a" * 152 + "€" + "a" * 152, ASCII, Parts(3, 306, Alphabet.GSM)),
        ("a" * 151 + "€" + "a" * 153, ASCII, Parts(2, 306, Alphabet.GSM)),
        ("a" * 152 + "€" + "a" * 151, ASCII, Parts(2, 305, Alphabet.GSM)),
        # 76 pairs a part
        ("€" * 152, ASCII, Parts(2, 304, Alphabet.GSM)),
        ("€" * 153, ASCII, Parts(3, 306, Alphabet.GSM)),
        ("a" * 148 + "ş" + "a" * 148, TURKISH, Parts(3, 298, Alphabet.TURKISH)),
        ("a" * 147 + "ş" + "a" * 149, TURKISH, Parts(2, 298, Alphabet.TURKISH)),
        # 74 pairs a part
        ("ş" * 148, TURKISH, Parts(2, 296, Alphabet.TURKISH)),
        ("ş" * 149, TURKISH, Parts(3, 298, Alphabet.TURKISH)),
        ("a" * 66 + EMOJI + "a" * 66, UTF8, Parts(3, 134, Alphabet.UCS2)),
        ("a" * 65 + EMOJI + "a" * 67, UTF8, Parts(2, 134, Alphabet.UCS2)),
        # 33 pairs a part
        (EMOJI * 66, UTF8, Parts(2, 132, Alphabet.UCS2)),
        (EMOJI * 67, UTF8, Parts(3, 134, Alphabet.UCS2)),
    ],
)
def test_no_pair_is_divided_between_parts(text, encoding, expected):
    assert measure(text, encoding) == expected


def test_an_emoji_takes_two_units():
    assert measure(EMOJI * 35, UTF8) == Parts(1, 70, Alphabet.UCS2)
    assert measure(EMOJI * 35 + "a", UTF8) == Parts(2, 71, Alphabet.UCS2)


@pytest.mark.parametrize("encoding", Encoding)
def test_carriage_return_and_line_feed_count_one_each(encoding):
    assert measure("a\r\nb", encoding).units == 4
    assert carry("a\r\nb", encoding) == ("a\r\nb", "")


@pytest.mark.parametrize("encoding", Encoding)
def test_decomposed_letters_count_as_composed_ones(encoding):
    text = "Çağrı şöyle üç İş" * 10
    assert measure(decomposed(text), encoding) == measure(text, encoding)
    assert carry(decomposed(text), encoding) == carry(text, encoding)


def test_a_vendor_may_choose_the_alphabet():
    assert measure_in("a" * 71, Alphabet.UCS2) == Parts(2, 71, Alphabet.UCS2)
    assert measure_in("a" * 156, Alphabet.TURKISH) == Parts(2, 156, Alphabet.TURKISH)
    assert measure_in(decomposed("ş"), Alphabet.TURKISH) == Parts(1, 2, Alphabet.TURKISH)


def packed(text, alphabet):
    """Parts by the words of the standard: characters one after the other into parts."""
    wide = {Alphabet.GSM: EXTENSION, Alphabet.TURKISH: EXTENSION + TURKISH_ONLY}.get(alphabet)
    costs = [2 if (ord(c) > 0xFFFF if wide is None else c in wide) else 1 for c in text]
    single, joined = UNITS[alphabet]
    if sum(costs) <= single:
        return Parts(1, sum(costs), alphabet)
    parts = [0]
    for cost in costs:
        if parts[-1] + cost > joined:
            parts.append(0)
        parts[-1] += cost
    return Parts(len(parts), sum(costs), alphabet)


@given(texts, encodings)
def test_parts_are_as_packed_one_by_one(text, encoding):
    parts = measure(text, encoding)
    single, joined = UNITS[parts.alphabet]
    assert parts == packed(carry(text, encoding).text, parts.alphabet)
    assert parts.units <= (single if parts.number == 1 else parts.number * joined)


@given(st.text(st.sampled_from("ab€ğşüç" + EMOJI), max_size=400), encodings, st.integers(0, 400))
def test_a_longer_text_never_takes_less(text, encoding, length):
    shorter, longer = measure(text[:length], encoding), measure(text, encoding)
    assert shorter.number <= longer.number
    assert shorter.units <= longer.units


# what is carried


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("çğıöşüÇĞİÖŞÜ", "cgiosuCGIOSU"),
        ("âîûÂÎÛ", "aiuAIU"),
        ("“Fiyat” ‘bu’ «şu»", '"Fiyat" \'bu\' "su"'),
        ("a–b—c‑d−e", "a-b-c-d-e"),
        ("bekleyin…", "bekleyin..."),
        ("10\u00a0000\u202fTL\u2009!", "10 000 TL !"),
        ("25 ₺, 3 €, 4 £, 5 ₽", "25 TL, 3 €, 4 £, 5 RUB"),
        ("a\tb`c", "a b'c"),
        ("satır\u2028satır\x85satır", "satir\nsatir\nsatir"),
        ("čśžőłđøœ éàñåß", "cszoldøoe éàñåß"),
        ("Əliyev Ŋ Þ ẞ", "Eliyev N Th ß"),
        ("ﬁyat ½ ① № ™ Ａ m² 5°C", "fiyat 1/2 1 No TM A m2 5oC"),
        ("q\u0308 e\u0301\u0323", "q e"),
        ("\ufeffa\u00adb\u200bc\u200dd\u202ae\x00f\x1b", "abcdef"),
        ("1\ufe0f\u20e3", "1"),
        ("ΔΦΓΛΩΠΨΣΘΞ Ω", "ΔΦΓΛΩΠΨΣΘΞ Ω"),  # the last is the ohm sign
        ("{[~]}\\^|\f", "{[~]}\\^|\f"),
        ("", ""),
    ],
)
def test_characters_become_the_nearest(text, expected):
    assert carry(text, ASCII) == (unicodedata.normalize("NFC", expected), "")


def test_turkish_keeps_turkish_letters():
    assert carry("“Çağrı” şöyle… ûğ̇", TURKISH) == ('"Çağrı" şöyle... uğ', "")


@pytest.mark.parametrize("text", ["Çağrı", "“Привет”", "中文", "👍🏽", "👨‍👩‍👧", "\t"])
def test_utf8_keeps_everything(text):
    assert carry(text, UTF8) == (text, "")


@pytest.mark.parametrize("encoding", [ASCII, TURKISH])
def test_what_cannot_be_carried_is_told(encoding):
    assert carry(f"Selam {EMOJI}, да{EMOJI} 中", encoding) == ("Selam ,  ", f"{EMOJI}да中")


def test_a_negated_sign_never_becomes_its_opposite():
    assert carry("a ≠ b", ASCII).lost == "≠"


@pytest.mark.parametrize("encoding", Encoding)
def test_half_a_character_is_lost(encoding):
    assert carry("a\ud83db", encoding) == ("ab", "\ud83d")


def test_texts_do_not_reach_a_log():
    carried = carry(f"gizli {EMOJI}", ASCII)
    assert repr(carried) == f"{carried}" == "<Carried 6 characters, lost 1>"


def test_every_nearest_can_be_sent():
    assert all(fits(nearest, Alphabet.GSM) for nearest in NEAREST.values())
    assert not set(NEAREST) & set(DEFAULT + EXTENSION)


@pytest.mark.parametrize("encoding", [ASCII, TURKISH])
def test_nothing_becomes_a_question_mark(encoding):
    wrong = [
        character
        for character in map(chr, range(0x3000))
        if "?" in carry(character, encoding).text and "?" not in unicodedata.normalize("NFKD", character)
    ]
    assert wrong == []


@given(texts, encodings)
def test_what_is_carried_fits_and_stays(text, encoding):
    carried = carry(text, encoding)
    assert fits(carried.text, {ASCII: Alphabet.GSM, TURKISH: Alphabet.TURKISH, UTF8: Alphabet.UCS2}[encoding])
    assert carry(carried.text, encoding) == (carried.text, "")
    assert unicodedata.is_normalized("NFC", carried.text)
    assert not set(carried.lost) & set(carried.text)
    if encoding is ASCII:
        assert not set(carried.text) & set("çğıöşüÇĞİÖŞÜ")


# which alphabet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Alphabet.GSM),
        ("Merhaba {€} üöÜÖÇ é\r\n", Alphabet.GSM),
        ("ç", Alphabet.TURKISH),
        (decomposed("ğ"), Alphabet.TURKISH),
        ("Ça\tğ", Alphabet.UCS2),
        ("`", Alphabet.UCS2),
        ("â", Alphabet.UCS2),
        (EMOJI, Alphabet.UCS2),
    ],
)
def test_the_least_alphabet_of_a_text(text, expected):
    order = list(Alphabet)
    assert alphabet_of(text) is expected
    assert [fits(text, alphabet) for alphabet in order] == [at >= order.index(expected) for at in range(3)]


@given(texts)
def test_a_text_fits_its_alphabet(text):
    alphabet = alphabet_of(text)
    assert fits(text, alphabet) or (alphabet is Alphabet.UCS2 and carry(text, UTF8).lost)
