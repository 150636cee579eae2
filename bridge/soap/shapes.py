"""Requests of a shape that was read before, without parsing them again.

Facts:
- A program writes all its requests with the same code: from one to the next only the texts of fields differ. Parsing XML and
  walking its tree is a quarter of what a sendSms costs.
- Where all markup of two documents is the same, byte for byte, and the texts between hold no markup, they are the same tree with
  other texts. What XML forbids in a text, or changes in it (references, line ends), is the only thing left to look at.

Strategy: of a call that succeeded, the document with holes for the fields' texts becomes a regular expression, which is the shape.
A later document that it matches gives the same call with its own texts; any other goes to the parser, which alone says what
is wrong with a request. Texts of fields, logins among them, are in the holes and never kept; a call with a login in a header
has no shape. A shape is learned once a second at most: to make some up in every request gains nobody anything.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from lxml import etree
from msgspec import Struct

from bridge.soap.contract import OPERATIONS
from bridge.soap.envelope import ENVELOPES, Call, Login, is_literal, parts
from bridge.soap.reader import Convert, Field, compile_fields
from bridge.soap.writer import SoapVersion
from bridge.soap.xml import NOT_XML, XmlLimits, parse, to_utf8

__all__ = ["Shapes"]

# bytes of a document: large ones are lists, of another length each time
_LONGEST: Final = 8192
# bytes of a document's end: it tells most stacks apart, and is too short to have a field's text in it
_END: Final = 32
_MOST_ENDS, _MOST_OF_AN_END = 32, 16
_PAUSE_SECONDS: Final = 1.0

_FIELDS = MappingProxyType({name: compile_fields(operation.request) for name, operation in OPERATIONS.items()})
# "<" is the only character that ends a text
_HOLE = "([^<]*+)"
_REFERENCE = re.compile("&[^;&]{1,9};|&")
_NAMED = MappingProxyType({"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"})
_NUMBERED = re.compile("&#(?:([0-9]{1,7})|x([0-9A-Fa-f]{1,6}));")


class _Shape(Struct, frozen=True, eq=False):
    """A document with holes, and what their texts are."""

    match: Callable[[str], re.Match[str] | None]
    # a field for each hole, in their order
    names: tuple[str, ...]
    # of fields whose values are no texts
    converts: tuple[tuple[str, Convert], ...]
    operation: str
    version: SoapVersion
    namespace: str | None

    def __repr__(self) -> str:
        return f"<_Shape {self.operation}>"

    def read(self, document: str) -> Call | None:
        """The call; None for another shape, or a text that only a parser reads."""
        match = self.match(document)
        if match is None:
            return None
        texts = match.groups()
        whole = "".join(texts)
        if "]]>" in whole or (not whole.isprintable() and NOT_XML.search(whole)):
            return None
        if "&" in whole or "\r" in whole:
            try:
                texts = tuple([_plain(text) if "&" in text or "\r" in text else text for text in texts])
            except ValueError:
                return None
        values: dict[str, Any] = {name: text for name, text in zip(self.names, texts, strict=True) if text and not text.isspace()}
        for name, convert in self.converts:
            text = values.get(name)
            if text is not None:
                values[name] = convert(text)
        login = Login(values.pop("username", None), values.pop("password", None))
        return Call(self.operation, self.version, self.namespace, values, login, ())


class Shapes:
    """The shapes that one endpoint has met."""

    def __init__(self, limits: XmlLimits, *, pause_seconds: float = _PAUSE_SECONDS) -> None:
        """pause_seconds: after a shape was learned, or turned out to be none."""
        self._limits, self._pause_seconds = limits, pause_seconds
        self._longest = min(_LONGEST, limits.max_elements)
        # by charset and end of the document; the one that was met last comes first
        self._known: dict[tuple[str | None, bytes], list[_Shape]] = {}
        self._learns_at = 0.0

    def read(self, body: bytes, charset: str | None) -> Call | None:
        """What `read_call` would give; None where that has to be asked. Arguments as there."""
        known = self._known.get((charset, body[-_END:]))
        if known is None or len(body) > self._longest:
            return None
        try:
            document = body.decode()
        except UnicodeDecodeError:
            return None
        for shape in known:
            call = shape.read(document)
            if call is not None:
                if shape is not known[0]:
                    known.remove(shape)
                    known.insert(0, shape)
                return call
        return None

    def learn(self, body: bytes, charset: str | None, call: Call) -> None:
        """Remembers the shape of a request, if it has one. call: what `read_call` gave for it, and was answered with success."""
        now = time.monotonic()
        if now < self._learns_at or len(body) > self._longest or call.header_logins:
            return
        self._learns_at = now + self._pause_seconds
        shape = _shape_of(body, charset, call, self._limits)
        if shape is None or shape.read(body.decode()) != call:
            return
        key = (charset, body[-_END:])
        if key not in self._known and len(self._known) >= _MOST_ENDS:
            del self._known[next(iter(self._known))]
        self._known[key] = [shape, *self._known.get(key, ())][:_MOST_OF_AN_END]


def _shape_of(body: bytes, charset: str | None, call: Call, limits: XmlLimits) -> _Shape | None:
    """None for a document in which "<" or ">" may be no end of a tag, and for a call that is more than leaves."""
    if not body.startswith(b"<") or b"<!" in body or b"<?" in body[1:] or not is_literal(body):
        return None
    if to_utf8(body, charset) is not body:
        return None
    # each a tag and the text after it
    pieces = [piece.split(">") for piece in body.decode().split("<")[1:]]
    if any(len(piece) != 2 for piece in pieces):  # a ">" in a text or an attribute
        return None
    fields = _fields(parse(body, charset, limits), _FIELDS[call.operation])
    if not fields:
        return None
    # start tags come in the order of the tree, and those of the call are the last
    starts = [number for number, (tag, _) in enumerate(pieces) if tag[0] not in "/?"][-len(fields) :]
    holes = {at: field for at, field in zip(starts, fields, strict=True) if field and not pieces[at][0].endswith("/")}
    if len(dict(holes.values())) != len(holes):  # a field given twice is INVALID, unless one of them is empty
        return None
    pattern = "".join(re.escape(f"<{tag}>") + (_HOLE if at in holes else re.escape(text)) for at, (tag, text) in enumerate(pieces))
    return _Shape(
        re.compile(pattern).fullmatch,
        tuple(name for name, _ in holes.values()),
        tuple((name, convert) for name, convert in holes.values() if convert is not None),
        call.operation,
        call.version,
        call.namespace,
    )


def _fields(root: etree._Element, known: Mapping[str, Field]) -> list[tuple[str, Convert | None] | None] | None:
    """Of each element in the call: the field that its text is of, with what makes a value of it; None for no field's.

    None in place of all for a call with more in it than leaves and lists of one leaf, or something behind it.
    """
    _, soap_body = parts(root, ENVELOPES[root.tag])
    if soap_body is not root[-1] or len(soap_body) != 1:
        return None
    fields: list[tuple[str, Convert | None] | None] = []
    for child in soap_body[0]:
        field = known.get(child.tag) or known.get(child.tag.rpartition("}")[2])
        if not len(child):
            fields.append(field and (field.name, field.convert))
        elif field and field.only and len(child) == 1 and not len(child[0]) and not (child.text and child.text.strip()):
            fields += [None, (field.name, field.only)]
        else:
            return None
    return fields


def _plain(text: str) -> str:
    """A text as a parser gives it. Raises ValueError for a reference to anything but a character that XML can hold."""
    return _REFERENCE.sub(_character, text.replace("\r\n", "\n").replace("\r", "\n"))


def _character(reference: re.Match[str]) -> str:
    return _NAMED.get(reference[0]) or _numbered(reference[0])


@lru_cache(maxsize=1024)  # some stacks write every letter that is not ASCII so
def _numbered(reference: str) -> str:
    match = _NUMBERED.fullmatch(reference)
    character = match and chr(int(match[1]) if match[1] else int(match[2], 16))
    if not character or NOT_XML.match(character):
        raise ValueError
    return character
