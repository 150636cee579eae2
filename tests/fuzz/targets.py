"""What is fuzzed: each target takes any bytes, and fails with AssertionError, or with whatever escapes the code under test.

The oracle of all: a value, or an error that is meant for it; never another exception, never longer than a second for 64 KB.

    codec       an HTTP request as clients send it: body reader, XML, envelope, fields, credentials; then all that writes
    vendors     the answers of a vendor, in every way to speak to every vendor, to every question that the bridge asks it
    response    the bytes of a vendor's connection
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from bridge.domain.custom_id import CustomIds
from bridge.domain.http import HttpResponse
from bridge.domain.package import Package, PackageItem, Page, Sender, Statistics
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery, SendersQuery
from bridge.errors import CallError, CredentialsMissing, Language, OutcomeUnknown, ProtocolError, VendorRefused
from bridge.operations.cancel import CancelSmsPackageCase
from bridge.operations.credit import GetUserCreditCase
from bridge.operations.items import GetSmsPackageItemsCase
from bridge.operations.packages import GetSmsPackagesCase
from bridge.operations.send import SendOtpCase, SendSmsCase
from bridge.operations.senders import GetSmsSendersCase
from bridge.outbound.response import ResponseReader
from bridge.soap.body import LARGE, Room, media, read_body
from bridge.soap.contract import OPERATIONS
from bridge.soap.credentials import login_of
from bridge.soap.envelope import Call, read_call
from bridge.soap.reader import INVALID
from bridge.soap.shapes import Shapes
from bridge.soap.writer import SOAP11, SOAP12, write_call, write_error, write_fault, write_result
from bridge.soap.xml import XmlLimits
from bridge.vendors.contract import ItemReport
from bridge.vendors.registry import BUILT_IN
from tests.soap.wire import parted
from tests.vendors.contract import Way, all_ways, cases_of
from tests.vendors.messages import message

__all__ = ["CORPUS", "PIECES", "SECONDS", "TARGETS", "check", "seeds"]

CORPUS = Path(__file__).parent / "corpus"
SECONDS = 1.0
"""CPU time that an input of 64 KB may take; a larger one in proportion. Measured without instrumentation."""

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIMITS = XmlLimits()
MAX_BODY = 1024 * 1024
SAMPLES = Path(__file__).parent.parent / "soap"


def check(target: str, data: bytes) -> None:
    """Runs a target with the oracle's time limit."""
    start = time.thread_time()
    TARGETS[target](data)
    assert time.thread_time() - start < SECONDS * max(1, len(data) / 65536), f"{target} took too long for {len(data)} bytes"


# -- codec


@lru_cache(maxsize=1)
def cases() -> dict[str, Any]:
    def clock() -> datetime:
        return NOW

    ids = CustomIds()
    return {
        "sendOtp": SendOtpCase(clock, ids),
        "sendSms": SendSmsCase(clock, ids, 20_000),
        "getSmsPackages": GetSmsPackagesCase(1000),
        "getSmsPackageItems": GetSmsPackageItemsCase(),
        "getSmsSenders": GetSmsSendersCase(),
        "cancelSmsPackage": CancelSmsPackageCase(),
        "getUserCredit": GetUserCreditCase(),
    }


@lru_cache(maxsize=1)
def runner() -> asyncio.Runner:
    """One loop for all inputs: a new one for each costs more than the code under test."""
    made = asyncio.Runner()
    atexit.register(made.close)
    return made


def codec(data: bytes) -> None:
    headers, body = parted(data)
    room = Room(MAX_BODY)
    try:
        whole = runner().run(read_body(_receive(body), headers, MAX_BODY, room))
        assert whole is not None and len(whole) <= MAX_BODY
        if len(whole) > LARGE:
            room.give(len(whole))
        call = _read(whole, media(headers.get(b"content-type", b""))[1])
    except ProtocolError as error:
        _well_formed(write_fault(SOAP12, error))
        return
    room.take(MAX_BODY)  # all was given back
    _answer(call, headers.get(b"authorization"))
    _written_again(call)


@lru_cache(maxsize=1)
def shapes() -> Shapes:
    """What has met the samples that an honest program may have sent."""
    made = Shapes(LIMITS, pause_seconds=0)
    for sample in seeds("codec"):
        headers, body = parted(sample)
        charset = media(headers.get(b"content-type", b""))[1]
        with contextlib.suppress(ProtocolError):
            made.learn(body, charset, read_call(body, charset, LIMITS, lambda version: None))
    return made


def _read(body: bytes, charset: str | None) -> Call:
    """The call: by a shape it is as the parser reads it, or not read. Raises ProtocolError."""
    call = None
    try:
        call = read_call(body, charset, LIMITS, lambda version: None)
    finally:
        assert shapes().read(body, charset) in (None, call)
    own = Shapes(LIMITS)
    own.learn(body, charset, call)
    assert own.read(body, charset) in (None, call)
    return call


def _receive(body: bytes) -> Callable[[], Any]:
    parts = [body[: len(body) // 2], body[len(body) // 2 :]]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0) if parts else b"", "more_body": bool(parts)}

    return receive


def _answer(call: Call, authorization: bytes | None) -> None:
    """As the endpoint goes on: credentials, fields, and an answer in the request's version and namespace."""
    error = CallError("ERR_X")
    try:
        username, password = login_of(call, authorization)
        assert isinstance(username, str) and isinstance(password, str)
        cases()[call.operation].prepare(call.values)
    except CredentialsMissing:
        pass
    except CallError as refused:
        error = refused
    for language in Language:
        wrapper = _well_formed(write_error(call.operation, call.version, call.namespace, error, language))[0][0]
        assert etree.QName(wrapper).localname == f"{call.operation}Response"
        assert etree.QName(wrapper).namespace == call.namespace


def _written_again(call: Call) -> None:
    """What a client of ours writes of the same values is read as the same."""
    values = _readable(call.values)
    again = read_call(write_call(call.operation, values), "utf-8", LIMITS, lambda version: None)
    assert _readable(again.values) == values, (values, again.values)


def _readable(value: Any) -> Any:
    """Without what could not be read. A text and a structure in which there is nothing are "not given"."""
    if isinstance(value, dict):
        return {name: kept for name, inner in value.items() if (kept := _readable(inner)) not in (INVALID, {}, [])}
    if isinstance(value, list):
        return [kept for inner in value if (kept := _readable(inner)) not in (INVALID, {})]
    return value


def _well_formed(document: bytes) -> etree._Element:
    # "<" in a namespace, which clients may write, is an error of libxml2's, though of no XML recommendation
    return etree.fromstring(document, etree.XMLParser(recover=True, huge_tree=True))


# -- vendors


class Question(NamedTuple):
    """What the bridge asks a vendor, in the terms of the domain."""

    name: str
    ask: Callable[[Any, Any], Any]
    answers: Callable[[Any], None]


def _is_id(value: Any) -> None:
    assert type(value) is int and 0 < value < 2**63, value


def _is_id_or_none(value: Any) -> None:
    if value is not None:
        _is_id(value)


def _is_integer(value: Any) -> None:
    assert type(value) is int and -(2**63) <= value < 2**63, value


def _is_page(operation: str) -> Callable[[Any], None]:
    def answers(page: Any) -> None:
        assert isinstance(page, Page)
        _is_integer(page.total_record)
        for row in page.rows:
            _is_row(row)
        _well_formed(write_result(operation, SOAP11, "urn:x", page))

    return answers


def _is_row(row: Any) -> None:
    assert isinstance(row, Package | PackageItem | Sender | Statistics)
    for name in row.__slots__:
        value = getattr(row, name)
        if isinstance(value, Statistics):
            _is_row(value)
        elif isinstance(value, tuple):
            assert all(isinstance(each, str) for each in value)
        elif value is not None and not isinstance(value, str):
            _is_integer(value)


def _are_reports(reports: Any) -> None:
    for report in reports:
        assert isinstance(report, ItemReport)
        assert isinstance(report.number, str) and isinstance(report.raw, str)
        assert report.state is None or report.state in range(-2, 6)
        assert report.at is None or report.at.tzinfo is not None


MESSAGE = message()
OWN_TEXTS = message(numbers=("905445554433", "905445554434"), texts=("bir", "iki"), text=None)
PACKAGES = PackagesQuery(ids=(5,), page_index=0, page_size=100)
ITEMS = ItemsQuery(package=PackageKey(id=5), page_index=0, page_size=100)
QUESTIONS = (
    Question("send", lambda vendor, login: vendor.send(MESSAGE, login), _is_id),
    Question("send own texts", lambda vendor, login: vendor.send(OWN_TEXTS, login), _is_id),
    Question("find", lambda vendor, login: vendor.find(MESSAGE, login), _is_id_or_none),
    Question("report", lambda vendor, login: vendor.report(5, MESSAGE, login), _are_reports),
    Question("credit", lambda vendor, login: vendor.credit(login), _is_integer),
    Question(
        "senders", lambda vendor, login: vendor.senders(SendersQuery(page_index=0, page_size=100), login), _is_page("getSmsSenders")
    ),
    Question("cancel", lambda vendor, login: vendor.cancel(PackageKey(id=5), login), _is_integer),
    Question("packages", lambda vendor, login: vendor.packages(PACKAGES, login), _is_page("getSmsPackages")),
    Question("items", lambda vendor, login: vendor.items(ITEMS, login), _is_page("getSmsPackageItems")),
)
STATUSES = (200, 200, 200, 400, 401, 403, 404, 429, 500, 503, 302, 201)
BETWEEN = b"\x1e"
_MOST_REQUESTS = 12


@lru_cache(maxsize=1)
def asked() -> list[tuple[Way, Question]]:
    """Every question to every vendor in each of its ways; what a vendor lacks is never asked."""
    own = {"cancel", "packages", "items"}
    lacks = {("toplusms", "find"), ("toplusms", "send own texts")}
    return [
        (way, question)
        for way in all_ways()
        for question in QUESTIONS
        if (BUILT_IN[way.kind].keeps_packages or question.name not in own) and (way.kind, question.name) not in lacks
    ]


@lru_cache(maxsize=32)
def _vendor(way: Way) -> tuple[Any, Any]:
    kind, known = BUILT_IN[way.kind], cases_of(way)
    settings = kind.settings_type.model_validate(known.settings("http://127.0.0.1:1/"))
    return kind(settings), kind.credentials_type.model_validate(known.credentials("user", "secret"))


def vendors(data: bytes) -> None:
    """The first byte says who is asked what, the second the HTTP status; the rest are bodies, one for each request in turn."""
    if len(data) < 2:
        return
    way, question = asked()[data[0] % len(asked())]
    status, bodies = STATUSES[data[1] % len(STATUSES)], data[2:].split(BETWEEN)
    exchange = question.ask(*_vendor(way))
    try:
        next(exchange)
        for number in range(_MOST_REQUESTS):
            exchange.send(HttpResponse(status, {}, bodies[number % len(bodies)]))
    except StopIteration as end:
        question.answers(end.value)
    except VendorRefused as refused:
        _well_formed(write_error("sendSms", SOAP11, "urn:x", refused, Language.TURKISH))
        _is_integer(refused.status)
    except OutcomeUnknown:
        pass
    finally:
        exchange.close()


# -- response

MAX_RESPONSE = 256 * 1024


def response(data: bytes) -> None:
    """The first byte says how the bytes arrive; whatever the pieces, the same comes out."""
    if not data:
        return
    head_only, step, data = bool(data[0] & 1), 1 + (data[0] >> 1) * 3, data[1:]
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if len(data) / step < 4096 else [data]
    assert _came(pieces, head_only) == _came([data], head_only)


def _came(pieces: list[bytes], head_only: bool) -> Any:
    reader = ResponseReader(MAX_RESPONSE)
    reader.start(head_only=head_only)
    try:
        for piece in pieces:
            answer = reader.feed(piece)
            if answer is not None:
                break
        else:
            answer = reader.end()
    except OutcomeUnknown:
        return None
    assert 200 <= answer.status <= 999 and len(answer.body) <= MAX_RESPONSE
    assert reader.idle_seconds(answer) >= -1
    return answer


TARGETS: Mapping[str, Callable[[bytes], None]] = {"codec": codec, "vendors": vendors, "response": response}


# -- where fuzzing begins


def seeds(target: str) -> Iterator[bytes]:
    """Inputs that are honest: samples, recorded requests, and the answers that vendors' documents print."""
    if target == "codec":
        yield from (path.read_bytes() for path in sorted(SAMPLES.glob("samples/*/request.http")))
        yield from (path.read_bytes() for path in sorted(SAMPLES.glob("recorded/*/*.http")) if b"GET" not in path.read_bytes()[:3])
        return
    if target == "response":
        yield from _HTTP
        return
    for number, (way, _) in enumerate(asked()):
        for case in cases_of(way).exchanges:
            yield bytes([number, 0]) + BETWEEN.join(step.answer[1] for step in case.steps)


_HTTP = (
    b"\x07HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\nx: y\r\n\r\n",
    b"\x01HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    b"\x02HTTP/1.0 200 OK\r\nKeep-Alive: timeout=5\r\n\r\nabcde",
    b"\x0aHTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
    b"\x0cHTTP/1.1 200 OK\nContent-Encoding: gzip\nConnection: close\n\n\x1f\x8b\x08\0\0\0\0\0\0\x03KLJN\x01\0\xc2A$5\x03\0\0\0",
)


# on which parsers of XML, HTTP and JSON turn; what fuzzers and mutations are made of
PIECES = [
    *b"""< > /> </ & &#0; ]]> <![CDATA[ <!-- --> <?x?> href="#id0" id="id0" base64 utf-16 utf-7 encoding='x' xmlns=''""".split(),
    *b"""{ } [ ] " , null true 1e400 -1 0.1 99999999999999999999999999 "Status": \\u0000 \\ud800""".split(),
    *(b"<!DOCTYPE a>", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\xed\xa0\x80", b"\xc0\xaf", b"\n", b"\r\n", b"\r\n\r\n", BETWEEN),
    *(b": ", b"0\r\n\r\n", b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n"),
    *sorted({f"<{name}>".encode() for operation in OPERATIONS.values() for name in operation.request._type_info}),
]
