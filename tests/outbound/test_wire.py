"""What is written, and what is refused before anything is."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.http import HttpRequest
from bridge.errors import OutcomeUnknown
from bridge.outbound.wire import Origin, add_header, inflate, serialise


def test_one_string_of_bytes():
    request = HttpRequest("POST", "http://api.example:9587/sms/create?a=%20b", (("X-Key", "ş".encode().decode("latin-1")),), b"{}")
    origin, data = serialise(request)
    assert origin == Origin("http", "api.example", 9587)
    assert data == (
        b"POST /sms/create?a=%20b HTTP/1.1\r\nHost: api.example:9587\r\nX-Key: " + "ş".encode() + b"\r\nContent-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("url", "origin", "first_line", "host"),
    [
        ("http://a.example", ("http", "a.example", 80), "GET / HTTP/1.1", "a.example"),
        ("HTTPS://A.Example/", ("https", "a.example", 443), "GET / HTTP/1.1", "a.example"),
        ("https://a.example:443/x", ("https", "a.example", 443), "GET /x HTTP/1.1", "a.example"),
        ("http://a.example:443/x", ("http", "a.example", 443), "GET /x HTTP/1.1", "a.example:443"),
        ("http://a.example?x=1?2", ("http", "a.example", 80), "GET /?x=1?2 HTTP/1.1", "a.example"),
        ("http://a.example/?", ("http", "a.example", 80), "GET /? HTTP/1.1", "a.example"),
        ("http://[2001:DB8::1]:8080/", ("http", "2001:db8::1", 8080), "GET / HTTP/1.1", "[2001:db8::1]:8080"),
        ("https://[::1]/", ("https", "::1", 443), "GET / HTTP/1.1", "[::1]"),
        ("http://127.0.0.1/@:", ("http", "127.0.0.1", 80), "GET /@: HTTP/1.1", "127.0.0.1"),
    ],
)
def test_url(url, origin, first_line, host):
    made, data = serialise(HttpRequest("GET", url))
    assert made == origin
    assert data.decode() == f"{first_line}\r\nHost: {host}\r\n\r\n"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example/",
        "ftp://a.example/",
        "http:///x",
        "http://a.example:0/",
        "http://a.example:65536/",
        "http://a.example:x/",
        "http://user:secret@a.example/",
        "http://secret@a.example/",
        "http://a.example/ x",
        "http://a.example/\r\nX: secret",
        "http://a.example/\n",
        "http://a.example\n",
        "http://a.example/?a=secret b",
        "http://a.example/?a=secret\r\nX: y",
        "http://a.example/?a=secret\n",
        "http://a.example/?a=\0",
        "http://a.example/?a=ş",
        "http://a.example/ş",
        "http://ş.example/",
        "http://a.example/#secret",
        "http://a.example/?a#secret",
        "http://[::1/",
    ],
)
def test_url_refused(url):
    with pytest.raises(ValueError, match=r"URL|port|query") as caught:
        serialise(HttpRequest("GET", url))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "header",
    [
        ("X", "secret\r\nY: z"),
        ("X", "secret\n"),
        ("X", "\rsecret"),
        ("X", "secret\0"),
        ("X", "secretş"),
        ("X: y\r\nZ", "secret"),
        ("X y", "secret"),
        ("X:", "secret"),
        ("", "secret"),
        ("Xş", "secret"),
        ("Host", "secret"),
        ("content-LENGTH", "3"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Expect", "100-continue"),
    ],
)
def test_header_refused(header):
    with pytest.raises(ValueError, match="header") as caught:
        serialise(HttpRequest("POST", "http://a.example/", (("A", "b"), header)))
    assert "secret" not in str(caught.value)
    assert not hasattr(caught.value, "object")


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", "GET /x HTTP/1.1\r\nX: y\r\n\r\nGET"])
def test_method_refused(method):
    with pytest.raises(ValueError, match="method"):
        serialise(HttpRequest(method, "http://a.example/"))


@given(st.text(), st.text(), st.text())
def test_nothing_makes_a_second_line(method, query, value):
    """Whatever is let through is one request with the lines that were asked for."""
    try:
        _, data = serialise(HttpRequest(method, "http://a.example/?" + query, (("X", value),)))
    except ValueError:
        return
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")
    assert len(data.split(b"\r\n")) == 5 + (method in ("POST", "PUT", "PATCH"))
    assert len(data.split(b"\r\n")[0].split(b" ")) == 3


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("POST", b"", b"Content-Length: 0"),
        ("GET", b"", None),
        ("DELETE", b"x", b"Content-Length: 1"),
        ("PUT", b"", b"Content-Length: 0"),
    ],
)
def test_length(method, body, length):
    _, data = serialise(HttpRequest(method, "http://a.example/", body=body))
    assert (length in data) if length else b"Content-Length" not in data


def test_headers_of_a_response():
    headers: dict[str, str] = {}
    for name, value in ((b"X-A", b"1 \t"), (b"x-a", b" 2"), (b"Y", "ş".encode("latin-1", "replace"))):
        add_header(headers, name, value)
    assert headers == {"x-a": "1, 2", "y": "?"}


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_inflate_members(coding):
    assert inflate(gzip.compress(b"ab") + gzip.compress(b"c"), coding, 3) == b"abc"


@pytest.mark.parametrize("coding", ["", "identity", "Identity"])
def test_inflate_nothing(coding):
    assert inflate(b"abc", coding, 1) == b"abc"
    assert inflate(b"", "gzip", 1) == b""


@pytest.mark.parametrize(
    ("body", "coding", "limit"),
    [
        (gzip.compress(b"abcd"), "gzip", 3),
        (gzip.compress(b"ab") + gzip.compress(b"cd"), "gzip", 3),
        (gzip.compress(b"abc")[:-1], "gzip", 9),
        (gzip.compress(b"abc") + b"x", "gzip", 9),
        (zlib.compress(b"abcd"), "deflate", 3),
        (zlib.compress(b"abc")[:-1], "deflate", 9),
        (b"x", "deflate", 9),
        (b"abc", "br", 9),
        (gzip.compress(gzip.compress(b"abc")), "gzip, gzip", 9),
    ],
)
def test_inflate_refused(body, coding, limit):
    with pytest.raises(OutcomeUnknown):
        inflate(body, coding, limit)
