"""The samples of the innomobil document: its requests as printed, its answers by key, type and form.

What the document writes as a choice ("0|1") is one of them here, and its missing and superfluous commas are mended.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.sandbox.caller import REPORTED, calling, local
from tests.sandbox.innomobil_caller import OPTIONS, Innomobil, message, settings

LOGIN = '{"username": "user", "password": "test"}'
SEND = """{
  "username": "user", "password": "test", "sdate": "20140214123000", "vperiod": "48", "gate": 0,
  "message": {"sender": "ALFANUMERİK", "text": "Mesaj metni", "utf8": "1", "gsm": ["905445554433", "905445554434"]}
}"""
REPORT = '{"username": "user", "password": "test", "messageid": "120", "detailed": "1"}'
REPORT_BY_ID = '{"username": "user", "password": "test", "reportid": ["m120k0s0", "m120k0s1"]}'
CREDIT = '{"username": "user", "password": "test", "gate": 0}'
MULTI = """{
  "username": "user", "password": "test", "sdate": "", "vperiod": "48", "gate": 0,
  "message": [
    {"sender": "ALFANUMERIK", "text": "Mesaj metni", "utf8": "0", "gsm": ["905445554433", "905445554434"]},
    {"sender": "ALFANUMERIK", "text": "Mesaj metni", "utf8": "1", "gsm": ["905445554435", "905445554436"]}
  ]
}"""
REPORTS = """{
  "username": "user", "password": "test", "sdate": "1408630278", "fdate": "1408632278", "page": "1", "alfanumerik": "innomobil",
  "tip": 0
}"""


@pytest.fixture(scope="module")
def served():
    with calling("innomobil", Innomobil, OPTIONS) as caller:
        yield caller


@pytest.fixture
def innomobil(served):
    served.control("reset", {})
    return served


def ask(innomobil, operation, body):
    """The answer to a body as it stands in the document."""
    answer = innomobil.http.post(f"/api/v1/{operation}", content=body.encode(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def ok(result):
    return {"status": "ok", "error": "", "result": result}


def test_login(innomobil):
    assert ask(innomobil, "login", LOGIN) == ok("1")


def test_senders(innomobil):
    assert ask(innomobil, "alfanumerik", LOGIN) == ok(["BASLIK", "ALFANUMERİK", "ALFANUMERIK", "innomobil"])


def test_send(innomobil):
    assert ask(innomobil, "sendsms", SEND) == ok({"messageid": "120", "count": "2", "kredi": "316805"})
    assert innomobil.sent() == [("user", number, "Mesaj metni", "120") for number in ("905445554433", "905445554434")]
    assert innomobil.last()["accepted"]


def test_report_with_names_from_the_phone_book(innomobil):
    innomobil.send("905565554433", "905445556677", "905445554433")
    assert ask(innomobil, "report", REPORT) == ok(
        [
            {"gsm": "905565554433", "reportid": "m120k0s0", "status": "1", "adi": "ad", "soyadi": "soyad"},
            {"gsm": "905445556677", "reportid": "m120k0s1", "status": "1", "adi": "kale", "soyadi": "net"},
            {"gsm": "905445554433", "reportid": "m120k0s2", "status": "1"},
        ]
    )


@pytest.mark.parametrize("detailed", [{}, {"detailed": ""}, {"detailed": "0"}, {"detailed": 0}, {"detailed": None}])
def test_names_only_where_asked_for(innomobil, detailed):
    innomobil.send("905565554433")
    assert innomobil.result("report", messageid=120, **detailed) == [{"gsm": "905565554433", "reportid": "m120k0s0", "status": "1"}]


def test_report_by_id_begins_with_gms(innomobil):
    innomobil.send("905565554433", "905445556679")
    innomobil.advance(REPORTED)
    assert ask(innomobil, "reportbyid", REPORT_BY_ID) == ok(
        [
            {"gms": "905565554433", "reportid": "m120k0s0", "status": "3"},
            {"gsm": "905445556679", "reportid": "m120k0s1", "status": "2"},
        ]
    )


def test_credit(innomobil):
    assert ask(innomobil, "kredi", CREDIT) == ok("316807")


def test_multi_send_has_one_messageid_in_a_list_and_credit_as_a_number(innomobil):
    assert ask(innomobil, "multisend", MULTI) == ok({"messageid": ["120"], "count": "4", "kredi": 316803})
    report = innomobil.result("report", messageid="120")
    assert [(entry["gsm"][-2:], entry["reportid"]) for entry in report] == [
        ("33", "m120k0s0"),
        ("34", "m120k0s1"),
        ("35", "m120k1s0"),
        ("36", "m120k1s1"),
    ]


def test_user(innomobil):
    result = ask(innomobil, "bilgi", LOGIN)["result"]
    assert result == {"mail": "test@example.com", "telefon": "0 (555) 000 00 00", "soyad": "user", "ad": "inno"}


def test_reports_go_by_unix_seconds(innomobil):
    first = innomobil.send(sender="innomobil", text="a" * 161)
    innomobil.send(sender="BASLIK")
    innomobil.advance(600)
    second = innomobil.send("905445554431", "905445554439", "905445554438", sender="innomobil", text="ödeme", utf8=1)
    innomobil.advance(REPORTED)
    common = {"sender": "innomobil"}
    assert ask(innomobil, "reports", REPORTS) == ok(
        [
            {"messageid": first, "datetime": "2014-08-21 17:23:20", **common, "text": "a" * 161, "smscount": "2"}
            | {"gsmcount": "1", "statusok": "1", "statuswait": "0", "statusfail": "0"},
            {"messageid": second, "datetime": "2014-08-21 17:33:20", **common, "text": "ödeme", "smscount": "3"}
            | {"gsmcount": "3", "statusok": "1", "statuswait": "1", "statusfail": "1"},
        ]
    )


def test_reports_have_a_line_for_each_message_of_a_multi_send(innomobil):
    innomobil.result("multisend", **settings(), message=[message(text="A"), message(text="B")])
    assert [(line["messageid"], line["text"]) for line in innomobil.result("reports")] == [("120", "A"), ("120", "B")]


def test_reports_are_of_today_unless_told(innomobil):
    innomobil.send()
    assert len(innomobil.result("reports")) == 1
    assert len(innomobil.result("reports", sdate="", fdate=None, page="", alfanumerik="", tip="")) == 1
    innomobil.advance(86400)
    assert innomobil.refusal("reports") == ("ok", "Kayıt bulunamadı.")
    assert len(innomobil.result("reports", sdate=1408631000)) == 1
    assert innomobil.refusal("reports", sdate="1408631001")[0] == "ok"
    assert innomobil.refusal("reports", sdate=0, fdate="1408630999")[0] == "ok"


def test_a_sending_date_among_unix_seconds_is_refused(innomobil):
    status, text = innomobil.refusal("reports", sdate="20140821000000")
    assert status == "error"
    assert "sdate" in text


def test_pages_have_a_size_that_nobody_tells(innomobil):
    innomobil.option("page_size", 2)
    for text in "ABCDE":
        innomobil.send(text=text)
    pages = ["1", 2, "3", "", "x", 0, "-1", None]
    texts = ["".join(line["text"] for line in innomobil.result("reports", page=page)) for page in pages]
    assert texts == ["AB", "CD", "E", "AB", "AB", "AB", "AB", "AB"]
    assert innomobil.refusal("reports", page=4) == ("ok", "Kayıt bulunamadı.")


def test_scheduled_sends_are_listed_apart_by_their_time(innomobil):
    scheduled = innomobil.send(sdate=local("%Y%m%d%H%M%S", hours=1))
    assert innomobil.refusal("reports")[0] == "ok"
    finish = int(datetime(2014, 8, 22, tzinfo=UTC).timestamp())
    (line,) = innomobil.result("reports", tip="1", fdate=str(finish))
    assert (line["messageid"], line["datetime"], line["statuswait"]) == (scheduled, "2014-08-21 18:23:20", "1")


def test_the_samples_are_json():
    for sample in (LOGIN, SEND, REPORT, REPORT_BY_ID, CREDIT, MULTI, REPORTS):
        assert json.loads(sample)["username"] == "user"
