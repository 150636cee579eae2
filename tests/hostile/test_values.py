"""Values that would like to be something else: a header, a field, an element, a second request, a number.

Whatever a client writes reaches each vendor as that value and as nothing more, or is refused by name before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import orjson
import pytest
from lxml import etree

from bridge.domain.message import Encoding
from bridge.domain.text import carry
from bridge.sandbox import build, serve_in_thread
from bridge.settings import Settings
from bridge.soap.contract import NAMESPACE, OPERATIONS, Boolean, ComplexModel, Integer
from tests.hostile.serving import SMS, Bridge, assert_says_little, envelope, sms
from tests.soap.serving import Served, Vendor, serve
from tests.soap.wire import Answer, Wire, request
from tests.vendors.contract import PASSWORD, SENDER, USERNAME, Way, all_ways, cases_of

# what the requests of vendors are made of: headers, forms, JSON, XML, URLs; and what others have fallen for
POISONS = {
    "a header": "a\r\nX-Evil: b\r\n\r\nPOST /evil HTTP/1.1\r\n\r\n",
    "a line": "a\nb\rc",
    "JSON": 'a","number":"905550000000","x":"b',
    "the end of JSON": '"}],"evil":[{"a":"b',
    "a backslash": "a\\",
    "escapes": "a\\u0022,\\n\\",
    "a form": "a&numbers=5550000000&apikey=y&x=y",
    "a form's escapes": "a%26numbers%3D5550000000+%00%0d%0a",
    "a query": "a?x=y#z",
    "an element": "</Message><To>5550000000</To><Message>",
    "the end of CDATA": "a]]><To>5550000000</To><![CDATA[b",
    "CDATA ends in turn": "]]>]]]]>>]]&gt;<![CDATA[",
    "entities": "&lt;&amp;&#65;&evil;&#0;",
    "a comment": "<!-- a --><?x y?><!DOCTYPE a>",
    "separators": "a,b;c|d e",
    "a script": "<script>alert(1)</script>",
    "SQL": "'; drop table packages; --",
    "formats": "%s %n {0} {content} ${jndi:ldap://127.0.0.1/x} {{7*7}} $(id) `id`",
}


_NUMBERS = count()


class Behind(NamedTuple):
    """A bridge in front of one vendor that is spoken to in one way."""

    way: Way
    served: Served
    vendor: Vendor

    def call(self, body: str) -> Answer:
        answer = self.served.post(body)
        assert_says_little(answer)
        return answer

    def shapes(self) -> list[Any]:
        """Of each request that the vendor received: all but the values."""
        return [shape_of(each) for each in self.vendor.received()]


@pytest.fixture(scope="module", params=all_ways(), ids=str)
def running(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    way = request.param
    cases, ledger = cases_of(way), tmp_path_factory.mktemp("values") / "ledger.db"
    with serve_in_thread(build(way.kind, options=cases.sandbox())) as sandbox:
        account = {"username": "admin", "password": "123456", "credentials": dict(cases.credentials(USERNAME, PASSWORD))}
        settings = Settings(
            server={"host": "127.0.0.1", "shutdown_seconds": 1},
            log={"requests": False},
            ledger={"url": f"sqlite:///{ledger}"},
            vendors={"main": {"kind": way.kind, **cases.settings(sandbox.base_url)}},
            accounts=(account,),
        )
        vendor = Vendor(sandbox.base_url)
        with serve(settings) as served:
            yield Behind(way, served, vendor)
        vendor.close()


@pytest.fixture
def behind(running: Behind) -> Behind:
    running.vendor.reset()
    return running


def shape_of(received: dict[str, Any]) -> Any:
    headers = sorted(name.lower() for name, _ in received["headers"])
    query, body = received["query"], received["body"]
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)] if isinstance(query, str) else sorted(dict(query))
    return received["method"], received["path"], headers, names, structure(body)


def structure(text: str) -> Any:
    """The names in a JSON, an XML, a form, and JSON in XML."""
    if text.startswith("<?xml"):
        root = etree.fromstring(text.encode())
        inner = [each.text for each in root.iter("{*}data") if each.text]
        return [each.tag for each in root.iter()], [structure(each) for each in inner]
    if text.startswith(("{", "[")):
        return names(orjson.loads(text))
    return [name for name, _ in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))]


def names(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: names(inner) for name, inner in value.items()}
    return [names(inner) for inner in value] if isinstance(value, list) else None


def as_xml(text: str) -> str:
    return escape(text, {"\r": "&#13;", "\n": "&#10;"})


def test_a_text_stays_a_text(behind: Behind) -> None:
    assert behind.call(sms(encoding=2, sender=SENDER)).code == ""
    good = behind.shapes()
    for poison in POISONS.values():
        written = as_xml(poison)
        own = {"content": None, "number": None, "numbers": f"<item><nr>905511034554</nr><msg>{written}</msg></item>"}
        for sending, fields in ((0, {"content": written}), (2, own)):
            behind.vendor.reset()
            answer = behind.call(sms(sendingType=sending, encoding=2, sender=SENDER, **fields))
            if answer.code:  # this vendor has no means to carry it
                assert (behind.way.kind, answer.code) == ("toplusms", "ERR_BAD_REQUEST"), answer.body
                assert behind.vendor.received() == []
                continue
            assert [text for _, text in behind.vendor.sent()] == [carry(poison, Encoding.UTF8).text]
            assert sending or behind.shapes() == good


@pytest.mark.parametrize("field", ["sender", "title", "customID", "number"])
def test_other_fields_stay_what_they_are(behind: Behind, field: str) -> None:
    """Most are refused, by us or by the vendor; what it received has the shape of a good request."""
    number = next(_NUMBERS)
    assert behind.call(sms(customID=f"a-{number}", sender=SENDER)).code == ""
    good = behind.shapes()
    for place, poison in enumerate(POISONS.values()):
        behind.vendor.reset()
        answer = behind.call(sms(**{"customID": f"b-{number}-{place}", "sender": SENDER, field: as_xml(poison)}))
        assert answer.code or [text for _, text in behind.vendor.sent()] == ["Merhaba"]
        shapes = behind.shapes()
        assert shapes in (good, []), (poison, answer.body)
        if field in ("customID", "number"):
            assert answer.code and not shapes


@pytest.mark.parametrize("operation", ["getSmsPackages", "getSmsPackageItems", "getSmsSenders", "cancelSmsPackage"])
def test_questions_stay_questions(behind: Behind, operation: str) -> None:
    for field in set(OPERATIONS[operation].request._type_info) & {"keyword", "sender", "target", "uuid", "customID"}:
        for poison in POISONS.values():
            inner = f"<username>admin</username><password>123456</password><{field}>{as_xml(poison)}</{field}>"
            behind.call(envelope(f'<s:{operation} xmlns:s="{NAMESPACE}">{inner}</s:{operation}>'))
    assert all(path != "/evil" and "x-evil" not in headers for _, path, headers, *_ in behind.shapes())
    assert behind.call(sms(sender=SENDER)).code == ""


def test_a_megabyte_in_each_field(behind: Behind) -> None:
    """Nothing breaks, neither the vendor's request nor the ledger; what no vendor could take is not even asked."""
    for field in ("content", "sender", "title", "customID", "number", "sendingDate", "type", "encoding", "validity", "commercial"):
        answer = behind.call(sms(**{"sender": SENDER, field: "9" * 1_000_000}))
        assert answer.status == 200
        assert field == "content" or (answer.code and behind.vendor.received() == []), field
        behind.vendor.reset()
    assert behind.call(sms(sender=SENDER)).code == ""


# -- every field of every operation

NUMBERS = [
    *("-1", "2147483648", "-2147483649", "9223372036854775808", "9" * 30, "9" * 5000, "1e9", "1.0", "0x10", "0b1", "1_000"),
    *("١٢٣", "１２", "²", "Ⅷ", "१२", "1 2", "1,5", "NaN", "INF", "true", "None", "--1", "+", "<a/>", "1<!-- -->2", "\t1\n"),
]
TEXTS = [
    "9" * 1_000_000,
    "ş" * 300_000,
    "\t\n",
    "&#13;&#10;",
    "<a/>",
    "a<b>c</b>",
    "<![CDATA[<&>]]>",
    "0",
    "null",
    "\u202e\u200b\ufeff",
    "𝟗𝟎𝟓",
]
FLAGS = ["2", "-1", "yes", "evet", "TRUE ", "0.0", "<a/>", "١"]
LISTS = [
    "x",
    "<item/>" * 2000,
    "<item>x</item>" * 2000,
    "<item><nr/></item>",
    "<a><b><c><d><e>1</e></d></c></b></a>",
    "<item><item>1</item></item>",
]
BASES = {"sendSms": SMS, "sendOtp": {name: SMS[name] for name in ("username", "password", "content", "number", "sender")}}
LOGIN = {"username": "admin", "password": "123456"}


def values_of(kind: Any) -> list[str]:
    if issubclass(kind, Integer):
        return NUMBERS
    if issubclass(kind, Boolean):
        return FLAGS
    return LISTS if issubclass(kind, ComplexModel) else TEXTS


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_field(bridge: Bridge, vendor, operation: str) -> None:
    """One connection takes it all; each is answered in a few words, and the vendor is asked in its own JSON or not at all."""
    with Wire(bridge.port) as wire:
        for field, kind in OPERATIONS[operation].request._type_info.items():
            for value in values_of(kind):
                given = {**BASES.get(operation, LOGIN), field: value}
                inner = "".join(f"<{name}>{text}</{name}>" for name, text in given.items())
                wire.send(request(envelope(f'<s:{operation} xmlns:s="{NAMESPACE}">{inner}</s:{operation}>')))
                answer = wire.answer()
                assert answer.status in {200, 401}, (field, value[:50], answer.body)
                message = answer.find("message") or ""
                assert len(message) < 500 and value[:60] not in message.replace(field, ""), (field, value[:50], message)
    for path, body in vendor.bodies():
        assert isinstance(body, dict), path
    bridge.assert_works()
