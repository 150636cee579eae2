"""toplusms REST API v1: what it must receive and how its answers are read, with user and password or with an apikey.

The document's own examples stand here as they are printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson

from bridge.domain.message import Encoding, Message
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.sandbox.toplusms import ToplusmsOptions
from bridge.vendors.contract import ItemReport
from tests.vendors.contract import PASSWORD, SENDER, UNKNOWN, USERNAME, Cases, Exchanged, Refused, Step
from tests.vendors.messages import message, otp

# the document's header is of this user and the password 123123, whatever it says of them
BASIC = {"username": "admin", "password": "123123"}
BASIC_HEADER = {"authorization": "Basic YWRtaW46NDI5N2Y0NGIxMzk1NTIzNTI0NWIyNDk3Mzk5ZDdhOTM="}
FORM_HEADERS = {"content-type": "application/x-www-form-urlencoded", **BASIC_HEADER}
APIKEY = {"apikey": "mysecretapikey"}
NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


def ok(**fields: Any) -> tuple[int, bytes]:
    return 200, orjson.dumps({"status": "success", **fields})


def failed(text: Any, code: Any = 99) -> tuple[int, bytes]:
    return 200, orjson.dumps({"status": "error", "errorMessage": text, "errorCode": code})


TOOK_IT = ok(queueId=112233)


# the form


FORM = {
    "caption": "BASLIK",
    "validity": "24",
    "message": "Mesaj metni",
    "senddate": "",
    "numbers": "5445554433",
    "encoding": "en",
}


def form(**changes: str) -> dict[str, str]:
    return FORM | changes


def sends(
    name: str,
    given: Message,
    fields: Mapping[str, str],
    *,
    answer: tuple[int, bytes] = TOOK_IT,
    gives: Any = 112233,
    own: Mapping[str, Any] = NO_SETTINGS,
) -> Exchanged:
    step = Step("sms/send/normal", fields, answer, headers=FORM_HEADERS)
    return Exchanged(
        name=name,
        ask=lambda vendor, login: vendor.send(given, login),
        steps=[step],
        gives=gives,
        credentials=BASIC,
        settings=own,
    )


def lasting(minutes: int, hours: int) -> Exchanged:
    return sends(f"valid for {minutes} minutes", message(validity_minutes=minutes), form(validity=str(hours)))


def written(name: str, text: str, encoding: Encoding, sent: str, coded: str) -> Exchanged:
    return sends(f"{name}, encoding {encoding.value}", message(text=text, encoding=encoding), form(message=sent, encoding=coded))


SENDS = (
    sends(
        "the document's sample",
        message(
            sender="TOPLUSMS.TC",
            text="Örnek mesaj denemesidir.",
            encoding=Encoding.TURKISH,
            numbers=("905551112233", "905552223344"),
            validity_minutes=120,
        ),
        form(
            caption="TOPLUSMS.TC", validity="2", message="Örnek mesaj denemesidir.", numbers="5551112233,5552223344", encoding="tr"
        ),
    ),
    lasting(60, 1),
    lasting(61, 2),
    lasting(1440, 24),
    lasting(50 * 60, 48),
    written("Turkish", "Ağaç ŞİĞ", Encoding.ASCII, "Agac SIG", "en"),
    written("Turkish", "Ağaç ŞİĞ", Encoding.TURKISH, "Ağaç ŞİĞ", "tr"),
    written("Turkish", "Ağaç ŞİĞ", Encoding.UTF8, "Ağaç ŞİĞ", "tr"),
    written("English", "Agac [x]", Encoding.TURKISH, "Agac [x]", "en"),
    written("euro", "5 €", Encoding.ASCII, "5 €", "tr"),
    written("what a form escapes", "a+b & c=d; 100%\r\n<e>", Encoding.ASCII, "a+b & c=d; 100%\r\n<e>", "en"),
    sends("otp", otp(), form(message="Kodunuz: 123456", validity="1")),
    sends("one text of its own", message(text=None, texts=("Mesaj metni",)), form()),
    sends("a Turkish number that is no mobile", message(numbers=("902121234567",)), form(numbers="2121234567")),
    sends("invalid numbers are left out", message(invalid_numbers=("12",)), form()),
)

# answers to a send


def answers(name: str, answer: tuple[int, bytes], gives: Any, own: Mapping[str, Any] = NO_SETTINGS) -> Exchanged:
    return sends(f"answer: {name}", message(), form(), answer=answer, gives=gives, own=own)


def refuses(text: str, code: str, status: int) -> Exchanged:
    return answers(repr(text), failed(text), Refused(code, status, text))


CREATING_FAILED, UNAUTHORIZED = "ERR_SMS_PKG_CREATING_FAILED", "ERR_UNAUTHORIZED_REQUEST"
DOCUMENT_ERROR = failed("Kullanıcı doğrulanamadı.", 3)
SEND_ANSWERS = (
    answers("queueId as text", ok(queueId="112233"), 112233),
    answers("no status", (200, b'{"queueId": 112233}'), 112233),
    answers("another status", (200, b'{"status": "queued", "queueId": 112233}'), 112233),
    answers("a byte order mark", (200, b"\xef\xbb\xbf" + TOOK_IT[1]), 112233),
    answers("the document's error", DOCUMENT_ERROR, Refused(UNAUTHORIZED, 401, "Kullanıcı doğrulanamadı.")),
    answers("its number as text, in other words", failed("Hata", "3"), Refused(UNAUTHORIZED, 401, "Hata")),
    answers("error in capitals", (200, b'{"status": "ERROR"}'), Refused(CREATING_FAILED, 417, "")),
    answers("an error without words", failed(None, None), Refused(CREATING_FAILED, 417, "")),
    answers(
        "a number that the settings know",
        failed("Hata", 6),
        Refused("ERR_USER_CREDIT_REQUIRED", 417, "Hata"),
        {"errors": {"6": "ERR_USER_CREDIT_REQUIRED"}},
    ),
    answers("a number that the settings call unsure", failed("Hata", 7), UNKNOWN, {"errors": {"7": "ERR_INTERNAL_SERVER"}}),
    refuses("Krediniz yetersiz.", "ERR_USER_CREDIT_REQUIRED", 417),
    refuses("Kullanıcının kredisi yetersiz", "ERR_USER_CREDIT_REQUIRED", 417),
    refuses("Başlık bulunamadı.", "ERR_INVALID_SMS_SENDER", 417),
    refuses("BAŞLIK GEÇERSİZ", "ERR_INVALID_SMS_SENDER", 417),
    refuses("Geçerli numara bulunamadı.", "ERR_EMPTY_SMS_PACKAGE", 417),
    refuses("Bu işlem için yetkiniz yok", UNAUTHORIZED, 401),
    refuses("Hatalı giriş.", CREATING_FAILED, 417),
    # a failure inside the vendor, which does not say how far it came
    answers("a server error", failed("Sunucu hatası"), UNKNOWN),
    answers("success without a queueId", ok(), UNKNOWN),
    answers("queueId null", ok(queueId=None), UNKNOWN),
    answers("queueId 0", ok(queueId=0), UNKNOWN),
    answers("another queueId", ok(queueId="q1"), UNKNOWN),
    answers("a list", (200, b"[]"), UNKNOWN),
    answers("a PHP warning", (200, b"<b>Warning</b>: x" + TOOK_IT[1]), UNKNOWN),
    answers("nothing", (200, b""), UNKNOWN),
    answers("HTTP 500", (500, DOCUMENT_ERROR[1]), UNKNOWN),
    answers("HTTP 404", (404, b"<html></html>"), Refused(CREATING_FAILED, 417, "HTTP 404")),
    answers("a redirect", (301, b""), Refused(CREATING_FAILED, 417, "HTTP 301")),
    answers("HTTP 429", (429, b""), Refused("ERR_CONCURRENT_REQUEST_LIMIT", 429, "HTTP 429")),
)

# the URL form


def by_url(name: str, given: Message, path: str, gives: Any = 112233, answer: tuple[int, bytes] = TOOK_IT) -> Exchanged:
    step = Step(path, None, answer, "GET", {})
    return Exchanged(name=name, ask=lambda vendor, login: vendor.send(given, login), steps=[step], gives=gives, credentials=APIKEY)


ORNEK = "%C3%96rnek+mesaj+i%C3%A7eri%C4%9Fidir."  # UTF-8; the document prints it raw
SAMPLE = f"sms/send?apikey=mysecretapikey&encoding=tr&title=DEMO&numbers=5374937766&message={ORNEK}"
URL_SENDS = (
    by_url(
        "the document's sample",
        message(sender="DEMO", numbers=("905374937766",), text="Örnek mesaj içeriğidir.", encoding=Encoding.TURKISH),
        SAMPLE,
        answer=(200, b'{"queueId": 112233}'),
    ),
    by_url(
        "several numbers, and what a URL escapes",
        message(sender="A & B", numbers=("905374937766", "905551112233"), text="5+3=8 %"),
        "sms/send?apikey=mysecretapikey&encoding=en&title=A+%26+B&numbers=5374937766,5551112233&message=5%2B3%3D8+%25",
    ),
    by_url(
        "refused",
        message(),
        "sms/send?apikey=mysecretapikey&encoding=en&title=BASLIK&numbers=5445554433&message=Mesaj+metni",
        Refused(UNAUTHORIZED, 401, "Kullanıcı doğrulanamadı."),
        DOCUMENT_ERROR,
    ),
    by_url(
        "URL too long",
        message(),
        "sms/send?apikey=mysecretapikey&encoding=en&title=BASLIK&numbers=5445554433&message=Mesaj+metni",
        Refused(CREATING_FAILED, 417, "HTTP 414"),
        (414, b""),
    ),
)

# questions


class Asking:
    """The questions, with one kind of login."""

    def __init__(self, login: Mapping[str, Any], headers: Mapping[str, str], query: str) -> None:
        self.login, self.headers, self.query = login, headers, query

    def report(self, name: str, answer: tuple[int, bytes], gives: Any, own: Mapping[str, Any] = NO_SETTINGS) -> Exchanged:
        return Exchanged(
            name=f"report: {name}",
            ask=lambda vendor, login: vendor.report(112233, message(), login),
            steps=[Step(f"sms/reports/112233{self.query}", None, answer, "GET", self.headers)],
            gives=gives,
            credentials=self.login,
            settings=own,
        )

    def credit(self, name: str, answer: tuple[int, bytes], gives: Any) -> Exchanged:
        return Exchanged(
            name=f"credit: {name}",
            ask=lambda vendor, login: vendor.credit(login),
            steps=[Step(f"user/profileDetails{self.query}", None, answer, "GET", self.headers)],
            gives=gives,
            credentials=self.login,
        )

    def senders(self, name: str, titles: Sequence[str], query: SendersQuery, gives: Any) -> Exchanged:
        return Exchanged(
            name=f"senders: {name}",
            ask=lambda vendor, login: vendor.senders(query, login),
            steps=[],
            gives=gives,
            credentials=self.login,
            settings={"senders": titles},
        )

    def all(self) -> tuple[Exchanged, ...]:
        return (
            self.report("the document's sample", DOCUMENT_REPORT, REPORTED),
            self.report(
                "every word",
                reported(*({"number": f"53749377{place:02}", "status": word} for place, word in enumerate(WORDS))),
                tuple(ItemReport(f"9053749377{place:02}", state, word) for place, (word, state) in enumerate(WORDS.items())),
            ),
            self.report(
                "a word that the settings know",
                reported({"number": "5374937766", "status": "expired"}, {"number": "5374937766", "status": "delivered"}),
                (ItemReport("905374937766", 5, "expired"), ItemReport("905374937766", 1, "delivered")),
                {"statuses": {"expired": 5, "delivered": 1}},
            ),
            self.report(
                "not sent yet",
                reported({"number": "5374937766", "status": "waiting", "sent_datetime": None, "updated_datetime": None}),
                (ItemReport("905374937766", 2, "waiting"),),
            ),
            self.report(
                "never updated",
                reported({"number": "5374937766", "status": "sent", "sent_datetime": "2017-07-21 00:14:58"}),
                (ItemReport("905374937766", 2, "sent", datetime(2017, 7, 20, 21, 14, 58, tzinfo=UTC)),),
            ),
            self.report(
                "a date that is none",
                reported({"number": "5374937766", "status": "sent", "updated_datetime": "0000-00-00 00:00:00"}),
                (ItemReport("905374937766", 2, "sent"),),
            ),
            self.report(
                "numbers in other forms",
                reported(*({"number": number, "status": "sent"} for number in (5374937766, "05374937766", "905374937766"))),
                (ItemReport("905374937766", 2, "sent"),) * 3,
            ),
            self.report("no numbers", ok(queue={}), ()),
            self.report("rows that are none", ok(numbers=[None, "x"]), ()),
            self.report("refused", DOCUMENT_ERROR, Refused(UNAUTHORIZED, 401, "Kullanıcı doğrulanamadı.")),
            self.report("no such message", failed("Mesaj bulunamadı."), Refused("ERR_NOT_FOUND", 417, "Mesaj bulunamadı.")),
            self.report("without words", failed(""), Refused("ERR_INTERNAL_SERVER", 500, "")),
            self.report("no JSON", (200, b""), UNKNOWN),
            self.credit("the document's sample", ok(balance_money="0", balance_credit="5555"), 5555),
            self.credit("a number", ok(balance_credit=12345), 12345),
            self.credit("used up", ok(balance_credit="0"), 0),
            self.credit("none", ok(balance_money="0"), UNKNOWN),
            self.credit("refused", DOCUMENT_ERROR, Refused(UNAUTHORIZED, 401, "Kullanıcı doğrulanamadı.")),
            self.credit("no such path", (404, b""), Refused("ERR_INTERNAL_SERVER", 500, "HTTP 404")),
            self.senders("of the settings", ["DEMO"], SendersQuery(), Page(total_record=1, rows=(DEMO,))),
            self.senders("none", [], SendersQuery(), Page(total_record=0, rows=())),
            self.senders("by a part", ["BASLIK", "DEMO"], SendersQuery(keyword="dem"), Page(total_record=1, rows=(DEMO,))),
        )


DEMO = Sender(uuid="cec6d1f4-c423-5291-bd3c-69d43e618584", status=1, title="DEMO")
# "delivered" is attested, the names of the counters imply the others
WORDS = {"delivered": 3, "not_delivered": 4, "sent": 2, "waiting": 2, "expired": None}


def reported(*numbers: Mapping[str, Any]) -> tuple[int, bytes]:
    return ok(numbers=list(numbers))


DOCUMENT_REPORT = (
    200,
    b"""{
  "status": "success",
  "queue": {
    "queue_id": "112233",
    "queue_user_id": "1122",
    "queue_status": "completed",
    "queue_message": "Bu \xc3\xb6rnek bir mesajd\xc4\xb1r.",
    "q_send_datetime": "2017-07-21 00:13:51",
    "q_total_credit": "2",
    "delivered_cnt": "2",
    "not_delivered_cnt": "0",
    "waiting_cnt": "0",
    "sent_cnt": "0",
    "total_numbers": "2",
    "st_title": "DEMO"
  },
  "numbers": [
    {
      "number": "5374937766",
      "status": "delivered",
      "sent_datetime": "2017-07-21 00:14:58",
      "updated_datetime": "2017-07-21 00:18:00"
    },
    {
      "number": "5538356060",
      "status": "delivered",
      "sent_datetime": "2017-07-21 00:14:58",
      "updated_datetime": "2017-07-21 00:18:00"
    }
  ]
}""",
)
UPDATED = datetime(2017, 7, 20, 21, 18, tzinfo=UTC)  # 00:18 in Istanbul
REPORTED = tuple(ItemReport(number, 3, "delivered", UPDATED) for number in ("905374937766", "905538356060"))


def settings(base_url: str) -> Mapping[str, Any]:
    return {"base_url": base_url if base_url == "http://vendor.example/" else f"{base_url}api/v1/", "senders": [SENDER]}


def number(of_message: str) -> str:
    return of_message.removeprefix("90")


def rows_with(words: Sequence[Any]) -> bytes:
    return reported(*({"number": f"53749377{place:02}", "status": word} for place, word in enumerate(words)))[1]


def sandbox() -> ToplusmsOptions:
    # an id so long that the answer is longer than what the fault "truncated" leaves of one
    return ToplusmsOptions(accounts={USERNAME: PASSWORD}, senders=(SENDER,), api_keys={USERNAME: PASSWORD}, first_id=1_122_334_455)


CASES = Cases(
    settings=settings,
    credentials=lambda username, password: {"username": username, "password": password},
    item_states=WORDS | {"": None, None: None},
    reports_answers=lambda words: [rows_with(words)],
    reports_say_when=True,
    transliterates=True,
    refusals={
        "login": UNAUTHORIZED,
        "credit": "ERR_USER_CREDIT_REQUIRED",
        "caption": "ERR_INVALID_SMS_SENDER",
        "numbers": "ERR_EMPTY_SMS_PACKAGE",
        "parameter": CREATING_FAILED,
    },
    number=number,
    sandbox=sandbox,
    exchanges=(*SENDS, *SEND_ANSWERS, *Asking(BASIC, BASIC_HEADER, "").all()),
)
WAYS = {
    "basic": CASES,
    "apikey": replace(
        CASES,
        credentials=lambda _username, password: {"apikey": password},
        exchanges=(*URL_SENDS, *Asking(APIKEY, {}, "?apikey=mysecretapikey").all()),
    ),
}
