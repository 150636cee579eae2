"""Node API v1.8.3: what it must receive and how its answers are read.

The document's own examples stand here as they are printed, without the scan's noise. Marked "live" is what the document does not
say and its live servers do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson

from bridge.domain.message import Encoding, Kind, Message, Period, PeriodType
from bridge.domain.package import Package, PackageItem, Page, Sender, Statistics
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery, SendersQuery
from tests.vendors.contract import UNKNOWN, Cases, Exchanged, Refused, Step

TOOK_IT = (200, b'{"err": null, "data": {"pkgID": 222962}}')
UUID = "1b09b8c5-ae80-42af-8779-21a61afd5da1"
MORNING = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)  # 09:30 in Istanbul
HOOK = "https://webhook.site/d1417d5d-c123-4e85-bdde-8b5201463be2"


def message(**changes: Any) -> Message:
    """The document's first sample, with changes."""
    return Message(
        **{
            "kind": Kind.NORMAL,
            "sender": "BASLIK",
            "title": "Test message",
            "numbers": ("905511034554",),
            "text": "Test mesajı içeriğidir, dikkate almayınız. > & abc",
            "encoding": Encoding.TURKISH,
            "validity_minutes": 60,
            "accepted_at": MORNING,
            "custom_id": "a1b2c3",
        }
        | changes
    )


def otp(**changes: Any) -> Message:
    given = {"kind": Kind.OTP, "otp_call": True, "title": None, "text": "Doğrulama kodunuz: 123456", "validity_minutes": 6}
    return message(**(given | changes))


BODY = {
    "type": 1,
    "sendingType": 0,
    "title": "Test message",
    "content": "Test mesajı içeriğidir, dikkate almayınız. > & abc",
    "number": "905511034554",
    "encoding": 1,
    "sender": "BASLIK",
    "validity": 60,
    "customID": "a1b2c3",
}
OTP_BODY = {
    "content": "Doğrulama kodunuz: 123456",
    "number": "905511034554",
    "encoding": 1,
    "sender": "BASLIK",
    "validity": 6,
    "customID": "a1b2c3",
}


def body(*without: str, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (BODY | changes).items() if name not in without}


def sends(
    name: str,
    given: Message,
    expected: dict[str, Any],
    path: str = "sms/create",
    *,
    answer: tuple[int, bytes] = TOOK_IT,
    gives: Any = 222962,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Exchanged:
    return Exchanged(
        name=name,
        ask=lambda vendor, credentials: vendor.send(given, credentials),
        steps=[Step(path, expected, answer)],
        gives=gives,
        settings=settings,
    )


SENDS = (
    sends("single", message(), BODY),
    sends(
        "1-N with all the document's settings",
        message(
            numbers=("905511034554", "905433404971"),
            period=Period(type=PeriodType.ONCE, amount=1000, interval_minutes=1),
            push_url=HOOK,
        ),
        body(
            "number",
            sendingType=1,
            numbers=["905511034554", "905433404971"],
            periodicSettings={"periodType": 0, "amount": 1000, "interval": 1},
            pushSettings={"url": HOOK},
        ),
    ),
    sends(
        "N-N",
        message(numbers=("905511034554", "905433404971"), texts=("A kişisine özel mesaj.", "B kişisine özel mesaj.")),
        body(
            "number",
            sendingType=2,
            numbers=[
                {"nr": "905511034554", "msg": "A kişisine özel mesaj."},
                {"nr": "905433404971", "msg": "B kişisine özel mesaj."},
            ],
        ),
    ),
    sends(  # live: content is needed all the same
        "N-N without a content of its own",
        message(text=None, texts=("A kişisine özel mesaj.",)),
        body(
            "number",
            sendingType=2,
            content="A kişisine özel mesaj.",
            numbers=[{"nr": "905511034554", "msg": "A kişisine özel mesaj."}],
        ),
    ),
    sends(
        "invalid numbers become items",
        message(invalid_numbers=("12",)),
        body("number", sendingType=1, numbers=["905511034554", "12"]),
    ),
    sends(
        "invalid numbers of N-N",
        message(texts=("A",), invalid_numbers=("12",), invalid_texts=("B",)),
        body("number", sendingType=2, numbers=[{"nr": "905511034554", "msg": "A"}, {"nr": "12", "msg": "B"}]),
    ),
    sends("a title of its own", message(title=None), body(title="2026-11-22 09:30:00")),  # live: the vendor's SDKs do so
    sends("national id", message(kind=Kind.TCKN, numbers=("10000000146",)), body(type=2, number="10000000146")),
    sends("otp by sendSms", message(kind=Kind.OTP, validity_minutes=3), body(type=0, validity=3)),
    sends("commercial", message(commercial=True), body(commercial=True)),
    sends("not commercial", message(commercial=False), body(commercial=False)),
    sends("sendingDate", message(send_at=MORNING), body(sendingDate="2026-11-22 09:30")),
    sends("sendingDate is not early", message(send_at=MORNING.replace(second=1)), body(sendingDate="2026-11-22 09:31")),
    sends("yearly", message(period=Period(type=PeriodType.YEARLY)), body(periodicSettings={"periodType": 4})),
    sends("no customID", message(custom_id=None), body("customID")),
    sends(
        "settings of every send",
        message(),
        body(skipAhsQuery=True, recipientType=1, gateway=UUID),
        settings={"skip_ahs_query": True, "recipient_type": 1, "gateway": UUID},
    ),
    sends(
        "settings that say no",
        message(),
        body(skipAhsQuery=False, recipientType=0),
        settings={"skip_ahs_query": False, "recipient_type": 0},
    ),
    sends("otp", otp(), OTP_BODY, "sms/create-otp"),
    sends(
        "otp with everything",
        otp(trust_at=datetime(2020, 12, 25, 9, tzinfo=UTC), push_url=HOOK, commercial=True),
        OTP_BODY | {"trustDate": "2020-12-25 12:00:00", "pushSettings": {"url": HOOK}, "commercial": True},
        "sms/create-otp",
    ),
    sends(
        "otp where create-otp is not approved",
        otp(),
        OTP_BODY | {"type": 0, "sendingType": 0, "title": "2026-11-22 09:30:00"},
        settings={"otp_path": "create"},
    ),
    sends(
        "otp with settings of every send", otp(), OTP_BODY | {"recipientType": 2}, "sms/create-otp", settings={"recipient_type": 2}
    ),
)


def refusal(code: str | None, status: int | None = None, message: str | None = "Hata") -> bytes:
    err = {"status": status, "code": code, "message": message}
    return orjson.dumps({"err": {name: value for name, value in err.items() if value is not None}, "data": None})


def answers(name: str, status: int, answer: bytes, gives: Any) -> Exchanged:
    return sends(name, message(), BODY, answer=(status, answer), gives=gives)


CREATING_FAILED = Refused("ERR_SMS_PKG_CREATING_FAILED", 417, "HTTP 404")
SEND_ANSWERS = (
    answers("refused in the body", 200, refusal("ERR_USER_CREDIT_REQUIRED", 417), Refused("ERR_USER_CREDIT_REQUIRED", 417, "Hata")),
    answers("bad parameter", 200, refusal("ERR_INVALID_PARAM", 400), Refused("ERR_INVALID_PARAM", 400, "Hata")),
    answers("without data", 200, b'{"err": {"code": "ERR_X"}}', Refused("ERR_X", 417, "")),
    answers(
        "null status and message", 200, b'{"err": {"code": "ERR_X", "status": null, "message": null}}', Refused("ERR_X", 417, "")
    ),
    answers(
        "refused by status, without one in the body",
        417,
        refusal("ERR_INVALID_SMS_SENDER"),
        Refused("ERR_INVALID_SMS_SENDER", 417, "Hata"),
    ),
    answers("refused by another status", 400, refusal("ERR_BAD_REQUEST"), Refused("ERR_BAD_REQUEST", 400, "Hata")),
    answers("wrong password", 403, refusal("ERR_UNAUTHORIZED_REQUEST", 401), Refused("ERR_UNAUTHORIZED_REQUEST", 401, "Hata")),
    answers("wrong password, bare", 403, b"Forbidden", Refused("ERR_UNAUTHORIZED_REQUEST", 401, "HTTP 403")),
    answers("not permitted", 401, refusal("ERR_USER_NOT_AUTHORIZED", 401), Refused("ERR_USER_NOT_AUTHORIZED", 401, "Hata")),
    answers("not permitted, bare", 401, b"", Refused("ERR_USER_NOT_AUTHORIZED", 401, "HTTP 401")),
    answers("not permitted, without a code", 401, refusal(None), Refused("ERR_USER_NOT_AUTHORIZED", 401, "Hata")),
    answers("too many requests", 429, b"", Refused("ERR_CONCURRENT_REQUEST_LIMIT", 429, "HTTP 429")),
    answers("daily limit", 429, refusal("ERR_DAILY_REQUEST_LIMIT"), Refused("ERR_DAILY_REQUEST_LIMIT", 429, "Hata")),
    answers("no such path", 404, b"<html></html>", CREATING_FAILED),
    answers("a redirect", 302, b"", Refused("ERR_SMS_PKG_CREATING_FAILED", 417, "HTTP 302")),
    answers("maintenance", 503, refusal("ERR_SYSTEM_MAINTENANCE", 503), Refused("ERR_SYSTEM_MAINTENANCE", 503, "Hata")),
    # a failure inside the vendor, which does not say how far it came
    answers("server error in the body", 200, refusal("ERR_INTERNAL_SERVER", 500), UNKNOWN),
    answers("server error by status", 500, refusal("ERR_INTERNAL_SERVER"), UNKNOWN),
    answers("an error without a code", 200, refusal(None), UNKNOWN),
    answers("a server's page", 502, b"<html>Bad Gateway</html>", UNKNOWN),
    answers("no pkgID", 200, b'{"err": null, "data": {}}', UNKNOWN),
    *(
        answers(f"pkgID {written.decode()[:25]}", 200, b'{"err": null, "data": {"pkgID": %b}}' % written, UNKNOWN)
        for written in (b"null", b"true", b"0", b"-5", b"1.5", b'"x"', b"99999999999999999999", b'"%b"' % (b"9" * 5000))
    ),
    answers("data is null", 200, b'{"err": null, "data": null}', UNKNOWN),
    answers("data is a list", 200, b'{"err": null, "data": []}', UNKNOWN),
    answers("not an object", 200, b"[]", UNKNOWN),
    answers("not UTF-8", 200, b'{"err": null, "data": {"pkgID": 1, "x": "\xfe"}}', UNKNOWN),
)


def listing(rows: bytes, *, total: int) -> tuple[int, bytes]:
    return 200, b'{"err": null, "data": {"stats": {"totalRecord": %d}, "list": %b}}' % (total, rows)


def finds(name: str, rows: bytes, gives: Any) -> Exchanged:
    return Exchanged(
        name=f"look-up: {name}",
        ask=lambda vendor, credentials: vendor.find(message(), credentials),
        steps=[Step("sms/list", {"customIDs": ["a1b2c3"]}, listing(rows, total=1))],
        gives=gives,
    )


FINDS = (
    finds("there", b'[{"id": 222962, "customID": "a1b2c3"}]', 222962),
    finds("not there", b"[]", None),
    finds("a server that ignores customIDs", b'[{"id": 1, "customID": "other"}, {"id": 2}]', None),
    finds("no list", b"null", None),
    # it is there: to call it lost would send it twice
    finds("an id that cannot be read", b'[{"id": "x", "customID": "a1b2c3"}]', UNKNOWN),
    finds("with this text", b'[{"id": 222962, "customID": "a1b2c3", "content": "%s"}]' % message().text.encode(), 222962),
    # the client used its customID for another message before: to call that one this one would lose it
    finds("with another text", b'[{"id": 222962, "customID": "a1b2c3", "content": "older"}]', UNKNOWN),
)


NO_PACKAGES: Page[Any] = Page(total_record=1, rows=())
NO_ITEMS: Page[Any] = Page(total_record=2, rows=())


def lists(name: str, query: PackagesQuery, expected: Mapping[str, Any], rows: bytes = b"[]", gives: Any = NO_PACKAGES) -> Exchanged:
    return Exchanged(
        name=f"list: {name}",
        ask=lambda vendor, credentials: vendor.packages(query, credentials),
        steps=[Step("sms/list", {"pageIndex": 0, "pageSize": 100} | dict(expected), listing(rows, total=1))],
        gives=gives,
    )


DOCUMENT_PACKAGE = b"""[{"id": 1001, "customID": null, "type": 1, "uuid": "1b09b8c5-ae80-42af-8779-21a61afd5da1", "error": null,
 "state": 6, "title": "xxx tarihli g\xc3\xb6nderim",
 "content": "Test mesaj\xc4\xb1d\xc4\xb1r, l\xc3\xbctfen dikkate almay\xc4\xb1n\xc4\xb1z.",
 "senders": ["BASLIK"], "encoding": 0, "validity": 60,
 "statistics": {"total": 1, "credit": 1, "rCount": 1, "delivered": 1, "undelivered": 0},
 "isScheculed": 0, "sendingDate": "2021-05-04T01:38:20"}]"""
PACKAGE = Package(
    id=1001,
    type=1,
    uuid=UUID,
    state=6,
    title="xxx tarihli gönderim",
    content="Test mesajıdır, lütfen dikkate almayınız.",
    senders=("BASLIK",),
    encoding=0,
    validity=60,
    statistics=Statistics(total=1, credit=1, r_count=1, delivered=1, undelivered=0),
    is_scheduled=0,
    sending_date="2021-05-04T01:38:20",
)


def row(package: Package) -> Page[Package]:
    return Page(total_record=1, rows=(package,))


LISTS = (
    lists("the document's answer", PackagesQuery(), {}, DOCUMENT_PACKAGE, row(PACKAGE)),
    lists(
        "every filter",
        PackagesQuery(
            ids=(123, 456),
            custom_ids=("a1b2c3", "x4y5z6"),
            keyword="Test",
            sender="BASLIK",
            status=5,
            start=MORNING,
            finish=MORNING,
            page_index=2,
            page_size=1000,
        ),
        {
            "ids": [123, 456],
            "customIDs": ["a1b2c3", "x4y5z6"],
            "keyword": "Test",
            "sender": "BASLIK",
            "status": 5,
            "startDate": "2026-11-22 09:30",
            "finishDate": "2026-11-22 09:30",
            "pageIndex": 2,
            "pageSize": 1000,
        },
    ),
    lists("state 0 is a filter", PackagesQuery(status=0), {"status": 0}),
    lists(
        "finishDate keeps its last minute whole",
        PackagesQuery(finish=MORNING.replace(second=30)),
        {"finishDate": "2026-11-22 09:31"},
    ),
    lists(
        "the right spelling, and a customID",
        PackagesQuery(),
        {},
        b'[{"isScheduled": 1, "customID": "a"}]',
        row(Package(is_scheduled=1, custom_id="a")),
    ),
    lists("a customID of the bridge", PackagesQuery(), {}, b'[{"customID": "bridge.0123456789abcdef01234567.1"}]', row(Package())),
    lists(
        "numbers as strings",
        PackagesQuery(),
        {},
        b'[{"id": "1001", "state": "-3", "type": "2"}]',
        row(Package(id=1001, state=-3, type=2)),
    ),
    lists("nothing but null", PackagesQuery(), {}, b'[{"id": 1, "senders": null, "statistics": null}]', row(Package(id=1))),
    lists("rows that are none", PackagesQuery(), {}, b'[null, 5, {"id": 1}]', row(Package(id=1))),
)


def items(name: str, query: ItemsQuery, expected: Mapping[str, Any], rows: bytes = b"[]", gives: Any = NO_ITEMS) -> Exchanged:
    return Exchanged(
        name=f"items: {name}",
        ask=lambda vendor, credentials: vendor.items(query, credentials),
        steps=[Step("sms/list-item", {"pageIndex": 0, "pageSize": 100} | dict(expected), listing(rows, total=2))],
        gives=gives,
    )


DOCUMENT_ITEM = b"""[{"id": "12345678910", "msg": null, "error": null, "credit": 1, "state": 3, "sender": "BASLIK",
 "target": "905511034554", "setState": 4, "sendingDate": "2021-05-04T01:38:20", "deliveryDate": "2021-05-04T01:38:26",
 "processingDate": "2021-05-04T01:38:22.25607"}]"""
ITEM = PackageItem(
    id="12345678910",
    credit=1,
    state=3,
    sender="BASLIK",
    target="905511034554",
    set_state=4,
    sending_date="2021-05-04T01:38:20",
    delivery_date="2021-05-04T01:38:26",
    processing_date="2021-05-04T01:38:22.25607",
)
OF_1001 = PackageKey(id=1001)
ITEMS = (
    items("the document's answer", ItemsQuery(package=OF_1001), {"pkgID": 1001}, DOCUMENT_ITEM, Page(total_record=2, rows=(ITEM,))),
    items(
        "every filter",
        ItemsQuery(
            package=PackageKey(id=1001, uuid=UUID, custom_id="a"), target="90551", operator=0, state=-2, page_index=1, page_size=10
        ),
        {
            "pkgID": 1001,
            "uuid": UUID,
            "customID": "a",
            "target": "90551",
            "operator": 0,
            "state": -2,
            "pageIndex": 1,
            "pageSize": 10,
        },
    ),
    items(
        "an own text, error 0, state as a string, no delivery",
        ItemsQuery(package=OF_1001),
        {"pkgID": 1001},
        b'[{"id": "1", "msg": "B ki\xc5\x9fisine", "error": 0, "state": "4", "deliveryDate": null}]',
        Page(total_record=2, rows=(PackageItem(id="1", msg="B kişisine", error="0", state=4),)),
    ),
    items(
        "an id as a number",
        ItemsQuery(package=OF_1001),
        {"pkgID": 1001},
        b'[{"id": 1}]',
        Page(total_record=2, rows=(PackageItem(id="1"),)),
    ),
)


def credits_(name: str, status: int, answer: bytes, gives: Any) -> Exchanged:
    return Exchanged(
        name=f"credit: {name}",
        ask=lambda vendor, credentials: vendor.credit(credentials),
        steps=[Step("user/credit", {}, (status, answer))],
        gives=gives,
    )


def cancels(
    name: str, key: PackageKey, expected: Mapping[str, Any], answer: bytes = b'{"err":null,"data":{"status":1}}', gives: Any = 1
) -> Exchanged:
    return Exchanged(
        name=f"cancel: {name}",
        ask=lambda vendor, credentials: vendor.cancel(key, credentials),
        steps=[Step("sms/cancel", expected, (200, answer))],
        gives=gives,
    )


def senders(name: str, query: SendersQuery, expected: Mapping[str, Any], rows: bytes, found: tuple[Sender, ...]) -> Exchanged:
    return Exchanged(
        name=f"senders: {name}",
        ask=lambda vendor, credentials: vendor.senders(query, credentials),
        steps=[Step("sms/list-sender", {"pageIndex": 0, "pageSize": 100} | dict(expected), listing(rows, total=3))],
        gives=Page(total_record=3, rows=found),
    )


OTHERS = (
    credits_("the document's answer", 200, b'{"err": null, "data": {"credit": 316807}}', 316807),
    credits_("as a string", 200, b'{"err": null, "data": {"credit": "12"}}', 12),
    credits_("none", 200, b'{"err": null, "data": {}}', UNKNOWN),
    credits_("no such path", 404, b"", Refused("ERR_INTERNAL_SERVER", 500, "HTTP 404")),
    credits_("a failed question", 500, refusal("ERR_INTERNAL_SERVER"), Refused("ERR_INTERNAL_SERVER", 500, "Hata")),
    cancels("by id", PackageKey(id=123456), {"id": 123456}),
    cancels("by uuid", PackageKey(uuid=UUID), {"uuid": UUID}),
    cancels("by customID", PackageKey(custom_id="a1b2c3"), {"customID": "a1b2c3"}),
    cancels("without a status", PackageKey(id=1), {"id": 1}, b'{"err": null, "data": {}}'),
    cancels(
        "too late",
        PackageKey(id=1),
        {"id": 1},
        refusal("ERR_SMS_PKG_NOT_CHANGEABLE", 417),
        Refused("ERR_SMS_PKG_NOT_CHANGEABLE", 417, "Hata"),
    ),
    senders(
        "the document's answer",
        SendersQuery(),
        {},
        b'[{"uuid": "1b09b8c5-ae80-42af-8779-21a61afd5da1", "status": 1, "title": "TEST"}]',
        (Sender(uuid=UUID, status=1, title="TEST"),),
    ),
    senders(
        "every filter",
        SendersQuery(keyword="TES", status=0, page_index=1, page_size=50),
        {"keyword": "TES", "status": 0, "pageIndex": 1, "pageSize": 50},
        b"[]",
        (),
    ),
)


def rows_with(states: Sequence[Any]) -> bytes:
    rows = [{"id": 1001 + place, "state": state} for place, state in enumerate(states)]
    return orjson.dumps({"err": None, "data": {"stats": {"totalRecord": len(rows)}, "list": rows}})


def settings(base_url: str) -> Mapping[str, Any]:
    return {"base_url": base_url}


def credentials(username: str, password: str) -> Mapping[str, Any]:
    return {"username": username, "password": password}


UNKNOWN_WORDS: Mapping[Any, int | None] = {7: None, "SENT": None, None: None}
CASES = Cases(
    settings=settings,
    credentials=credentials,
    # "Paket Durumları", "Paket Öğesi Durumları"; live: also as strings
    package_states={state: state for state in range(-4, 7)} | {"6": 6} | UNKNOWN_WORDS,
    item_states={state: state for state in range(-2, 6)} | {"-1": -1} | UNKNOWN_WORDS,
    packages_answer=rows_with,
    items_answer=rows_with,
    reports_answers=lambda words: [rows_with(words)],
    reports_say_when=True,
    refusals={code: code for code in ("ERR_USER_CREDIT_REQUIRED", "ERR_INVALID_SMS_SENDER", "ERR_DAILY_REQUEST_LIMIT")},
    exchanges=(*SENDS, *SEND_ANSWERS, *FINDS, *LISTS, *ITEMS, *OTHERS),
)
