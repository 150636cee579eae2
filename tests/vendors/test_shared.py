"""What vendors share: numbers as they write them, and texts known again in their lists."""

from __future__ import annotations

import pytest

from bridge.vendors.reading import international, national
from bridge.vendors.texts import alike, same


@pytest.mark.parametrize(
    ("number", "ten_digits"),
    [
        ("905321234567", "5321234567"),
        ("902121234567", "2121234567"),
        ("10000000146", "10000000146"),
        ("4915112345678", "4915112345678"),
    ],
)
def test_a_turkish_number_in_ten_digits_and_back(number, ten_digits):
    assert national(number) == ten_digits
    assert international(ten_digits) == number


@pytest.mark.parametrize("written", ["5321234567", "05321234567", "905321234567"])
def test_a_turkish_number_however_it_is_written(written):
    assert international(written) == "905321234567"


@pytest.mark.parametrize("other", ["", "10000000146", "90532*****67", "532 123 45 67", "53212345", "90100000001460", "x"])
def test_anything_else_stays(other):
    assert international(other) == other


LONG = "Sayın üyemiz, siparişiniz kargoya verilmiştir. Kod: 1234"
# what a list shows; whether it may mean LONG; whether it surely does
SHOWN = [
    (LONG, True, True),
    ("Sayin uyemiz, siparisiniz kargoya verilmistir. Kod: 1234", True, True),
    ("Say?n ?yemiz, sipari?iniz kargoya verilmi?tir. Kod: 1234", True, True),
    ("SAYIN ÜYEMİZ, SİPARİŞİNİZ KARGOYA VERİLMİŞTİR. KOD: 1234", True, True),
    ("  Say&#305;n &uuml;yemiz,\nsiparişiniz kargoya verilmiştir. Kod: 1234 ", True, True),
    (f"{LONG} B038", True, True),
    (LONG[:30], True, False),
    (f"{LONG} Mersis: 0123456789", True, False),
    ("", True, False),
    ("Sayın üyemiz, siparişiniz kargoya verilmiştir. Kod: 1235", False, False),
    ("Kod: 1234", False, False),
    ("Başka", False, False),
]


@pytest.mark.parametrize(("shown", "may", "does"), SHOWN)
def test_a_text_is_known_again(shown, may, does):
    assert (alike(LONG, shown), same(LONG, shown)) == (may, does)


def test_a_text_without_letters_that_lists_keep_is_known_only_as_it_is():
    assert alike("мир", "миру")
    assert not same("мир", "миру")
    assert same("мир", "мир")


def test_a_text_that_ends_as_the_operators_code_does():
    assert same("Salon B038", "Salon B038")
    assert not same("Salon B038", "Salon")
