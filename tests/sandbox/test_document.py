"""The requests and answers of Node API v1.8.3. SOAP samples give the values of JSON fields that have no sample of their own."""

from __future__ import annotations

import re

import pytest

PERIODIC = {"periodType": 0, "amount": 1000, "interval": 1}

OTP = {
    "content": "Test mesaji içeriğidir, dikkate almayınız. > & abc",
    "number": 905511034554,
    "encoding": 1,
    "sender": "BASLIK",
    "pushSettings": None,
    "trustDate": "2020-12-25 12:00:00",
}
SINGLE = {
    "type": 1,
    "sendingType": 0,
    "title": "Test message",
    "content": "Test mesaji içeriğidir, dikkate almayınız. > & abc",
    "number": "905511034554",
    "encoding": 1,
    "sender": "BASLIK",
    "periodicSettings": "",
    "sendingDate": "",
    "validity": 60,
    "pushSettings": "",
    "commercial": None,
}
MANY = SINGLE | {
    "sendingType": 1,
    "number": None,
    "numbers": [905511034554, 905433404971],
    "periodicSettings": PERIODIC,
    "pushSettings": {"url": "https://webhook.site/d1417d5d-c123-4e85-bdde-8b5201463be2"},
}
EACH = MANY | {
    "sendingType": 2,
    "numbers": [{"nr": 905511034554, "msg": "A kişisine özel mesaj."}, {"nr": "905433404971", "msg": "B kişisine özel mesaj."}],
}

# The document's answers, as printed there (`isScheculed` is its slip; clients read `isScheduled`).
PACKAGE = {
    "id": 1001,
    "customID": None,
    "type": 1,
    "uuid": "1b09b8c5-ae80-42af-8779-21a61afd5da1",
    "error": None,
    "state": 6,
    "title": "xxx tarihli gonderim",
    "content": "Test mesajidir, lütfen dikkate almayınız.",
    "senders": ["BASLIK"],
    "encoding": 0,
    "validity": 60,
    "statistics": {"total": 1, "credit": 1, "rCount": 1, "delivered": 1, "undelivered": 0},
    "isScheduled": 0,
    "sendingDate": "2021-05-04T01:38:20",
}
ITEM = {
    "id": "12345678910",
    "msg": None,
    "error": None,
    "credit": 1,
    "state": 3,
    "sender": "BASLIK",
    "target": "905511034554",
    "setState": 4,
    "sendingDate": "2021-05-04T01:38:20",
    "deliveryDate": "2021-05-04T01:38:26",
    "processingDate": "2021-05-04T01:38:22.25607",
}
SENDER = {"uuid": "1b09b8c5-ae80-42af-8779-21a61afd5da1", "status": 1, "title": "TEST"}
SUMMARY = {"total": 123, "delivered": 89, "undelivered": 21, "pending": 22, "rCount": 123, "credit": 123}
INQUIRY = {
    "userUUID": "3b05cbbb-bcc4-470c-a4c2-3ea8900dd088",
    "username": "testuser",
    "sender": "TEST",
    "encoding": 0,
    "validity": 60,
    "sendingDate": "2024-05-04T01:38:20",
    "pkgID": 6231234,
    "pkgType": 1,
    "state": 3,
    "msg": "Test mesajidir.",
    "operator": 3,
    "deliveryDate": "2024-05-04T01:38:24",
}

SHAPES = {
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "sendingDate": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "deliveryDate": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "processingDate": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?",
}


def assert_alike(ours, documented):
    """Same keys in the same order, same types, dates and uuids of the same form."""
    assert type(ours) is type(documented)
    if isinstance(documented, dict):
        assert list(ours) == list(documented)
        for key, value in documented.items():
            assert_alike(ours[key], value)
            if key in SHAPES:
                assert re.fullmatch(SHAPES[key], ours[key])
    if isinstance(documented, list):
        assert_alike(ours[0], documented[0])


def test_otp(node):
    body = OTP | {"trustDate": node.local(days=-1) + ":00"}
    assert node.post("/sms/create-otp", body) == {"err": None, "data": {"pkgID": 222962}}
    package = node.package(222962)
    assert (package["type"], package["validity"], package["content"]) == (0, 6, OTP["content"])


@pytest.mark.parametrize("body", [SINGLE, MANY, EACH], ids=["single", "1-N", "N-N"])
def test_sms(node, body):
    assert node.post("/sms/create", body) == {"err": None, "data": {"pkgID": 222962}}
    node.advance(301)
    package = node.package(222962)
    assert (package["state"], package["encoding"], package["title"]) == (6, 1, "Test message")


def test_each_number_gets_its_own_text(node):
    node.post("/sms/create", EACH)
    assert [item["msg"] for item in node.items(222962)] == ["A kişisine özel mesaj.", "B kişisine özel mesaj."]
    assert [taken["text"] for taken in node.control("sent")["sent"]] == ["A kişisine özel mesaj.", "B kişisine özel mesaj."]


def test_list_answers_as_documented(node):
    node.send()
    node.advance(301)
    data = node.data("/sms/list")
    assert list(data) == ["stats", "list"]
    assert data["stats"] == {"totalRecord": 1}
    package = data["list"][0]
    assert set(package["processInfo"]) == {"create", "update"}
    assert_alike({key: value for key, value in package.items() if key != "processInfo"}, PACKAGE)


def test_list_item_answers_as_documented(node):
    package = node.send()
    node.advance(301)
    data = node.data("/sms/list-item", {"pkgID": package})
    assert data["stats"] == {"totalRecord": 1}
    assert_alike(data["list"][0], ITEM)
    assert data["list"][0]["id"] == "12345678910"


def test_list_sender_answers_as_documented(node):
    data = node.data("/sms/list-sender")
    assert data["stats"] == {"totalRecord": 3}
    assert_alike(data["list"][0], SENDER)
    assert [(sender["title"], sender["status"]) for sender in data["list"]] == [("BASLIK", 1), ("BEKLEYEN", 0), ("REDDEDILEN", 2)]


def test_summary_and_inquiry_answer_as_documented(node):
    node.send("905511034554", "905433404979")
    node.advance(301)
    summary = node.data("/sms/summary")
    assert_alike(summary, SUMMARY)
    assert summary == {"total": 2, "delivered": 1, "undelivered": 1, "pending": 0, "rCount": 2, "credit": 2}
    data = node.data("/sms/inquiry-number", {"gsm": "905511034554"})
    assert data["stats"] == {"totalRecord": 1}
    assert_alike(data["list"][0], INQUIRY)


def test_credit_answers_as_documented(node):
    assert node.post("/user/credit") == {"err": None, "data": {"credit": 316807}}


def test_cancel_answers_as_documented(node):
    package = node.send()
    assert node.post("/sms/cancel", {"id": package}) == {"err": None, "data": {"status": 1}}


@pytest.mark.parametrize(
    "request_of",
    [
        lambda http: http.get("/user/credit"),
        lambda http: http.post("/user/credit"),
        lambda http: http.post("/user/credit", json={}),
        lambda http: http.request("GET", "/user/credit", json={}),
    ],
    ids=["GET", "POST empty", "POST {}", "GET with a body"],
)
def test_credit_by_any_method(node, request_of):
    assert request_of(node.http).json()["data"] == {"credit": 316807}


def test_a_query_string_is_as_good_as_a_body(node):
    first, second = node.send(customID="a.1"), node.send()
    for query in (f"ids={first}&ids={second}", f"ids={first},{second}", f"ids[]={first}&ids[]={second}&keyword=&pageSize=10"):
        listed = node.http.get(f"/sms/list?{query}").json()["data"]["list"]
        assert [package["id"] for package in listed] == [second, first]
    assert node.http.get("/sms/list-item?customID=a.1").json()["data"]["stats"] == {"totalRecord": 1}
    assert node.http.get(f"/sms/cancel?id={second}").json()["data"] == {"status": 1}


def test_fields_beyond_the_document_are_tolerated(node):
    more = {"skipAhsQuery": True, "recipientType": 1, "gateway": "66f5ac1e-0000-4000-8000-000000000000"}
    numbers = [{"nr": 905511034554, "msg": "A", "xid": "x-1"}]
    node.data("/sms/create", node.sms(sendingType=2, numbers=numbers, **more))
    fields = {"customFields": ["AD"], "numbers": [{"nr": 905511034554, "cfs": {"AD": "Ayşe"}}]}
    node.data("/sms/create", node.sms(sendingType=1, content="Merhaba AD", **fields))
    assert [taken["text"] for taken in node.control("sent")["sent"]] == ["A", "Merhaba Ayşe"]
