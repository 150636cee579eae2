"""HTTP/1.1 requests as bytes, and what both engines do alike to requests and responses. No I/O.

Facts
- A line feed in a header value or a space in a URL makes one request look like two to the vendor. Both come from data that a
  client of the bridge may have supplied, so they are refused here, before any connection is thought of.
- Vendors put API keys, texts and numbers into the query: nothing of a URL after "?" is cached or named in an error.

Strategy
- The part of a URL before "?" is parsed once and remembered; the rest costs one regular expression a request.
- Head and body are one byte string, so that one write (and mostly one packet) carries them.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import NamedTuple

from bridge.domain.http import HttpRequest
from bridge.errors import OutcomeUnknown

__all__ = ["Origin", "add_header", "inflate", "serialise"]

_URL = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?(/[!\"$-~]*)?", re.IGNORECASE)
_NOT_IN_QUERY = re.compile(r"[^!\"$-~]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer"})
_PORTS = {"http": 80, "https": 443}
_ALWAYS_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})  # RFC 9110 section 8.6


class Origin(NamedTuple):
    """Whom a connection leads to. host: lower case, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int


class _Start(NamedTuple):
    """What method and URL before the "?" make of a request."""

    origin: Origin
    line: str  # the request line up to the query
    rest: str  # the request line after the query, and the Host header
    with_length: bool  # Content-Length even when 0


@lru_cache(maxsize=1024)
def _start(method: str, base: str) -> _Start:
    match = _URL.fullmatch(base)
    if match is None:
        raise ValueError("not an absolute http or https URL in ASCII, or one with user information or a fragment")
    scheme, host = match[1].lower(), match[2].lower()
    port = int(match[3]) if match[3] else _PORTS[scheme]
    if not 0 < port < 65536:
        raise ValueError("port out of range")
    field = host if port == _PORTS[scheme] else f"{host}:{port}"
    return _Start(
        Origin(scheme, host.strip("[]"), port),
        f"{_token(method)} {match[4] or '/'}",
        f" HTTP/1.1\r\nHost: {field}\r\n",
        method in _ALWAYS_WITH_LENGTH,
    )


def _token(text: str) -> str:
    if _TOKEN.fullmatch(text) is None:
        raise ValueError("method or header name is not a token")
    return text


@lru_cache(maxsize=256)
def _header_name(name: str) -> str:
    if name.lower() in _OURS:
        raise ValueError("header belongs to the engine")
    return _token(name)


def serialise(request: HttpRequest) -> tuple[Origin, bytes]:
    """Whom to send to, and all bytes of the request.

    Raises ValueError when the URL, the method or a header is not fit for the wire; its text holds nothing of them.
    Source: RFC 9112 sections 3 and 5.
    """
    headers, body = request.headers, request.body
    base, mark, query = request.url.partition("?")
    origin, line, rest, with_length = _start(request.method, base)
    if mark and _NOT_IN_QUERY.search(query):
        raise ValueError("query with a space, a control, a fragment or a character outside ASCII")
    fields = "".join([f"{_header_name(name)}: {value}\r\n" for name, value in headers])
    if fields.count("\n") != len(headers) or fields.count("\r") != len(headers) or "\0" in fields:
        raise ValueError("header value with CR, LF or NUL")
    length = f"Content-Length: {len(body)}\r\n" if body or with_length else ""
    head = f"{line}{mark}{query}{rest}{fields}{length}\r\n"
    try:
        return origin, head.encode("latin-1") + body
    except UnicodeEncodeError:  # its own text and `object` hold the header
        raise ValueError("header value outside latin-1") from None


@lru_cache(maxsize=256)
def _lower_name(name: bytes) -> str:
    return name.decode("latin-1").lower()


def add_header(headers: dict[str, str], raw_name: bytes, raw_value: bytes) -> None:
    """Adds a header of a response: name in lower case, values of a repeated one joined with ", ". Source: RFC 9110 section 5.3."""
    name = _lower_name(raw_name)
    value = raw_value.decode("latin-1").strip(" \t")
    headers[name] = f"{headers[name]}, {value}" if name in headers else value


def inflate(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its Content-Encoding, at most `limit` bytes.

    Raises OutcomeUnknown when the coding is unknown or named twice, the data damaged or cut off, or the result larger.
    Source: RFC 9110 section 8.4.
    """
    coding = coding.lower()
    if not body or coding in ("", "identity"):
        return body
    try:
        if coding in ("gzip", "x-gzip"):
            return _inflate_members(body, limit)
        if coding == "deflate":
            # meant is zlib's format, but some servers send the bare stream
            return _inflate_member(body, limit, zlib.MAX_WBITS if _is_zlib(body) else -zlib.MAX_WBITS)[0]
    except zlib.error:
        raise OutcomeUnknown("response cannot be decompressed") from None
    raise OutcomeUnknown("response in an unknown coding")


def _is_zlib(body: bytes) -> bool:
    return body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0  # RFC 1950 section 2.2


def _inflate_member(data: bytes, limit: int, window: int) -> tuple[bytes, bytes]:
    stream = zlib.decompressobj(window)
    plain = stream.decompress(data, limit + 1)
    if len(plain) > limit:
        raise OutcomeUnknown("response too large")
    if not stream.eof:
        raise OutcomeUnknown("response cannot be decompressed")
    return plain, stream.unused_data


def _inflate_members(data: bytes, limit: int) -> bytes:
    plain = b""
    while data:  # RFC 1952 section 2.2: a file is a series of members
        member, data = _inflate_member(data, limit - len(plain), zlib.MAX_WBITS | 16)
        plain += member
    return plain
