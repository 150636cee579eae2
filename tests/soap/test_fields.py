"""What may stand in each field: what the vendor then receives, or which error the client reads.

The tables hold (fields that differ from a good call, expectation). Fields are XML as it stands in the element, None leaves the
element out. An expectation is a dict: what differs in the vendor's JSON from that of the good call, compared exactly, None for a
key that is not there; or a string: the ERR_ code and the words that end the message.
"""

from __future__ import annotations

import pytest

from bridge.soap.contract import NAMESPACE
from bridge.soap.writer import SOAP11
from tests.soap.serving import Served, Vendor

OURS = "bridge."  # the customID that the bridge gives begins so
LOGIN = "<username>admin</username><password>123456</password>"

SMS = {"type": "1", "sendingType": "0", "title": "Deneme", "content": "Merhaba", "number": "905511034554", "sender": "BASLIK"}
SMS_JSON = {
    "type": 1,
    "sendingType": 0,
    "title": "Deneme",
    "content": "Merhaba",
    "number": "905511034554",
    "sender": "BASLIK",
    "encoding": 0,
    "validity": 1440,
}
OTP = {"content": "Kod: 1", "number": "905511034554", "sender": "BASLIK"}
OTP_JSON = {"content": "Kod: 1", "number": "905511034554", "sender": "BASLIK", "encoding": 0, "validity": 6}
PAGE_JSON = {"pageIndex": 0, "pageSize": 100}
A, B, C = "905511034554", "905433404971", "905321234567"


def call(operation: str, fields: dict[str, str | None]) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)
    return envelope(operation, inner)


def envelope(operation: str, inner: str) -> str:
    wrapper = f'<s:{operation} xmlns:s="{NAMESPACE}">{LOGIN}{inner}</s:{operation}>'
    return f'<e:Envelope xmlns:e="{SOAP11.envelope}"><e:Body>{wrapper}</e:Body></e:Envelope>'


def merged(base: dict, changes: dict) -> dict:
    return {name: value for name, value in (base | changes).items() if value is not None}


def check(bridge: Served, vendor: Vendor, document: str, wanted: dict | str) -> None:
    """Posts, and compares with the expectation; a refusal of the bridge must not have reached the vendor."""
    answer = bridge.post(document)
    assert answer.status == 200
    if isinstance(wanted, str):
        code, _, words = wanted.partition(" ")
        assert answer.code == code
        assert answer.find("message").endswith(words)
        assert vendor.received() == []
        return
    body = vendor.body()
    if body.get("customID", "").startswith(OURS):
        del body["customID"]
    assert body == wanted


def items(*numbers: str) -> str:
    return "".join(f"<item>{number}</item>" for number in numbers)


def pairs(*members: tuple[str, str]) -> str:
    return "".join(f"<item><nr>{number}</nr><msg>{text}</msg></item>" for number, text in members)


def many(numbers: str, **more: str | None) -> dict[str, str | None]:
    return {"sendingType": "1", "number": None, "numbers": numbers, **more}


def own(numbers: str, **more: str | None) -> dict[str, str | None]:
    return {"sendingType": "2", "number": None, "numbers": numbers, **more}


def many_json(*numbers: str, **more: object) -> dict:
    return {"sendingType": 1, "number": None, "numbers": list(numbers), **more}


def own_json(*members: tuple[str, str], **more: object) -> dict:
    return {"sendingType": 2, "number": None, "numbers": [{"nr": number, "msg": text} for number, text in members], **more}


def bad(field: str) -> str:
    return f"ERR_BAD_REQUEST Alan: {field}."


def fields(name: str, bad_values: str, good: dict[str, object], key: str | None = None) -> list[tuple[dict, dict | str]]:
    """Rows for one field: values apart by | that are refused, and those that are taken with what the vendor gets."""
    refused = [({name: value}, bad(name)) for value in bad_values.split("|")]
    return refused + [({name: value}, {key or name: wanted}) for value, wanted in good.items()]


EMPTY, LIMIT, DATE = "ERR_EMPTY_SMS_PACKAGE", "ERR_REQUEST_PARAM_LIMIT", "ERR_INVALID_SMS_SENDING_DATE"
NOW = "2026-11-22 12:00:00"

SPELLINGS = [
    "905511034554",
    "5511034554",
    "05511034554",
    "+905511034554",
    "+90 551 103 45 54",
    "0 (551) 103-45-54",
    "0090 551 1034554\n",
    "551.103.45.54",
    "+90 (0)551 103 45 54",
    "551\xa0103\xa045\xa054",
    "\u202a5511034554\u202c",
    "90<!-- -->5511034554\n",
    "&#57;05511034554",
]
NO_NUMBERS = [
    None,
    *[
        "",
        "0",
        "5",
        "551103455",
        "55110345541",
        "905511034554,905433404971",
        "abc",
        "٥٥١١٠٣٤٥٥٤",
        "+",
        "x5511034554",
        "000000000000",
    ],
]
NO_DATES = [
    "2026-11-22 11:59",
    "2020-12-25 12:00",
    "2026-11-23",
    "23.11.2026 12:00",
    "2026-02-30 12:00",
    "2026-11-23 24:00",
    "yarın",
    "12:00",
]

SMS_ROWS = [
    ({}, {}),
    # numbers
    *(({"number": text}, {}) for text in SPELLINGS),
    ({"number": "+49 1512 3456789"}, {"number": "4915123456789"}),
    ({"number": "0212 293 00 00"}, {"number": "902122930000"}),
    *(({"number": text}, EMPTY) for text in NO_NUMBERS),
    ({"number": "<nr>905511034554</nr>"}, bad("number")),
    ({"number": None, "numbers": items(A)}, EMPTY),  # of another sendingType
    # one text to many
    (many(items(A, B)), many_json(A, B)),
    (many(items(A)), {}),
    (many(f"<item><nr>{A}</nr></item>"), {}),
    (many(items("0551 103 45 54", "+90 543 340 49 71", "5321234567")), many_json(A, B, C)),
    (many(items(A, B, A, "05511034554", "5433404971")), many_json(A, B)),
    (many(items(A, "5511034554")), {}),
    (many(items("123", A, "x" * 50, B)), many_json(A, B, "123", "x" * 32)),
    (many(items("123", A)), many_json(A, "123")),
    (many(items("123", "456")), EMPTY),
    (many(""), EMPTY),
    (many("<item/><item></item>"), EMPTY),
    (many(items(A, " ", "\n", B, "")), many_json(A, B)),
    (many(A), bad("numbers")),
    (many(None), EMPTY),
    ({"sendingType": "1"}, EMPTY),  # number is of another sendingType
    (many(pairs((A, "kendi"), (B, "metni"))), many_json(A, B)),  # the texts are of another sendingType
    (many(f"<item><nr>{A}<b/></nr></item>"), bad("numbers.item.nr")),
    (many(f"<item>{A}<b/></item>{items(B)}"), bad("numbers.item.nr")),
    (many(f"<item><nr>{A}</nr><nr>{B}</nr></item>"), bad("numbers.item.nr")),
    # a text to each
    (own(pairs((A, "bir"), (B, "iki"))), own_json((A, "bir"), (B, "iki"))),
    (own(pairs((A, "bir"))), own_json((A, "bir"))),
    (own(pairs((A, "bir"), ("0551 103 45 54", "bir"), (B, "bir"))), own_json((A, "bir"), (B, "bir"))),
    (own(pairs((A, "bir"), (A, "iki"), (A, "bir"))), own_json((A, "bir"), (A, "iki"))),
    (own(pairs((A, "bir"), ("123", "iki"), (B, "üç"))), own_json((A, "bir"), (B, "üç"), ("123", "iki"))),
    (own(f"<item><nr>{A}</nr></item>{pairs((B, 'iki'))}"), own_json((A, "Merhaba"), (B, "iki"))),
    (own(f"<item><nr>{A}</nr><msg> </msg></item>"), own_json((A, "Merhaba"))),
    (own(items(A, B)), own_json((A, "Merhaba"), (B, "Merhaba"))),
    (own(pairs((A, "bir"), (B, "iki")), content=None), own_json((A, "bir"), (B, "iki"), content="bir")),
    (own(f"<item><nr>{A}</nr></item>{pairs((B, 'iki'))}", content=None), bad("numbers.item.msg")),
    (own(f"<item><nr>{A}</nr><msg>a<b/></msg></item>"), bad("numbers.item.msg")),
    (own("<item><msg>yalnız metin</msg></item>"), EMPTY),
    (own(f"<item><msg>yalnız metin</msg></item>{pairs((B, 'iki'))}"), own_json((B, "iki"), ("", "yalnız metin"))),
    (own(pairs(("123", "bir"))), EMPTY),
    # national ids
    ({"type": "2", "number": "10000000146"}, {"type": 2, "number": "10000000146"}),
    ({"type": "2", "number": " 12345678950\n"}, {"type": 2, "number": "12345678950"}),
    (
        many(items("10000000146", "10000000147", "12345678950"), type="2"),
        many_json("10000000146", "12345678950", "10000000147", type=2),
    ),
    (
        own(pairs(("10000000146", "bir"), ("12345678950", "iki")), type="2"),
        own_json(("10000000146", "bir"), ("12345678950", "iki"), type=2),
    ),
    ({"type": "2"}, EMPTY),  # a telephone number
    ({"type": "2", "number": "01234567890"}, EMPTY),
    ({"type": "2", "number": "11111111111"}, EMPTY),
    # types
    *fields("type", "3|-1|x|1.0|1 2|99999999999999999999|<a/>|true", {"1": 1, " 1\n": 1, "+1": 1, "01": 1}),
    ({"type": None}, bad("type")),
    ({"type": ""}, bad("type")),
    ({"type": "0"}, {"type": 0, "validity": 6}),
    *fields("sendingType", "3|-1|tekil||" + "9" * 30, {"0": 0, "00": 0}),
    ({"sendingType": None}, bad("sendingType")),
    # texts
    *fields(
        "content",
        "|\n|a<b>c</b>|<![CDATA[]]>",
        {"a": "a", " a ": " a ", "a\r\nb": "a\nb", "a&#13;b": "a\rb", "<![CDATA[<b>&]]>": "<b>&"},
    ),
    ({"content": "ğüşıöç ĞÜŞİÖÇ € 👍 &lt;&amp;&gt;"}, {"content": "ğüşıöç ĞÜŞİÖÇ € 👍 <&>"}),
    ({"content": "ş" * 5000}, {"content": "ş" * 5000}),
    *fields("sender", "|<a>BASLIK</a>", {" BASLIK ": "BASLIK"}),
    ({"sender": None}, bad("sender")),
    *fields("title", "a<b/>", {"": NOW, "  ": NOW, " Başlık &amp; ": "Başlık &"}),
    ({"title": None}, {"title": NOW}),
    # encoding, validity
    *fields("encoding", "3|-1|utf-8|1,0", {"": 0, "0": 0, "1": 1, "2": 2}),
    # PHP writes 0 where nothing was given
    *fields("validity", "x|1h|6O", {"": 1440, "0": 1440, "60": 60, "61": 61, "1440": 1440}),
    *(({"validity": minutes}, bad("validity (60..1440)")) for minutes in ("59", "1441", "-60", "2147483647")),
    ({"validity": "2147483648"}, bad("validity")),
    *(({"type": "0", "validity": minutes}, {"type": 0, "validity": int(minutes)}) for minutes in ("3", "4", "6")),
    *(({"type": "0", "validity": minutes}, bad("validity (3..6)")) for minutes in ("2", "7", "60", "1440")),
    # customID
    *fields(
        "customID", "a b|a/b|ğ|a@b|<a/>|" + "a" * 101, {"a1b2c3": "a1b2c3", "A-9.z": "A-9.z", " x1 ": "x1", "9" * 100: "9" * 100}
    ),
    ({"customID": "alt_cizgi"}, {"customID": "alt_cizgi"}),
    ({"customID": ""}, {}),
    # dates
    *(
        ({"sendingDate": text}, {"sendingDate": wanted})
        for text, wanted in {
            "2026-11-23 12:00": "2026-11-23 12:00",
            "2026-11-23T12:00": "2026-11-23 12:00",
            "2026-11-23 12:00:00": "2026-11-23 12:00",
            "2026-11-23 12:00:01": "2026-11-23 12:01",  # the vendor knows minutes: not before its time
            "2026-11-23T12:00:30.5000000": "2026-11-23 12:01",
            "2026-11-23T09:00:00Z": "2026-11-23 12:00",
            "2026-11-23T12:00:00+03:00": "2026-11-23 12:00",
            "2026-11-23T10:00:00+01:00": "2026-11-23 12:00",
            " 2026-11-23  12:00 ": "2026-11-23 12:00",
            "2026-11-22 12:00": "2026-11-22 12:00",  # this very minute
            "2028-02-29 00:00": "2028-02-29 00:00",
            "": None,
        }.items()
    ),
    *(({"sendingDate": text}, DATE) for text in NO_DATES),
    ({"sendingDate": "2026-11-23<b/>"}, bad("sendingDate")),
    # flags and structures
    *fields("commercial", "yes|2|evet|-1", {"true": True, "1": True, "false": False, "0": False, "": None, "True": True}),
    ({"pushSettings": "<url>https://a.example/x?a=1&amp;b=ş</url>"}, {"pushSettings": {"url": "https://a.example/x?a=1&b=ş"}}),
    ({"pushSettings": "<url> https://a.example/ </url><more/>"}, {"pushSettings": {"url": "https://a.example/"}}),
    ({"pushSettings": "<url/>"}, {}),
    ({"pushSettings": "https://a.example/"}, bad("pushSettings")),
    ({"pushSettings": "<url><b/></url>"}, bad("pushSettings.url")),
    (
        {"periodicSettings": "<periodType>0</periodType><amount>1000</amount><interval>5</interval>"},
        {"periodicSettings": {"periodType": 0, "amount": 1000, "interval": 5}},
    ),
    *(({"periodicSettings": f"<periodType>{n}</periodType>"}, {"periodicSettings": {"periodType": n}}) for n in (1, 2, 3, 4)),
    ({"periodicSettings": ""}, {}),
    ({"periodicSettings": "<amount/><interval/>"}, {}),
    ({"periodicSettings": "<amount>1000</amount>"}, bad("periodicSettings.periodType")),
    ({"periodicSettings": "<periodType>5</periodType>"}, bad("periodicSettings.periodType")),
    ({"periodicSettings": "<periodType>0</periodType><amount>0</amount>"}, bad("periodicSettings.amount")),
    ({"periodicSettings": "<periodType>0</periodType><interval>x</interval>"}, bad("periodicSettings.interval")),
    # what is not in the contract
    ({"gateway": "5", "skipAhsQuery": "true", "Content": "b"}, {}),
]

OTP_ROWS = [
    ({}, {}),
    ({"number": "0551 103 45 54"}, {}),
    ({"number": "123"}, EMPTY),
    ({"number": None}, EMPTY),
    ({"content": None}, bad("content")),
    ({"sender": None}, bad("sender")),
    *fields("encoding", "3|x", {"1": 1, "2": 2}),
    *(({"validity": minutes}, {"validity": int(minutes)}) for minutes in ("3", "5", "6")),
    *(({"validity": minutes}, bad("validity (3..6)")) for minutes in ("2", "7", "60")),
    *(
        ({"trustDate": text}, {"trustDate": wanted})
        for text, wanted in {
            "2020-12-25 12:00:00": "2020-12-25 12:00:00",
            "2020-12-25 12:00": "2020-12-25 12:00:00",
            "2020-12-25T09:00:00Z": "2020-12-25 12:00:00",
            "": None,
        }.items()
    ),
    *(({"trustDate": text}, bad("trustDate")) for text in ("dün", "2020-12-25", "2020-13-25 12:00:00", "a<b/>")),
    *fields("customID", "a b|" + "a" * 101, {"otp-1": "otp-1"}),
    (
        {"pushSettings": "<url>http://a.example/</url>", "commercial": "1"},
        {"pushSettings": {"url": "http://a.example/"}, "commercial": True},
    ),
    ({"type": "2", "sendingType": "1", "title": "x", "numbers": items(B)}, {}),  # of sendSms: unknown here
]

PAGES = [
    *(
        ({"pageSize": text}, {"pageSize": size})
        for text, size in {"": 100, "0": 100, "5": 10, "-1": 10, "10": 10, "50": 50}.items()
    ),
    *(({"pageSize": text}, {"pageSize": size}) for text, size in {"1000": 1000, "1001": 1000, "2147483647": 1000}.items()),
    *(({"pageIndex": text}, {"pageIndex": index}) for text, index in {"": 0, "0": 0, "7": 7, "2147483647": 2147483647}.items()),
    *(({name: text}, bad(name)) for name in ("pageIndex", "pageSize") for text in ("x", "1.5", "2147483648")),
    ({"pageIndex": "-1"}, bad("pageIndex")),
]

LIST_ROWS = [
    ({}, {}),
    *PAGES,
    ({"ids": items("1", "2147483648", "9223372036854775807")}, {"ids": [1, 2147483648, 9223372036854775807]}),
    ({"ids": items("5", "0", "", " ")}, {"ids": [5]}),
    ({"ids": ""}, {}),
    ({"ids": "5"}, bad("ids")),
    ({"ids": items("x")}, bad("ids")),
    ({"ids": items("-1")}, bad("ids")),
    ({"ids": items("9223372036854775808")}, bad("ids")),
    ({"ids": "<item>5<b/></item>"}, bad("ids")),
    ({"customIDs": items("a-1", " b.2 ")}, {"customIDs": ["a-1", "b.2"]}),
    ({"customIDs": items("a", " ", "", "b")}, {"customIDs": ["a", "b"]}),
    ({"customIDs": "a"}, bad("customIDs")),
    ({"customIDs": items("a b")}, bad("customIDs")),
    ({"customIDs": items("a" * 101)}, bad("customIDs")),
    ({"keyword": " şifre &amp; "}, {"keyword": "şifre &"}),
    ({"sender": "BASLIK"}, {"sender": "BASLIK"}),
    *fields("status", "8|-1|x", {**{str(n): n for n in range(8)}, "": None}),
    (
        {"startDate": "2026-11-01 00:00", "finishDate": "2026-11-01 00:00"},
        {"startDate": "2026-11-01 00:00", "finishDate": "2026-11-01 00:00"},
    ),
    ({"startDate": "2026-11-01T00:00:59"}, {"startDate": "2026-11-01 00:00"}),
    ({"finishDate": "2026-11-01 00:00:01"}, {"finishDate": "2026-11-01 00:01"}),
    ({"startDate": "2026-11-01 00:01", "finishDate": "2026-11-01 00:00"}, "ERR_INVALID_DATE_RANGE"),
    ({"startDate": "2026-11-01"}, bad("startDate")),
    ({"finishDate": "1.11.2026 00:00"}, bad("finishDate")),
    ({"finishDate": "<a/>"}, bad("finishDate")),
]

ITEM_ROWS = [
    ({}, {}),
    *PAGES,
    ({"pkgID": "0", "uuid": "u"}, {"pkgID": None, "uuid": "u"}),  # PHP's empty number
    ({"pkgID": None, "customID": " a-1 "}, {"pkgID": None, "customID": "a-1"}),
    ({"pkgID": "5", "uuid": "u", "customID": "c"}, {"pkgID": 5, "uuid": "u", "customID": "c"}),
    *(({"pkgID": text}, bad("pkgID, uuid, customID")) for text in (None, "", "0")),
    *fields("pkgID", "x|-1|9223372036854775808", {"9223372036854775807": 9223372036854775807}),
    ({"target": " 90551 "}, {"target": "90551"}),
    *fields("operator", "4|-1|Turkcell", {**{str(n): n for n in range(4)}, "": None}),
    *fields("state", "6|-3|x", {**{str(n): n for n in range(-2, 6)}, "": None}),
]

SENDER_ROWS = [({}, {}), *PAGES, ({"keyword": "BAŞ"}, {"keyword": "BAŞ"}), *fields("status", "4|-1|x", {"0": 0, "3": 3, "": None})]

CANCEL_ROWS = [
    ({}, {}),
    ({"id": None, "uuid": "u"}, {"id": None, "uuid": "u"}),
    ({"id": "0", "customID": "c"}, {"id": None, "customID": "c"}),
    ({"id": None}, bad("id, uuid, customID")),
    ({"id": "0"}, bad("id, uuid, customID")),
    *fields("id", "x|-1|1.0", {}),
    ({"pkgID": "7"}, {}),
]

GOOD = {
    "sendSms": (SMS, SMS_JSON, SMS_ROWS),
    "sendOtp": (OTP, OTP_JSON, OTP_ROWS),
    "getSmsPackages": ({}, PAGE_JSON, LIST_ROWS),
    "getSmsPackageItems": ({"pkgID": "5"}, {"pkgID": 5, **PAGE_JSON}, ITEM_ROWS),
    "getSmsSenders": ({}, PAGE_JSON, SENDER_ROWS),
    "cancelSmsPackage": ({"id": "5"}, {"id": 5}, CANCEL_ROWS),
    "getUserCredit": ({}, {}, [({}, {}), ({"x": "y"}, {})]),
}


def rows() -> list:
    return [
        pytest.param(operation, changes, wanted, id=f"{operation} {str(changes)[:80]}")
        for operation, (_, _, table) in GOOD.items()
        for changes, wanted in table
    ]


@pytest.mark.parametrize(("operation", "changes", "wanted"), rows())
def test_field(bridge, vendor, operation, changes, wanted):
    base, json, _ = GOOD[operation]
    check(bridge, vendor, call(operation, {**base, **changes}), wanted if isinstance(wanted, str) else merged(json, wanted))


KNOWN = {
    "sendSms": {*SMS, "customID", "numbers"},
    "sendOtp": {*OTP, "customID"},
    "getSmsPackages": {"pageSize", "ids", "customIDs"},
    "getSmsPackageItems": {"pkgID", "customID", "pageSize"},
    "getSmsSenders": {"pageSize"},
    "cancelSmsPackage": {"id", "customID"},
}


@pytest.mark.parametrize(("operation", "name"), [(each, name) for each, names in KNOWN.items() for name in sorted(names)])
def test_a_field_that_is_given_twice_is_refused(bridge, vendor, operation, name):
    base = GOOD[operation][0]
    one = f"<{name}>{items('1') if name in {'numbers', 'ids', 'customIDs'} else base.get(name, '1')}</{name}>"
    inner = "".join(f"<{other}>{value}</{other}>" for other, value in base.items() if other != name)
    check(bridge, vendor, envelope(operation, f"{inner}{one}{one}"), bad(name))


@pytest.mark.parametrize(("operation", "name"), [(each, name) for each, names in KNOWN.items() for name in sorted(names)])
def test_a_field_that_is_given_twice_but_once_empty_counts_once(bridge, vendor, operation, name):
    base, json, _ = GOOD[operation]
    value = {"numbers": items("1"), "ids": items("1"), "customIDs": items("1"), "pageSize": "100"}.get(name, base.get(name, "1"))
    inner = "".join(f"<{other}>{text}</{other}>" for other, text in {**base, name: value}.items())
    extra = {"customID": {"customID": "1"}, "ids": {"ids": [1]}, "customIDs": {"customIDs": ["1"]}}.get(name, {})
    check(bridge, vendor, envelope(operation, f"<{name}/>{inner}<{name}> </{name}>"), json | extra)


# -- limits of lists


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        ("sendSms", many(items(A, B, C, "5321234568")), "numbers"),
        ("sendSms", many(items(A, A, A, A)), "numbers"),
        ("sendSms", own(pairs((A, "1"), (B, "2"), (C, "3"), (A, "4"))), "numbers"),
        ("getSmsPackages", {"ids": items("1", "2", "3")}, "ids"),
        ("getSmsPackages", {"customIDs": items("1", "2", "3")}, "customIDs"),
    ],
)
def test_lists_have_limits(bridge_with, vendor, operation, changes, field):
    bridge = bridge_with(limits={"recipients": 3, "query_ids": 2})
    document = call(operation, {**GOOD[operation][0], **changes})
    limit = 3 if field == "numbers" else 2
    check(bridge, vendor, document, f"ERR_REQUEST_PARAM_LIMIT {field} en fazla {limit} öğe alır.")


def test_lists_up_to_their_limits(bridge_with, vendor):
    bridge = bridge_with(limits={"recipients": 3, "query_ids": 2})
    check(bridge, vendor, call("sendSms", {**SMS, **many(items(A, B, C))}), merged(SMS_JSON, many_json(A, B, C)))
    vendor.reset()
    check(bridge, vendor, call("getSmsPackages", {"ids": items("1", "2")}), {"ids": [1, 2], **PAGE_JSON})


def test_more_than_twenty_thousand_recipients(bridge, vendor):
    numbers = [f"90551{number:07}" for number in range(20_001)]
    document = call("sendSms", {**SMS, **many(items(*numbers))})
    check(bridge, vendor, document, "ERR_REQUEST_PARAM_LIMIT numbers en fazla 20000 öğe alır.")


# -- the words of errors


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"encoding": "9"}, ("Hatalı istek. Alan: encoding.", "Bad request. Field: encoding.")),
        ({"number": "1"}, ("Geçerli alıcı numarası yok.", "There is no valid recipient number.")),
        (
            {"sendingDate": "2020-01-01 00:00"},
            ("Gönderim tarihi geçersiz ya da geçmişte.", "The sending date is invalid or in the past."),
        ),
        ({"password": "x"}, ("Kullanıcı adı ya da şifre hatalı.", "Wrong username or password.")),
    ],
)
def test_messages_in_both_languages(bridge, bridge_with, vendor, changes, messages):
    document = call("sendSms", {**SMS, **changes})
    if "password" in changes:
        document = document.replace("<password>123456</password>", "")
    assert bridge.post(document).find("message") == messages[0]
    assert bridge_with(soap={"language": "en"}).post(document).find("message") == messages[1]
    assert vendor.received() == []


@pytest.mark.parametrize("secret", ["998877", "905551112233"])
def test_errors_do_not_repeat_what_the_client_said(bridge, vendor, secret):
    for changes in (
        {"encoding": secret},
        {"validity": secret},
        {"number": f"{secret}x"},
        {"customID": f"{secret} "},
        {"type": secret},
    ):
        answer = bridge.post(call("sendSms", {**SMS, "content": secret, "sender": "", **changes}))
        assert answer.code.startswith("ERR_")
        assert secret.encode() not in answer.body


# -- from one call to the next


def test_a_package_is_found_again_by_each_of_its_names(bridge, vendor):
    package = bridge.post(call("sendSms", {**SMS, "customID": "a-1", "sendingDate": "2026-11-23 12:00"})).find("pkgID")
    row = bridge.post(call("getSmsPackages", {"customIDs": items("a-1")}))
    assert (row.find("id"), row.find("customID")) == (package, "a-1")
    uuid = row.find("uuid")
    for key in ({"pkgID": package}, {"uuid": uuid}, {"customID": "a-1"}, {"pkgID": package, "uuid": uuid, "customID": "a-1"}):
        assert bridge.post(call("getSmsPackageItems", key)).find("target") == A
    assert bridge.post(call("getSmsPackageItems", {"pkgID": package, "customID": "b"})).code == "ERR_SMS_PKG_NOT_FOUND"
    assert bridge.post(call("cancelSmsPackage", {"uuid": uuid})).find("status") == "1"
    assert bridge.post(call("cancelSmsPackage", {"id": package})).code == "ERR_SMS_PKG_NOT_CHANGEABLE"
    assert bridge.post(call("getSmsPackages", {"status": "6"})).find("id") == package


def test_the_bridge_s_own_customid_is_not_shown(bridge, vendor):
    bridge.post(call("sendSms", SMS))
    assert vendor.body()["customID"].startswith(OURS)
    assert bridge.post(call("getSmsPackages", {})).find("customID") == ""
    bridge.post(call("sendSms", {**SMS, "customID": "bridge.mine"}))
    assert bridge.post(call("getSmsPackages", {"customIDs": items("bridge.mine")})).find("customID") == "bridge.mine"


def test_reports_of_a_package(bridge, vendor):
    unreachable = "905433404979"
    package = bridge.post(call("sendSms", {**SMS, **many(items(A, unreachable, "123"))})).find("pkgID")

    def states() -> tuple[str, list[str]]:
        rows = bridge.post(call("getSmsPackageItems", {"pkgID": package})).xml.iter("state")
        return bridge.post(call("getSmsPackages", {"ids": items(package)})).find("state"), [row.text for row in rows]

    assert states() == ("1", ["0", "0", "-1"])
    vendor.advance(60)
    assert states() == ("3", ["1", "1", "-1"])
    vendor.advance(60)
    assert states() == ("4", ["2", "2", "-1"])
    vendor.advance(90)
    assert states() == ("5", ["3", "2", "-1"])
    vendor.advance(120)
    assert states() == ("6", ["3", "4", "-1"])
    answer = bridge.post(call("getSmsPackages", {"ids": items(package)}))
    assert [answer.find(name) for name in ("total", "rCount", "delivered", "undelivered")] == ["3", "3", "1", "2"]
