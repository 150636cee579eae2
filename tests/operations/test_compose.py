"""From fields to messages: what tests of the endpoint cannot show, for the vendor sees only a part of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.domain.message import Encoding, Kind, Message, Period, PeriodType
from bridge.errors import CallError, ErrorCode, Language
from bridge.operations.compose import compose_otp, compose_sms
from bridge.operations.requests import SendOtp, SendSms, parse

NOW = datetime(2026, 11, 22, 9, 30, 40, tzinfo=UTC)  # 12:30:40 in Istanbul
VALID, OTHER, TCKN = "905321234567", "905331234567", "10000000146"


def sms(**fields) -> Message:
    given = {"type": 1, "sendingType": 0, "content": "Merhaba", "number": VALID, "sender": "BASLIK"} | fields
    return compose_sms(parse(SendSms, given), NOW, 3, "own.1")


def otp(**fields) -> Message:
    return compose_otp(parse(SendOtp, {"content": "123456", "number": VALID, "sender": "BASLIK"} | fields), NOW, "own.1")


def refused(code: ErrorCode, field: str, make, **fields) -> None:
    with pytest.raises(CallError) as raised:
        make(**fields)
    assert raised.value.code == code
    for language in Language:
        assert field in raised.value.text(language)
        assert VALID not in raised.value.text(language)


def test_what_is_left_out_has_its_default():
    assert sms() == Message(
        kind=Kind.NORMAL,
        sender="BASLIK",
        numbers=(VALID,),
        text="Merhaba",
        encoding=Encoding.ASCII,
        validity_minutes=1440,
        accepted_at=NOW,
        custom_id="own.1",
    )
    assert otp().validity_minutes == 6
    assert (otp().kind, otp().otp_call, sms(type=0).otp_call) == (Kind.OTP, True, False)


@pytest.mark.parametrize(
    ("fields", "numbers", "texts", "invalid", "invalid_texts"),
    [
        ({"number": " 0532 123 45 67 "}, (VALID,), None, (), None),
        ({"sendingType": 1, "numbers": [VALID, OTHER]}, (VALID, OTHER), None, (), None),
        ({"sendingType": 1, "numbers": [{"nr": VALID}, OTHER]}, (VALID, OTHER), None, (), None),
        # the same number once, however it is written
        ({"sendingType": 1, "numbers": [VALID, "5321234567", OTHER]}, (VALID, OTHER), None, (), None),
        # one that is none does not stop the others; it is kept as it was written, cut
        ({"sendingType": 1, "numbers": [VALID, " 12 ", "9" * 40]}, (VALID,), None, ("12", "9" * 32), None),
        ({"sendingType": 1, "numbers": [VALID, {"msg": "x"}]}, (VALID,), None, ("",), None),
        ({"sendingType": 2, "numbers": [{"nr": VALID, "msg": "A"}, {"nr": OTHER, "msg": "B"}]}, (VALID, OTHER), ("A", "B"), (), ()),
        # a text of one's own or the text of all
        ({"sendingType": 2, "numbers": [{"nr": VALID}, {"nr": OTHER, "msg": "B"}]}, (VALID, OTHER), ("Merhaba", "B"), (), ()),
        ({"sendingType": 2, "numbers": [VALID]}, (VALID,), ("Merhaba",), (), ()),
        # the same number with another text is another message
        ({"sendingType": 2, "numbers": [{"nr": VALID, "msg": t} for t in "ABA"]}, (VALID, VALID), ("A", "B"), (), ()),
        ({"sendingType": 2, "numbers": [{"nr": "12", "msg": "B"}, {"nr": VALID, "msg": "A"}]}, (VALID,), ("A",), ("12",), ("B",)),
        ({"type": 2, "number": f" {TCKN} "}, (TCKN,), None, (), None),
        ({"type": 2, "sendingType": 1, "numbers": [TCKN, VALID]}, (TCKN,), None, (VALID,), None),
        # what the sending type does not read is no error
        ({"sendingType": 0, "numbers": [OTHER]}, (VALID,), None, (), None),
    ],
)
def test_recipients(fields, numbers, texts, invalid, invalid_texts):
    message = sms(**fields)
    assert (message.numbers, message.texts, message.invalid_numbers, message.invalid_texts) == (
        numbers,
        texts,
        invalid,
        invalid_texts,
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"number": None},
        {"number": ""},
        {"number": "12"},
        {"sendingType": 1},
        {"sendingType": 1, "numbers": []},
        {"sendingType": 1, "numbers": ["12", ""]},
        {"sendingType": 2, "numbers": [{"nr": "12", "msg": "A"}]},
        {"type": 2, "number": VALID},
        {"type": 2, "number": "10000000147"},
    ],
)
def test_nobody_to_send_to(fields):
    refused(ErrorCode.EMPTY_SMS_PACKAGE, "", sms, **fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": 3}, "type"),
        ({"type": None}, "type"),
        ({"sendingType": 3}, "sendingType"),
        ({"sender": None}, "sender"),
        ({"content": None}, "content"),
        ({"encoding": 3}, "encoding"),
        ({"encoding": "x"}, "encoding"),
        ({"customID": "a b"}, "customID"),
        ({"customID": "ş"}, "customID"),
        ({"customID": "a\nb"}, "customID"),
        ({"customID": "a" * 101}, "customID"),
        ({"validity": 59}, "validity (60..1440)"),
        ({"validity": 1441}, "validity (60..1440)"),
        ({"type": 0, "validity": 60}, "validity (3..6)"),
        ({"periodicSettings": {"periodType": 5}}, "periodicSettings.periodType"),
        ({"periodicSettings": {"periodType": 0, "amount": 0}}, "periodicSettings.amount"),
        ({"sendingType": 2, "content": None, "numbers": [{"nr": VALID}]}, "numbers.item.msg"),
        ({"sendingType": 2, "numbers": [{"nr": VALID, "msg": 5}]}, "numbers.item.msg"),
        ({"sendingType": 1, "numbers": [5]}, "numbers.item.nr"),
    ],
)
def test_wrong_fields_are_named(fields, field):
    refused(ErrorCode.BAD_REQUEST, field, sms, **fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"validity": 2}, "validity (3..6)"),
        ({"validity": 7}, "validity (3..6)"),
        ({"trustDate": "x"}, "trustDate"),
        ({"content": None}, "content"),
    ],
)
def test_wrong_fields_of_otp_are_named(fields, field):
    refused(ErrorCode.BAD_REQUEST, field, otp, **fields)


def test_too_many_recipients():
    refused(ErrorCode.REQUEST_PARAM_LIMIT, "numbers", sms, sendingType=1, numbers=[VALID] * 4)


@pytest.mark.parametrize("minutes", [60, 1440])
def test_validity_at_its_ends(minutes):
    assert sms(validity=minutes).validity_minutes == minutes


def test_validity_of_0_is_none():
    assert sms(validity=0).validity_minutes == 1440
    assert otp(validity=0).validity_minutes == 6


@pytest.mark.parametrize("custom_id", ["a1b2c3", "A-1.2_3", "a" * 100])
def test_custom_ids(custom_id):
    assert sms(customID=f" {custom_id} ").custom_id == custom_id


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22 12:31", datetime(2026, 11, 22, 9, 31, tzinfo=UTC)),
        ("2026-11-22 12:30", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),  # this minute is not over
        ("2026-11-22T09:31:00Z", datetime(2026, 11, 22, 9, 31, tzinfo=UTC)),
    ],
)
def test_sending_dates(text, moment):
    assert sms(sendingDate=text).send_at == moment


@pytest.mark.parametrize("text", ["2026-11-22 12:29", "2026-02-30 12:00", "tomorrow", "2020-12-25"])
def test_sending_dates_that_are_none_or_past(text):
    refused(ErrorCode.INVALID_SMS_SENDING_DATE, "", sms, sendingDate=text)


def test_the_other_fields_are_handed_on():
    message = sms(
        title=" Deneme ",
        periodicSettings={"periodType": 0, "amount": 1000, "interval": 1},
        pushSettings={"url": "https://example.com/push"},
        commercial=False,
        validity=60,
    )
    assert message.title == "Deneme"
    assert message.period == Period(type=PeriodType.ONCE, amount=1000, interval_minutes=1)
    assert (message.push_url, message.commercial) == ("https://example.com/push", False)
    assert otp(trustDate="2020-12-25 12:00:00").trust_at == datetime(2020, 12, 25, 9, tzinfo=UTC)
