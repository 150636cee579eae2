"""innomobil: what it refuses and how, its options, states in time, and faults."""

from __future__ import annotations

import json

import httpx
import pytest

from bridge.errors import SettingsError
from bridge.sandbox import Options, build
from bridge.sandbox.faults import AFTER, FAULTS
from bridge.sandbox.innomobil import InnomobilOptions
from tests.sandbox.caller import REPORTED, SENT, calling, local
from tests.sandbox.innomobil_caller import LOGIN, NUMBER, OPTIONS, Innomobil, message, settings

TCKN = "10000000146"
OPERATIONS = ("login", "alfanumerik", "sendsms", "report", "reportbyid", "kredi", "multisend", "bilgi", "reports")


@pytest.fixture(scope="module")
def served():
    with calling("innomobil", Innomobil, OPTIONS) as caller:
        yield caller


@pytest.fixture
def innomobil(served):
    served.control("reset", {})
    return served


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("login", [{"password": "wrong"}, {"username": "nobody"}, {"password": ""}])
def test_a_wrong_login_is_status_ok_with_an_empty_result(innomobil, operation, login):
    assert innomobil.refusal(operation, **login) == ("ok", "Kullanıcı adı veya şifre hatalı.")
    assert not innomobil.last()["accepted"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_login_at_all_is_status_error(innomobil, operation):
    assert innomobil.refusal(operation, username=None)[0] == "error"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"username": "user", "password": "test",}'])
def test_a_body_that_is_no_json_object(innomobil, body):
    answer = innomobil.http.post("/api/v1/login", content=body)
    assert answer.json() == {"status": "error", "error": "Geçersiz JSON verisi.", "result": 0}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "login", 405), ("POST", "cancel", 404)])
def test_what_is_no_operation(innomobil, method, path, status):
    answer = innomobil.http.request(method, f"/api/v1/{path}")
    assert (answer.status_code, answer.json()) == (status, {"status": "error", "error": "Geçersiz işlem.", "result": []})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"gate": 2}, "gate"),
        ({"gate": "7"}, "gate"),
        ({"gate": None}, "gate"),
        ({"gate": True}, "gate"),
        ({"vperiod": "0"}, "vperiod"),
        ({"vperiod": 49}, "vperiod"),
        ({"vperiod": "60m"}, "vperiod"),
        ({"sdate": "2014-08-21 18:00:00"}, "sdate"),
        ({"sdate": "1408630278"}, "sdate"),
        ({"sdate": "20140231120000"}, "sdate"),
        ({"sdate": 20140821180000}, "sdate"),
        ({"message": None}, "message"),
        ({"message": [message()]}, "message"),
        ({"message": message(utf8="2")}, "utf8"),
        ({"message": message(utf8=None)}, "utf8"),
        ({"message": message(text="")}, "text"),
        ({"message": message(gsm=[])}, "gsm"),
        ({"message": message(gsm=NUMBER)}, "gsm"),
        ({"message": message(gsm=[int(NUMBER)])}, "gsm"),
    ],
)
def test_a_wrong_parameter_is_status_error(innomobil, fields, named):
    status, text = innomobil.refusal("sendsms", **{**settings(message=message()), **fields})
    assert status == "error"
    assert named in text
    assert innomobil.sent() == []


@pytest.mark.parametrize("fields", [{}, {"vperiod": ""}, {"vperiod": 1}, {"vperiod": "48"}, {"sdate": None}, {"gate": "1"}])
def test_what_may_be_left_out_or_written_otherwise(innomobil, fields):
    assert innomobil.result("sendsms", **{"gate": 0, "message": message(utf8=0), **fields})["count"] == "1"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"sender": "ALFANUMERIK2"}, ("error", "Alfanumerik en fazla 11 karakter olabilir.")),
        ({"sender": "KIMSE"}, ("ok", "Alfanumerik hesabınıza tanımlı değil.")),
        ({"sender": "baslik"}, ("ok", "Alfanumerik hesabınıza tanımlı değil.")),
        ({"gsm": [NUMBER, "5445554433"]}, ("error", "Geçersiz gsm numarası.")),
        ({"gsm": ["+905445554433"]}, ("error", "Geçersiz gsm numarası.")),
        ({"gsm": [TCKN]}, ("error", "Geçersiz gsm numarası.")),
        ({"text": "a" * 613}, ("error", "Mesaj metni en fazla 4 mesaj uzunluğunda olabilir.")),
        ({"text": "ş" * 269, "utf8": "1"}, ("error", "Mesaj metni en fazla 4 mesaj uzunluğunda olabilir.")),
    ],
)
def test_a_wrong_message_is_refused_whole(innomobil, fields, refusal):
    assert innomobil.refusal("sendsms", **settings(message=message(**fields))) == refusal
    assert innomobil.refusal("multisend", **settings(message=[message(), message(**fields)])) == refusal
    assert innomobil.sent() == []
    assert innomobil.result("kredi", gate=0) == "316807"


@pytest.mark.parametrize(
    ("text", "utf8", "parts"),
    [
        ("a" * 160, 0, 1),
        ("a" * 161, 0, 2),
        ("a" * 612, 0, 4),
        ("ş" * 70, 1, 1),
        ("ş" * 71, 1, 2),
        ("ş" * 268, 1, 4),
    ],
)
def test_parts_are_paid_for_each_number(innomobil, text, utf8, parts):
    body = settings(message=message(NUMBER, NUMBER, text=text, utf8=utf8))
    left = 316807 - 2 * parts
    assert innomobil.result("sendsms", **body) == {"messageid": "120", "count": str(2 * parts), "kredi": str(left)}
    assert innomobil.result("kredi", gate=0) == str(left)


def test_turkish_letters_without_utf8_are_taken_as_they_are(innomobil):
    innomobil.send(text="Şişli'de ölçü", utf8=0)
    assert innomobil.sent() == [("user", NUMBER, "Şişli'de ölçü", "120")]
    body = innomobil.control("requests")["requests"][0]["body"]
    assert json.loads(body)["message"]["text"] == "Şişli'de ölçü"


def test_national_ids_at_gate_8(innomobil):
    assert innomobil.result("sendsms", **settings(gate=8, message=message(TCKN)))["messageid"] == "120"
    assert innomobil.refusal("sendsms", **settings(gate=8, message=message("10000000147"))) == ("error", "Geçersiz gsm numarası.")
    assert innomobil.refusal("sendsms", **settings(gate=8, message=message(NUMBER)))[0] == "error"
    innomobil.advance(REPORTED)
    assert innomobil.statuses("120") == ["3"]


def test_wrong_numbers_are_left_out_where_told_so(innomobil):
    innomobil.option("refuse_invalid_numbers", False)
    assert innomobil.result("sendsms", **settings(message=message("12", NUMBER)))["count"] == "1"
    assert [entry["gsm"] for entry in innomobil.result("report", messageid="120")] == [NUMBER]
    assert innomobil.refusal("sendsms", **settings(message=message("12")))[0] == "error"


def test_credit_is_used_up(innomobil):
    innomobil.set_credit(3)
    two = settings(message=[message(), message()])
    assert innomobil.result("multisend", **two)["kredi"] == 1
    assert innomobil.refusal("multisend", **two) == ("ok", "Yetersiz kredi.")
    assert innomobil.send() == "121"
    assert innomobil.result("kredi", gate=0) == "0"


def test_postpaid(innomobil):
    innomobil.option("postpaid", True)
    innomobil.set_credit(0)
    assert innomobil.result("kredi", gate="0") == "-1"
    assert innomobil.result("sendsms", **settings(message=message()))["kredi"] == "-1"
    assert innomobil.result("multisend", **settings(message=[message()]))["kredi"] == -1


@pytest.mark.parametrize(("style", "status"), [("error", "error"), ("empty", "ok")])
def test_every_failure_in_one_style(innomobil, style, status):
    innomobil.option("failure_style", style)
    refusals = [
        innomobil.refusal("sendsms"),
        innomobil.refusal("sendsms", **settings(message=message(sender="KIMSE"))),
        innomobil.refusal("kredi", password="wrong"),
        innomobil.refusal("report", messageid="1"),
    ]
    assert {refusal[0] for refusal in refusals} == {status}


def test_numbers_all_as_text_or_all_as_numbers(innomobil):
    single, multi = settings(message=message()), settings(message=[message()])
    innomobil.option("json_types", "strings")
    assert innomobil.result("multisend", **multi) == {"messageid": ["120"], "count": "1", "kredi": "316806"}
    innomobil.option("json_types", "numbers")
    assert innomobil.result("sendsms", **single) == {"messageid": 121, "count": 1, "kredi": 316805}
    assert innomobil.result("multisend", **multi) == {"messageid": [122], "count": 1, "kredi": 316804}
    assert [innomobil.result("login"), innomobil.result("kredi", gate=0)] == [1, 316804]
    assert innomobil.result("report", messageid=121) == [{"gsm": NUMBER, "reportid": "m121k0s0", "status": 1}]
    assert innomobil.result("alfanumerik")[0] == "BASLIK"
    innomobil.option("messageid_form", "text")
    assert innomobil.result("multisend", **multi)["messageid"] == 123
    innomobil.option("messageid_form", "list")
    assert innomobil.result("sendsms", **single)["messageid"] == [124]


def test_states_in_time(innomobil):
    sent = innomobil.send("905445554431", "905445554439", "905445554438")
    seen = [innomobil.statuses(sent)]
    for seconds in (SENT, REPORTED - SENT - 1, 1, 10 * 86400):
        innomobil.advance(seconds)
        seen.append(innomobil.statuses(sent))
    assert seen == [["1", "1", "1"]] * 3 + [["3", "2", "1"]] * 2


def test_scheduled(innomobil):
    sent = innomobil.send(sdate=local("%Y%m%d%H%M%S", hours=2))
    innomobil.advance(2 * 3600 + REPORTED - 1)
    assert innomobil.statuses(sent) == ["1"]
    innomobil.advance(1)
    assert innomobil.statuses(sent) == ["3"]
    past = innomobil.send(sdate="20140821170000")
    innomobil.advance(REPORTED)
    assert innomobil.statuses(past) == ["3"]


def test_reports_are_the_account_s_own(innomobil):
    sent = innomobil.send()
    other = {"username": "other", "password": "secret"}
    assert innomobil.refusal("report", messageid=sent, **other) == ("ok", "Gönderi bulunamadı.")
    assert innomobil.refusal("reportbyid", reportid=["m120k0s0"], **other) == ("ok", "Kayıt bulunamadı.")
    assert innomobil.refusal("reports", **other)[0] == "ok"
    assert innomobil.result("kredi", gate=0, **other) == "316807"
    found = innomobil.result("reportbyid", reportid=["m1", "m120k0s9", "m120k9s0", "m121k0s0", "m120k0s0"])
    assert [entry["reportid"] for entry in found] == ["m120k0s0"]
    assert innomobil.refusal("report", messageid="x")[0] == "error"
    assert innomobil.refusal("reportbyid", reportid="m120k0s0")[0] == "error"


@pytest.mark.parametrize("code", ["credit", "Sistem bakımda."])
def test_any_refusal_on_demand(innomobil, code):
    innomobil.control("faults", {"fault": "refuse", "code": code, "path": "/api/v1/sendsms"})
    body = settings(message=message())
    assert innomobil.refusal("sendsms", **body) == ("ok", "Yetersiz kredi." if code == "credit" else code)
    assert innomobil.sent() == []
    innomobil.send()


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in {"refuse", "answer", "slow"}])
def test_every_fault_before_and_after_the_send(innomobil, fault):
    innomobil.control("faults", {"fault": fault})
    try:
        answer = innomobil.http.post("/api/v1/sendsms", json=LOGIN | settings(message=message()), timeout=0.5)
        assert answer.headers["content-type"] != "application/json" or b"result" not in answer.content
    except httpx.TransportError:
        assert fault.removesuffix(AFTER) in {"reset", "timeout", "truncated"}
    after = fault.endswith(AFTER)
    assert (len(innomobil.sent()), innomobil.last()["accepted"]) == (after, after)
    assert innomobil.send() == ("121" if after else "120")


def test_no_senders_is_an_empty_result():
    with calling("innomobil", Innomobil, InnomobilOptions(senders=())) as innomobil:
        assert innomobil.refusal("alfanumerik") == ("ok", "Kayıt bulunamadı.")


@pytest.mark.parametrize(("name", "value"), [("json_types", "xml"), ("failure_style", ""), ("messageid_form", 1), ("page_size", 0)])
def test_wrong_options(name, value):
    with pytest.raises(SettingsError, match=name):
        InnomobilOptions(**{name: value})


def test_common_options_serve_and_wrong_accounts_are_told():
    simulator = build("innomobil", options=Options(accounts={"admin": "123456"})).simulator
    assert simulator.options.first_id == 120
    assert simulator.options.refuse_invalid_numbers
    with pytest.raises(SettingsError, match="admin"):
        simulator.set_credit("user", 1)
