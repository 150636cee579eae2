"""What is refused, and with which Status."""

from __future__ import annotations

import pytest

from bridge.errors import SettingsError
from bridge.sandbox.isobil import IsobilOptions
from bridge.sandbox.isobil.options import CODES
from bridge.sandbox.isobil.refusal import TEXTS


def test_every_code_has_a_text():
    assert set(TEXTS) == set(CODES)
    assert len(set(CODES.values())) == len(CODES)


@pytest.mark.parametrize(
    "wrong",
    [{"Password": "x"}, {"Username": "nobody"}, {"SystemCode": 1}, {"Username": "other"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_credentials(caller, wrong):
    credential = {"Username": "user", "Password": "test", "SystemCode": 1234} | wrong
    answer = caller.ask("GetUserAccount", {"Credential": credential})
    assert answer == {"Status": {"Code": 101, "Description": "Kullanıcı adı, şifre veya sistem kodu hatalı."}}
    assert caller.ask("Submit", caller.fields() | {"Credential": credential})["MessageID"] == 0


@pytest.mark.parametrize("credential", [None, {}, "x", {"Username": "user", "Password": "test"}])
def test_credentials_that_are_none(isobil, credential):
    assert isobil.code("GetUserAccount", {"Credential": credential}) == 105


def test_json_is_taken_at_its_word(isobil):
    for credential in ({"Password": 1}, {"SystemCode": "1234"}, {"SystemCode": 1234.0}, {"SystemCode": True}):
        whole = {"Username": "user", "Password": "test", "SystemCode": 1234} | credential
        assert isobil.code("GetUserAccount", {"Credential": whole}) == 105
    for numbers in ("5320000001", [5320000001], None):
        assert isobil.code("Submit", isobil.fields() | {"To": numbers}) == 105


def submit(caller, *numbers, **more):
    answer = caller.ask("Submit", caller.fields(*numbers, **more))
    assert answer["MessageID"] == 0
    assert answer["Status"]["Description"]
    assert caller.sent() == []
    return answer["Status"]["Code"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"ServiceID": 9}, 107),
        ({"From": "KIMSE"}, 103),
        ({"From": "baslik"}, 103),
        ({"From": ""}, 103),
        ({"ScheduledDeliveryDate": "2015"}, 109),
        ({"ScheduledDeliveryDate": "20151301000000"}, 109),
        ({"ScheduledDeliveryDate": "2035-10-19 12:30"}, 109),
        ({"ScheduledDeliveryDate": "20151019123028"}, 109),
    ],
)
def test_headers(caller, header, code):
    assert submit(caller, **header) == code


@pytest.mark.parametrize("number", ["", "532000000", "53200000011", "4320000001", "+905320000001", "05320000001", "532 000 0001"])
def test_numbers_that_are_none(caller, number):
    assert submit(caller, number) == 104


def test_numbers_that_are_none_are_left_out(caller):
    message = caller.send("5320000001", "123", "905420000002")
    assert [taken["number"] for taken in caller.sent()] == ["5320000001", "905420000002"]
    assert [packet["Count"] for packet in caller.packets(message)] == [2]


def test_nobody_to_send_to(caller):
    assert caller.code("Submit", caller.fields() | {"To": [], "Groups": [1, 2]}) == 104


@pytest.mark.parametrize(
    ("text", "coding", "code"),
    [
        ("", "Default", 108),
        ("a" * 613, "Default", 108),
        ("€" * 307, "Default", 108),
        ("ş" * 269, "UCS2", 108),
        ("a", "default", 105),
        ("a", "Turkish", 105),
    ],
)
def test_texts(caller, text, coding, code):
    assert submit(caller, text=text, coding=coding) == code


@pytest.mark.parametrize(
    ("text", "coding", "parts"),
    [
        ("a" * 160, "Default", 1),
        ("a" * 161, "Default", 2),
        ("a" * 612, "Default", 4),
        ("€" * 80, "Default", 1),
        ("ş" * 70, "UCS2", 1),
        ("ş" * 71, "UCS2", 2),
        ("ş" * 268, "UCS2", 4),
    ],
)
def test_parts_are_paid_for_each_number(isobil, text, coding, parts):
    isobil.send("5320000001", "5320000002", "nobody", text=text, coding=coding)
    assert isobil.data("GetUserAccount")["UserAccount"]["Credit"] == 316807 - 2 * parts


def test_default_has_no_turkish_letters(caller):
    caller.send(text="Şişli'de ğ, Çüöà {€}")
    assert [taken["text"] for taken in caller.sent()] == ["?i?li'de ?, Çüöà {€}"]


def test_credit(caller):
    caller.control("credit", {"account": "user", "credit": 1})
    assert submit(caller, "5320000001", "5320000002") == 102
    caller.send()
    assert caller.data("GetUserAccount")["UserAccount"]["Credit"] == 0
    other = {"Username": "other", "Password": "secret", "SystemCode": 1234}
    assert caller.ask("GetUserAccount", {"Credential": other})["UserAccount"]["Credit"] == 316807


@pytest.mark.parametrize("field", ["DataCoding", "Header", "Message"])
def test_missing_fields(caller, field):
    answer = caller.ask("Submit", {key: value for key, value in caller.fields().items() if key != field})
    assert answer["Status"]["Code"] == 105
    assert field in answer["Status"]["Description"]


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("SubmitMulti", {"DataCoding": "Default", "Header": {"ServiceID": 1, "From": "BASLIK"}}),
        ("SubmitMulti", {"DataCoding": "Default", "Header": {"ServiceID": 1, "From": "BASLIK"}, "Envelopes": {"Envelope": [{}]}}),
        ("GetSenders", {}),
        ("Query", {"Criterion": {"MessageId": 1}}),
        ("QueryDetail", {"Criterion": {"MessageID": 1, "PackedID": 1}}),
        ("QueryScheduled", {"Criterion": {"MessageID": 1}}),
        ("QueryMulti", {"Criterion": {"Limit": 14}}),
        ("QueryMulti", {"Criterion": {"Limit": -1}}),
    ],
)
def test_fields_that_are_not_there_or_wrong(caller, operation, fields):
    assert caller.code(operation, fields) == 105


def test_what_is_not_there(caller):
    first, second = caller.send(), caller.send()
    packet = caller.packets(second)[0]["PackedID"]
    assert caller.code("Query", {"Criterion": {"MessageID": 1}}) == 106
    assert caller.code("QueryDetail", {"Criterion": {"MessageID": first, "PacketID": packet}}) == 106
    assert caller.code("QueryScheduled", {"Criterion": {"ScheduledMessageID": 1}}) == 106


def test_messages_are_the_account_s_own(isobil):
    message = isobil.send()
    other = {"Credential": {"Username": "other", "Password": "secret", "SystemCode": 1234}}
    assert isobil.code("Query", other | {"Criterion": {"MessageID": message}}) == 106
    assert isobil.ask("QueryMulti", other | {"Criterion": {"Limit": 1}})["Report"]["ReportCount"] == 0


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("credit", (102, "Yetersiz kredi.")),
        ("102", (102, "Yetersiz kredi.")),
        ("987", (987, "987")),
        ("Bakım çalışması", (105, "Bakım çalışması")),
    ],
)
def test_any_code_on_demand(caller, code, status):
    caller.control("faults", {"fault": "refuse", "code": code})
    answer = caller.ask("Submit", caller.fields())
    assert (answer["MessageID"], answer["Status"]) == (0, {"Code": status[0], "Description": status[1]})
    assert caller.sent() == []
    caller.send()


def test_options_that_cannot_be():
    for wrong in ({"packet_size": 0}, {"expired_after_seconds": 1}, {"codes": {"success": 0}}, {"states": {}}):
        with pytest.raises(SettingsError, match=next(iter(wrong))):
            IsobilOptions(**wrong)
