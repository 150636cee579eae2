"""HTTP that no honest client writes. No byte of a body is ever taken for a request, and no request for the body of another."""

from __future__ import annotations

import gzip
import socket
import ssl
import zlib

import pytest

from bridge.soap.writer import write_call
from tests.hostile.serving import CREDIT, LOGIN, MARK, Bridge, assert_says_little, sms
from tests.soap.wire import Wire, request

XML = "Content-Type: text/xml; charset=utf-8"
SMUGGLED = request(sms(content=MARK))
TOO_MANY, TOO_LONG = "The request has too many headers.", "The head of the request is too large."


def raw(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join(["POST /soap HTTP/1.1", "Host: x", XML, *lines, "", ""]).encode("latin-1") + body


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


CHUNKED = chunked(CREDIT)
LENGTH = f"Content-Length: {len(CREDIT)}"
TE = "Transfer-Encoding: chunked"

# which of two lengths counts: proxies and servers that disagree let a client hide a request in a body
TWO_LENGTHS = {
    "CL.TE": raw("Content-Length: 5", TE, body=b"0\r\n\r\n" + SMUGGLED),
    "CL.TE of a call": raw(LENGTH, TE, body=CHUNKED + SMUGGLED),
    "TE.CL": raw(TE, f"Content-Length: {len(CHUNKED)}", body=CHUNKED + SMUGGLED),
    "TE.TE of nobody": raw(TE, "Transfer-Encoding: x", body=CHUNKED + SMUGGLED),
    "TE.TE cow": raw("Transfer-Encoding: xchunked", body=CHUNKED + SMUGGLED),
    "TE before others": raw("Transfer-Encoding: chunked, identity", body=CHUNKED + SMUGGLED),
    "TE with a tab": raw("Transfer-Encoding:\tchunked\t,", LENGTH, body=CHUNKED + SMUGGLED),
    "TE with a space before the colon": raw("Transfer-Encoding : chunked", LENGTH, body=CHUNKED + SMUGGLED),
    "TE with a vertical tab": raw("Transfer-Encoding: \x0bchunked", LENGTH, body=CHUNKED + SMUGGLED),
    "TE behind a bare CR": raw("X: y\rTransfer-Encoding: chunked", LENGTH, body=CHUNKED + SMUGGLED),
    "TE folded": raw("Transfer-Encoding:\r\n chunked", LENGTH, body=CHUNKED + SMUGGLED),
    "TE quoted": raw('Transfer-Encoding: "chunked"', LENGTH, body=CHUNKED + SMUGGLED),
    "two lengths": raw(LENGTH, "Content-Length: 5", body=CREDIT + SMUGGLED),
    "a length twice": raw(LENGTH, LENGTH, body=CREDIT + SMUGGLED),
    "lengths in a list": raw(f"Content-Length: {len(CREDIT)}, 5", body=CREDIT + SMUGGLED),
    "a length with a sign": raw(f"Content-Length: +{len(CREDIT)}", body=CREDIT + SMUGGLED),
    "a negative length": raw("Content-Length: -1", body=CREDIT + SMUGGLED),
    "a length in hexadecimal": raw(f"Content-Length: 0x{len(CREDIT):x}", body=CREDIT + SMUGGLED),
    "a length in other digits": raw("Content-Length: \xb2", body=CREDIT + SMUGGLED),
    "a length that overflows": raw(f"Content-Length: {2**64 + len(CREDIT)}", body=CREDIT + SMUGGLED),
    "a length with a space in it": raw("Content-Length: 1 0", body=CREDIT + SMUGGLED),
    "an empty length": raw("Content-Length:", body=CREDIT + SMUGGLED),
    "a chunk size that overflows": raw(TE, body=b"10000000000000005\r\nabcde\r\n0\r\n\r\n" + SMUGGLED),
    "a negative chunk size": raw(TE, body=b"-5\r\nabcde\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk size in 0x": raw(TE, body=b"0x5\r\nabcde\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk that is longer than it says": raw(TE, body=b"3\r\nabcde\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk that ends in LF": raw(TE, body=b"5\nabcde\n0\n\n" + SMUGGLED),
    "a chunk size with a space": raw(TE, body=b"5 \r\nabcde\r\n0\r\n\r\n" + SMUGGLED),
    "a header in LF": raw("X: y\nContent-Length: 0", LENGTH, body=CREDIT + SMUGGLED),
    "a header without a colon": raw("Content-Length 5", LENGTH, body=CREDIT + SMUGGLED),
    "a header without a name": raw(": x", LENGTH, body=CREDIT + SMUGGLED),
    "a header with NUL": raw("X: a\0b", LENGTH, body=CREDIT + SMUGGLED),
}


@pytest.mark.parametrize("name", TWO_LENGTHS)
def test_one_request_is_never_two(bridge: Bridge, vendor, name: str) -> None:
    """Refused as a whole; the connection ends, and what stood behind was never read as a request."""
    with Wire(bridge.port) as wire:
        wire.send(TWO_LENGTHS[name])
        answer = wire.answer()
        assert_says_little(answer)
        assert (answer.status, answer.code) == (400, "Fault"), answer
        assert wire.closed()
    assert vendor.sent() == []
    bridge.assert_works()


def test_http_1_0_in_chunks_is_one_request(bridge: Bridge, vendor) -> None:
    with Wire(bridge.port) as wire:
        wire.send(raw(TE, body=CHUNKED + SMUGGLED).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert wire.answer().find("credit") is not None
        assert wire.closed()
    assert vendor.sent() == []


NOT_HTTP = {
    "nothing of it": b"GARBAGE\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(160),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "HTTP/9.9": b"POST /soap HTTP/9.9\r\n\r\n",
    "no version at all": b"POST /soap HTTP/\r\n\r\n",
    "RTSP": b"DESCRIBE rtsp://x RTSP/1.0\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.0\r\n",
    "a proxy's protocol": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + request(CREDIT),
    "a method of nobody": b"FETCH /soap HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in small letters": b"post /soap HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no path": b"POST  HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path with NUL": b"POST /so\0ap HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path in UTF-8": "POST /ş HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "a path with a space": b"POST /so ap HTTP/1.1\r\nHost: x\r\n\r\n",
    "a port out of range": b"POST http://x:99999/soap HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_not_http(bridge: Bridge, name: str) -> None:
    with Wire(bridge.port) as wire:
        wire.send(NOT_HTTP[name])
        answer = wire.answer()
        assert_says_little(answer)
        assert (answer.status, answer.find("faultstring")) == (400, "The request is not HTTP/1.1.")
        assert wire.closed()
    bridge.assert_works()


PATHS = [
    "/soap/../../etc/passwd",
    "/soap%00",
    "/soap%2f..%2f..%2fetc%2fpasswd",
    "/..%c0%af..%c0%afetc/passwd",
    "/soap;x=y",
    f"/{MARK * 1000}",
    "/%",
    "/%zz",
    "/%ff%fe",
    "/soap%0d%0aX:%20y",
    "*",
    "http://evil.example/other",
    "//evil.example/soap",
    "/metrics/../soapx",
    "/cgi-bin/x",
    "/.env",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS", "TRACE"])
def test_odd_paths(bridge: Bridge, path: str, method: str) -> None:
    answer = bridge.refuses(request(CREDIT if method == "POST" else b"", path=path, method=method), stays=method != "OPTIONS")
    assert answer.status in {400, 404}, answer


@pytest.mark.parametrize("host", ["", 'evil"><x', "a" * 10_000, "x\tY", "127.0.0.1:99999999", "[::1", "şirket"])
def test_odd_hosts(bridge: Bridge, host: str) -> None:
    """The host is written into the WSDL, and nowhere else."""
    whole = request(b"", path="/soap?wsdl", method="GET").replace(b"localhost:9587", host.encode())
    with Wire(bridge.port) as wire:
        wire.send(whole)
        answer = wire.answer()
    assert answer.status in {200, 400}
    assert host == "" or host.encode() not in answer.body.replace(b"localhost", b""), answer.body
    assert answer.status == 400 or answer.xml is not None


def test_http_0_9(bridge: Bridge) -> None:
    with Wire(bridge.port) as wire:
        wire.send(b"GET /soap\r\n\r\n")
        answer = wire.answer()
        assert answer.code == "Fault"
        assert wire.closed()


# -- heads


def headers(count: int, of: str = "X-%d: y") -> bytes:
    return raw(*(of % number for number in range(count)), LENGTH, body=CREDIT)


HEADS = {
    "200 headers are many": (headers(190), None),
    "201 are too many": (headers(201), TOO_MANY),
    "50,000 headers": (headers(50_000), TOO_LONG),
    "the same header": (headers(1000, "X: %d"), TOO_MANY),
    "a header of a megabyte": (raw(f"X: {MARK * 150_000}", LENGTH, body=CREDIT), TOO_LONG),
    "a name of a megabyte": (raw(f"{MARK * 150_000}: x", LENGTH, body=CREDIT), TOO_LONG),
    "a path of a megabyte": (request(CREDIT, path="/" + "x" * 1_000_000), TOO_LONG),
    "a head without end": (b"POST /soap HTTP/1.1\r\n" + b"X: y\r\n" * 200_000, TOO_LONG),
    "a method without end": (b"P" * 1_000_000, "The request is not HTTP/1.1."),
    "empty lines before a request": (b"\r\n" * 100 + request(CREDIT), None),
    "empty lines without end": (b"\r\n" * 500_000, TOO_LONG),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads(bridge: Bridge, name: str) -> None:
    whole, said = HEADS[name]
    with Wire(bridge.port) as wire:
        wire.send(whole)
        answer = wire.answer()
        assert_says_little(answer)
        assert answer.find("faultstring") == said
        assert answer.status == {None: 200, TOO_LONG: 431, TOO_MANY: 431}.get(said, 400)
        assert said is None or wire.closed()
    bridge.assert_works()


def test_chunk_extensions_and_trailers_are_of_no_account(bridge: Bridge) -> None:
    """They are read and forgotten, up to a length."""
    body = b"".join(b"%x;%b=%b\r\n%b\r\n" % (1, b"a" * 1000, b"b" * 1000, CREDIT[at : at + 1]) for at in range(len(CREDIT)))
    trailers = b"".join(b"X-%d: %b\r\n" % (number, b"y" * 100) for number in range(5000))
    with Wire(bridge.port) as wire:
        for _ in range(2):
            wire.send(raw(TE, body=body + b"0\r\n" + trailers + b"\r\n"))
            assert wire.answer().find("credit") is not None


# -- bodies


def packed(plain: bytes, level: int = 9) -> bytes:
    return gzip.compress(plain, level, mtime=0)


BOMB = packed(bytes(200_000_000), 1)
CODINGS = {
    "a bomb": (BOMB, "gzip", "The request is too large."),
    "a bomb in a bomb": (packed(BOMB), "gzip", "The request's character encoding is unknown or does not fit its bytes."),
    "a bomb as deflate": (zlib.compress(bytes(100_000_000)), "deflate", "The request is too large."),
    "a bomb of spaces": (packed(b" " * 9_999_999 + b"<"), "gzip", "The request is not well-formed XML."),
    "half of it": (packed(CREDIT)[:-20], "gzip", "The compressed request is not whole."),
    "nothing": (b"", "gzip", "The compressed request is not whole."),
    "not gzip": (CREDIT, "gzip", "The compressed request cannot be decompressed."),
    "a wrong checksum": (packed(CREDIT)[:-8] + bytes(8), "gzip", "The compressed request cannot be decompressed."),
    "a broken stream": (packed(CREDIT)[:30] + b"\xff" * 50, "gzip", "The compressed request cannot be decompressed."),
    "deflate that is none": (CREDIT, "deflate", "The compressed request cannot be decompressed."),
    "two codings": (packed(packed(CREDIT)), "gzip, gzip", "The content coding of the request is not supported."),
    "brotli": (CREDIT, "br", "The content coding of the request is not supported."),
    "a coding of nobody": (CREDIT, MARK, "The content coding of the request is not supported."),
    "a name without end": (
        packed(CREDIT)[:3] + b"\x08" + packed(CREDIT)[4:10] + b"a" * 100_000,
        "gzip",
        "The compressed request is not whole.",
    ),
}


@pytest.mark.parametrize("name", CODINGS)
def test_codings(bridge: Bridge, name: str) -> None:
    body, coding, said = CODINGS[name]
    before = bridge.resident()
    answer = bridge.refuses(request(body, headers=(XML, f"Content-Encoding: {coding}")))
    assert answer.find("faultstring") == said
    assert bridge.resident() < before + 100


def test_a_length_without_a_body_is_a_client_that_went_away(bridge: Bridge, vendor) -> None:
    for length in (10**18, 2**63 - 1, len(CREDIT) + 1):
        with Wire(bridge.port) as wire:
            wire.send(raw(f"Content-Length: {length}", body=CREDIT))
    bridge.assert_works()


# -- many at once


def test_a_flood_of_pipelined_requests_is_cut(bridge: Bridge, vendor) -> None:
    """Those before the flood are answered in order, and each only once."""
    vendor.play("slow", seconds=0.3)
    with Wire(bridge.port) as wire:
        wire.send(request(CREDIT) * 2000)
        answers = []
        while not answers or answers[-1].status == 200:
            answers.append(wire.answer())
        assert_says_little(answers[-1])
        assert (answers[-1].status, answers[-1].find("faultstring")) == (431, "Too many requests wait.")
        assert wire.closed()
    assert 50 <= len(answers) - 1 == len(vendor.received()) < 60
    bridge.assert_works()


def test_garbage_behind_a_request_does_not_take_its_answer(bridge: Bridge, vendor) -> None:
    vendor.play("slow", seconds=0.2)
    with Wire(bridge.port) as wire:
        wire.send(request(CREDIT) + b"GARBAGE\r\n\r\n")
        assert wire.answer().find("credit") is not None
        assert wire.answer().status == 400
        assert wire.closed()


def test_a_bad_body_behind_a_request_does_not_take_its_answer(bridge: Bridge, vendor) -> None:
    vendor.play("slow", seconds=0.2)
    with Wire(bridge.port) as wire:
        wire.send(request(CREDIT) + raw(TE, body=b"zz\r\n"))
        assert wire.answer().find("credit") is not None
        assert wire.answer().status == 400
        assert wire.closed()


def test_many_connections_that_say_nothing(bridge: Bridge) -> None:
    sockets = [socket.create_connection(("127.0.0.1", bridge.port)) for _ in range(300)]
    bridge.assert_works()
    for each in sockets:
        each.close()
    bridge.assert_works()


def test_tls_by_a_client_that_means_it(bridge: Bridge) -> None:
    context = ssl.create_default_context()
    with socket.create_connection(("127.0.0.1", bridge.port)) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="localhost")
    bridge.assert_works()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_clients_that_leave(bridge: Bridge, vendor, how: str) -> None:
    whole = request(write_call("getUserCredit", LOGIN))
    for cut in range(1, len(whole), 37):
        with Wire(bridge.port) as wire:
            wire.send(whole[:cut])
            if how == "reset":
                wire.reset()
    bridge.assert_works()
