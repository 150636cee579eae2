"""The table of everything that can go wrong between an engine and a vendor, for both engines, plain and with TLS."""

from __future__ import annotations

import gzip
import logging
import socket
import traceback
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import pytest
from msgspec import structs

from bridge.domain.http import HttpRequest, HttpResponse
from bridge.errors import NotSent, OutcomeUnknown, TransportError
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import open_engine
from tests.outbound.loops import LOOPS, run_on
from tests.outbound.scripted import (
    OK,
    OK_BODY,
    ScriptedServer,
    Step,
    close,
    close_and_mark,
    mark,
    not_reading,
    ok,
    read,
    read_head,
    reset,
    send,
    serve,
    wait,
)
from tests.waiting import PATIENCE

SHORT = 0.15  # seconds; a limit that is meant to be reached
LONG = 5.0
SECRETS = ("query-secret", "header-secret", "body-secret")


def answer(*lines: str, body: bytes = b"", status: str = "200 OK") -> Step:
    head = "\r\n".join((f"HTTP/1.1 {status}", *lines, "", ""))
    return send(head.encode() + body)


def sized(body: bytes, *lines: str) -> Step:
    return answer(*lines, f"Content-Length: {len(body)}", body=body)


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row."""

    name: str
    scripts: Sequence[Sequence[Step]]
    expected: int | type[TransportError]  # a status, or what is raised
    received: int = 1  # how often the vendor got the request
    body: bytes | None = None  # of the response
    warm: bool = False  # a first request was answered on the same connection, which then is idle
    repeatable: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    engines: tuple[str, ...] = ("fast", "httpx")


READ_LIMIT = {"read_timeout": SHORT}
SMALL = {"max_response": 500}
BOMB = gzip.compress(bytes(1_000_000))

CASES = [
    # answers
    Case(name="plain answer", scripts=[[read, ok]], expected=200, body=OK_BODY),
    Case(name="503 is an answer", scripts=[[read, answer("Content-Length: 4", body=b"busy", status="503 Busy")]], expected=503),
    Case(
        name="redirect is not followed",
        scripts=[[read, answer("Location: /x", "Content-Length: 0", status="302 Found")]],
        expected=302,
    ),
    Case(name="204 without length", scripts=[[read, answer(status="204 No Content")]], expected=204, body=b""),
    Case(name="304 with length", scripts=[[read, answer("Content-Length: 9", status="304 Not Modified")]], expected=304, body=b""),
    Case(name="HEAD", scripts=[[read, answer("Content-Length: 9")]], expected=200, body=b"", request={"method": "HEAD"}),
    Case(
        name="chunked", scripts=[[read, answer("Transfer-Encoding: chunked", body=chunked(b"ab", b"c"))]], expected=200, body=b"abc"
    ),
    Case(name="large body", scripts=[[read, sized(bytes(3_000_000))]], expected=200, body=bytes(3_000_000)),
    Case(name="ends with the connection", scripts=[[read, answer(body=b"abc"), close]], expected=200, body=b"abc"),
    Case(name="HTTP/1.0", scripts=[[read, send(b"HTTP/1.0 200 OK\r\n\r\nabc"), close]], expected=200, body=b"abc"),
    Case(name="100 first", scripts=[[read, answer(status="100 Continue"), ok]], expected=200, body=OK_BODY),
    Case(
        name="103 with headers first", scripts=[[read, answer("Link: x", status="103 Early Hints"), ok]], expected=200, body=OK_BODY
    ),
    Case(name="bare LF", scripts=[[read, send(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi")]], expected=200, body=b"hi"),
    Case(name="folded header", scripts=[[read, answer("X: a\r\n b", "Content-Length: 2", body=b"hi")]], expected=200, body=b"hi"),
    Case(
        name="length beside chunks",
        scripts=[[read, answer("Content-Length: 9", "Transfer-Encoding: chunked", body=chunked(b"ab"))]],
        expected=200,
        body=b"ab",
    ),
    Case(name="gzip", scripts=[[read, sized(gzip.compress(b"abc"), "Content-Encoding: gzip")]], expected=200, body=b"abc"),
    Case(name="deflate", scripts=[[read, sized(zlib.compress(b"abc"), "Content-Encoding: deflate")]], expected=200, body=b"abc"),
    Case(name="bare deflate", scripts=[[read, sized(raw_deflate(b"abc"), "Content-Encoding: deflate")]], expected=200, body=b"abc"),
    Case(
        name="early answer",
        scripts=[[read_head, answer("Connection: close", "Content-Length: 0", status="413 Too Large")]],
        expected=413,
        request={"body": bytes(4_000_000)},
    ),
    Case(
        name="early answer, the rest is never read",
        scripts=[[read_head, answer("Content-Length: 0", status="413 Too Large"), not_reading]],
        expected=413,
        request={"body": bytes(8_000_000)},
        engines=("fast",),  # httpx does not listen while it writes
    ),
    # no answer
    Case(name="reset before the answer", scripts=[[read, reset], [serve]], expected=OutcomeUnknown),
    Case(name="closed before the answer", scripts=[[read, close], [serve]], expected=OutcomeUnknown),
    Case(name="repeatable, closed on a new connection", scripts=[[read, close], [serve]], expected=OutcomeUnknown, repeatable=True),
    Case(name="closed inside the head", scripts=[[read, send(OK[:20]), close], [serve]], expected=OutcomeUnknown),
    Case(name="closed inside the body", scripts=[[read, send(OK[:-2]), close], [serve]], expected=OutcomeUnknown),
    Case(name="reset inside the body", scripts=[[read, send(OK[:-2]), reset], [serve]], expected=OutcomeUnknown),
    Case(name="no answer", scripts=[[read], [serve]], expected=OutcomeUnknown, options=READ_LIMIT),
    Case(name="stalls inside the head", scripts=[[read, send(OK[:20])], [serve]], expected=OutcomeUnknown, options=READ_LIMIT),
    Case(name="stalls inside the body", scripts=[[read, send(OK[:-2])], [serve]], expected=OutcomeUnknown, options=READ_LIMIT),
    Case(
        name="repeatable is not repeated after a time-out",
        scripts=[[read], [serve]],
        expected=OutcomeUnknown,
        options=READ_LIMIT,
        repeatable=True,
    ),
    Case(
        name="does not take the request",
        scripts=[[read_head, not_reading], [serve]],
        expected=OutcomeUnknown,
        options=READ_LIMIT,
        request={"body": bytes(8_000_000)},
    ),
    # answers that cannot be read
    Case(name="garbage", scripts=[[read, send(b"<html>\r\n\r\n")], [serve]], expected=OutcomeUnknown),
    Case(name="not a number as status", scripts=[[read, send(b"HTTP/1.1 abc OK\r\n\r\n")], [serve]], expected=OutcomeUnknown),
    Case(
        name="protocol switched",
        scripts=[[read, answer("Upgrade: x", "Connection: upgrade", status="101 Switch")]],
        expected=OutcomeUnknown,
    ),
    Case(
        name="broken chunks", scripts=[[read, answer("Transfer-Encoding: chunked", body=b"zz\r\nab\r\n")]], expected=OutcomeUnknown
    ),
    Case(
        name="chunks cut off",
        scripts=[[read, answer("Transfer-Encoding: chunked", body=b"5\r\nab"), close]],
        expected=OutcomeUnknown,
    ),
    Case(name="huge head", scripts=[[read, answer(*(f"X-{i}: {'x' * 1000}" for i in range(300)))]], expected=OutcomeUnknown),
    Case(name="endless header", scripts=[[read, send(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000)]], expected=OutcomeUnknown),
    Case(name="huge body", scripts=[[read, sized(bytes(501))]], expected=OutcomeUnknown, options=SMALL),
    Case(name="body of the greatest size", scripts=[[read, sized(bytes(500))]], expected=200, options=SMALL),
    Case(
        name="huge chunked body",
        scripts=[[read, answer("Transfer-Encoding: chunked", body=chunked(*[bytes(10)] * 51))]],
        expected=OutcomeUnknown,
        options=SMALL,
    ),
    Case(name="huge body until closed", scripts=[[read, answer(body=bytes(501)), close]], expected=OutcomeUnknown, options=SMALL),
    Case(
        name="gzip bomb",
        scripts=[[read, sized(BOMB, "Content-Encoding: gzip")]],
        expected=OutcomeUnknown,
        options={"max_response": 10_000},
    ),
    Case(name="gzip cut off", scripts=[[read, sized(BOMB[:-9], "Content-Encoding: gzip")]], expected=OutcomeUnknown),
    Case(name="not gzip", scripts=[[read, sized(b"abc", "Content-Encoding: gzip")]], expected=OutcomeUnknown),
    Case(name="unknown coding", scripts=[[read, sized(b"abc", "Content-Encoding: br")]], expected=OutcomeUnknown),
    # the second request of a connection
    Case(name="used again", scripts=[[serve], []], expected=200, warm=True, received=1),
    Case(name="closed while idle", scripts=[[read, ok, close_and_mark], [serve]], expected=200, warm=True),
    Case(name="bytes while idle", scripts=[[read, ok, wait, send(OK), mark], [serve]], expected=200, warm=True),
    Case(
        name="bytes behind the answer",
        scripts=[[read, send(OK + b"HTTP/1.1 2"), mark], [serve]],
        expected=200,
        warm=True,
        body=OK_BODY,
    ),
    Case(name="second answer at once", scripts=[[read, send(OK + OK), mark], [serve]], expected=200, warm=True, body=OK_BODY),
    Case(name="Connection: close", scripts=[[read, sized(b"", "Connection: close"), mark], [serve]], expected=200, warm=True),
    Case(
        name="HTTP/1.0 is not used again",
        scripts=[[read, send(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), mark], [serve]],
        expected=200,
        warm=True,
    ),
    Case(
        name="announced time-out",
        scripts=[[read, sized(b"", "Keep-Alive: max=9, timeout=1"), mark], [serve]],
        expected=200,
        warm=True,
        engines=("fast",),
    ),
    Case(
        name="announced long time-out",
        scripts=[[read, sized(b"", "Keep-Alive: timeout=9"), mark, serve], []],
        expected=200,
        warm=True,
    ),
    Case(
        name="closed on arrival",
        scripts=[[read, ok, mark, read, close], [serve]],
        expected=OutcomeUnknown,
        warm=True,
        engines=("fast",),
    ),
    Case(
        name="reset on arrival",
        scripts=[[read, ok, mark, read, reset], [serve]],
        expected=OutcomeUnknown,
        warm=True,
        engines=("fast",),
    ),
    Case(
        name="repeatable, closed on arrival",
        scripts=[[read, ok, mark, read, close], [serve]],
        expected=200,
        warm=True,
        received=2,
        repeatable=True,
    ),
    Case(
        name="repeatable, reset on arrival",
        scripts=[[read, ok, mark, read, reset], [serve]],
        expected=200,
        warm=True,
        received=2,
        repeatable=True,
    ),
    Case(
        name="repeatable, closed twice",
        scripts=[[read, ok, mark, read, close], [read, close], [serve]],
        expected=OutcomeUnknown,
        warm=True,
        received=2,
        repeatable=True,
    ),
    Case(
        name="repeatable, closed inside the answer",
        scripts=[[read, ok, mark, read, send(OK[:-2]), close], [serve]],
        expected=OutcomeUnknown,
        warm=True,
        repeatable=True,
    ),
    Case(
        name="repeatable, closed inside the head",
        scripts=[[read, ok, mark, read, send(OK[:20]), close], [serve]],
        expected=OutcomeUnknown,
        warm=True,
        repeatable=True,
        engines=("fast",),
    ),
    Case(
        name="repeatable, garbage",
        scripts=[[read, ok, mark, read, send(b"<html>\r\n\r\n")], [serve]],
        expected=OutcomeUnknown,
        warm=True,
        repeatable=True,
    ),
    Case(
        name="repeatable, no answer",
        scripts=[[read, ok, mark, read], [serve]],
        expected=OutcomeUnknown,
        warm=True,
        repeatable=True,
        options={"read_timeout": 2 * SHORT},  # the first request has to be answered within it
    ),
]


def make_request(scheme: str, netloc: str, **changes: Any) -> HttpRequest:
    url = f"{scheme}://{netloc}/sms/create?key=query-secret"
    return structs.replace(HttpRequest("POST", url, (("Authorization", "header-secret"),), b"body-secret"), **changes)


def make_options(certificates, **changes: Any) -> EngineOptions:
    standard: dict[str, Any] = {
        "ca_file": certificates.ca_file,
        "connect_timeout": LONG,
        "read_timeout": LONG,
        "pool_timeout": LONG,
    }
    return EngineOptions(**standard | changes)


def rows():
    """Each case with each of its engines, the fast one on both loops. httpx keeps connections for repeatable requests only."""
    for case, engine, loop in product(CASES, ("fast", "httpx"), LOOPS):
        if engine in case.engines and (engine == "fast" or loop == "uvloop"):
            row = replace(case, repeatable=True) if engine == "httpx" and case.warm else case
            yield pytest.param((row, engine, loop), id=f"{engine}-{loop}-{case.name}")


async def outcome(
    engine: str, options: EngineOptions, request: HttpRequest, case: Case, server: ScriptedServer
) -> HttpResponse | TransportError:
    client = open_engine(options, engine)
    try:
        if case.warm:
            assert (await client.send(request)).status == 200
            server.heads.clear()
            server.go_on.set()
            if any(step in (mark, close_and_mark) for step in case.scripts[0]):
                # without a turn of the loop: what has reached the kernel must count
                assert server.marked.wait(PATIENCE)
        return await client.send(request)
    except TransportError as error:
        return error
    finally:
        await client.close()


def check(result: HttpResponse | TransportError, case: Case) -> None:
    if isinstance(result, TransportError):
        assert not isinstance(case.expected, int), result
        assert isinstance(result, case.expected)
        texts = [str(result), repr(result), result.what, *traceback.format_exception(result)]
        assert not [secret for secret in SECRETS for text in texts if secret in text]
        assert result.__cause__ is None
        assert result.__suppress_context__ or result.__context__ is None
    else:
        assert result.status == case.expected
        assert case.body is None or result.body == case.body


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("row", list(rows()))
def test_outcome(row, scheme, certificates, caplog):
    case, engine, loop = row
    caplog.set_level(logging.DEBUG)
    tls = certificates.right if scheme == "https" else None
    with ScriptedServer(*case.scripts, tls=tls) as server:
        request = make_request(scheme, server.netloc, repeatable=case.repeatable, **case.request)
        check(run_on(loop, outcome(engine, make_options(certificates, **case.options), request, case, server)), case)
        # a time limit may be over before the vendor's thread has read anything
        least = 0 if "read_timeout" in case.options else case.received
        assert least <= server.received <= case.received
    assert not [secret for secret in SECRETS if secret in caplog.text]


@pytest.fixture(params=["fast", "httpx"])
def engine(request):
    return request.param


async def failure(engine: str, options: EngineOptions, url: str) -> NotSent:
    client = open_engine(options, engine)
    try:
        with pytest.raises(NotSent) as caught:
            await client.send(make_request("", "", url=url))
    finally:
        await client.close()
    check(caught.value, Case(name="", scripts=[], expected=NotSent))
    return caught.value


def test_refused(engine, run, certificates):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = run(failure(engine, make_options(certificates), f"http://127.0.0.1:{unused.getsockname()[1]}/"))
    assert error.what == "connection refused"


@pytest.mark.parametrize(("host", "what"), [("nosuch.invalid", "host name not found"), ("a" * 70, "host name not valid")])
def test_host_without_address(engine, run, certificates, host, what):
    error = run(failure(engine, make_options(certificates), f"http://{host}/"))
    assert error.what in (what, "host name not found")  # uvloop leaves the check of names to the resolver


def test_connect_timeout(engine, run, certificates, full_backlog):
    error = run(failure(engine, make_options(certificates, connect_timeout=SHORT), f"http://127.0.0.1:{full_backlog[1]}/"))
    assert error.what == "connect timeout"


TLS_FAILURES = {
    "untrusted certificate": ("right", {"ca_file": None}, "TLS certificate not valid"),
    "certificate of another host": ("wrong_host", {}, "TLS certificate not valid"),
    "handshake stalls": (None, {"connect_timeout": SHORT}, "connect timeout"),
}


@pytest.mark.parametrize("name", TLS_FAILURES)
def test_tls_failure(name, engine, run, certificates):
    side, options, what = TLS_FAILURES[name]
    tls = getattr(certificates, side) if side else None
    with ScriptedServer([], tls=tls) as server:
        error = run(failure(engine, make_options(certificates, **options), f"https://{server.netloc}/"))
        assert server.received == 0
    assert error.what == what


@pytest.mark.parametrize("step", [close, reset, send(b"HTTP/1.1 400 Bad\r\n\r\n")], ids=["closes", "resets", "speaks no TLS"])
def test_tls_broken_handshake(step, engine, run, certificates):
    with ScriptedServer([step]) as server:
        error = run(failure(engine, make_options(certificates), f"https://{server.netloc}/"))
    assert error.what in ("TLS handshake failed", "connection failed")


@pytest.mark.parametrize("side", ["right", "wrong_host"])
def test_verify_off(side, engine, run, certificates):
    case = Case(name="", scripts=[[serve]], expected=200)
    with ScriptedServer([serve], tls=getattr(certificates, side)) as server:
        options = make_options(certificates, ca_file=None, verify=False)
        check(run(outcome(engine, options, make_request("https", server.netloc), case, server)), case)
