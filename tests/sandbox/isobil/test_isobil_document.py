"""Each operation's request and answer as the document prints them (commas and closing tags mended), in all three dialects.

The document's XML samples have the same names in the same order as its JSON samples, so one table serves for both.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

NO, TEXT = 0, "String"
CREDENTIAL = {"Username": TEXT, "Password": TEXT, "SystemCode": NO}
HEADER = {"ServiceID": NO, "From": TEXT, "ScheduledDeliveryDate": TEXT, "ValidityDate": TEXT}
SIGNED = {"Credential": CREDENTIAL}
MULTI = SIGNED | {"DataCoding": TEXT, "Header": HEADER, "Envelopes": {"Envelope": [{"Message": TEXT, "To": TEXT}]}}
SUBMIT_TCKN = SIGNED | {"Message": TEXT, "DataCoding": TEXT, "Header": HEADER, "To": [TEXT]}

REQUESTS: dict[str, dict[str, Any]] = {
    "GetUserAccount": SIGNED,
    "Submit": SUBMIT_TCKN | {"Groups": [NO]},
    "SubmitMulti": MULTI,
    "GetServices": SIGNED | {"Criterion": {"Process": NO}},
    "GetSenders": SIGNED | {"Criterion": {"ServiceID": NO}},
    "Query": SIGNED | {"Criterion": {"MessageID": NO}},
    "QueryDetail": SIGNED | {"Criterion": {"MessageID": NO, "PacketID": NO}},
    "QueryScheduled": SIGNED | {"Criterion": {"ScheduledMessageID": NO}},
    "QueryMulti": SIGNED
    | {"Criterion": {"BeginDate": TEXT, "EndDate": TEXT, "ServiceID": NO, "Sender": TEXT, "Message": TEXT, "Limit": NO}},
    "Submit_TCKN": SUBMIT_TCKN,
    "SubmitMulti_TCKN": MULTI,
}

STATUS = {"Code": NO, "Description": TEXT}
SUBMITTED = {"MessageID": NO, "Status": STATUS}
PACKET = {
    "PackedID": NO, "Count": NO, "Delivered": NO, "Expired": NO, "Undelivered": NO, "Completed": NO, "UpdateDate": TEXT,
}  # fmt: skip
SUMS = {"SingleCount": NO, "Count": NO, "Delivered": NO, "Undelivered": NO, "Expired": NO, "Scheduled": NO}
FOUND = {
    "MessageID": NO, "Message": TEXT, "Sender": TEXT, "SendDate": TEXT, "Statu": NO, "ServiceID": NO, "Username": TEXT,
}  # fmt: skip
SCHEDULED = {"Process": NO, "ServiceID": NO, "Sender": TEXT, "Message": TEXT, "ScheduledDeliveryDate": TEXT}
USER = {"CompanyName": TEXT, "LastName": TEXT, "Name": TEXT, "Account": TEXT, "Credit": NO}

ANSWERS: dict[str, dict[str, Any]] = {
    "GetUserAccount": {"Status": STATUS, "UserAccount": USER},
    "Submit": SUBMITTED,
    "SubmitMulti": SUBMITTED,
    "GetServices": {"Status": STATUS, "Services": {"Item": [{"ServiceName": TEXT, "ServiceID": NO}], "Count": NO}},
    "GetSenders": {"Status": STATUS, "Senders": {"Item": [{"Sender": TEXT}], "Count": NO}},
    "Query": {"Status": STATUS, "Report": {"Item": [PACKET], "Count": NO}},
    "QueryDetail": {"Status": STATUS, "Report": {"Item": [{"MSISDN": TEXT, "State": NO}]}},
    "QueryScheduled": {"Status": STATUS, "Criterion": SCHEDULED},
    "QueryMulti": {"Status": STATUS, "Report": {"Item": [FOUND | SUMS], "ReportCount": NO} | SUMS},
    "Submit_TCKN": SUBMITTED,
    "SubmitMulti_TCKN": SUBMITTED,
}

VALUES: dict[str, Any] = {
    "Username": "user",
    "Password": "test",
    "SystemCode": 1234,
    "Message": "Merhaba",
    "DataCoding": "Default",
    "ServiceID": 1,
    "From": "BASLIK",
    "ScheduledDeliveryDate": "",
    "ValidityDate": "",
    "To": "5320000001",
    "Groups": 0,
    "Process": 0,
    "MessageID": 7100001,
    "ScheduledMessageID": 7100002,
    "PacketID": 9300001,
    "BeginDate": "",
    "EndDate": "",
    "Sender": "BASLIK",
    "Limit": 1,
}
NATIONAL = VALUES | {"ServiceID": 3, "To": "00000000001"}


def filled(sample: Any, values: dict[str, Any], key: str = "") -> Any:
    """The sample with a value for each String and 0."""
    if isinstance(sample, dict):
        return {name: filled(each, values, name) for name, each in sample.items()}
    if isinstance(sample, list):
        return [filled(each, values, key) for each in sample]
    assert type(values[key]) is type(sample)
    return values[key]


def assert_alike(ours: Any, documented: Any) -> None:
    """Same keys in the same order, same types, dates of the same form."""
    assert type(ours) is type(documented), (ours, documented)
    if isinstance(documented, dict):
        assert list(ours) == list(documented)
        for key, value in documented.items():
            assert_alike(ours[key], value)
            if key.endswith("Date"):
                assert re.fullmatch("20[0-9]{12}", ours[key])
    if isinstance(documented, list):
        assert ours
        for each in ours:
            assert_alike(each, documented[0])


@pytest.mark.parametrize("operation", REQUESTS)
def test_samples(caller, operation):
    caller.send()
    caller.send(ScheduledDeliveryDate=caller.local(hours=1))
    fields = filled(REQUESTS[operation], NATIONAL if operation.endswith("TCKN") else VALUES)
    answer = caller.read(operation, caller.post(operation, fields))
    assert answer["Status"] == {"Code": 100, "Description": "İşlem başarılı."}
    assert_alike(answer, ANSWERS[operation])


def test_user_account(caller):
    account = caller.data("GetUserAccount")["UserAccount"]
    assert (account["Account"], account["Credit"]) == ("Prepaid", 316807)
    caller.option("account_type", "Postpaid")
    assert caller.data("GetUserAccount")["UserAccount"]["Account"] == "Postpaid"


def test_services(caller):
    normal, otp, tckn = ({"ServiceName": name, "ServiceID": id_} for id_, name in enumerate(["Normal", "OTP", "TCKN"], 1))
    assert caller.data("GetServices", Process=0)["Services"] == {"Item": [normal, otp], "Count": 2}
    assert caller.data("GetServices")["Services"]["Count"] == 2
    assert caller.data("GetServices", Process=1)["Services"] == {"Item": [tckn], "Count": 1}


def test_senders(caller):
    senders = {"Item": [{"Sender": "BASLIK"}, {"Sender": "DIGER"}], "Count": 2}
    assert caller.data("GetSenders", ServiceID=3)["Senders"] == senders
    assert caller.code("GetSenders", {"Criterion": {"ServiceID": 0}}) == 107


def test_submit_to_the_document_s_numbers(caller):
    numbers = ["5320000001", "5420000002", "5550000003"]
    message = caller.send(*numbers, text="Önemli <mesaj> & \"diğer\" ]] 'çok'", coding="UCS2")
    assert caller.sent() == [
        {"account": "user", "number": number, "text": "Önemli <mesaj> & \"diğer\" ]] 'çok'", "package_id": str(message)}
        for number in numbers
    ]
    assert caller.states(message) == [1, 1, 1]


PAIRS = [{"Message": "Numara 1 icin mesaj", "To": "5320000001"}, {"Message": "Numara 2 icin mesaj", "To": "5420000002"}]


def test_submit_multi(caller):
    fields = {key: value for key, value in caller.fields().items() if key not in {"Message", "To"}}
    message = caller.ask("SubmitMulti", fields | {"Envelopes": {"Envelope": PAIRS}})["MessageID"]
    assert [(taken["number"], taken["text"]) for taken in caller.sent()] == [(pair["To"], pair["Message"]) for pair in PAIRS]
    assert caller.search(Message="Numara 2", Limit=2) == caller.search(Message="numara 1", Limit=2) == [message]


def test_envelopes_may_be_a_list_as_in_the_explanation(isobil):
    fields = {key: value for key, value in isobil.fields().items() if key not in {"Message", "To"}}
    assert isobil.code("SubmitMulti", fields | {"Envelopes": PAIRS}) == 100


def test_national_ids(caller):
    fields = caller.fields("00000000001", "00000000002", ServiceID=3)
    message = caller.ask("Submit_TCKN", fields)["MessageID"]
    (packet,) = caller.packets(message)
    items = caller.data("QueryDetail", MessageID=message, PacketID=packet["PackedID"])["Report"]["Item"]
    assert items == [{"MSISDN": "00000000001", "State": 1}, {"MSISDN": "00000000002", "State": 1}]
    assert caller.code("Submit_TCKN", caller.fields("00000000001")) == 107
    assert caller.code("Submit", caller.fields("5320000001", ServiceID=3)) == 107
    assert caller.code("Submit_TCKN", caller.fields("5320000001", ServiceID=3)) == 104


def test_submit_otp_of_v5(caller):
    caller.path = caller.path.replace("v2", "v5")
    fields = caller.fields("905320000001", ServiceID=2) | {"MessageType": "BILGILENDIRME", "BlackListControl": "false"}
    answer = caller.ask("SubmitOTP", fields)
    assert answer == {"MessageID": 7100001, "Status": {"Code": 100, "Description": "İşlem başarılı."}}
    assert [taken["number"] for taken in caller.sent()] == ["905320000001"]
    caller.path = caller.path.replace("v5", "v2")
    assert caller.code("SubmitOTP", fields) == 110


def test_query_scheduled(caller):
    date = caller.local(hours=2)
    message = caller.send(ScheduledDeliveryDate=date)
    waiting = {"Process": 1, "ServiceID": 1, "Sender": "BASLIK", "Message": "Merhaba", "ScheduledDeliveryDate": date}
    assert caller.data("QueryScheduled", ScheduledMessageID=message)["Criterion"] == waiting
    caller.advance(2 * 3600 + 1)
    assert caller.data("QueryScheduled", ScheduledMessageID=message)["Criterion"] == waiting | {"Process": 2}
    assert caller.code("QueryScheduled", {"Criterion": {"ScheduledMessageID": caller.send()}}) == 106
