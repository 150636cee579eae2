"""toplusms: what it refuses, what it does to texts, states in time, and faults."""

from __future__ import annotations

import httpx
import pytest

from bridge.errors import SettingsError
from bridge.sandbox import Options, build
from bridge.sandbox.faults import AFTER, FAULTS
from bridge.sandbox.toplusms import ToplusmsOptions
from tests.sandbox.caller import REPORTED, SENT, calling, local
from tests.sandbox.toplusms_caller import FORM_PATH, KEY, NUMBER, OPTIONS, Toplusms, code_of, form, login

DATE = "%Y-%m-%d %H:%M:%S"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
FIELD = b'Content-Disposition: form-data; name="message"\r\n\r\n'


@pytest.fixture(scope="module")
def served():
    with calling("toplusms", Toplusms, OPTIONS) as caller:
        yield caller


@pytest.fixture
def toplusms(served):
    served.control("reset", {})
    return served


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"caption": None}, 2),
        ({"message": None}, 2),
        ({"message": ""}, 2),
        ({"numbers": None}, 2),
        ({"encoding": None}, 2),
        ({"encoding": "TR"}, 2),
        ({"encoding": "utf8"}, 2),
        ({"senddate": "2014-08-21 18:00"}, 2),
        ({"senddate": "2014-8-21 18:00:00"}, 2),
        ({"senddate": "20140821180000"}, 2),
        ({"caption": "baslik"}, 4),
        ({"caption": "KIMSE"}, 4),
        ({"numbers": "905374937766"}, 5),
        ({"numbers": "05374937766"}, 5),
        ({"numbers": "537 493 7766"}, 5),
        ({"numbers": "5374937766;5374937767"}, 5),
        ({"numbers": " , "}, 5),
    ],
)
def test_what_is_refused(toplusms, fields, code):
    assert toplusms.code(**fields) == code
    assert toplusms.sent() == []
    assert not toplusms.last()["accepted"]


def test_credit_is_used_up_by_parts_and_numbers(toplusms):
    toplusms.set_credit(5)
    assert toplusms.send(NUMBER, NUMBER, message="a" * 161) == 112233
    assert toplusms.credit() == "1"
    assert toplusms.code(message="a" * 161) == 6
    toplusms.send()
    assert toplusms.credit() == "0"
    assert toplusms.report(112233)["queue"]["q_total_credit"] == "4"


@pytest.mark.parametrize(
    ("encoding", "text", "parts"),
    [
        ("en", "a" * 160, 1),
        ("en", "a" * 161, 2),
        ("tr", "a" * 155, 1),
        ("tr", "a" * 156, 2),
        ("tr", "ş" * 77, 1),
        ("tr", "ş" * 78, 2),
    ],
)
def test_parts(toplusms, encoding, text, parts):
    sent = toplusms.send(message=text, encoding=encoding)
    assert toplusms.report(sent)["queue"]["q_total_credit"] == str(parts)


@pytest.mark.parametrize(
    ("encoding", "text", "carried"),
    [
        ("en", "Odeme: 5 [TL]\r\n{~}", "Odeme: 5 [TL]\r\n{~}"),
        ("en", "Ödeme şifresi", "?deme ?ifresi"),
        ("en", "`€", "??"),
        ("tr", "ğüşiöçıĞÜŞİÖÇ €", "ğüşiöçıĞÜŞİÖÇ €"),
        ("tr", "Selam 😀 мир", "Selam ? ???"),
    ],
)
def test_what_an_encoding_cannot_carry_is_lost(toplusms, encoding, text, carried):
    sent = toplusms.send(message=text, encoding=encoding)
    assert toplusms.sent()[0][2] == carried
    assert toplusms.report(sent)["queue"]["queue_message"] == carried


@pytest.mark.parametrize("validity", [None, "", "0", "1", "48", "49", "-3", "abc"])
def test_any_validity_is_taken(toplusms, validity):
    assert toplusms.send(validity=validity) == 112233


@pytest.mark.parametrize("separator", [",", "\n", "\r\n", ", ", ",\n"])
def test_numbers_are_separated_by_commas_and_lines(toplusms, separator):
    numbers = ["5374937766", "5374937767", "5374937768"]
    toplusms.form(numbers=separator.join(numbers) + separator)
    assert [taken[1] for taken in toplusms.sent()] == numbers


def test_wrong_numbers_are_refused_where_told_so(toplusms):
    toplusms.option("refuse_invalid_numbers", True)
    assert toplusms.code(numbers=f"{NUMBER},555334455") == 5
    toplusms.send(NUMBER)


def test_states_in_time(toplusms):
    sent = toplusms.send("5374937761", "5374937769", "5374937768")
    seen = [toplusms.statuses(sent)]
    for seconds in (SENT / 2, SENT / 2, REPORTED - SENT, 10 * 86400):
        toplusms.advance(seconds)
        seen.append(toplusms.statuses(sent))
    reported = ("sending", ["delivered", "not_delivered", "waiting"])
    waiting, under_way = ["waiting"] * 3, ("sending", ["sent", "sent", "waiting"])
    assert seen == [("waiting", waiting), ("sending", waiting), under_way, reported, reported]
    queue = toplusms.report(sent)["queue"]
    counters = ("delivered_cnt", "not_delivered_cnt", "waiting_cnt", "sent_cnt", "total_numbers")
    assert [queue[counter] for counter in counters] == ["1", "1", "1", "0", "3"]


def test_dates_of_a_number(toplusms):
    sent = toplusms.send()
    seen = []
    for seconds in (0, SENT, REPORTED - SENT):
        toplusms.advance(seconds)
        number = toplusms.report(sent)["numbers"][0]
        seen.append((number["sent_datetime"], number["updated_datetime"]))
    sent_at, reported_at = local(DATE, seconds=SENT), local(DATE, seconds=REPORTED)
    assert seen == [(None, None), (sent_at, sent_at), (sent_at, reported_at)]


def test_all_final_is_completed(toplusms):
    sent = toplusms.send("5374937761", "5374937769")
    toplusms.advance(REPORTED)
    assert toplusms.statuses(sent) == ("completed", ["delivered", "not_delivered"])


def test_scheduled(toplusms):
    sent = toplusms.send(senddate=local(DATE, hours=2))
    assert toplusms.report(sent)["queue"]["q_send_datetime"] == local(DATE, hours=2)
    toplusms.advance(2 * 3600)
    assert toplusms.statuses(sent) == ("waiting", ["waiting"])
    toplusms.advance(REPORTED)
    assert toplusms.statuses(sent) == ("completed", ["delivered"])
    past = toplusms.send(senddate="2014-08-21 12:00:00")
    toplusms.advance(REPORTED)
    assert toplusms.statuses(past) == ("completed", ["delivered"])


@pytest.mark.parametrize("queue_id", ["112234", "0", "x", "-112233", "9" * 5000])
def test_no_such_queue(toplusms, queue_id):
    toplusms.send()
    assert code_of(toplusms.ask("GET", f"sms/reports/{queue_id}")) == 7


def test_reports_are_the_account_s_own(toplusms):
    sent = toplusms.send()
    other = login("admin", "123123")
    assert code_of(toplusms.ask("GET", f"sms/reports/{sent}", auth=other)) == 7
    profile = toplusms.ask("GET", "user/profileDetails", auth=other)
    assert (profile["balance_credit"], profile["id"]) == ("316807", "1124")
    assert code_of(toplusms.ask("GET", f"sms/reports/{sent}?apikey=", auth=None)) == 3


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "sms/cancel"), ("GET", "sms/send/normal"), ("POST", "sms/send"), ("GET", "sms/reports")]
)
def test_what_is_no_operation_is_http_200_too(toplusms, method, path):
    assert code_of(toplusms.ask(method, path)) == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"caption": "BASLIK"}', {"Content-Type": "application/json"}),
        (b"caption=BASLIK", {}),
        (b"message=%FF", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"message=\xff", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"", MULTIPART),
        (b"caption=BASLIK", MULTIPART),
        (b"--x\r\n" + FIELD + b"Selam\r\n", MULTIPART),
        (b"--x\r\n" + FIELD + b"\xff\r\n--x--\r\n", MULTIPART),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nSelam\r\n--x--\r\n", MULTIPART),
        (b"--x--\r\n", {"Content-Type": "multipart/form-data"}),
    ],
)
def test_bodies_that_are_no_form(toplusms, body, headers):
    assert code_of(toplusms.ask("POST", "sms/send/normal", content=body, headers=headers)) == 2


def test_of_a_field_given_twice_the_last_counts(toplusms):
    body = "caption=KIMSE&caption=BASLIK&encoding=tr&message=Selam+%C5%9F&numbers=" + NUMBER
    headers = {"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}
    assert toplusms.ask("POST", "sms/send/normal", content=body, headers=headers)["queueId"] == 112233
    assert toplusms.sent()[0][2] == "Selam ş"


@pytest.mark.parametrize(
    ("code", "number", "text"),
    [
        ("credit", 6, "Yetersiz kredi."),
        ("6", 6, "Yetersiz kredi."),
        ("42", 42, "Bilinmeyen hata."),
        ("Bakım var.", 99, "Bakım var."),
    ],
)
def test_any_error_on_demand(toplusms, code, number, text):
    toplusms.control("faults", {"fault": "refuse", "code": code, "path": FORM_PATH})
    assert toplusms.form() == {"status": "error", "errorMessage": text, "errorCode": number}
    assert toplusms.sent() == []
    toplusms.send()


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in {"refuse", "answer", "slow"}])
def test_every_fault_before_and_after_the_send(toplusms, fault):
    toplusms.control("faults", {"fault": fault})
    try:
        answer = toplusms.http.post(FORM_PATH, data=form(), auth=login(), timeout=0.5)
        assert b"queueId" not in answer.content
    except httpx.TransportError:
        assert fault.removesuffix(AFTER) in {"reset", "timeout", "truncated"}
    after = fault.endswith(AFTER)
    assert (len(toplusms.sent()), toplusms.last()["accepted"]) == (after, after)
    assert toplusms.send() == 112233 + after


def test_error_codes_of_one_s_own():
    options = ToplusmsOptions(error_codes={"caption": 21}, api_keys={"user": "k", "gone": "g"})
    with calling("toplusms", Toplusms, options) as toplusms:
        assert [toplusms.code(caption="KIMSE"), toplusms.code(caption="")] == [21, 2]
        assert code_of(toplusms.ask("GET", "user/profileDetails?apikey=g", auth=None)) == 3
        assert toplusms.ask("GET", "user/profileDetails?apikey=k", auth=None)["api_key"] == "k"


def test_wrong_options():
    with pytest.raises(SettingsError, match="there is no 'kredi'"):
        ToplusmsOptions(error_codes={"kredi": 1})


def test_common_options_serve():
    options = build("toplusms", options=Options(accounts={"admin": "123456"})).simulator.options
    assert (options.first_id, options.api_keys, options.refuse_invalid_numbers) == (112233, {"user": KEY}, False)
