"""The samples of the toplusms document: requests as its PHP makes them, answers by key, type and order."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.sandbox.caller import REPORTED, calling, local
from tests.sandbox.toplusms_caller import KEY, OPTIONS, Toplusms, code_of, form, login

POSTED = {
    "caption": "TOPLUSMS.TC",
    "validity": "2",
    "message": "Örnek mesaj denemesidir.",
    "senddate": local("%Y-%m-%d %H:%M:%S"),
    "numbers": "5551112233,5552223344,555334455",
    "encoding": "tr",
}
NOT_PROVEN = {"status": "error", "errorMessage": "Kullanıcı doğrulanamadı.", "errorCode": 3}
QUEUE = {
    "queue_id": "112233",
    "queue_user_id": "1122",
    "queue_status": "completed",
    "queue_message": "Bu örnek bir mesajdır.",
    "q_send_datetime": "2017-07-21 00:13:51",
    "q_total_credit": "2",
    "delivered_cnt": "2",
    "not_delivered_cnt": "0",
    "waiting_cnt": "0",
    "sent_cnt": "0",
    "total_numbers": "2",
    "st_title": "DEMO",
}
PROFILE = (
    "status id user_type username register_datetime active firstname lastname birthyear tc_identity_no company_name tax_office "
    "tax_no company_phone company_address email cellphone invoice_address balance_money balance_credit"
)
PROFILE_BY_KEY = (
    "status id top_id user_type username register_datetime active firstname lastname birthyear tc_identity_no province district "
    "company_name tax_office tax_no company_phone company_address email cellphone invoice_address api_key credit_type "
    "money_per_credit balance_credit affiliate_parent_id balance_money"
)


@pytest.fixture(scope="module")
def served():
    with calling("toplusms", Toplusms, OPTIONS) as caller:
        yield caller


@pytest.fixture
def toplusms(served):
    served.control("reset", {})
    return served


def as_multipart(fields):
    """What curl makes of an array: no file name, no content type."""
    return {"files": {name: (None, value) for name, value in fields.items()}}


@pytest.mark.parametrize("body", [as_multipart(POSTED), {"data": POSTED}], ids=["multipart", "urlencoded"])
def test_send(toplusms, body):
    """The sample's third number has nine digits: it is left out."""
    assert toplusms.ask("POST", "sms/send/normal", **body) == {"status": "success", "queueId": 112233}
    assert toplusms.sent() == [
        ("user", "5551112233", "Örnek mesaj denemesidir.", "112233"),
        ("user", "5552223344", "Örnek mesaj denemesidir.", "112233"),
    ]
    assert toplusms.last()["accepted"]
    assert toplusms.credit() == "316805"


def test_curl_s_own_multipart(toplusms):
    fields = form(message="Satır 1\r\nSatır 2\n--X\rson ", encoding="tr").items()
    boundary = "------------------------d74496d66958873e"
    parts = (f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields)
    answer = toplusms.ask(
        "POST",
        "sms/send/normal",
        content=("".join(parts) + f"--{boundary}--\r\n").encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert answer["queueId"] == 112233
    assert toplusms.sent()[0][2] == "Satır 1\r\nSatır 2\n--X\rson "


def test_report(toplusms):
    sent = toplusms.send("5374937766", "5538356060", caption="DEMO", message="Bu örnek bir mesajdır.", encoding="tr")
    toplusms.advance(REPORTED)
    report = toplusms.report(sent)
    assert list(report) == ["status", "queue", "numbers"]
    assert list(report["queue"]) == list(QUEUE)
    assert report["queue"] == QUEUE | {"q_send_datetime": "2014-08-21 17:23:20"}
    number = {"status": "delivered", "sent_datetime": "2014-08-21 17:25:00", "updated_datetime": "2014-08-21 17:28:20"}
    assert report["numbers"] == [{"number": "5374937766"} | number, {"number": "5538356060"} | number]
    assert list(report["numbers"][0]) == ["number", "status", "sent_datetime", "updated_datetime"]
    assert toplusms.ask("GET", f"sms/reports/{sent}?apikey={KEY}", auth=None) == report


@pytest.mark.parametrize(
    ("auth", "query", "keys"), [(True, "", PROFILE), (None, f"?apikey={KEY}", PROFILE_BY_KEY)], ids=["Basic", "apikey"]
)
def test_profile(toplusms, auth, query, keys):
    profile = toplusms.ask("GET", f"user/profileDetails{query}", auth=auth)
    assert list(profile) == keys.split()
    assert all(isinstance(value, str) for value in profile.values())
    shown = [profile[key] for key in ("status", "username", "balance_credit", "balance_money")]
    assert shown == ["success", "user", "316807", "0"]
    assert profile.get("api_key", KEY) == KEY
    assert re.fullmatch(r"\d{4}(-\d\d){2} \d\d(:\d\d){2}", profile["register_datetime"])


def test_url_form(toplusms):
    """Any spelling of numbers, and an answer without a status."""
    query = {"encoding": "tr", "title": "DEMO", "numbers": "537 493 7766,0(555)111 22 33, 535 121 23 23,+90 535 1212324"}
    answer = toplusms.ask("GET", "sms/send", auth=None, params={"apikey": KEY, **query, "message": "Örnek mesaj içeriğidir."})
    assert answer == {"queueId": 112233}
    assert [taken[1] for taken in toplusms.sent()] == ["5374937766", "5551112233", "5351212323", "5351212324"]
    assert {taken[2] for taken in toplusms.sent()} == {"Örnek mesaj içeriğidir."}


def test_the_url_form_knows_no_caption_and_no_schedule(toplusms):
    query = f"apikey={KEY}&encoding=en&numbers=5374937766&message=Selam"
    assert code_of(toplusms.ask("GET", f"sms/send?{query}&caption=DEMO", auth=None)) == 2
    sent = toplusms.ask("GET", f"sms/send?{query}&title=DEMO&senddate=2030-01-01%2000:00:00&validity=1", auth=None)
    toplusms.advance(REPORTED)
    assert toplusms.statuses(sent["queueId"]) == ("completed", ["delivered"])


def test_the_header_that_the_document_describes(toplusms):
    auth = login("5551112233", "aabbcc112233")
    assert toplusms.ask("GET", "user/profileDetails", auth=auth)["username"] == "5551112233"


def test_the_header_that_the_document_shows_is_of_another_user(toplusms):
    header = {"Authorization": "Basic YWRtaW46NDI5N2Y0NGIxMzk1NTIzNTI0NWIyNDk3Mzk5ZDdhOTM="}
    assert toplusms.ask("GET", "user/profileDetails", auth=None, headers=header)["username"] == "admin"


@pytest.mark.parametrize(
    "auth",
    [None, login(password="wrong"), login(username="nobody"), httpx.BasicAuth("user", "test"), httpx.BasicAuth("user", "")],
    ids=["none", "password", "user", "password without md5", "no password"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "sms/send/normal"), ("GET", "sms/send"), ("GET", "sms/reports/112233"), ("GET", "user/profileDetails")],
)
def test_a_wrong_login_is_http_200_and_code_3(toplusms, method, path, auth):
    assert toplusms.ask(method, path, auth=auth) == NOT_PROVEN
    assert not toplusms.last()["accepted"]


def test_a_wrong_apikey(toplusms):
    for query in ("apikey=wrong", "apikey="):
        assert toplusms.ask("GET", f"user/profileDetails?{query}") == NOT_PROVEN
    assert toplusms.ask("POST", f"sms/send/normal?apikey={KEY}", auth=None, data=form()) == NOT_PROVEN


def test_the_apikey_for_the_form_where_told_so(toplusms):
    toplusms.option("apikey_for_form", True)
    assert toplusms.ask("POST", f"sms/send/normal?apikey={KEY}", auth=None, data=form())["queueId"] == 112233
