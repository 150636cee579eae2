"""What masking leaves of every sample that tests/soap has: real stacks' spellings of all kinds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import astuple

from bridge.domain.phone import is_tckn
from bridge.errors import BridgeError
from bridge.moving.http import Message
from bridge.moving.mask import Masker
from bridge.soap.body import media
from bridge.soap.envelope import read_call
from bridge.soap.xml import XmlLimits

SAMPLES = Path(__file__).parents[1] / "soap" / "samples"
NAMES = sorted(path.name for path in SAMPLES.iterdir())
HIDDEN = ("title", "content", "keyword", "target", "number", "numbers")


def message_of(path: Path) -> Message:
    head, _, body = path.read_bytes().partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    return Message(start, 0, tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines)), body)


def values_of(message: Message):
    """What the bridge reads, None for what is no call."""
    try:
        charset = media((message.header("content-type") or "").encode())[1]
        return read_call(message.plain(10**7), charset, XmlLimits(), lambda _: None)
    except BridgeError:  # a sample of what is refused
        return None


@pytest.mark.parametrize("name", NAMES)
def test_a_masked_sample_says_the_same_but_for_what_is_hidden(name):
    request = message_of(SAMPLES / name / "request.http")
    before, after = values_of(request), values_of(Masker().message(request))
    if before is None or request.header("transfer-encoding"):
        return
    assert after is not None
    assert (after.operation, after.version, after.namespace) == (before.operation, before.version, before.namespace)
    assert after.values.keys() == before.values.keys()
    for field, value in before.values.items():
        changed = after.values[field]
        if field in HIDDEN:
            assert len(repr(changed)) == len(repr(value))
        elif field != "pushSettings":
            assert changed == value
    assert "admin" not in repr([astuple(login) for login in (after.body_login, *after.header_logins)])


@pytest.mark.parametrize("name", NAMES)
def test_no_sample_shows_a_login_a_text_or_a_number(name):
    written = Masker().message(message_of(SAMPLES / name / "request.http"))
    assert not re.search(rb"(?i)>admin<|assword[^<>]*>123456|ifreni|905511034554|5433404971|mesaj|YWRtaW46", written.body)
    assert "YWRtaW46" not in str(written.headers)


@pytest.mark.parametrize(
    ("number", "shape"),
    [
        ("905321234567", "905#########"),
        ("+90 (532) 123-45-67", "+90 (5##) ###-##-##"),
        ("05321234567", "05#########"),
        ("5321234567", "5#########"),
        ("+49 1512 3456789", "+49 1512 #######"),
        ("02121234567", "0212#######"),
        ("1234567", "1######"),
    ],
)
def test_the_shape_of_a_number_stays(number, shape):
    masked = re.search(rb"<nr>(.*)</nr>", Masker().body(f"<a><nr>{number}</nr></a>".encode(), None))[1].decode()
    assert re.fullmatch(re.escape(shape).replace(r"\#", "[0-9]"), masked)
    assert masked != number


def test_spellings_of_one_number_stay_one_number():
    document = b"<a><nr>905321234567</nr><number>0532 123 45 67</number><target>5321234567</target><msg>x</msg></a>"
    masked = Masker().body(document, None)
    found = {re.sub(rb"\D", b"", text)[-10:] for text in re.findall(rb"<(?:nr|number|target)>(.*?)<", masked)}
    assert len(found) == 1


def test_national_ids_stay_valid():
    masked = Masker().body(b"<a><numbers><item>10000000146</item></numbers></a>", None)
    national_id = re.search(rb"<item>(.*)</item>", masked)[1].decode()
    assert is_tckn(national_id)
    assert national_id != "10000000146"


def test_ids_and_dates_stay():
    document = (
        b"<a><pkgID>1500000001</pkgID><ids><item>222962</item></ids><sendingDate>2026-11-22T12:00:00</sendingDate>"
        b"<code>ERR_BAD_REQUEST</code><uuid>0d3f7a30-0000-4000-8000-000000000001</uuid><customID>order-17</customID></a>"
    )
    assert Masker().body(document, None) == document


def test_a_wsdl_stays():
    document = (Path(__file__).parents[2] / "wsdl" / "sms.wsdl").read_bytes()
    assert Masker().body(document, None) == document


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200), st.booleans())
def test_any_text_keeps_its_lengths_and_shows_no_word(text, as_cdata):
    written = (
        f"<![CDATA[{text.replace(']]>', '')}]]>"
        if as_cdata
        else text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )
    document = f"<a><content>{written}</content></a>".encode()
    masked = Masker().body(document, None)
    if masked is None:  # what XML cannot hold
        return
    assert len(masked) == len(document)
    before, after = (etree.fromstring(each)[0].text or "" for each in (document, masked))
    assert len(before) == len(after)
    for word in re.findall(r"[^\W\d_]{4,}", before):
        assert word not in after or set(word) <= set("xXüÜşŞ€")
