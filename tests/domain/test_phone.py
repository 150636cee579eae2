"""Numbers in every spelling that programs write."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.phone import Normalised, is_tckn, mask, normalise, normalise_all

MOBILE = "905321234567"
SPELLINGS = [
    "905321234567",
    "5321234567",
    "05321234567",
    "+905321234567",
    "00905321234567",
    "+90 532 123 45 67",
    "+90 (0)532 123 45 67",
    "0090 (532) 123-45-67",
    "(0532) 123 45 67",
    "0.532.123.45.67",
    "0532/123 45 67",
    "\n\t 0532 123 45 67 \r\n",
    "0532\u00a0123\u00a045\u00a067",  # no-break spaces, from web pages
    "\u202a+90 532 123 45 67\u202c",  # direction marks, from contact lists
    "0532\u2013123\u20114567",  # en dash and no-break hyphen, from word processors
    "\ufeff5321234567",  # a text file's byte order mark
]
INVALID = [
    "",
    " ",
    "0",
    "+",
    "abc",
    "532123456",  # a digit short: not Cuba's +53 2123456 either
    "53212345678",  # a digit too many
    "9053212345678",
    "+5321234567",  # neither Turkish nor any country's
    "05321234567,05331234567",
    "+90+5321234567",
    "532123456x",
    "5321234567 ext. 3",
    "tel:+905321234567",
    "٥٣٢١٢٣٤٥٦٧",  # Arabic-Indic digits
    "５３２１２３４５６７",  # full-width digits
    "90532123456７",
    "+٩٠5321234567",
    "5321234\n567",
    "0000000000",
    "902001234567",  # no such area
    "999999999999999",
    "2121234567",  # a landline without its 0 is not guessed at
    "+5351234567",  # Cuba; bare it reads as a Turkish mobile
    "9" * 10_000,
]
OTHERS = [
    ("+49 1512 3456789", "4915123456789"),
    ("0049 1512 3456789", "4915123456789"),
    ("4915123456789", "4915123456789"),
    ("+49 (0)1512 3456789", "4915123456789"),
    ("+1 (212) 555-2368", "12125552368"),
    ("447400123456", "447400123456"),
    ("+39 06 1234 5678", "390612345678"),  # Italy keeps the 0
    ("4740612345", "4740612345"),  # ten digits, Norway
    ("+90 212 123 45 67", "902121234567"),
    ("0212 123 45 67", "902121234567"),
    ("902121234567", "902121234567"),
    ("0850 123 45 67", "908501234567"),
    ("444 1 444", None),  # only within Turkey
    ("+90 444 1 444", "904441444"),
]

mobiles = st.integers(0, 10**9 - 1).map(lambda rest: f"5{rest:09d}")
prefixes = st.sampled_from(["", "0", "90", "+90", "0090", "900", "+900", "00900"])
separators = st.text(st.sampled_from(" -.()/\u00a0\u200e\u2010"), max_size=2)
anything = st.one_of(st.text(), st.text("+0123456789 -()٣\n", max_size=20), st.sampled_from(SPELLINGS + INVALID))


@pytest.mark.parametrize("text", SPELLINGS)
def test_spellings_of_one_mobile(text):
    assert normalise(text) == MOBILE


@pytest.mark.parametrize("text", INVALID, ids=lambda text: repr(text[:30]))
def test_invalid(text):
    assert normalise(text) is None


@pytest.mark.parametrize(("text", "expected"), OTHERS)
def test_landlines_and_foreign_numbers(text, expected):
    assert normalise(text) == expected


def test_a_mobile_range_that_the_library_does_not_know():
    assert normalise("05991234567") == "905991234567"


@given(mobiles, prefixes, st.lists(separators, min_size=16, max_size=16))
def test_every_spelling_is_one_number(mobile, prefix, between):
    plus, digits = ("+", prefix[1:]) if prefix.startswith("+") else ("", prefix)
    text = plus + "".join(a + b for a, b in zip(between, [*digits, *mobile], strict=False))
    assert normalise(text) == "90" + mobile


@given(anything)
def test_any_text_is_a_number_or_none_and_stays_as_it_is(text):
    number = normalise(text)
    assert number is None or (number.isascii() and number.isdigit() and normalise(number) == number)


@given(st.integers(10**6, 10**15 - 1))
def test_foreign_results_stay_as_they_are(digits):
    number = normalise(f"+{digits}")
    assert number is None or normalise(number) == number


@given(st.lists(anything, max_size=8))
def test_a_list_is_what_its_members_are(texts):
    normalised = normalise_all(texts)
    assert normalised.numbers == [number for number in map(normalise, texts) if number]
    assert normalised.invalid == [at for at, text in enumerate(texts) if normalise(text) is None]


def test_long_lists():
    plain = [f"90532{n:07d}" for n in range(10_000)]
    shuffle = random.Random(1)
    mixed = [shuffle.choice(["", "0", "+90 "]) + f"532 {n // 10_000:03d} {n % 10_000:04d}" for n in range(10_000)]
    assert normalise_all(plain) == Normalised(plain, [])
    assert normalise_all(mixed) == Normalised(plain, [])
    assert normalise_all([*plain, "x", ""]) == Normalised(plain, [10_000, 10_001])
    assert normalise_all([]) == Normalised([], [])


@pytest.mark.parametrize("text", ["10000000146", "19191919190", "12345678950"])
def test_tckn(text):
    assert is_tckn(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1000000014",
        "100000001466",
        "00000000146",
        "10000000147",
        "10000000156",
        "1000000014x",
        "١٠٠٠٠٠٠٠١٤٦",
        " 10000000146",
        "10000000146\n",
    ],
)
def test_not_a_tckn(text):
    assert not is_tckn(text)


@given(st.text())
def test_tckn_takes_any_text(text):
    assert is_tckn(text) in {True, False}


@pytest.mark.parametrize("digit", range(11))
def test_a_changed_digit_of_a_tckn_is_noticed(digit):
    text = "10000000146"
    wrong = text[:digit] + str((int(text[digit]) + 1) % 10) + text[digit + 1 :]
    assert not is_tckn(wrong)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("905551234554", "9055******54"),
        ("5551234554", "5551****54"),
        ("10000000146", "1000*****46"),
        ("532123456", "*********"),
        ("", ""),
        ("9" * 100, "9999**************99"),
    ],
)
def test_mask(text, shown):
    assert mask(text) == shown


@given(st.text("0123456789", min_size=1, max_size=15))
def test_a_mask_hides_most_of_a_number(number):
    assert number not in mask(number)
    assert mask(number).count("*") >= min(len(number), 4)
