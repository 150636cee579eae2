"""Bytes to an XML tree, safely.

Facts:
- libxml2 drops a DOCTYPE's entities silently and expands them in attributes, so a DOCTYPE must be refused before parsing. It can
  stand only in the prolog; the same letters inside CDATA, comments or text are a client's message.
- Old stacks send a BOM, white space before the XML declaration, UTF-16, ISO-8859-9 in the declaration, or a charset only in
  the Content-Type. RFC 7303: a BOM wins. Where a declaration and the header differ, the declaration is what the stack's
  XML writer did, the header often a fixed string.
- libxml2 refuses more than 256 levels by itself. A lower limit costs a pass over the tree, and most requests have fewer tags
  than the limit has levels.
- lxml keeps every name of an element, attribute or prefix that a thread ever read, to share it between documents: names that a
  client makes up would fill the memory, some 10 bytes of which are enough for one.

Strategy: UTF-8 goes to libxml2 as it came; anything else is decoded by Python first, strictly, so that bytes that lie are a Fault.
After some megabytes a thread begins with no names anew.
"""

from __future__ import annotations

import codecs
import ctypes
import re
import threading
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from bridge.errors import ErrorCode, ProtocolError

__all__ = ["NOT_XML", "XmlLimits", "parse", "to_utf8"]

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold: vendors' XML, and databases, neither."""


class XmlLimits(NamedTuple):
    """What one request may cost. All are counts."""

    max_depth: int = 64
    max_elements: int = 250_000  # and attributes
    max_refs: int = 200_000


_DECLARATION = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"'][^>]*?\?>")
_WIDE = re.compile(r"(utf|unicode|(iso-10646-)?ucs)[-_]?(16|32|2|4)", re.IGNORECASE)
_LESS_THAN = ord("<")
# byte order marks, and the first bytes of "<" or white space in encodings that are not a superset of ASCII (longest first)
_SIGNATURES = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    *((first.encode(wide), wide) for wide in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be") for first in "< \t\r\n"),
)
# these need no decoding by Python
_PLAIN = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
# Python's codecs that do not turn bytes into text by a character set
_NOT_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7", "mbcs", "oem", "undefined"})


# bytes of a document that is fed to its parser: a sixth cheaper, but the parser keeps a buffer of the largest
_FED = 16 * 1024
# bytes of requests after which a thread forgets their names
_FORGET_AFTER = 4 * 1024 * 1024


class _Parsers(threading.local):
    """A parser locks itself: one a thread keeps a large body in a worker thread from blocking the event loop's."""

    def __init__(self) -> None:
        self.until_forgotten = _FORGET_AFTER
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )


_PARSERS = _Parsers()
_thread_state = ctypes.pythonapi.PyThreadState_GetDict
_thread_state.restype = ctypes.c_void_p


def _forget_names() -> None:
    """Lets lxml make a new dictionary of names for this thread; the old one lives as long as documents that use it.

    lxml has no function for this. Where its dictionary is not found, nothing happens; a test sees to it that it is.
    """
    address = _thread_state()
    if address is not None:
        state: dict[Any, Any] = ctypes.cast(address, ctypes.py_object).value
        state.pop("_ParserDictionaryContext", None)
    _PARSERS.__init__()  # type: ignore[misc]  # a parser without the old names


def parse(body: bytes, charset: str | None, limits: XmlLimits) -> etree._Element:
    """Parses one request.

    body: the bytes after any content coding. charset: of the Content-Type, any spelling, or None.
    Raises ProtocolError when it is not XML, has a DOCTYPE, cannot be decoded or goes over a limit.
    """
    if body[1:2] != b"\x00":  # of a white space in UTF-16 only half would go
        body = body.lstrip()
    if not body:
        raise ProtocolError("The request body is empty.")
    utf8 = to_utf8(body, charset)
    _refuse_doctype(utf8)
    if len(utf8) > limits.max_elements:
        _refuse_many(utf8, limits.max_elements)
    _PARSERS.until_forgotten -= len(utf8)
    if _PARSERS.until_forgotten < 0:
        _forget_names()
    try:
        root = _read(_PARSERS.parser, utf8)
    except (etree.XMLSyntaxError, ValueError):
        raise ProtocolError("The request is not well-formed XML.") from None
    if utf8.count(b"</") >= limits.max_depth and _too_deep(limits.max_depth)(root):
        raise ProtocolError("The request is nested too deeply.", code=ErrorCode.REQUEST_PARAM_LIMIT)
    return root


def _read(parser: etree.XMLParser, utf8: bytes) -> etree._Element:
    """The root of a document. Raises XMLSyntaxError or ValueError."""
    if len(utf8) > _FED:
        return etree.fromstring(utf8, parser)
    parser.feed(utf8)
    root: etree._Element = parser.close()
    return root


def to_utf8(body: bytes, charset: str | None) -> bytes:
    """The same document in UTF-8; its declaration may still name another encoding, which the parser is told to ignore.

    The same object where it is in UTF-8. Raises ProtocolError when it cannot be decoded.
    """
    if body[0] == _LESS_THAN and body[1:2] != b"\x00":
        declared = _DECLARATION.match(body) if body.startswith(b"<?xml") else None
        encoding = _narrow(declared and declared[1], charset)
    else:
        encoding = next((name for signature, name in _SIGNATURES if body.startswith(signature)), charset or "utf-8")
    return body if encoding is None else _decode(body, encoding)


@lru_cache(maxsize=64)
def _narrow(declared: bytes | None, charset: str | None) -> str | None:
    """The encoding of what begins with an ASCII "<"; None for UTF-8."""
    encoding = (declared.decode() if declared else charset) or "utf-8"
    if _WIDE.match(encoding):
        # it is not UTF-16, whatever it says: .NET's StringWriter declares that and sends UTF-8
        encoding = charset if charset and not _WIDE.match(charset) else "utf-8"
    return None if encoding.lower() in _PLAIN else encoding


def _decode(body: bytes, encoding: str) -> bytes:
    try:
        name = codecs.lookup(encoding).name
        return body.decode("undefined" if name in _NOT_CHARSETS else name).lstrip().encode()
    except (LookupError, ValueError):  # LookupError: unknown, or not a text encoding; ValueError: undecodable bytes
        raise ProtocolError("The request's character encoding is unknown or does not fit its bytes.") from None


def _refuse_doctype(utf8: bytes) -> None:
    """Walks the prolog (white space, declaration, comments, processing instructions) up to the first other markup."""
    position = utf8.find(b"<")
    while position >= 0 and utf8[position + 1 : position + 2] in (b"?", b"!"):
        if utf8.startswith(b"<?", position):
            end = utf8.find(b"?>", position)
        elif utf8.startswith(b"<!--", position):
            end = utf8.find(b"-->", position + 4)
        else:
            raise ProtocolError("A DOCTYPE is not allowed.")
        if end < 0:
            return
        position = utf8.find(b"<", end)


def _refuse_many(utf8: bytes, limit: int) -> None:
    if utf8.count(b"<") - utf8.count(b"</") > limit:
        raise ProtocolError("The request has too many elements.", code=ErrorCode.REQUEST_PARAM_LIMIT)
    if utf8.count(b"=") > limit:  # texts have some, but not so many
        raise ProtocolError("The request has too many attributes.", code=ErrorCode.REQUEST_PARAM_LIMIT)


@lru_cache(maxsize=8)
def _too_deep(max_depth: int) -> etree.XPath:
    """True for a tree with an element below level `max_depth`. In C, level by level: it ends at the deepest level there is."""
    return etree.XPath("boolean(" + "/*" * (max_depth + 1) + ")")
