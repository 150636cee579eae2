"""isobil API v2: what it must receive and how its answers are read, in each of its three ways to say the same.

The document's samples are types ("String", 0); the numbers and texts are those of its explanations.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from bridge.domain.message import Encoding, Kind, Message, Period, PeriodType
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.vendors.contract import ItemReport
from tests.vendors.contract import UNKNOWN, Cases, Exchanged, Refused, Step
from tests.vendors.messages import MORNING, TCKN, message, otp

LOGIN = {
    "username": "user",
    "password": "test",
    "system_code": 1234,
    "service_id": 1,
    "otp_service_id": 2,
    "tckn_service_id": 3,
}
CREDENTIAL = {"Username": "user", "Password": "test", "SystemCode": 1234}
NUMBERS = ("905320000001", "905420000002", "905550000003")
TEN_DIGITS = ["5320000001", "5420000002", "5550000003"]
NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})
Answer = tuple[int, bytes]


# three ways to say the same


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def xml(name: str, value: Any) -> str:
    """An element; a list becomes as many."""
    if isinstance(value, list):
        return "".join(xml(name, each) for each in value)
    content = "".join(xml(*each) for each in value.items()) if isinstance(value, Mapping) else escape(str(value), {"\r": "&#13;"})
    return f"<{name}>{content}</{name}>"


DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
SOAP12 = '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>{}</soap:Body></soap:Envelope>'


def enveloped(operation: str, fields: Mapping[str, Any]) -> str:
    """What the one live client posts."""
    data = compact(fields).replace("]]>", "]]]]><![CDATA[>")
    return DECLARATION + SOAP12.format(
        f'<{operation} xmlns="https://api.isobil.com.tr"><data><![CDATA[{data}]]></data></{operation}>'
    )


def enveloped_answer(operation: str, fields: Mapping[str, Any]) -> str:
    result = escape(compact({"Response": fields}))
    return DECLARATION + SOAP12.format(
        f'<{operation}Response xmlns="https://api.isobil.com.tr"><{operation}Result>{result}</{operation}Result></{operation}Response>'
    )


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One way. request, answer: of an operation and its fields."""

    name: str
    page: str
    content_type: str
    request: Callable[[str, Mapping[str, Any]], Any]
    answer: Callable[[str, Mapping[str, Any]], str]

    def step(self, operation: str, fields: Mapping[str, Any], answer: Mapping[str, Any] | Answer) -> Step:
        """answer: the fields after a successful Status, or status and body."""
        given = answer if isinstance(answer, tuple) else self.answered(operation, {"Status": SUCCESS, **answer})
        request = self.request(operation, {"Credential": CREDENTIAL, **fields})
        return Step(f"{self.page}?op={operation}", request, given, headers={"content-type": self.content_type})

    def answered(self, operation: str, fields: Mapping[str, Any]) -> Answer:
        return 200, self.answer(operation, fields).encode()


SUCCESS = {"Code": 100, "Description": "İşlem başarılı."}
JSON = Dialect(
    name="json",
    page="isobil_API_JSON.asmx",
    content_type="application/json; charset=utf-8",
    request=lambda _operation, fields: fields,
    answer=lambda _operation, fields: compact({"Response": fields}),
)
ASMX = Dialect(
    name="asmx",
    page="isobil_API_JSON.asmx",
    content_type="text/xml; charset=utf-8",
    request=enveloped,
    answer=enveloped_answer,
)
XML = Dialect(
    name="xml",
    page="isobil_API_XML.asmx",
    content_type="text/xml; charset=utf-8",
    request=lambda _operation, fields: DECLARATION + xml("Request", fields),
    answer=lambda _operation, fields: DECLARATION + xml("Response", fields),
)


def header(service: int = 1, sender: str = "BASLIK") -> dict[str, Any]:
    return {"ServiceID": service, "From": sender, "ScheduledDeliveryDate": "", "ValidityDate": ""}


def submit(numbers: Sequence[str] = TEN_DIGITS[:1], *, text: str = "Mesaj metni", coding: str = "Default", service: int = 1) -> Any:
    return {"Message": text, "DataCoding": coding, "Header": header(service), "To": list(numbers)}


def multi(*pairs: tuple[str, str], coding: str = "Default", service: int = 1) -> dict[str, Any]:
    envelopes = [{"Message": text, "To": number} for number, text in pairs]
    return {"DataCoding": coding, "Header": header(service), "Envelopes": {"Envelope": envelopes}}


def single(**changes: Any) -> Message:
    return message(**({"numbers": NUMBERS[:1]} | changes))


def own(*texts: str, **changes: Any) -> Message:
    return message(**({"numbers": NUMBERS[: len(texts)], "text": None, "texts": texts} | changes))


class Table:
    """Exact requests and answers in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def exchanged(
        self, name: str, ask: Any, steps: Sequence[Step], gives: Any, settings: Mapping[str, Any] = NO_SETTINGS, **login: Any
    ) -> Exchanged:
        own_keys = {"dialect": self.dialect.name, **settings}
        return Exchanged(name=name, ask=ask, steps=steps, gives=gives, settings=own_keys, credentials=LOGIN | login)

    def sends(self, name: str, given: Message, sent: Mapping[str, Any], operation: str = "Submit", **more: Any) -> Exchanged:
        steps = [self.dialect.step(operation, sent, {"MessageID": 7100001})]
        return self.exchanged(name, lambda vendor, login: vendor.send(given, login), steps, 7100001, **more)

    def written(self, name: str, text: str, encoding: Encoding, sent: str, coding: str) -> Exchanged:
        given = single(text=text, encoding=encoding)
        return self.sends(f"{name}, encoding {encoding.value}", given, submit(text=sent, coding=coding))

    def all_sends(self) -> tuple[Exchanged, ...]:
        return (
            self.sends("the document's Submit", message(numbers=NUMBERS), submit(TEN_DIGITS)),
            self.sends(
                "the document's SubmitMulti",
                own("Numara 1 icin mesaj", "Numara 2 icin mesaj"),
                multi((TEN_DIGITS[0], "Numara 1 icin mesaj"), (TEN_DIGITS[1], "Numara 2 icin mesaj")),
                "SubmitMulti",
            ),
            self.sends("one text of its own", own("A"), multi((TEN_DIGITS[0], "A")), "SubmitMulti"),
            self.sends(
                "in the order of the package",
                own("A", "B", "A"),
                multi((TEN_DIGITS[0], "A"), (TEN_DIGITS[1], "B"), (TEN_DIGITS[2], "A")),
                "SubmitMulti",
            ),
            self.sends(
                "one text makes all UCS2",
                own("A", "ğ", encoding=Encoding.TURKISH),
                multi((TEN_DIGITS[0], "A"), (TEN_DIGITS[1], "ğ"), coding="UCS2"),
                "SubmitMulti",
            ),
            self.written("Turkish", "Ağaç ŞİĞ", Encoding.ASCII, "Agac SIG", "Default"),
            self.written("Turkish", "Ağaç ŞİĞ", Encoding.TURKISH, "Ağaç ŞİĞ", "UCS2"),
            self.written("Turkish", "Ağaç ŞİĞ", Encoding.UTF8, "Ağaç ŞİĞ", "UCS2"),
            # GSM 03.38 has them
            self.written("Turkish letters of the default alphabet", "ÜÖÇ üö", Encoding.TURKISH, "ÜÖÇ üö", "Default"),
            self.written("euro, brackets", "5 € [x]", Encoding.ASCII, "5 € [x]", "Default"),
            self.written("English", "Agac", Encoding.UTF8, "Agac", "Default"),
            self.written("backtick", "`x`", Encoding.UTF8, "`x`", "UCS2"),
            self.written("emoji", "👍", Encoding.UTF8, "👍", "UCS2"),
            self.written("markup", "<a> & ]]> \"b\" 'c'", Encoding.ASCII, "<a> & ]]> \"b\" 'c'", "Default"),
            self.written("line breaks", "a\r\nb\nc", Encoding.ASCII, "a\r\nb\nc", "Default"),
            self.sends("otp", otp(numbers=NUMBERS[:1]), submit(text="Kodunuz: 123456", service=2)),
            self.sends(
                "otp by v5's operation",
                otp(numbers=NUMBERS[:1]),
                submit(text="Kodunuz: 123456", service=2),
                "SubmitOTP",
                settings={"otp_operation": "SubmitOTP"},
            ),
            self.sends(
                "otp with texts of their own",
                own("A", "B", kind=Kind.OTP),
                multi((TEN_DIGITS[0], "A"), (TEN_DIGITS[1], "B"), service=2),
                "SubmitMulti",
                settings={"otp_operation": "SubmitOTP"},
            ),
            self.exchanged(
                "otp without a service of its own",
                lambda vendor, login: vendor.send(otp(numbers=NUMBERS[:1]), login),
                [],
                Refused("ERR_BAD_REQUEST", 400, "isobil hesabında otp_service_id tanımlı değil."),
                otp_service_id=None,
            ),
            self.sends("national id", single(kind=Kind.TCKN, numbers=(TCKN,)), submit([TCKN], service=3), "Submit_TCKN"),
            self.sends(
                "national ids with texts of their own",
                own("A", kind=Kind.TCKN, numbers=(TCKN,)),
                multi((TCKN, "A"), service=3),
                "SubmitMulti_TCKN",
            ),
            self.sends(
                "national id without a service of its own",
                single(kind=Kind.TCKN, numbers=(TCKN,)),
                submit([TCKN]),
                "Submit_TCKN",
                tckn_service_id=None,
            ),
            self.sends("a Turkish number that is no mobile", single(numbers=("902121234567",)), submit(["2121234567"])),
            self.sends("invalid numbers are left out", single(invalid_numbers=("12",)), submit()),
            self.sends(
                "as v5's client",
                single(),
                {"MessageType": "BILGILENDIRME", "BlackListControl": "false", **submit([NUMBERS[0]])},
                settings=V5,
            ),
            self.sends(
                "a national id as v5's client",
                single(kind=Kind.TCKN, numbers=(TCKN,)),
                {"MessageType": "BILGILENDIRME", "BlackListControl": "false", **submit([TCKN], service=3)},
                "Submit_TCKN",
                settings=V5,
            ),
        )

    # answers to a send

    def answers(self, name: str, answer: Answer, gives: Any, **more: Any) -> Exchanged:
        steps = [self.dialect.step("Submit", submit(), answer)]
        return self.exchanged(f"answer: {name}", lambda vendor, login: vendor.send(single(), login), steps, gives, **more)

    def says(self, name: str, fields: Mapping[str, Any], gives: Any, **more: Any) -> Exchanged:
        return self.answers(name, self.dialect.answered("Submit", fields), gives, **more)

    def refuses(self, text: str, code: str, status: int) -> Exchanged:
        fields = {"MessageID": 0, "Status": {"Code": 999, "Description": text}}
        return self.says(repr(text), fields, Refused(code, status, text))

    def all_answers(self) -> tuple[Exchanged, ...]:
        refused = {"Status": {"Code": 117, "Description": "Hata"}}
        return (
            self.says("MessageId", {"MessageId": 7100001, "Status": SUCCESS}, 7100001),
            self.says("numbers as text", {"MessageID": "7100001", "Status": {"Code": "100", "Description": ""}}, 7100001),
            self.says("any other code", refused, Refused(CREATING_FAILED, 417, "Hata")),
            self.says("code 0", {"Status": {"Code": 0, "Description": "Hata"}}, Refused(CREATING_FAILED, 417, "Hata")),
            self.says("a code without words", {"Status": {"Code": 117}}, Refused(CREATING_FAILED, 417, "117")),
            self.says(
                "a code that the settings know",
                refused,
                Refused("ERR_USER_CREDIT_REQUIRED", 417, "Hata"),
                settings={"errors": {"117": "ERR_USER_CREDIT_REQUIRED"}},
            ),
            self.says("a code that they call unsure", refused, UNKNOWN, settings={"errors": {"117": "ERR_INTERNAL_SERVER"}}),
            self.refuses("Kullanıcı adı, şifre veya sistem kodu hatalı.", UNAUTHORIZED, 401),
            self.refuses("Sistem kodu hatalı", UNAUTHORIZED, 401),
            self.refuses("Yetersiz kredi.", "ERR_USER_CREDIT_REQUIRED", 417),
            self.refuses("Kullanıcı kredisi yetersiz", "ERR_USER_CREDIT_REQUIRED", 417),
            self.refuses("Gönderici adı tanımlı değil", "ERR_INVALID_SMS_SENDER", 417),
            self.refuses("GEÇERSİZ BAŞLIK", "ERR_INVALID_SMS_SENDER", 417),
            self.refuses("Geçerli numara bulunamadı", "ERR_EMPTY_SMS_PACKAGE", 417),
            self.refuses("Servis tanımlı değil", CREATING_FAILED, 417),
            # a failure inside the vendor, which does not say how far it came
            self.says("a failure", {"Status": {"Code": 900, "Description": "Sistem hatası"}}, UNKNOWN),
            self.says("refused, but with an id", {"MessageID": 7100001, **refused}, UNKNOWN),
            self.says("no MessageID", {"Status": SUCCESS}, UNKNOWN),
            self.says("MessageID 0", {"MessageID": 0, "Status": SUCCESS}, UNKNOWN),
            self.says("another MessageID", {"MessageID": "m1", "Status": SUCCESS}, UNKNOWN),
            self.says("no Status", {"MessageID": 7100001, "Description": ""}, UNKNOWN),
            self.says("Status without a code", {"MessageID": 7100001, "Status": {"Description": ""}}, UNKNOWN),
            self.says("Status is no object", {"MessageID": 7100001, "Status": "100"}, UNKNOWN),
            self.answers("nothing", (200, b""), UNKNOWN),
            self.answers("a page", (200, b"<html><h1>Bak\xc4\xb1m</h1></html>"), UNKNOWN),
            self.answers("a broken page", (200, b"<html><br></html>"), UNKNOWN),
            self.answers("HTTP 201", (201, self.dialect.answered("Submit", {"MessageID": 1, "Status": SUCCESS})[1]), UNKNOWN),
            self.answers("HTTP 500", (500, self.dialect.answered("Submit", refused)[1]), UNKNOWN),
            self.answers("HTTP 404", (404, b""), Refused(CREATING_FAILED, 417, "HTTP 404")),
            self.answers("a redirect", (302, b""), Refused(CREATING_FAILED, 417, "HTTP 302")),
            self.answers("HTTP 429", (429, b""), Refused("ERR_CONCURRENT_REQUEST_LIMIT", 429, "HTTP 429")),
        )

    # reports

    def query(self, *packets: Mapping[str, Any], sent: int = 7100001) -> Step:
        report = {"Item": list(packets), "Count": len(packets)}
        return self.dialect.step("Query", {"Criterion": {"MessageID": sent}}, {"Report": report})

    def detail(self, packet: int, report: Any, *, sent: int = 7100001) -> Step:
        return self.dialect.step("QueryDetail", {"Criterion": {"MessageID": sent, "PacketID": packet}}, {"Report": report})

    def went_to(self, sent: int, *numbers: str) -> list[Step]:
        items = [{"MSISDN": number, "State": 1} for number in numbers]
        return [self.query({"PackedID": 9}, sent=sent), self.detail(9, {"Item": items}, sent=sent)]

    def reports(self, name: str, steps: Sequence[Step], gives: Any) -> Exchanged:
        states = {"states": {"3": 3, "4": 4}}
        return self.exchanged(
            f"report: {name}", lambda vendor, login: vendor.report(7100001, single(), login), steps, gives, states
        )

    def all_reports(self) -> tuple[Exchanged, ...]:
        packet = {"Count": 1, "Delivered": 0, "Expired": 0, "Undelivered": 0, "Completed": 0, "UpdateDate": "20260101120000"}
        first, second = {"MSISDN": "5320000001", "State": 3}, {"MSISDN": "5420000002", "State": 4}
        one, two = ItemReport("905320000001", 3, "3"), ItemReport("905420000002", 4, "4")
        failed = self.dialect.answered("Query", {"Status": {"Code": 106, "Description": "Kayıt bulunamadı."}})
        asked = {"Criterion": {"MessageID": 7100001}}
        return (
            self.reports(
                "several packets",
                [
                    self.query({"PackedID": 1, **packet}, {"PackedID": 2, **packet}),
                    self.detail(1, {"Item": [first]}),
                    self.detail(2, {"Item": [second, first]}),
                ],
                (one, two, one),
            ),
            self.reports("PacketID", [self.query({"PacketID": 1}), self.detail(1, {"Item": [first]})], (one,)),
            self.reports("Item is an object", [self.query({"PackedID": 1}), self.detail(1, {"Item": first})], (one,)),
            self.reports(
                "numbers in other forms, and a word that is none of ours",
                [
                    self.query({"PackedID": 1}),
                    self.detail(
                        1, {"Item": [{"MSISDN": nr, "State": 77} for nr in ("05320000001", "905320000001", "5320000001", TCKN)]}
                    ),
                ],
                (*[ItemReport("905320000001", None, "77")] * 3, ItemReport(TCKN, None, "77")),
            ),
            self.reports("no packet yet", [self.query()], ()),
            self.reports("no Report", [self.dialect.step("Query", asked, {})], ()),
            self.reports("an empty Report", [self.dialect.step("Query", asked, {"Report": ""})], ()),
            self.reports(
                "not known", [self.dialect.step("Query", asked, failed)], Refused("ERR_NOT_FOUND", 417, "Kayıt bulunamadı.")
            ),
        )

    # look-up

    def listed(self, limit: int, *rows: Mapping[str, Any], **changes: Any) -> Step:
        """QueryMulti of a class of sizes."""
        criterion = {
            "BeginDate": "20261122092000",
            "EndDate": "20261124093000",
            "ServiceID": 0,
            "Sender": "BASLIK",
            "Message": "",
            "Limit": limit,
        }
        report = {"Item": list(rows), "ReportCount": len(rows), "SingleCount": 9, "Count": 9}
        return self.dialect.step("QueryMulti", {"Criterion": criterion | changes}, {"Report": report})

    def listing(self, *rows: Mapping[str, Any]) -> list[Step]:
        return [self.listed(0), self.listed(1, *rows), self.listed(2)]

    def finds(self, name: str, steps: Sequence[Step], gives: Any, given: Message | None = None) -> Exchanged:
        looked_for = given or single()
        return self.exchanged(f"look-up: {name}", lambda vendor, login: vendor.find(looked_for, login), steps, gives)

    def all_finds(self) -> tuple[Exchanged, ...]:
        mine, others = TEN_DIGITS[0], "5990000000"
        later = {"BeginDate": "20261123092000", "EndDate": "20261125093000"}
        nothing = self.dialect.answered("QueryMulti", {"Status": {"Code": 106, "Description": "Kayıt bulunamadı."}})
        in_words = [self.listed(limit)._replace(answer=nothing) for limit in (0, 1, 2)]
        return (
            self.finds("there", [*self.listing(row()), *self.went_to(5, mine)], 5),
            self.finds("numbers with 90", [*self.listing(row()), *self.went_to(5, NUMBERS[0])], 5),
            self.finds("not counted yet", [self.listed(0, row()), self.listed(1), self.listed(2), *self.went_to(5, mine)], 5),
            self.finds(
                "in two classes at once",
                [self.listed(0, row()), self.listed(1, row()), self.listed(2), *self.went_to(5, mine)],
                5,
            ),
            self.finds(
                "to several",
                [self.listed(0), self.listed(1), self.listed(2, row(SingleCount=3)), *self.went_to(5, *TEN_DIGITS)],
                5,
                message(numbers=NUMBERS),
            ),
            self.finds(
                "in several packets",
                [
                    *self.listing(row()),
                    self.query({"PackedID": 1}, {"PackedID": 2}, sent=5),
                    self.detail(1, {"Item": [{"MSISDN": TEN_DIGITS[0], "State": 1}]}, sent=5),
                    self.detail(2, {"Item": [{"MSISDN": TEN_DIGITS[1], "State": 1}]}, sent=5),
                ],
                5,
                message(numbers=NUMBERS[:2]),
            ),
            self.finds(
                "letters that the list replaced",
                [*self.listing(row(Message="A?a? B038")), *self.went_to(5, mine)],
                5,
                single(text="Ağaç", encoding=Encoding.TURKISH),
            ),
            self.finds(
                "sent at its time, which was later",
                [self.listed(0, **later), self.listed(1, **later), self.listed(2, **later)],
                None,
                single(send_at=MORNING + timedelta(days=1)),
            ),
            self.finds("a national id", [*self.listing(row()), *self.went_to(5, TCKN)], 5, single(kind=Kind.TCKN, numbers=(TCKN,))),
            self.finds(
                "Report is a list",
                [
                    self.listed(0),
                    self.listed(1)._replace(answer=self.dialect.answered("QueryMulti", {"Status": SUCCESS, "Report": [row()] * 2})),
                    self.listed(2),
                    *self.went_to(5, mine),
                ],
                5,
            ),
            self.finds("nothing at all", self.listing(), None),
            self.finds("nothing, in words", in_words, None),
            self.finds("another text", self.listing(row(Message="Mesaj 2")), None),
            self.finds("another code", self.listing(row(Message="Kod: 4321")), None, single(text="Kod: 1234")),
            self.finds("another sender", self.listing(row(Sender="XBASLIK")), None),
            self.finds("to more people", self.listing(row(SingleCount=2)), None),
            self.finds("the same to somebody else", [*self.listing(row()), *self.went_to(5, others)], None),
            self.finds(
                "the same to others and to ours",
                [*self.listing(row(), row(MessageID=6)), *self.went_to(5, others), *self.went_to(6, mine)],
                6,
            ),
            self.finds("twice", [*self.listing(row(), row(MessageID=6)), *self.went_to(5, mine), *self.went_to(6, mine)], UNKNOWN),
            self.finds("the text is cut off", [*self.listing(row(Message="Mesaj")), *self.went_to(5, mine)], UNKNOWN),
            self.finds("the text is not shown", [*self.listing(row(Message="")), *self.went_to(5, mine)], UNKNOWN),
            self.finds("to some of them", [*self.listing(row()), *self.went_to(5, mine)], UNKNOWN, message(numbers=NUMBERS[:2])),
            self.finds("no packets yet", [*self.listing(row()), self.query(sent=5)], UNKNOWN),
            self.finds("recipients masked", [*self.listing(row()), *self.went_to(5, "532*****01")], UNKNOWN),
            self.finds(
                "a national id, shown as a number",
                [*self.listing(row()), *self.went_to(5, mine)],
                UNKNOWN,
                single(kind=Kind.TCKN, numbers=(TCKN,)),
            ),
            self.finds("too many", self.listing(*(row(MessageID=each) for each in range(1, 52))), UNKNOWN),
            self.finds("a row without an id", [self.listed(0), self.listed(1, row(MessageID="x"))], UNKNOWN),
            self.finds("a part of the list", [self.part_of_a_list()], UNKNOWN),
            self.finds("texts of their own", [], UNKNOWN, own("A")),
            self.finds("sent again and again", [], UNKNOWN, single(period=Period(type=PeriodType.DAILY))),
            self.finds("no answer", [self.listed(0)._replace(answer=(200, b""))], UNKNOWN),
        )

    def part_of_a_list(self) -> Step:
        whole = self.listed(0)
        return whole._replace(answer=self.dialect.answered("QueryMulti", {"Status": SUCCESS, "Report": {"ReportCount": 2}}))

    # credit and senders

    def credits_(self, name: str, answer: Mapping[str, Any] | Answer, gives: Any) -> Exchanged:
        steps = [self.dialect.step("GetUserAccount", {}, answer)]
        return self.exchanged(f"credit: {name}", lambda vendor, login: vendor.credit(login), steps, gives)

    def senders(self, name: str, steps: Sequence[Step], gives: Any, query: SendersQuery | None = None) -> Exchanged:
        wanted = query or SendersQuery()
        return self.exchanged(f"senders: {name}", lambda vendor, login: vendor.senders(wanted, login), steps, gives)

    def services(self, items: Any) -> Step:
        return self.dialect.step("GetServices", {"Criterion": {"Process": 0}}, {"Services": {"Item": items, "Count": 1}})

    def senders_of(self, service: int, items: Any) -> Step:
        return self.dialect.step("GetSenders", {"Criterion": {"ServiceID": service}}, {"Senders": {"Item": items, "Count": 1}})

    def all_others(self) -> tuple[Exchanged, ...]:
        account = {"CompanyName": "", "LastName": "", "Name": "", "Account": "Prepaid"}
        wrong = self.dialect.answered("GetUserAccount", {"Status": {"Code": 101, "Description": "Şifre hatalı"}})
        nothing = self.dialect.answered("GetSenders", {"Status": {"Code": 106, "Description": "Kayıt bulunamadı."}})
        two = [{"ServiceName": "Normal", "ServiceID": 1}, {"ServiceName": "OTP", "ServiceID": 2}]
        return (
            self.credits_("prepaid", {"UserAccount": {**account, "Credit": 12}}, 12),
            self.credits_("as text", {"UserAccount": {**account, "Credit": "12"}}, 12),
            self.credits_("used up", {"UserAccount": {**account, "Credit": 0}}, 0),
            self.credits_("none", {"UserAccount": account}, UNKNOWN),
            self.credits_("no account", {}, UNKNOWN),
            self.credits_("refused", wrong, Refused(UNAUTHORIZED, 401, "Şifre hatalı")),
            self.credits_("no answer", (200, b""), UNKNOWN),
            self.credits_("no such path", (404, b""), Refused("ERR_INTERNAL_SERVER", 500, "HTTP 404")),
            self.senders(
                "of every service",
                [self.services(two), self.senders_of(1, [{"Sender": "A"}, {"Sender": "B"}]), self.senders_of(2, [{"Sender": "A"}])],
                Page(total_record=2, rows=(A, B)),
            ),
            self.senders(
                "Item is an object",
                [self.services(two[0]), self.senders_of(1, {"Sender": "A"})],
                Page(total_record=1, rows=(A,)),
            ),
            self.senders(
                "a service without any",
                [self.services(two), self.senders_of(1, [])._replace(answer=nothing), self.senders_of(2, [{"Sender": "A"}])],
                Page(total_record=1, rows=(A,)),
            ),
            self.senders(
                "by a part of the title",
                [self.services(two[:1]), self.senders_of(1, [{"Sender": "A"}, {"Sender": "B"}])],
                Page(total_record=1, rows=(B,)),
                SendersQuery(keyword="b"),
            ),
            self.senders("no service", [self.services([])], Page(total_record=0, rows=())),
        )

    def all(self) -> tuple[Exchanged, ...]:
        return (
            *self.all_sends(),
            *self.all_answers(),
            *self.all_reports(),
            *self.all_finds(),
            *self.all_others(),
        )


CREATING_FAILED, UNAUTHORIZED = "ERR_SMS_PKG_CREATING_FAILED", "ERR_UNAUTHORIZED_REQUEST"
V5 = {"number_prefix": "90", "extra": {"MessageType": "BILGILENDIRME", "BlackListControl": "false"}}
A = Sender(uuid="23009da8-2c9b-53a9-841e-55f577e96208", status=1, title="A")
B = Sender(uuid="aa3996e3-732b-5468-9172-3232cdf1390e", status=1, title="B")


def row(**changes: Any) -> dict[str, Any]:
    """An Item of QueryMulti."""
    return {
        "MessageID": 5,
        "Message": "Mesaj metni",
        "Sender": "BASLIK",
        "SendDate": "20261122093005",
        "Statu": 1,
        "ServiceID": 1,
        "Username": "user",
        "SingleCount": 1,
        "Count": 2,
        "Delivered": 0,
        "Undelivered": 0,
        "Expired": 0,
        "Scheduled": 1,
    } | changes


def settings_in(dialect: str) -> Callable[[str], Mapping[str, Any]]:
    def settings(base_url: str) -> Mapping[str, Any]:
        folder = "" if base_url == "http://vendor.example/" else "v2/"
        return {"base_url": f"{base_url}{folder}", "dialect": dialect, "states": STATES}

    return settings


# the sandbox's own, for none is public
STATES = {"1": 2, "2": 2, "3": 3, "4": 4, "5": 5}


def credentials(username: str, password: str) -> Mapping[str, Any]:
    return LOGIN | {"username": username, "password": password}


def cases(dialect: Dialect) -> Cases:
    def answers(words: Sequence[Any]) -> Sequence[bytes]:
        items = [{"MSISDN": f"53200000{place:02}", "State": word} for place, word in enumerate(words)]
        packets = {"Status": SUCCESS, "Report": {"Item": [{"PackedID": 1}], "Count": 1}}
        details = {"Status": SUCCESS, "Report": {"Item": items}}
        return [dialect.answered("Query", packets)[1], dialect.answered("QueryDetail", details)[1]]

    return Cases(
        settings=settings_in(dialect.name),
        credentials=credentials,
        item_states={1: 2, 2: 2, 3: 3, 4: 4, 5: 5, "3": 3, 6: None, "teslim": None},
        reports_answers=answers,
        transliterates=True,
        refusals={
            "credential": UNAUTHORIZED,
            "credit": "ERR_USER_CREDIT_REQUIRED",
            "sender": "ERR_INVALID_SMS_SENDER",
            "number": "ERR_EMPTY_SMS_PACKAGE",
            "text": CREATING_FAILED,
            "777": CREATING_FAILED,
        },
        answer_forms=(
            ("single_item_as_object", True),
            ("response_shell", False),
            ("soap_answers", False),
            ("packet_size", 1),
            ("count_parts", True),
            ("account_type", "Postpaid"),
        ),
        number=lambda number: number.removeprefix("90"),
        exchanges=Table(dialect).all(),
    )


WAYS = {dialect.name: cases(dialect) for dialect in (JSON, ASMX, XML)}
CASES = WAYS["json"]
