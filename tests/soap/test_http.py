"""HTTP around the calls, over raw sockets: paths, methods, bodies, codings, connections, proxies, Faults."""

from __future__ import annotations

import gzip
import json
import random
import socket
import time
import tracemalloc
import zlib
from base64 import b64encode
from ipaddress import ip_network

import pytest
import structlog.testing
from lxml import etree

from bridge.soap import body as request_body
from bridge.soap.contract import NAMESPACE
from bridge.soap.proxies import Proxies
from bridge.soap.writer import SOAP11, SOAP12, write_call
from bridge.soap.wsdl import generate
from tests.log_capture import captured_log
from tests.soap.trees import is_fault
from tests.soap.wire import Wire, exchange, request
from tests.waiting import until

LOGIN = {"username": "admin", "password": "123456"}
CREDIT = write_call("getUserCredit", LOGIN)
XML = "Content-Type: text/xml; charset=utf-8"
TWENTY_MEGABYTES = 20 * 1024 * 1024


def assert_fault(answer, text, status=500, soap12=False):
    """A SOAP Fault with a detail, and nothing else."""
    version = SOAP12 if soap12 else SOAP11
    envelope = answer.xml
    assert (answer.status, answer.header("content-type")) == (status, version.content_type.decode())
    assert answer.header("content-length") == str(len(answer.body))
    assert envelope.tag == f"{{{version.envelope}}}Envelope"
    assert is_fault(envelope)
    assert answer.find("Text" if soap12 else "faultstring") == text
    (detail,) = envelope.iter("{*}Detail" if soap12 else "detail")
    assert [child.tag for child in detail] == ["code", "message"]


def assert_works(bridge):
    answer = bridge.post(CREDIT)
    assert (answer.status, answer.find("credit")) == (200, "316807")


# -- paths and methods


@pytest.mark.parametrize("path", ["/soap", "/soap/", "/SOAP", "/Soap/", "/sOaP//", "/soap?x=1", "/soap/?wsdl", "/%73oap"])
def test_every_spelling_of_the_path(bridge, path):
    assert bridge.post(CREDIT, path=path).find("credit") == "316807"


@pytest.mark.parametrize(
    "path", ["/", "/soap/x", "/soapx", "/wsdl", "/sms.wsdl", "/soap.php", "//soap", "/*", "/healthz/", "/HEALTHZ"]
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_another_path_is_a_fault_that_names_the_right_one(bridge, path, method):
    answer = bridge.send(request(CREDIT if method == "POST" else b"", path=path, method=method))
    assert_fault(answer, "There is no service at this address; it is at /soap.", 404)


def test_another_path_in_soap_1_2(bridge):
    answer = bridge.post(CREDIT, "Content-Type: application/soap+xml; charset=utf-8", path="/x")
    assert_fault(answer, "There is no service at this address; it is at /soap.", 404, soap12=True)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "M-SEARCH"])
@pytest.mark.parametrize("path", ["/soap", "/SOAP/", "/soap?x=wsdl", "/soap?op=sendSms"])
def test_only_post_carries_a_call(bridge, method, path):
    answer = bridge.send(request(CREDIT if method == "PUT" else b"", path=path, method=method))
    assert_fault(answer, "Only POST carries a SOAP call; the WSDL is at ?wsdl.")


def test_head_is_answered_without_a_body(bridge):
    with Wire(bridge.port) as wire:
        wire.send(request(b"", method="HEAD") + request(b"", method="HEAD", path="/soap?wsdl") + request(CREDIT))
        nothing, wsdl, credit = wire.answer("HEAD"), wire.answer("HEAD"), wire.answer()
    assert (nothing.status, wsdl.status, credit.status) == (500, 200, 200)
    assert int(wsdl.header("content-length")) == len(generate())
    assert credit.find("credit") == "316807"


def test_faults_have_http_200_by_setting(bridge_with):
    bridge = bridge_with(soap={"fault_status": 200})
    assert_fault(bridge.send(request(b"", method="GET")), "Only POST carries a SOAP call; the WSDL is at ?wsdl.", 200)
    assert_fault(bridge.post("<a/>"), "The request is not a SOAP envelope.", 200)
    assert_fault(bridge.post(CREDIT, path="/x"), "There is no service at this address; it is at /soap.", 404)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health(bridge, path):
    answer = bridge.send(request(b"", method="GET", path=path))
    assert (answer.status, answer.body) == (200, b"ok\n" if path == "/healthz" else b"ready\n")
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert answer.header("content-length") == str(len(answer.body))


# -- the WSDL


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "wsdl=1", "Wsdl", "singleWsdl", "xsd=0", "wsdl&x=1", "%77sdl"])
def test_spellings_of_wsdl(bridge, query):
    answer = bridge.send(request(b"", method="GET", path=f"/soap?{query}"))
    assert (answer.status, answer.header("content-type")) == (200, "text/xml; charset=utf-8")
    assert answer.body == generate(address="http://localhost:9587/soap")


def wsdl_address(bridge, path="/soap?wsdl", *headers, host="localhost:9587"):
    raw = request(b"", method="GET", path=path, headers=headers).replace(b"localhost:9587", host.encode())
    answer = bridge.send(raw)
    assert answer.status == 200
    return next(answer.xml.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")).get("location")


def test_the_address_is_what_the_client_used(bridge):
    assert wsdl_address(bridge, host="sms.example.com") == "http://sms.example.com/soap"
    assert wsdl_address(bridge, host="[::1]:9587") == "http://[::1]:9587/soap"
    assert wsdl_address(bridge, "/SOAP/?WSDL", host="10.0.0.1:80") == "http://10.0.0.1:80/SOAP/"
    assert wsdl_address(bridge, host='evil"><x') == "http://localhost:9587/soap"


def test_the_public_url_goes_first(bridge_with):
    bridge = bridge_with(server={"public_url": "https://sms.example.com/x/soap", "trusted_proxies": ("127.0.0.0/8",)})
    assert wsdl_address(bridge) == "https://sms.example.com/x/soap"
    assert wsdl_address(bridge, "/soap?wsdl", "X-Forwarded-Host: other.example") == "https://sms.example.com/x/soap"


FORWARDED = ("X-Forwarded-Proto: https", "X-Forwarded-Host: sms.example.com", "X-Forwarded-For: 203.0.113.9")


def test_forwarded_headers_count_only_from_a_trusted_proxy(bridge, bridge_with):
    assert wsdl_address(bridge, "/soap?wsdl", *FORWARDED) == "http://localhost:9587/soap"
    behind = bridge_with(server={"trusted_proxies": ("127.0.0.1",)})
    assert wsdl_address(behind, "/soap?wsdl", *FORWARDED) == "https://sms.example.com/soap"
    assert wsdl_address(behind) == "http://localhost:9587/soap"
    elsewhere = bridge_with(server={"trusted_proxies": ("10.0.0.0/8", "::1")})
    assert wsdl_address(elsewhere, "/soap?wsdl", *FORWARDED) == "http://localhost:9587/soap"


class Logins:
    """Tells which address a login came from."""

    def __init__(self, accounts):
        self.accounts, self.addresses = accounts, []

    async def find(self, username, password, address):
        self.addresses.append(address)
        return await self.accounts.find(username, password, address)

    def __getattr__(self, name):
        return getattr(self.accounts, name)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), "203.0.113.9", "127.0.0.1"),
        (("10.0.0.0/8",), "203.0.113.9", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.1",), "6.6.6.6, 203.0.113.9", "203.0.113.9"),  # the client may write what it likes in front
        (("127.0.0.1", "10.0.0.0/8"), "203.0.113.9, 10.1.2.3 ", "203.0.113.9"),
        (("127.0.0.1",), "", "127.0.0.1"),
    ],
)
@pytest.mark.usefixtures("vendor")
def test_logins_are_slowed_by_the_address_of_the_client(bridge_with, monkeypatch, trusted, forwarded, address):
    bridge = bridge_with(server={"trusted_proxies": trusted})
    logins = Logins(bridge.app.bridge.endpoint._accounts)
    monkeypatch.setattr(bridge.app.bridge.endpoint, "_accounts", logins)
    assert bridge.post(CREDIT, XML, f"X-Forwarded-For: {forwarded}").status == 200
    assert logins.addresses == [address]


def test_an_ipv4_proxy_at_a_socket_for_both_versions():
    """Such a socket shows 127.0.0.1 as ::ffff:127.0.0.1."""
    proxies = Proxies((ip_network("127.0.0.1"),), None, 9587)
    scope = {"client": ("::ffff:127.0.0.1", 5), "scheme": "http", "path": "/soap"}
    headers = {b"x-forwarded-for": b"203.0.113.9", b"x-forwarded-proto": b"https", b"x-forwarded-host": b"sms.example.com"}
    assert proxies.client(scope, headers) == "203.0.113.9"
    assert proxies.service(scope, headers) == "https://sms.example.com/soap"


# -- credentials, as far as HTTP has to do with them


def test_no_credentials_are_asked_for(bridge, vendor):
    answer = bridge.post(write_call("getUserCredit", {}))
    assert (answer.status, answer.header("www-authenticate")) == (401, 'Basic realm="SMS", charset="UTF-8"')
    assert (answer.find("status"), answer.code) == ("401", "ERR_UNAUTHORIZED_REQUEST")
    assert vendor.received() == []


@pytest.mark.parametrize("username", ["admin", "nobody", "", "Admin", "admin\0", "ş" * 1000])
def test_a_wrong_login_is_no_challenge(bridge, vendor, username):
    answer = bridge.post(write_call("getUserCredit", {"username": username or "''", "password": "1234567"}))
    assert (answer.status, answer.header("www-authenticate")) == (200, None)
    assert (answer.find("status"), answer.code) == ("401", "ERR_UNAUTHORIZED_REQUEST")
    assert vendor.received() == []


def test_basic_after_the_challenge_on_the_same_connection(bridge, vendor):
    """What .NET does: it sends its NetworkCredential only when asked."""
    body = write_call("getUserCredit", {})
    login = f"Authorization: Basic {b64encode(b'admin:123456').decode()}"
    with Wire(bridge.port) as wire:
        wire.send(request(body))
        assert wire.answer().status == 401
        wire.send(request(body, headers=(XML, login)))
        assert wire.answer().find("credit") == "316807"


# -- bodies that are too large

TOO_LARGE = "The request is too large."


def large(size=TWENTY_MEGABYTES):
    return CREDIT.replace(b"</soapenv:Body>", b"<!--" + b"x" * (size - len(CREDIT) - 7) + b"--></soapenv:Body>")


def in_chunks(body, size=1 << 16):
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_twenty_megabytes_with_a_length(bridge, vendor):
    with Wire(bridge.port) as wire:
        wire.send(request(large()))
        assert_fault(wire.answer(), TOO_LARGE)
        wire.send(request(CREDIT))  # nothing of it is left in the connection
        assert wire.answer().find("credit") == "316807"


def test_twenty_megabytes_in_chunks(bridge, vendor):
    with Wire(bridge.port) as wire:
        wire.send(request(b"", headers=(XML, "Transfer-Encoding: chunked"), length=False) + in_chunks(large()))
        assert_fault(wire.answer(), TOO_LARGE)
        wire.send(request(CREDIT))
        assert wire.answer().find("credit") == "316807"


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_twenty_megabytes_on_a_connection_that_ends(bridge, vendor, version):
    """A server that hangs up while its client still writes makes it see a reset in place of the answer."""
    closing = (XML, "Connection: close")
    answers = [bridge.send(request(large(), version=version, headers=closing))]
    if version == "HTTP/1.1":
        head = request(b"", headers=(*closing, "Transfer-Encoding: chunked"), length=False)
        answers.append(bridge.send(head + in_chunks(large())))
    for answer in answers:
        assert_fault(answer, TOO_LARGE)
        assert answer.header("connection") == "close"


def test_twenty_megabytes_are_not_asked_for(bridge, vendor):
    """The answer comes in place of the 100; the connection ends, for the body that was announced never comes."""
    with Wire(bridge.port) as wire:
        wire.send(request(large(), headers=(XML, "Expect: 100-continue")).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        answer = wire.answer()
        assert_fault(answer, TOO_LARGE)
        assert answer.header("connection") == "close"
        assert wire.closed()


def test_twenty_megabytes_in_chunks_after_a_100(bridge, vendor):
    """How long it is cannot be known before: it is asked for, and all of it is read."""
    with Wire(bridge.port) as wire:
        wire.send(request(b"", headers=(XML, "Transfer-Encoding: chunked", "Expect: 100-continue"), length=False))
        assert wire.answer().status == 100
        wire.send(in_chunks(large()))
        assert_fault(wire.answer(), TOO_LARGE)


@pytest.mark.parametrize("bounds", [{"_DRAIN": 1 << 20}, {"_DRAIN_SECONDS": 0.05}])
def test_a_client_that_sends_more_than_is_waited_for_reads_the_fault_all_the_same(bridge, vendor, monkeypatch, bounds):
    for name, value in bounds.items():
        monkeypatch.setattr(request_body, name, value)
    whole = request(large())
    with Wire(bridge.port) as wire:
        wire.send(whole[: 2 << 20])
        time.sleep(0.1)
        wire.send(whole[2 << 20 :])
        assert_fault(wire.answer(), TOO_LARGE)
    assert_works(bridge)


@pytest.mark.parametrize("coding", ["length", "chunks", "gzip"])
def test_the_limit_to_the_byte(bridge_with, vendor, coding):
    bridge = bridge_with(server={"max_body_bytes": 100_000})
    for size, fits in ((100_000, True), (100_001, False)):
        body = large(size)
        assert len(body) == size
        if coding == "chunks":
            raw = request(b"", headers=(XML, "Transfer-Encoding: chunked"), length=False) + in_chunks(body, 777)
        elif coding == "gzip":
            raw = request(gzip.compress(body), headers=(XML, "Content-Encoding: gzip"))
        else:
            raw = request(body)
        start = time.perf_counter()
        answer = bridge.send(raw)
        assert time.perf_counter() - start < 5  # nothing is waited for that does not come
        if fits:
            assert answer.find("credit") == "316807"
        else:
            assert_fault(answer, TOO_LARGE)


# -- content codings of requests


def raw_deflate(data):
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),  # what many write and call it so
        ("identity", bytes),
        ("", bytes),
        ("gzip", lambda data: gzip.compress(data) + b"\r\n"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_compressed_requests(bridge, vendor, coding, compress, chunked):
    headers, body = (XML, f"Content-Encoding: {coding}"), compress(CREDIT)
    if chunked:
        raw = request(b"", headers=(*headers, "Transfer-Encoding: chunked"), length=False) + in_chunks(body, 50)
    else:
        raw = request(body, headers=headers)
    assert bridge.send(raw).find("credit") == "316807"


NOISE = random.Random(5).randbytes(1000)


@pytest.mark.parametrize(
    ("coding", "body", "text"),
    [
        ("br", CREDIT, "The content coding of the request is not supported."),
        ("gzip, gzip", gzip.compress(gzip.compress(CREDIT)), "The content coding of the request is not supported."),
        ("gzip", CREDIT, "The compressed request cannot be decompressed."),
        ("gzip", NOISE, "The compressed request cannot be decompressed."),
        ("deflate", CREDIT, "The compressed request cannot be decompressed."),
        ("gzip", gzip.compress(CREDIT)[:-1], "The compressed request is not whole."),
        ("gzip", gzip.compress(CREDIT)[:-20], "The compressed request is not whole."),
        ("gzip", gzip.compress(CREDIT)[:5], "The compressed request is not whole."),
        ("gzip", gzip.compress(CREDIT[:200]) + gzip.compress(CREDIT[200:]), "The request is not well-formed XML."),
        ("gzip", gzip.compress(CREDIT)[:-8] + bytes(8), "The compressed request cannot be decompressed."),
        ("deflate", zlib.compress(CREDIT)[:-1], "The compressed request is not whole."),
        ("gzip", b"", "The compressed request is not whole."),
        ("gzip", gzip.compress(b""), "The request body is empty."),
        ("gzip", gzip.compress(bytes(TWENTY_MEGABYTES)), TOO_LARGE),
        ("deflate", raw_deflate(bytes(TWENTY_MEGABYTES)), TOO_LARGE),
    ],
)
def test_what_cannot_be_decompressed_is_a_fault(bridge, vendor, coding, body, text):
    assert_fault(bridge.post(body, XML, f"Content-Encoding: {coding}"), text)
    assert vendor.received() == []


@pytest.mark.parametrize("wbits", [zlib.MAX_WBITS | 16, -zlib.MAX_WBITS])
def test_a_bomb_is_not_unpacked(bridge, vendor, wbits):
    """200 megabytes in 200 kilobytes: no more is unpacked than the limit."""
    deflater = zlib.compressobj(1, wbits=wbits)
    bomb = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    bomb += (deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)) * 200 + deflater.flush()
    tracemalloc.start()
    try:
        answer = bridge.post(bomb, XML, f"Content-Encoding: {'gzip' if wbits > 0 else 'deflate'}")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert_fault(answer, TOO_LARGE)
    assert most < 60 << 20


# -- content codings of answers

LIST = write_call("getSmsPackages", LOGIN)


@pytest.fixture
def many_packages(vendor):
    for _ in range(5):
        vendor.send(sendingType=0, number="905511034554", content="ğüşıöç")


@pytest.mark.usefixtures("many_packages")
@pytest.mark.parametrize(
    "accepted", ["gzip", "gzip, deflate", "deflate, gzip;q=1.0, *;q=0.5", "GZIP", "gzip;q=0.5", "br, gzip ;q=0.001"]
)
def test_a_long_answer_is_compressed_when_asked(bridge, accepted):
    plain = bridge.post(LIST)
    packed = bridge.post(LIST, XML, f"Accept-Encoding: {accepted}")
    assert plain.header("content-encoding") is None
    assert packed.header("content-encoding") == "gzip"
    assert packed.header("content-length") == str(len(packed.body))
    assert len(packed.body) < len(plain.body) / 2
    assert packed.content == plain.body
    assert packed.find("totalRecord") == "5"


@pytest.mark.usefixtures("many_packages")
@pytest.mark.parametrize("accepted", ["", "identity", "none", "deflate", "br", "gzip;q=0", "gzip;q=0.000, identity", "gzip; q=0.0"])
def test_an_answer_is_not_compressed_when_not_asked(bridge, accepted):
    answer = bridge.post(LIST, XML, f"Accept-Encoding: {accepted}")
    assert answer.header("content-encoding") is None
    assert answer.find("totalRecord") == "5"


def test_what_is_never_compressed(bridge, vendor):
    asked = (XML, "Accept-Encoding: gzip")
    assert bridge.send(request(b"", method="GET", path="/soap?wsdl", headers=asked)).header("content-encoding") is None
    assert bridge.post(CREDIT, *asked).header("content-encoding") is None  # too short to gain
    assert bridge.post("<a/>", *asked).header("content-encoding") is None


# -- connections


def test_connection_close_is_echoed(bridge, vendor):
    for value in ("close", "Close", "TE, close", "close, Keep-Alive"):
        with Wire(bridge.port) as wire:
            wire.send(request(CREDIT, headers=(XML, f"Connection: {value}")))
            answer = wire.answer()
            assert (answer.find("credit"), answer.header("connection")) == ("316807", "close")
            assert wire.closed()


@pytest.mark.parametrize("more", [(), ("Connection: keep-alive",), ("Connection: close",)])
def test_http_1_0(bridge, vendor, more):
    with Wire(bridge.port) as wire:
        wire.send(request(CREDIT, version="HTTP/1.0", headers=(XML, *more)).replace(b"Host: localhost:9587\r\n", b""))
        answer = wire.answer()
        assert answer.find("credit") == "316807"
        assert (answer.header("transfer-encoding"), answer.header("connection")) == (None, "close")
        assert wire.closed()


def test_many_calls_on_one_connection(bridge, vendor):
    with Wire(bridge.port) as wire:
        for number in range(200):
            wire.send(request(CREDIT if number % 3 else b"<a/>", headers=(XML, "Connection: keep-alive")))
            answer = wire.answer()
            assert answer.status == (200 if number % 3 else 500)
            assert answer.header("content-length") == str(len(answer.body))
            assert answer.header("connection") is None
    assert len({each["headers"][0][1] for each in vendor.received()}) == 1


def test_pipelined_calls_are_answered_in_order(bridge, vendor):
    bodies = [write_call("getSmsSenders", {**LOGIN, "keyword": word}) for word in ("BASLIK", "BEKLEYEN", "REDDEDILEN", "YOK")]
    with Wire(bridge.port) as wire:
        wire.send(b"".join(map(request, bodies)) + request(b"<a/>") + request(CREDIT))
        answers = [wire.answer() for _ in range(6)]
        assert [answer.find("title") for answer in answers[:4]] == ["BASLIK", "BEKLEYEN", "REDDEDILEN", None]
        assert (answers[4].code, answers[5].find("credit")) == ("Fault", "316807")
        assert wire.silent(0.05)


def test_pipelined_calls_in_small_pieces(bridge, vendor):
    whole = request(CREDIT) + b"\r\n" + request(CREDIT, headers=(XML, "Transfer-Encoding: chunked"), length=False)[: -len(CREDIT)]
    whole += in_chunks(CREDIT, 7)
    with Wire(bridge.port) as wire:
        for at in range(0, len(whole), 40):
            wire.send(whole[at : at + 40])
        assert [wire.answer().find("credit") for _ in range(2)] == ["316807"] * 2


def test_a_100_comes_before_the_body_and_only_once(bridge, vendor):
    head, _, body = request(CREDIT, headers=(XML, "Expect: 100-continue")).partition(b"\r\n\r\n")
    with Wire(bridge.port) as wire:
        for _ in range(2):
            wire.send(head + b"\r\n\r\n")
            assert wire.answer().status == 100
            wire.send(body[:100])
            assert wire.silent(0.02)
            wire.send(body[100:])
            assert wire.answer().find("credit") == "316807"


def test_a_client_that_does_not_wait_for_the_100(bridge, vendor):
    """Mono and .NET give up waiting after 350 ms and send the body."""
    with Wire(bridge.port) as wire:
        wire.send(request(CREDIT, headers=(XML, "Expect: 100-continue")))
        answers = [wire.answer()]
        if answers[0].status == 100:
            answers.append(wire.answer())
        assert answers[-1].find("credit") == "316807"


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_hangs_up_within_its_body(bridge, vendor, cut, how, capfd):
    whole = request(write_call("sendSms", LOGIN | {"type": 1, "sendingType": 0, "content": "a", "number": "905511034554"}))
    head = whole.index(b"\r\n\r\n") + 4
    with Wire(bridge.port) as wire:
        wire.send(whole[: head + cut] if cut >= 0 else whole[:cut])
        time.sleep(0.02)
        if how == "reset":
            wire.reset()
    assert_works(bridge)
    assert [path for path, _ in vendor.bodies()] == ["/user/credit"]
    assert "Traceback" not in capfd.readouterr().err


def test_a_client_that_hangs_up_before_its_answer(bridge, vendor):
    """What it asked for is done all the same."""
    fields = {"type": 1, "sendingType": 0, "content": "a", "title": "Deneme", "number": "905511034554", "sender": "BASLIK"}
    vendor.play("slow", seconds=0.2)
    with Wire(bridge.port) as wire:
        wire.send(request(write_call("sendSms", LOGIN | fields)))
        until(vendor.sent)
        wire.reset()
    assert bridge.post(CREDIT).find("credit") == "316806"
    assert vendor.sent() == [("905511034554", "a")]


H2C = (XML, "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA", "Upgrade: h2c")
H2C_CALL = request(CREDIT, headers=H2C)
H2C_CHUNKED = request(b"", headers=(*H2C, "Transfer-Encoding: chunked"), length=False) + in_chunks(CREDIT, 50)


@pytest.mark.parametrize(
    "raw", [H2C_CALL, H2C_CHUNKED, H2C_CALL.replace(b"h2c", b"websocket"), H2C_CALL.replace(b": h2c", b": TLS/1.3")]
)
@pytest.mark.parametrize("step", [10_000, 200, 50])
def test_an_offer_to_upgrade_is_a_plain_request(bridge, vendor, raw, step):
    """What Java's HttpClient and `curl --http2` send; on one connection, in pieces, and with other requests behind."""
    whole = raw * 2 + request(CREDIT) + request(b"", method="GET", path="/soap?wsdl", headers=H2C) + raw
    with Wire(bridge.port) as wire:
        for at in range(0, len(whole), step):
            wire.send(whole[at : at + step])
        answers = [wire.answer() for _ in range(5)]
        assert [answer.find("credit") for answer in answers] == ["316807"] * 3 + [None, "316807"]
        assert answers[3].body == generate()
        assert wire.silent(0.02)


def test_an_offer_to_upgrade_that_expects_a_100(bridge, vendor):
    assert bridge.send(request(CREDIT, headers=(*H2C, "Expect: 100-continue"))).find("credit") == "316807"


def test_an_offer_to_upgrade_in_a_request_that_is_cut_or_wrong(bridge, vendor):
    with Wire(bridge.port) as wire:
        wire.send(H2C_CALL[:-5])
    with Wire(bridge.port) as wire:
        wire.send(H2C_CHUNKED.replace(b"32\r\n", b"zz\r\n", 1))
        assert wire.answer().status in {400, 500}
        assert wire.closed()
    assert_works(bridge)
    assert [path for path, _ in vendor.bodies()] == ["/user/credit"]


@pytest.mark.parametrize("uri", ["http://localhost:9587/soap", "http://proxy.example/soap/", "HTTP://LOCALHOST:9587/SOAP"])
def test_an_absolute_uri_as_proxies_write_it(bridge, vendor, uri):
    assert bridge.post(CREDIT, path=uri).find("credit") == "316807"
    answer = bridge.send(request(b"", method="GET", path=f"{uri}?wsdl"))
    assert answer.status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"GARBAGE\r\n\r\n",
        b"POST /soap HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST /soap HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /soap HTTP/1.1\r\nHo st: x\r\n\r\n",
    ],
)
def test_what_is_not_http_ends_the_connection(bridge, vendor, raw):
    with Wire(bridge.port) as wire:
        wire.send(raw)
        assert wire.answer().status in {400, 500}
        assert wire.closed()
    assert_works(bridge)


CONTENT_TYPES = ["text/xml", "text/xml; charset=", "text/xml;;;", ";", "x", "\xc5\x9f", 'text/xml; charset="utf-8"; x=y']


@pytest.mark.parametrize("content_type", [*CONTENT_TYPES, "text/xml; charset='utf-8'", "text/xml;CHARSET=UTF-8"])
def test_odd_content_types(bridge, vendor, content_type):
    assert bridge.post(CREDIT, f"Content-Type: {content_type}").find("credit") == "316807"


def test_every_answer_has_an_id_of_its_own(bridge, vendor):
    ids = [bridge.post(body).header("x-request-id") for body in (CREDIT, CREDIT, b"<a/>", write_call("getUserCredit", {}))]
    assert len(set(ids)) == 4 and all(ids)


# -- when the bridge itself fails


class Broken:
    """A use case that fails with things that no client may read."""

    def __init__(self, where):
        self.where = where

    def prepare(self, values):
        if self.where == "prepare":
            raise RuntimeError(f"internals: /etc/bridge.toml {values}")

    async def run(self, account, prepared, timing):
        if self.where == "run":
            raise KeyError("internals: password=123456")
        return object()  # nothing that the writer knows


@pytest.mark.parametrize("where", ["prepare", "run", "write"])
@pytest.mark.parametrize("version", [SOAP11, SOAP12])
def test_an_unforeseen_error_shows_no_internals(bridge, vendor, monkeypatch, where, version):
    monkeypatch.setitem(bridge.app.bridge.endpoint._cases, "getSmsSenders", Broken(where))
    body = write_call("getSmsSenders", LOGIN | {"keyword": "a"}).replace(SOAP11.envelope.encode(), version.envelope.encode())
    with Wire(bridge.port) as wire, structlog.testing.capture_logs():
        wire.send(request(body))
        answer = wire.answer()
        assert_fault(answer, "The server failed to process the request.", soap12=version is SOAP12)
        assert answer.find("code") == "ERR_INTERNAL_SERVER"
        assert (answer.find("faultcode") or answer.find("Value")).partition(":")[2] in {"Server", "Receiver"}
        for word in (b"internals", b"123456", b"Traceback", b"Error:", b".py", b"KeyError"):
            assert word not in answer.body
        wire.send(request(CREDIT))
        assert wire.answer().find("credit") == "316807"


def test_a_call_leaves_one_line_without_what_must_not_be_in_it(bridge_with, vendor):
    bridge = bridge_with(log={"requests": True})
    text = "Şifreniz: 998877"
    body = LOGIN | {"type": 1, "sendingType": 0, "content": text, "title": "Deneme", "number": "905511034554", "sender": "BASLIK"}
    with captured_log() as log:
        answer = bridge.post(write_call("sendSms", body))
        bridge.post(write_call("getUserCredit", {"username": "admin", "password": "gizli-sey"}))
        bridge.post("<a/>")
        until(lambda: log.getvalue().count(b'"event":"call"') >= 3)  # written after the answer
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    sent, refused, fault = (line for line in lines if line["event"] == "call")
    assert sent["request_id"] == answer.header("x-request-id")
    assert (sent["operation"], sent["account"], sent["outcome"], sent["status"]) == ("sendSms", "admin", "OK", 200)
    assert sent["ms"] >= sent["vendor_ms"] > 0
    assert (refused["operation"], refused["account"], refused["outcome"]) == ("getUserCredit", None, "ERR_UNAUTHORIZED_REQUEST")
    assert (fault["operation"], fault["outcome"], fault["status"]) == (None, "Fault", 500)
    for secret in ("998877", "5511034554", "123456", "gizli-sey"):
        assert secret not in repr(lines)


# -- what the vendor does


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("reset", "ERR_SYSTEM_MAINTENANCE"),
        ("error_500", "ERR_SYSTEM_MAINTENANCE"),
        ("html", "ERR_SYSTEM_MAINTENANCE"),
        ("empty", "ERR_SYSTEM_MAINTENANCE"),
    ],
)
def test_a_vendor_that_fails_a_question_is_a_filled_err(bridge, vendor, fault, code):
    vendor.play(fault, count=0)
    answer = bridge.post(CREDIT)
    assert (answer.status, answer.code, answer.find("status")) == (200, code, "503")
    assert "node" in answer.find("message")


def test_a_vendor_that_is_not_there(bridge_with):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    bridge = bridge_with(vendors={"main": {"kind": "node", "base_url": f"http://127.0.0.1:{port}/"}})
    assert bridge.post(CREDIT).code == "ERR_SYSTEM_MAINTENANCE"
    fields = {"type": 1, "sendingType": 0, "content": "a", "title": "Deneme", "number": "905511034554", "sender": "BASLIK"}
    answer = bridge.post(write_call("sendSms", LOGIN | fields))
    assert (answer.status, answer.code) == (200, "ERR_SYSTEM_MAINTENANCE")
    assert "ulaşılamadı" in answer.find("message")


def test_the_vendor_s_error_reaches_the_client_as_it_is(bridge, vendor):
    vendor.play("answer", body='{"err":{"status":417,"code":"ERR_YENİ <&>","message":"Ş \\u0001 \\"x\\""},"data":null}')
    answer = bridge.post(CREDIT)
    assert (answer.status, answer.find("status"), answer.code, answer.find("message")) == (
        200,
        "417",
        "ERR_YENİ <&>",
        'Ş \ufffd "x"',
    )


def test_the_answer_s_bytes(bridge, vendor):
    """As the original writes it: prefix and declaration included, and no white space between elements."""
    assert bridge.post(CREDIT).body.decode() == (
        '<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<soapenv:Body><sms:getUserCreditResponse xmlns:sms="{NAMESPACE}"><result><err></err><data><credit>316807</credit></data>'
        "</result></sms:getUserCreditResponse></soapenv:Body></soapenv:Envelope>"
    )


def test_a_list_of_a_thousand_rows(bridge, vendor):
    numbers = [f"90551{number:07}" for number in range(1000)]
    package = vendor.send(sendingType=1, numbers=numbers, content="a")
    answer = exchange(bridge.port, request(write_call("getSmsPackageItems", LOGIN | {"pkgID": package, "pageSize": 1000})))
    assert answer.find("totalRecord") == "1000"
    assert [target.text for target in answer.xml.iter("target")] == numbers
    assert etree.QName(answer.xml[-1][0]).localname == "getSmsPackageItemsResponse"
