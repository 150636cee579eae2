"""innomobil API v1: what it must receive and how its answers are read.

The document's own examples stand here as they are printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import orjson

from bridge.domain.message import Encoding, Kind, Message, Period, PeriodType
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.vendors.contract import ItemReport
from tests.vendors.contract import UNKNOWN, Cases, Exchanged, Refused, Step
from tests.vendors.messages import MORNING, TCKN, message, otp

LOGIN = {"username": "user", "password": "test"}
HEADERS = {"content-type": "application/json"}
NUMBERS = ("905445554433", "905445554434")


def ok(result: Any, error: Any = "") -> tuple[int, bytes]:
    return 200, orjson.dumps({"status": "ok", "error": error, "result": result})


def failed(error: Any, result: Any = ()) -> tuple[int, bytes]:
    return 200, orjson.dumps({"status": "error", "error": error, "result": result})


TOOK_IT = ok({"messageid": "120", "count": "12", "kredi": "10"})


def step(path: str, fields: Mapping[str, Any], answer: tuple[int, bytes]) -> Step:
    return Step(path, LOGIN | dict(fields), answer, headers=HEADERS)


def exchanged(
    name: str, ask: Any, steps: Sequence[Step], gives: Any, settings: Mapping[str, Any] = MappingProxyType({})
) -> Exchanged:
    return Exchanged(name=name, ask=ask, steps=steps, gives=gives, settings=settings, credentials=LOGIN)


# sends


ENVELOPE = {"sender": "BASLIK", "text": "Mesaj metni", "utf8": "0", "gsm": list(NUMBERS[:1])}


def envelope(**changes: Any) -> dict[str, Any]:
    return ENVELOPE | changes


def sends(
    name: str,
    given: Message,
    sent: Any,
    *,
    path: str = "sendsms",
    answer: tuple[int, bytes] = TOOK_IT,
    gives: Any = 120,
    settings: Mapping[str, Any] = MappingProxyType({}),
    **fields: Any,
) -> Exchanged:
    body = {"sdate": "", "vperiod": "24", "gate": 0, "message": sent} | fields
    return exchanged(name, lambda vendor, login: vendor.send(given, login), [step(path, body, answer)], gives, settings)


def lasting(minutes: int, hours: str) -> Exchanged:
    return sends(f"valid for {minutes} minutes", message(validity_minutes=minutes), envelope(), vperiod=hours)


def written(name: str, text: str, encoding: Encoding, sent: str, utf8: str) -> Exchanged:
    return sends(f"{name}, encoding {encoding.value}", message(text=text, encoding=encoding), envelope(text=sent, utf8=utf8))


SENDS = (
    sends(
        "the document's sample",
        message(sender="ALFANUMERİK", numbers=NUMBERS, validity_minutes=48 * 60),
        envelope(sender="ALFANUMERİK", gsm=["905445554433", "905445554434"]),
        vperiod="48",
    ),
    sends(
        "the document's sample of multisend",
        message(
            sender="ALFANUMERIK",
            text=None,
            numbers=("905445554433", "905445554435", "905445554434", "905445554436"),
            texts=("Mesaj metni", "Başka metin", "Mesaj metni", "Başka metin"),
            encoding=Encoding.TURKISH,
            validity_minutes=48 * 60,
        ),
        [
            envelope(sender="ALFANUMERIK", gsm=["905445554433", "905445554434"]),
            envelope(sender="ALFANUMERIK", text="Başka metin", utf8="1", gsm=["905445554435", "905445554436"]),
        ],
        path="multisend",
        answer=ok({"messageid": ["120"], "count": "2", "kredi": 20}),
        vperiod="48",
    ),
    sends("one text of its own", message(text=None, texts=("Mesaj metni",)), [envelope()], path="multisend"),
    sends(
        "texts that differ only in what is transliterated",
        message(text=None, numbers=NUMBERS, texts=("Ağaç", "Agac")),
        [envelope(text="Agac", gsm=list(NUMBERS))],
        path="multisend",
    ),
    lasting(60, "1"),
    lasting(61, "2"),
    lasting(1440, "24"),
    lasting(50 * 60, "48"),
    written("Turkish", "Ağaç ŞİĞ", Encoding.ASCII, "Agac SIG", "0"),
    written("Turkish", "Ağaç ŞİĞ", Encoding.TURKISH, "Ağaç ŞİĞ", "1"),
    written("Turkish", "Ağaç ŞİĞ", Encoding.UTF8, "Ağaç ŞİĞ", "1"),
    written("English", "Agac [x]", Encoding.TURKISH, "Agac [x]", "0"),
    written("English", "Agac [x]", Encoding.UTF8, "Agac [x]", "0"),
    written("decomposed letters", "g\u0306", Encoding.TURKISH, "ğ", "1"),
    # 7 bits have it, but the vendor only says "Turkish characters or none"
    written("euro", "5 €", Encoding.ASCII, "5 €", "1"),
    # ASCII has them, but 7 bits do not
    written("backtick", "`x`\t", Encoding.UTF8, "`x`\t", "1"),
    written("line breaks", "a\r\nb", Encoding.ASCII, "a\r\nb", "0"),
    written("emoji", "👍", Encoding.UTF8, "👍", "1"),
    sends("otp", otp(), envelope(text="Kodunuz: 123456"), vperiod="1"),
    sends("otp with a gate of its own", otp(), envelope(text="Kodunuz: 123456"), settings={"otp_gate": 3}, vperiod="1", gate=3),
    sends("Turkcell's gate", message(), envelope(), settings={"gate": 1}, gate=1),
    sends("national id", message(kind=Kind.TCKN, numbers=(TCKN,)), envelope(gsm=[TCKN]), gate=8),
    sends(
        "national ids with texts of their own, and another gate",
        message(kind=Kind.TCKN, numbers=(TCKN,), text=None, texts=("Mesaj metni",)),
        [envelope(gsm=[TCKN])],
        path="multisend",
        settings={"tckn_gate": 9},
        gate=9,
    ),
    sends("a foreign number is said as it is", message(numbers=("4915112345678",)), envelope(gsm=["4915112345678"])),
    sends("invalid numbers are left out", message(invalid_numbers=("12",)), envelope()),
)

# answers to a send


def answers(name: str, answer: tuple[int, bytes], gives: Any) -> Exchanged:
    return sends(f"answer: {name}", message(), envelope(), answer=answer, gives=gives)


def refuses(text: str, code: str, status: int) -> Exchanged:
    return answers(f"{text!r} in the style of empty results", ok([], text), Refused(code, status, text))


CREATING_FAILED, UNAUTHORIZED = "ERR_SMS_PKG_CREATING_FAILED", "ERR_UNAUTHORIZED_REQUEST"
SEND_ANSWERS = (
    answers("messageid as text", TOOK_IT, 120),
    answers("messageid as a list", ok({"messageid": ["120"], "count": "2", "kredi": 20}), 120),
    answers("messageid as a number", ok({"messageid": 120, "count": 2, "kredi": -1}), 120),
    answers("messageid as a list of a number", ok({"messageid": [120]}), 120),
    answers("error is null", ok({"messageid": "120"}, None), 120),
    answers("a byte order mark", (200, b"\xef\xbb\xbf" + TOOK_IT[1]), 120),
    answers("a warning beside a result", ok({"messageid": "120"}, "1 numara hatalı"), 120),
    answers("status error", failed("Yetersiz kredi."), Refused("ERR_USER_CREDIT_REQUIRED", 417, "Yetersiz kredi.")),
    answers("status error, result 0", failed("Hata", 0), Refused(CREATING_FAILED, 417, "Hata")),
    answers("status error without a text", failed(""), Refused(CREATING_FAILED, 417, "")),
    answers("an empty result without a text", ok([]), Refused(CREATING_FAILED, 417, "")),
    answers("result 0", ok(0, "Hata"), Refused(CREATING_FAILED, 417, "Hata")),
    answers('result "0"', ok("0", "Hata"), Refused(CREATING_FAILED, 417, "Hata")),
    answers("result null", ok(None, "Hata"), Refused(CREATING_FAILED, 417, "Hata")),
    refuses("Kullanıcı adı veya şifre hatalı.", UNAUTHORIZED, 401),
    refuses("KULLANICI ADI VEYA ŞİFRE HATALI", UNAUTHORIZED, 401),
    refuses("kullanici bulunamadi", UNAUTHORIZED, 401),
    refuses("Kullanıcının kredisi yetersiz.", "ERR_USER_CREDIT_REQUIRED", 417),
    refuses("YETERSİZ BAKİYE", "ERR_USER_CREDIT_REQUIRED", 417),
    refuses("Alfanumerik kullanıcıya tanımlı değil.", "ERR_INVALID_SMS_SENDER", 417),
    refuses("Geçersiz gsm numarası.", "ERR_EMPTY_SMS_PACKAGE", 417),
    refuses("Mesaj çok uzun.", CREATING_FAILED, 417),
    # a failure inside the vendor, which does not say how far it came
    answers("a server error", failed("Sistem hatası oluştu"), UNKNOWN),
    answers("an unexpected error", ok([], "Beklenmeyen hata"), UNKNOWN),
    answers("no messageid", ok({"count": "1"}), UNKNOWN),
    answers("messageid 0", ok({"messageid": "0"}), UNKNOWN),
    answers("no messageid in the list", ok({"messageid": []}), UNKNOWN),
    answers("another messageid", ok({"messageid": "m12"}), UNKNOWN),
    answers("another result", ok("120"), UNKNOWN),
    answers("no status", (200, b'{"result": {"messageid": "120"}}'), UNKNOWN),
    answers("a list", (200, b"[]"), UNKNOWN),
    answers("no JSON", (200, b"<html>"), UNKNOWN),
    answers("nothing", (200, b""), UNKNOWN),
    answers("HTTP 201", (201, TOOK_IT[1]), UNKNOWN),
    answers("HTTP 500", (500, failed("Hata")[1]), UNKNOWN),
    answers("HTTP 404", (404, b"<html></html>"), Refused(CREATING_FAILED, 417, "HTTP 404")),
    answers("a redirect", (302, b""), Refused(CREATING_FAILED, 417, "HTTP 302")),
    answers("HTTP 403", (403, b""), Refused(UNAUTHORIZED, 401, "HTTP 403")),
    answers("HTTP 429", (429, b""), Refused("ERR_CONCURRENT_REQUEST_LIMIT", 429, "HTTP 429")),
)

# reports


def reports(name: str, answer: tuple[int, bytes], gives: Any) -> Exchanged:
    asked = step("report", {"messageid": "120", "detailed": "0"}, answer)
    return exchanged(f"report: {name}", lambda vendor, login: vendor.report(120, message(), login), [asked], gives)


REPORTS = (
    reports(
        "the document's sample",
        ok(
            [
                {"gsm": "905565554433", "reportid": "m12k0s45", "status": "1", "adi": "ad", "soyadi": "soyad"},
                {"gsm": "905445556677", "reportid": "m12k0s46", "status": "3", "adi": "kale", "soyadi": "net"},
            ]
        ),
        (ItemReport("905565554433", 2, "1"), ItemReport("905445556677", 3, "3")),
    ),
    reports("gms for gsm", ok([{"gms": "905565554433", "status": "2"}]), (ItemReport("905565554433", 4, "2"),)),
    reports("numbers as numbers", ok([{"gsm": 905565554433, "status": 3}]), (ItemReport("905565554433", 3, "3"),)),
    reports("a list with holes", ok({"0": {"gsm": "905565554433", "status": "3"}}), (ItemReport("905565554433", 3, "3"),)),
    reports("nothing yet", ok([]), ()),
    reports("rows that are none", ok([None, "x"]), ()),
    reports("no such message", ok([], "Gönderi bulunamadı."), Refused("ERR_NOT_FOUND", 417, "Gönderi bulunamadı.")),
    reports("a failure of the vendor", failed("Sistem hatası"), Refused("ERR_INTERNAL_SERVER", 500, "Sistem hatası")),
    reports("a failure without words", failed(""), Refused("ERR_INTERNAL_SERVER", 500, "")),
    reports("no JSON", (200, b""), UNKNOWN),
)

# look-up


def row(**changes: Any) -> dict[str, Any]:
    """A line of /reports, after the document's sample."""
    return {
        "messageid": "120",
        "datetime": "2026-11-22 09:30:05",
        "sender": "BASLIK",
        "text": "Mesaj metni",
        "smscount": "1",
        "gsmcount": "1",
        "statusok": "1",
        "statuswait": "0",
        "statusfail": "0",
    } | changes


NOTHING = ok([], "Kayıt bulunamadı.")


def listed(answer: Any, page: int = 1) -> Step:
    given = answer if isinstance(answer, tuple) else ok(answer)
    fields = {"sdate": "1795328400", "fdate": "1795501800", "page": str(page), "alfanumerik": "BASLIK", "tip": 0}
    return step("reports", fields, given)


def reported(message_id: str, *numbers: str) -> Step:
    return step("report", {"messageid": message_id, "detailed": "0"}, ok([{"gsm": number, "status": "1"} for number in numbers]))


def finds(name: str, steps: Sequence[Step], gives: Any, given: Message | None = None) -> Exchanged:
    looked_for = message() if given is None else given
    return exchanged(f"look-up: {name}", lambda vendor, login: vendor.find(looked_for, login), steps, gives)


def nothing_but(*rows: dict[str, Any]) -> list[Step]:
    return [listed(list(rows)), listed(NOTHING, 2)]


MINE = NUMBERS[0]
FINDS = (
    finds("there", [*nothing_but(row()), reported("120", MINE)], 120),
    finds("the list ends without a word", [listed([row()]), listed([], 2), reported("120", MINE)], 120),
    finds("a page that is none is the last one", [listed([row()]), listed([row()], 2), reported("120", MINE)], 120),
    finds(
        "a page that is none is the first one",
        [
            listed([row(messageid="1")]),
            listed([row()], 2),
            listed([row(messageid="1")], 3),
            reported("1", "905000000000"),
            reported("120", MINE),
        ],
        120,
    ),
    finds("on the second page", [listed([row(text="Başka")]), listed([row()], 2), listed(NOTHING, 3), reported("120", MINE)], 120),
    finds(
        "behind a page with one multisend alone",
        [
            listed([row(messageid="7", text="a")]),
            listed([row(messageid="7", text="b")], 2),
            listed([row()], 3),
            listed(NOTHING, 4),
            reported("120", MINE),
        ],
        120,
    ),
    finds("counters as numbers", [*nothing_but(row(messageid=120, gsmcount=1)), reported("120", MINE)], 120),
    finds("a list with holes", [listed(ok({"3": row()})), listed(NOTHING, 2), reported("120", MINE)], 120),
    finds(
        "transliterated, escaped, with the operator's code",
        [*nothing_but(row(text="Mesaj metni B038")), reported("120", MINE)],
        120,
    ),
    finds(
        "letters that the list replaced and escaped",
        [*nothing_but(row(text="A?a? &amp; x")), reported("120", MINE)],
        120,
        message(text="Ağaç & x", encoding=Encoding.TURKISH),
    ),
    finds(
        "sent at its time, which was later",
        [
            step(
                "reports",
                {"sdate": "1795414800", "fdate": "1795588200", "page": "1", "alfanumerik": "BASLIK", "tip": 0},
                NOTHING,
            )
        ],
        None,
        message(send_at=MORNING + timedelta(days=1)),
    ),
    finds("nothing at all", [listed(NOTHING)], None),
    finds("an empty list", [listed([])], None),
    finds("another text", nothing_but(row(text="Mesaj 2")), None),
    finds("another code", nothing_but(row(text="Kodunuz: 654321")), None, message(text="Kodunuz: 123456")),
    finds("another sender", nothing_but(row(sender="XBASLIK")), None),
    finds(
        "another time", nothing_but(row(datetime="2026-11-22 09:19:59"), row(messageid="2", datetime="2026-11-24 09:30:01")), None
    ),
    finds("to more people", nothing_but(row(gsmcount="2")), None),
    finds("the same to somebody else", [*nothing_but(row()), reported("120", "905000000000")], None),
    finds(
        "the same to many others and to ours",
        [
            *nothing_but(row(messageid="1"), row(), row(messageid="3")),
            reported("1", "905000000001"),
            reported("120", MINE),
            reported("3", "905000000003"),
        ],
        120,
    ),
    finds("twice", [*nothing_but(row(), row(messageid="121")), reported("120", MINE), reported("121", MINE)], UNKNOWN),
    finds("an unreadable time does not exclude", [*nothing_but(row(datetime="22.11.2026")), reported("120", MINE)], 120),
    finds("the text is cut off", [*nothing_but(row(text="Mesaj")), reported("120", MINE)], UNKNOWN),
    finds("the text is cut off, to somebody else", [*nothing_but(row(text="Mesaj")), reported("120", "905000000000")], None),
    finds("the text is not shown", [*nothing_but(row(text=None)), reported("120", MINE)], UNKNOWN),
    finds("a text that no list keeps", [*nothing_but(row(text="???")), reported("120", MINE)], UNKNOWN, message(text="şş")),
    finds(
        "to some of them",
        [*nothing_but(row()), reported("120", MINE)],
        UNKNOWN,
        message(numbers=NUMBERS),
    ),
    finds(
        "recipients not shown yet", [*nothing_but(row()), step("report", {"messageid": "120", "detailed": "0"}, ok([]))], UNKNOWN
    ),
    finds("recipients masked", [*nothing_but(row()), reported("120", "90544*****33")], UNKNOWN),
    finds(
        "a national id, shown as a number",
        [*nothing_but(row()), reported("120", MINE)],
        UNKNOWN,
        message(kind=Kind.TCKN, numbers=(TCKN,)),
    ),
    finds("a national id", [*nothing_but(row()), reported("120", TCKN)], 120, message(kind=Kind.TCKN, numbers=(TCKN,))),
    finds("too many", nothing_but(*(row(messageid=str(each)) for each in range(1, 52))), UNKNOWN),
    finds("a list without an end", [listed([row(messageid=str(page), text="x")], page) for page in range(1, 101)], UNKNOWN),
    finds("a row without an id", [listed([row(messageid=None)])], UNKNOWN),
    finds("a list of something else", [listed(ok(["120"]))], UNKNOWN),
    finds("texts of their own", [], UNKNOWN, message(text=None, texts=("a",))),
    finds("sent again and again", [], UNKNOWN, message(period=Period(type=PeriodType.DAILY))),
    finds("refused", [listed(ok([], "Şifre hatalı"))], Refused(UNAUTHORIZED, 401, "Şifre hatalı")),
    finds("no answer", [listed((200, b""))], UNKNOWN),
)

# credit and senders


def credits_(name: str, answer: tuple[int, bytes], gives: Any, gate: int = 0) -> Exchanged:
    asked = step("kredi", {"gate": gate}, answer)
    return exchanged(f"credit: {name}", lambda vendor, login: vendor.credit(login), [asked], gives, {"gate": gate})


def senders(name: str, answer: tuple[int, bytes], gives: Any, query: SendersQuery | None = None) -> Exchanged:
    asked = step("alfanumerik", {}, answer)
    wanted = query or SendersQuery()
    return exchanged(f"senders: {name}", lambda vendor, login: vendor.senders(wanted, login), [asked], gives)


ALFANUM = Sender(uuid="0f5db9ff-1228-5c34-ad30-0237ad7ba009", status=1, title="ALFANUM")
TESTNUM = Sender(uuid="2201e2f7-3090-5cf0-bb1e-157df3874bf0", status=1, title="TESTNUM")
DENEME = Sender(uuid="7722cc62-97e2-5466-9116-83077d3f5e11", status=1, title="DENEME")
TITLES = ok(["ALFANUM", "TESTNUM", "DENEME"])
NONE: Page[Sender] = Page(total_record=0, rows=())
OTHERS = (
    credits_("the document's sample", ok("10"), 10),
    credits_("a number", ok(20), 20),
    credits_("postpaid", ok("-1"), -1),
    credits_("postpaid as a number", ok(-1), -1),
    credits_("used up", ok("0"), 0),
    credits_("used up, as a number", ok(0), 0),
    credits_("of another gate", ok("10"), 10, gate=1),
    credits_("refused", ok(0, "Kullanıcı adı veya şifre hatalı."), Refused(UNAUTHORIZED, 401, "Kullanıcı adı veya şifre hatalı.")),
    credits_("refused without words", failed("", 0), Refused("ERR_INTERNAL_SERVER", 500, "")),
    credits_("none", ok([]), UNKNOWN),
    senders("the document's sample", TITLES, Page(total_record=3, rows=(ALFANUM, TESTNUM, DENEME))),
    senders("one twice", ok(["ALFANUM", "TESTNUM", "ALFANUM"]), Page(total_record=2, rows=(ALFANUM, TESTNUM))),
    senders("by a part of the title", TITLES, Page(total_record=2, rows=(ALFANUM, TESTNUM)), SendersQuery(keyword="num")),
    senders("approved ones", TITLES, Page(total_record=3, rows=(ALFANUM, TESTNUM, DENEME)), SendersQuery(status=1)),
    senders("the second page", TITLES, Page(total_record=3, rows=(DENEME,)), SendersQuery(page_index=1, page_size=2)),
    senders("none", ok([]), NONE),
    senders("none, in words", ok([], "Kayıt bulunamadı."), NONE),
    senders("waiting ones", TITLES, NONE, SendersQuery(status=0)),
    senders("refused", failed("Şifre hatalı"), Refused(UNAUTHORIZED, 401, "Şifre hatalı")),
)


def settings(base_url: str) -> Mapping[str, Any]:
    return {"base_url": base_url if base_url == "http://vendor.example/" else f"{base_url}api/v1/"}


def credentials(username: str, password: str) -> Mapping[str, Any]:
    return {"username": username, "password": password}


def rows_with(words: Sequence[Any]) -> bytes:
    return ok([{"gsm": f"9054455544{place:02}", "reportid": f"m12k0s{place}", "status": word} for place, word in enumerate(words)])[
        1
    ]


CASES = Cases(
    settings=settings,
    credentials=credentials,
    # section 7: 1 waiting, 2 failed, 3 delivered
    item_states={"1": 2, "2": 4, "3": 3, 1: 2, 2: 4, 3: 3, "0": None, "4": None, "iletildi": None, None: None},
    reports_answers=lambda words: [rows_with(words)],
    transliterates=True,
    refusals={
        "login": UNAUTHORIZED,
        "credit": "ERR_USER_CREDIT_REQUIRED",
        "sender": "ERR_INVALID_SMS_SENDER",
        "number": "ERR_EMPTY_SMS_PACKAGE",
        "text_length": CREATING_FAILED,
        "parameter": CREATING_FAILED,
    },
    answer_forms=(
        ("failure_style", "error"),
        ("failure_style", "empty"),
        ("json_types", "strings"),
        ("json_types", "numbers"),
        ("messageid_form", "text"),
        ("messageid_form", "list"),
        ("page_size", 1),
    ),
    exchanges=(*SENDS, *SEND_ANSWERS, *REPORTS, *FINDS, *OTHERS),
)
