"""What only the vendors have that keep no packages: what they refuse, how they count and split, their settings and logins."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.domain.message import Encoding, Kind
from bridge.domain.query import SendersQuery
from bridge.errors import CallError, ErrorCode, Language, VendorRefused
from bridge.operations.plan import plan
from bridge.vendors.innomobil import Innomobil, InnomobilCredentials, InnomobilSettings
from bridge.vendors.isobil import Isobil, IsobilCredentials, IsobilSettings
from bridge.vendors.toplusms import Toplusms, ToplusmsCredentials, ToplusmsSettings
from tests.vendors.messages import TCKN, message, otp

ISOBIL, INNOMOBIL, TOPLUSMS = Isobil(IsobilSettings()), Innomobil(InnomobilSettings()), Toplusms(ToplusmsSettings())
VENDORS = {"isobil": ISOBIL, "innomobil": INNOMOBIL, "toplusms": TOPLUSMS}
LOGINS: dict[str, Any] = {
    "isobil": IsobilCredentials(username="user", password="test", system_code=1, service_id=1, otp_service_id=2),
    "innomobil": InnomobilCredentials.from_login("user", "test"),
    "toplusms": ToplusmsCredentials.from_login("user", "test"),
}
APIKEY = ToplusmsCredentials(apikey="key")
EACH = pytest.mark.parametrize("kind", VENDORS)


def refused(vendor: Any, given: Any) -> CallError:
    with pytest.raises(CallError) as raised:
        vendor.check(given)
    assert raised.value.code == ErrorCode.BAD_REQUEST
    assert not isinstance(raised.value, VendorRefused)
    return raised.value


# what they refuse before anything is sent

FOREIGN = ["4915112345678", "9647901234567", "12125551234", "9905321234567", "5445554433"]


@pytest.mark.parametrize("kind", ["isobil", "toplusms"])
@pytest.mark.parametrize("number", FOREIGN)
def test_a_foreign_number_is_refused_by_name_where_ten_digits_are_all_that_can_be_said(kind, number):
    error = refused(VENDORS[kind], message(numbers=("905445554433", number)))
    for language in Language:
        assert "number" in error.text(language)
        assert kind in error.text(language)
        assert number not in error.text(language)


@pytest.mark.parametrize("number", FOREIGN)
def test_a_foreign_number_is_for_innomobil_to_judge(number):
    INNOMOBIL.check(message(numbers=(number,)))


@EACH
def test_turkish_numbers_are_taken(kind):
    VENDORS[kind].check(message(numbers=("905445554433", "902121234567", "908501234567")))
    VENDORS[kind].check(otp())


@pytest.mark.parametrize("kind", ["isobil", "innomobil"])
def test_a_national_id_is_no_foreign_number(kind):
    VENDORS[kind].check(message(kind=Kind.TCKN, numbers=(TCKN,)))


@EACH
@pytest.mark.parametrize("encoding", [Encoding.ASCII, Encoding.TURKISH])
def test_a_text_that_the_encoding_cannot_carry_is_refused(kind, encoding):
    for given in (
        message(text="👍", encoding=encoding),
        message(text=None, texts=("A", "мир"), numbers=("1", "2"), encoding=encoding),
    ):
        error = refused(VENDORS[kind], given)
        assert all("content" in error.text(language) for language in Language)


@pytest.mark.parametrize("kind", ["isobil", "innomobil"])
def test_ucs2_carries_every_text(kind):
    VENDORS[kind].check(message(text="👍 мир “x”", encoding=Encoding.UTF8))


@pytest.mark.parametrize("text", ["👍", "мир", "“x”", "`", "a\tb", "ŵ"])
def test_toplusms_refuses_what_neither_of_its_encodings_has(text):
    error = refused(TOPLUSMS, message(text=text, encoding=Encoding.UTF8))
    assert all("toplusms" in error.text(language) and "content" in error.text(language) for language in Language)


@pytest.mark.parametrize("text", ["ğüşıöçĞÜŞİÖÇ", "£ é ß €", "[~]\r\n", "g\u0306"])
def test_toplusms_takes_what_one_of_them_has(text):
    TOPLUSMS.check(message(text=text, encoding=Encoding.UTF8))


# how they count

LETTER, TURKISH = "a", "ğ"
PARTS = [
    # text, encoding, then parts at isobil, innomobil, toplusms
    ("", Encoding.ASCII, 1, 1, 1),
    (LETTER * 160, Encoding.ASCII, 1, 1, 1),
    (LETTER * 161, Encoding.ASCII, 2, 2, 2),
    (LETTER * 306, Encoding.ASCII, 2, 2, 2),
    (LETTER * 307, Encoding.ASCII, 3, 3, 3),
    (LETTER * 612, Encoding.ASCII, 4, 4, 4),
    # transliterated before it is counted
    (TURKISH * 160, Encoding.ASCII, 1, 1, 1),
    # no more than the text needs, whatever the client asked for
    (LETTER * 160, Encoding.UTF8, 1, 1, 1),
    # UCS-2 at isobil and innomobil; of toplusms' tr nothing is public: taken for the national table, where ğ takes two
    (LETTER * 69 + TURKISH, Encoding.TURKISH, 1, 1, 1),
    (LETTER * 70 + TURKISH, Encoding.TURKISH, 2, 2, 1),
    (LETTER * 133 + TURKISH, Encoding.UTF8, 2, 2, 1),
    (LETTER * 134 + TURKISH, Encoding.UTF8, 3, 3, 1),
    (LETTER * 153 + TURKISH, Encoding.TURKISH, 3, 3, 1),
    (LETTER * 154 + TURKISH, Encoding.TURKISH, 3, 3, 2),
    # two septets in GSM 03.38, one unit in UCS-2
    ("€" * 80, Encoding.ASCII, 1, 2, 2),
    ("€" * 81, Encoding.ASCII, 2, 2, 2),
    ("[" * 80, Encoding.ASCII, 1, 1, 1),
    ("[" * 81, Encoding.ASCII, 2, 2, 2),
    # in the default alphabet, but only isobil says that it has all of it
    ("é" * 160, Encoding.ASCII, 1, 3, 2),
]


@pytest.mark.parametrize(("text", "encoding", "isobil", "innomobil", "toplusms"), PARTS)
def test_parts(text, encoding, isobil, innomobil, toplusms):
    assert [vendor.parts(text, encoding) for vendor in VENDORS.values()] == [isobil, innomobil, toplusms]


def test_an_emoji_is_two_units():
    assert [vendor.parts("👍" * 35, Encoding.UTF8) for vendor in (ISOBIL, INNOMOBIL)] == [1, 1]
    assert [vendor.parts("👍" * 36, Encoding.UTF8) for vendor in (ISOBIL, INNOMOBIL)] == [2, 2]


# how a package is split

TYPES = {"isobil": (Isobil, IsobilSettings), "innomobil": (Innomobil, InnomobilSettings), "toplusms": (Toplusms, ToplusmsSettings)}


@EACH
def test_a_large_package_is_several_messages(kind):
    vendor_type, settings_type = TYPES[kind]
    vendor: Any = vendor_type(settings_type(max_recipients=2))
    package = message(numbers=tuple(f"90532000000{last}" for last in range(5)))
    requests = [next(vendor.send(part.message, LOGINS[kind])) for part in plan(package, vendor.limits)]
    assert len(requests) == 3
    for last in range(5):
        assert [f"532000000{last}".encode() in request.body for request in requests].count(True) == 1


@pytest.mark.parametrize(("kind", "messages"), [("isobil", 1), ("innomobil", 1), ("toplusms", 2)])
def test_texts_of_their_own_are_one_message_where_the_vendor_has_that(kind, messages):
    package = message(numbers=("905320000001", "905320000002", "905320000003"), text=None, texts=("A", "B", "A"))
    parts = plan(package, VENDORS[kind].limits)
    assert len(parts) == messages
    for part in parts:
        next(VENDORS[kind].send(part.message, LOGINS[kind]))


def test_a_full_message_of_toplusms_fits_a_url():
    package = message(numbers=tuple(f"90532{last:07}" for last in range(5000)), text="ğ" * 160, encoding=Encoding.TURKISH)
    first = plan(package, TOPLUSMS.limits)[0].message
    # 8190 is what Apache takes of a request line
    assert len(next(TOPLUSMS.send(first, APIKEY)).url) < 8000


# logins and requests


@EACH
def test_only_questions_may_be_asked_twice(kind):
    vendor, login = VENDORS[kind], LOGINS[kind]
    assert not next(vendor.send(message(), login)).repeatable
    assert not next(vendor.send(otp(), login)).repeatable
    assert next(vendor.credit(login)).repeatable
    assert next(vendor.report(1, message(), login)).repeatable
    if kind != "toplusms":
        assert next(vendor.find(message(), login)).repeatable
        assert next(vendor.senders(SendersQuery(), login)).repeatable


def test_a_send_by_url_is_no_question():
    request = next(TOPLUSMS.send(message(), APIKEY))
    assert (request.method, request.repeatable) == ("GET", False)


@pytest.mark.parametrize("password", ["aabbcc112233", "şifre ğ €", "with:colon"])
def test_toplusms_is_given_the_md5_of_the_password(password):
    request = next(TOPLUSMS.credit(ToplusmsCredentials.from_login("5551112233", password)))
    scheme, _, encoded = dict(request.headers)["Authorization"].partition(" ")
    assert (scheme, b64decode(encoded).decode()) == ("Basic", f"5551112233:{hashlib.md5(password.encode()).hexdigest()}")


def test_isobil_cannot_be_used_with_a_login_alone():
    assert IsobilCredentials.from_login("user", "test") is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"username": "user"},
        {"password": "x"},
        {"username": "user", "password": "x", "apikey": "y"},
        {"username": "u", "apikey": "y"},
    ],
)
def test_toplusms_takes_one_kind_of_login(fields):
    with pytest.raises(ValidationError):
        ToplusmsCredentials.model_validate(fields)


# settings


@pytest.mark.parametrize("base_url", ["http://vendor.example/api/v1", "http://vendor.example/api/v1/"])
def test_a_base_url_may_lack_its_slash(base_url):
    vendor = Innomobil(InnomobilSettings(base_url=base_url))
    assert next(vendor.credit(LOGINS["innomobil"])).url == "http://vendor.example/api/v1/kredi"


@pytest.mark.parametrize(
    ("settings_type", "fields"),
    [
        (IsobilSettings, {"dialect": "soap"}),
        (IsobilSettings, {"otp_operation": "Otp"}),
        (IsobilSettings, {"number_prefix": "+90"}),
        (IsobilSettings, {"states": {"1": 6}}),
        (IsobilSettings, {"states": {"1": -3}}),
        (IsobilSettings, {"errors": {"101": "ERR_WRONG"}}),
        (IsobilSettings, {"max_recipients": 0}),
        (IsobilSettings, {"base_url": "ftp://vendor.example/"}),
        (InnomobilSettings, {"gate": -1}),
        (InnomobilSettings, {"max_recipients": 0}),
        (InnomobilSettings, {"unknown": 1}),
        (ToplusmsSettings, {"statuses": {"expired": 6}}),
        (ToplusmsSettings, {"errors": {"6": "credit"}}),
        (ToplusmsSettings, {"max_recipients": 0}),
    ],
    ids=str,
)
def test_wrong_settings_are_refused(settings_type, fields):
    with pytest.raises(ValidationError):
        settings_type.model_validate(fields)


def test_the_documented_addresses_are_the_defaults():
    urls = [next(VENDORS[kind].credit(LOGINS[kind])).url for kind in VENDORS]
    assert urls == [
        "http://api.isobil.com.tr/v2/isobil_API_JSON.asmx?op=GetUserAccount",
        "http://s.innomobil.com/api/v1/kredi",
        "https://panel.toplusms.tc/api/v1/user/profileDetails",
    ]
