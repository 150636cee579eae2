"""Every error that the document names for these calls, and those that its live servers add."""

from __future__ import annotations

import pytest

BAD = "ERR_BAD_REQUEST"

CREATE = {
    "type beyond the table": ({"type": 3}, BAD),
    "type as text": ({"type": "1"}, BAD),
    "type as bool": ({"type": True}, BAD),
    "no type": ({"type": None}, BAD),
    "sendingType beyond the table": ({"sendingType": 3}, BAD),
    "encoding beyond the table": ({"encoding": 3}, BAD),
    "encoding empty": ({"encoding": ""}, BAD),
    "validity short": ({"validity": 59}, BAD),
    "validity long": ({"validity": 1441}, BAD),
    "validity of an otp": ({"type": 0, "validity": 60}, BAD),
    "title missing": ({"title": None}, BAD),
    "title short": ({"title": "abcd"}, BAD),
    "title long": ({"title": "a" * 51}, BAD),
    "content missing": ({"content": None}, BAD),
    "content empty": ({"content": ""}, BAD),
    "sender missing": ({"sender": None}, BAD),
    "number missing": ({"number": None}, BAD),
    "number a list": ({"number": ["905511034554"]}, BAD),
    "number a bool": ({"number": True}, BAD),
    "commercial as text": ({"commercial": "true"}, BAD),
    "numbers missing": ({"sendingType": 1}, BAD),
    "numbers of objects in 1-N": ({"sendingType": 1, "numbers": [{"nr": 905511034554, "msg": "A"}]}, BAD),
    "plain numbers in N-N": ({"sendingType": 2, "numbers": [905511034554]}, BAD),
    "N-N without msg": ({"sendingType": 2, "numbers": [{"nr": 905511034554}]}, BAD),
    "N-N without nr": ({"sendingType": 2, "numbers": [{"msg": "A"}]}, BAD),
    "N-N without content": ({"sendingType": 2, "numbers": [{"nr": 905511034554, "msg": "A"}], "content": None}, BAD),
    "customID long": ({"customID": "a" * 101}, BAD),
    "customID underscore": ({"customID": "a_b"}, BAD),
    "customID colon": ({"customID": "a:b"}, BAD),
    "customID Turkish": ({"customID": "ş"}, BAD),
    "customID empty": ({"customID": ""}, BAD),
    "customID a number": ({"customID": 1}, BAD),
    "pushSettings without url": ({"pushSettings": {}}, BAD),
    "pushSettings of another scheme": ({"pushSettings": {"url": "ftp://127.0.0.1/"}}, BAD),
    "periodType beyond the table": ({"periodicSettings": {"periodType": 5}}, BAD),
    "periodType missing": ({"periodicSettings": {"interval": 1, "amount": 1000}}, BAD),
    "periodType 0 alone": ({"periodicSettings": {"periodType": 0}}, BAD),
    "interval 0": ({"periodicSettings": {"periodType": 0, "interval": 0, "amount": 1000}}, BAD),
    "amount not of thousands": ({"periodicSettings": {"periodType": 0, "interval": 1, "amount": 1500}}, BAD),
    "amount 0": ({"periodicSettings": {"periodType": 0, "interval": 1, "amount": 0}}, BAD),
    "sendingDate in the past": ({"sendingDate": "2020-12-25 12:00"}, "ERR_INVALID_SMS_SENDING_DATE"),
    "sendingDate no date": ({"sendingDate": "2099-02-30 12:00"}, "ERR_INVALID_SMS_SENDING_DATE"),
    "sendingDate with seconds": ({"sendingDate": "2099-12-25 12:00:00"}, "ERR_INVALID_SMS_SENDING_DATE"),
    "sendingDate with T": ({"sendingDate": "2099-12-25T12:00"}, "ERR_INVALID_SMS_SENDING_DATE"),
    "sendingDate without zeros": ({"sendingDate": "2099-1-5 9:00"}, "ERR_INVALID_SMS_SENDING_DATE"),
    "sender unknown": ({"sender": "KIMSE"}, "ERR_INVALID_SMS_SENDER"),
    "sender waiting": ({"sender": "BEKLEYEN"}, "ERR_INVALID_SMS_SENDER"),
    "sender refused": ({"sender": "REDDEDILEN"}, "ERR_INVALID_SMS_SENDER"),
    "number without country": ({"number": "5511034554"}, "ERR_EMPTY_SMS_PACKAGE"),
    "number with 0": ({"number": "05511034554"}, "ERR_EMPTY_SMS_PACKAGE"),
    "number with +": ({"number": "+905511034554"}, "ERR_EMPTY_SMS_PACKAGE"),
    "number foreign": ({"number": "4915112345678"}, "ERR_EMPTY_SMS_PACKAGE"),
    "number with spaces": ({"number": "90 551 103 4554"}, "ERR_EMPTY_SMS_PACKAGE"),
    "numbers empty": ({"sendingType": 1, "numbers": []}, "ERR_EMPTY_SMS_PACKAGE"),
    "TCKN with a wrong checksum": ({"type": 2, "number": "10000000147"}, "ERR_EMPTY_SMS_PACKAGE"),
    "TCKN with a leading zero": ({"type": 2, "number": "01000000146"}, "ERR_EMPTY_SMS_PACKAGE"),
    "a phone number as TCKN": ({"type": 2}, "ERR_EMPTY_SMS_PACKAGE"),
}


@pytest.mark.parametrize(("fields", "code"), CREATE.values(), ids=CREATE)
def test_create_refuses(node, fields, code):
    answer = node.http.post("/sms/create", json=node.sms(**fields))
    assert answer.status_code == 200
    error = answer.json()["err"]
    assert (error["code"], error["status"]) == (code, 400 if code == BAD else 417)
    assert node.control("sent")["sent"] == []
    assert node.data("/user/credit") == {"credit": 316807}


@pytest.mark.parametrize(
    "fields",
    [
        {"validity": 2},
        {"validity": 7},
        {"trustDate": "2020-12-25 12:00"},
        {"trustDate": "2020-12-25T12:00:00"},
        {"trustDate": ""},
        {"number": None},
        {"content": ""},
    ],
    ids=str,
)
def test_create_otp_refuses(node, fields):
    body = {"number": "905511034554", "sender": "BASLIK", "content": "Kod: 1"} | fields
    assert node.code("/sms/create-otp", body) == BAD


LISTS = {
    "page size below 10": ("/sms/list", {"pageSize": 9}, BAD),
    "page size beyond 1000": ("/sms/list", {"pageSize": 1001}, BAD),
    "page index below 0": ("/sms/list", {"pageIndex": -1}, BAD),
    "filter beyond the table": ("/sms/list", {"status": 8}, BAD),
    "ids as text": ("/sms/list", {"ids": ["1"]}, BAD),
    "one id alone": ("/sms/list", {"ids": 1}, BAD),
    "date of another form": ("/sms/list", {"startDate": "25.12.2020"}, BAD),
    "start after finish": (
        "/sms/list",
        {"startDate": "2020-12-25 12:00", "finishDate": "2020-12-24 12:00"},
        "ERR_INVALID_DATE_RANGE",
    ),
    "too many ids": ("/sms/list", {"ids": list(range(1001))}, "ERR_REQUEST_PARAM_LIMIT"),
    "items of no package": ("/sms/list-item", {}, BAD),
    "items of an unknown package": ("/sms/list-item", {"pkgID": 1}, "ERR_SMS_PKG_NOT_FOUND"),
    "items of an unknown uuid": ("/sms/list-item", {"uuid": "x"}, "ERR_SMS_PKG_NOT_FOUND"),
    "items of an unknown customID": ("/sms/list-item", {"customID": "x"}, "ERR_SMS_PKG_NOT_FOUND"),
    "item state beyond the table": ("/sms/list-item", {"pkgID": 1, "state": 6}, BAD),
    "operator beyond the table": ("/sms/list-item", {"pkgID": 1, "operator": 4}, BAD),
    "sender state beyond the table": ("/sms/list-sender", {"status": 4}, BAD),
    "cancel of nothing": ("/sms/cancel", {}, BAD),
    "cancel by the other call's key": ("/sms/cancel", {"pkgID": 1}, BAD),
    "cancel of an unknown package": ("/sms/cancel", {"id": 1}, "ERR_SMS_PKG_NOT_FOUND"),
    "inquiry of nobody": ("/sms/inquiry-number", {}, BAD),
    "inquiry over four months": (
        "/sms/inquiry-number",
        {"gsm": "905511034554", "startDate": "2024-01-01 00:00", "finishDate": "2024-05-01 00:00"},
        "ERR_INVALID_DATE_RANGE",
    ),
}


@pytest.mark.parametrize(("path", "body", "code"), LISTS.values(), ids=LISTS)
def test_queries_refuse(node, path, body, code):
    assert node.code(path, body) == code


def test_too_many_recipients(node):
    node.option("max_recipients", 2)
    three = [905511034554, 905511034555, 905511034556]
    assert node.code("/sms/create", node.sms(sendingType=1, numbers=three)) == "ERR_REQUEST_PARAM_LIMIT"
    node.data("/sms/create", node.sms(sendingType=1, numbers=three[:2]))


def test_credit_is_used_up_by_parts_and_recipients(node):
    node.control("credit", {"account": "user", "credit": 5})
    long = {"content": "a" * 161, "encoding": 0}
    node.send("905511034554", "905511034555", **long)
    assert node.data("/user/credit") == {"credit": 1}
    assert node.code("/sms/create", node.sms(**long)) == "ERR_USER_CREDIT_REQUIRED"
    node.send(encoding=0)
    assert node.data("/user/credit") == {"credit": 0}
    assert node.code("/sms/create-otp", {"number": 905511034554, "sender": "BASLIK", "content": "1"}) == "ERR_USER_CREDIT_REQUIRED"


def test_custom_id_is_taken_once(node):
    node.send(customID="a-1.B")
    assert node.code("/sms/create", node.sms(customID="a-1.B")) == "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"
    node.send(customID="a-1.b")
    assert node.data("/sms/list", {"customIDs": ["a-1.B"]})["stats"] == {"totalRecord": 1}


def test_a_refused_send_leaves_its_custom_id_free(node):
    node.control("credit", {"account": "user", "credit": 0})
    assert node.code("/sms/create", node.sms(customID="a")) == "ERR_USER_CREDIT_REQUIRED"
    node.control("credit", {"account": "user", "credit": 1})
    node.send(customID="a")


def test_repeats_within_half_an_hour_are_refused_where_told_so(node):
    node.send()
    node.send()
    node.option("refuse_duplicates", True)
    assert node.code("/sms/create", node.sms()) == "ERR_SMS_PKG_DUPLICATION"
    node.send(content="Another text")
    node.advance(30 * 60 + 1)
    node.send()


@pytest.mark.parametrize(
    ("auth", "status"),
    [(("user", "wrong"), 403), (("nobody", "test"), 403), (("user", ""), 403), (None, 401)],
    ids=["wrong password", "unknown user", "no password", "no header"],
)
def test_login(node, auth, status):
    answer = node.http.post("/user/credit", auth=auth)
    assert answer.status_code == status
    body = answer.json()
    assert body["data"] is None
    assert (body["err"]["status"], body["err"]["code"]) == (401, "ERR_UNAUTHORIZED_REQUEST")
    assert body["err"]["message"]
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("header", ["Bearer x", "Basic", "Basic !!", "Basic /w=="])
def test_login_of_another_kind(node, header):
    assert node.http.post("/user/credit", headers={"authorization": header}, auth=None).status_code == 403


def test_the_second_form_has_a_http_status_and_none_in_the_body(node):
    node.option("http_status_form", True)
    answer = node.http.post("/sms/create", json=node.sms(sender="KIMSE"))
    assert answer.status_code == 417
    assert set(answer.json()["err"]) == {"code", "message"}
    assert node.http.post("/sms/create", json={}).status_code == 400
    assert node.http.post("/user/credit").json() == {"err": None, "data": {"credit": 316807}}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"a"', b"\xff", b'{"keyword": "\\ud800"}', b'{"pageIndex": NaN}'])
def test_bodies_that_are_no_json_object(node, body):
    answer = node.http.post("/sms/create", content=body, headers={"content-type": "application/json"})
    assert answer.json()["err"]["code"] == BAD


def test_a_body_must_say_that_it_is_json(node):
    answer = node.http.post("/sms/list", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.json()["err"]["code"] == BAD


@pytest.mark.parametrize(("method", "path"), [("GET", "/sms/create"), ("PUT", "/sms/list"), ("POST", "/x")])
def test_what_is_not_there(node, method, path):
    answer = node.http.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["err"]["code"] == "ERR_NOT_FOUND"


@pytest.mark.parametrize(
    ("code", "http", "status"),
    [
        ("ERR_SYSTEM_MAINTENANCE", 200, 417),
        ("ERR_SMS_SENDING_TIME_LIMIT", 200, 417),
        ("ERR_MULTI_REQUEST_NOT_PERMITTED", 200, 417),
        ("ERR_USER_IYS_SETTINGS_NOT_FOUND", 200, 417),
        ("ERR_PARENT_USER_CREDIT_REQUIRED", 200, 417),
        ("ERR_USER_NOT_FOUND", 200, 417),
        ("ERR_DAILY_REQUEST_LIMIT", 200, 417),
        ("ERR_INVALID_PARAM", 200, 400),
        ("ERR_USER_NOT_AUTHORIZED", 401, 401),
        ("ERR_INTERNAL_SERVER", 500, 500),
    ],
)
def test_any_code_on_demand(node, code, http, status):
    node.control("faults", {"fault": "refuse", "code": code})
    answer = node.http.post("/sms/create", json=node.sms())
    assert answer.status_code == http
    error = answer.json()["err"]
    assert (error["code"], error["status"], answer.json()["data"]) == (code, status, None)
    assert error["message"]
    assert node.control("sent")["sent"] == []
    node.send()
