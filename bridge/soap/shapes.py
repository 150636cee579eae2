"""Requests of a shape that was read before, without parsing them again.

Facts:
- A program writes all its requests with the same code: from one to the next only the texts of elements differ. Parsing XML and
  walking its tree is a quarter of what a sendSms costs.
- Where all markup of two documents is the same, byte for byte, and the texts of their leaves hold no "<", they are the same tree
  with other texts. What XML forbids in a text, or changes in it (references, line ends), is left to look at. No text decides how
  another one is read, but in maps and rpc/encoded documents, which have no shape.

Strategy: of a call that succeeded, the document with a hole for the text of each leaf becomes a regular expression, which is the
shape. A later document that it matches gives the same call with its own texts; any other goes to the parser, which alone says
what is wrong with a request.
- A shape has no text of a document in it, so no login and no message: a document with text between its elements has no shape, nor
  has a call with a login in a header. Names and attributes are in it.
- To make up shapes gains nobody anything: only those of calls that succeed are learned, one a second, and there is an end to them.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from lxml import etree
from msgspec import Struct

from bridge.soap.contract import OPERATIONS
from bridge.soap.envelope import ENVELOPES, Call, Login, is_literal, parts
from bridge.soap.reader import Convert, Fields, compile_fields
from bridge.soap.writer import SoapVersion
from bridge.soap.xml import NOT_XML, XmlLimits, parse, to_utf8

__all__ = ["Shapes"]

# bytes of a document: large ones are lists, of another length each time, and a pattern takes up to 24 times as much
_LONGEST: Final = 4096
_MOST_HOLES: Final = 64
# bytes of a document's end: it tells most stacks apart, and is less than what must come after the last field's text
_END: Final = 32
_MOST_ENDS: Final = 16
_MOST_SHAPES_OF_AN_END: Final = 8
_PAUSE_SECONDS: Final = 1.0

_FIELDS = MappingProxyType({name: compile_fields(operation.request) for name, operation in OPERATIONS.items()})
_XML_DECLARATION = re.compile(rb"\A<\?xml\s")
# "<" is the only character that ends a text
_HOLE = "([^<]*+)"
_REFERENCE = re.compile("&[^;&]{1,9};|&")
_NAMED = MappingProxyType({"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"})
_NUMBERED = re.compile("&#(?:([0-9]{1,7})|x([0-9A-Fa-f]{1,6}));")


class _Hole(NamedTuple):
    """Where the text of a leaf stands."""

    # of the field; None for what no field is
    name: str | None = None
    # what makes its value of the text; None for the text itself
    convert: Convert | None = None


class _Shape(Struct, frozen=True, eq=False):
    """A document with holes, and what their texts are."""

    match: Callable[[str], re.Match[str] | None]
    # of the holes, in their order
    names: tuple[str | None, ...]
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
        named = zip(self.names, texts, strict=True)
        values: dict[str, Any] = {name: text for name, text in named if name and text and not text.isspace()}
        for name, convert in self.converts:
            text = values.get(name)
            if text is not None:
                values[name] = convert(text)
        login = Login(values.pop("username", None), values.pop("password", None))
        return Call(self.operation, self.version, self.namespace, values, login, ())


class Shapes:
    """The shapes that one endpoint has met."""

    def __init__(self, limits: XmlLimits, *, pause_seconds: float = _PAUSE_SECONDS) -> None:
        """pause_seconds: from one shape that is learned to the next, whoever sends it."""
        self._limits, self._pause_seconds = limits, pause_seconds
        self._longest = min(_LONGEST, limits.max_elements)
        # by charset and last bytes of a document, of which those that were met last come last, as their shapes come first
        self._known: OrderedDict[tuple[str | None, bytes], list[_Shape]] = OrderedDict()
        self._learns_at = 0.0

    def read(self, body: bytes, charset: str | None) -> Call | None:
        """What `read_call` would give; None where that has to be asked. Arguments as there."""
        key = (charset, body[-_END:])
        shapes = self._known.get(key)
        if shapes is None or len(body) > self._longest:
            return None
        try:
            document = body.decode()
        except UnicodeDecodeError:
            return None
        for shape in shapes:
            call = shape.read(document)
            if call is not None:
                self._known.move_to_end(key)
                if shape is not shapes[0]:
                    shapes.remove(shape)
                    shapes.insert(0, shape)
                return call
        return None

    def learn(self, body: bytes, charset: str | None, call: Call) -> None:
        """Remembers the shape of a request, if it has one. call: what `read_call` gave for it, and was answered with success."""
        now = time.monotonic()
        if now < self._learns_at or len(body) > self._longest or not _may_have_shape(body, call):
            return
        if self.read(body, charset) is not None:  # learned while this one was on its way
            return
        self._learns_at = now + self._pause_seconds
        shape = _shape_of(body, charset, call, self._limits)
        if shape is not None and shape.read(body.decode()) == call:
            self._keep(shape, (charset, body[-_END:]))
        re.purge()  # it would keep the patterns of all

    def _keep(self, shape: _Shape, key: tuple[str | None, bytes]) -> None:
        shapes = self._known.setdefault(key, [])
        shapes.insert(0, shape)
        del shapes[_MOST_SHAPES_OF_AN_END:]
        self._known.move_to_end(key)
        if len(self._known) > _MOST_ENDS:
            self._known.popitem(last=False)


def _may_have_shape(body: bytes, call: Call) -> bool:
    """False for what parses "<" as more than tags, or lets a text decide how others are read, and for most else without a shape."""
    # `_shape_of` would see these too, but they are not to take the turn of others
    if call.header_logins or not all(map(_is_flat, call.values.values())):
        return False
    rest = _XML_DECLARATION.sub(b"", body, count=1)
    return body.startswith(b"<") and b"<!" not in body and b"<?" not in rest and is_literal(body)


def _is_flat(value: Any) -> bool:
    """Whether it came from the text of one leaf."""
    if isinstance(value, list):
        return len(value) == 1 and not isinstance(value[0], dict)
    return not isinstance(value, dict)


def _shape_of(body: bytes, charset: str | None, call: Call, limits: XmlLimits) -> _Shape | None:
    """The shape of a request that may have one; None if it has none."""
    if to_utf8(body, charset) is not body:
        return None
    # each a tag and the text after it
    pieces = [piece.split(">") for piece in body.decode().split("<")[1:]]
    # a ">" in a text or an attribute; a reference in an attribute may hide what `is_literal` looks for
    if any(len(piece) != 2 or "&" in piece[0] for piece in pieces):
        return None
    holes = _holes(pieces, parse(body, charset, limits), _FIELDS[call.operation])
    if holes is None or len(holes) > _MOST_HOLES or any(text.strip() for at, (_, text) in enumerate(pieces) if at not in holes):
        return None
    if sum(len(tag) + len(text) + 2 for tag, text in pieces[max(holes, default=-1) + 1 :]) < _END:
        return None
    fields = [(hole.name, hole.convert) for hole in holes.values() if hole.name]
    if len(dict(fields)) != len(fields):  # given twice it is INVALID, unless one of them is empty
        return None
    pattern = "".join(re.escape(f"<{tag}>") + (_HOLE if at in holes else re.escape(text)) for at, (tag, text) in enumerate(pieces))
    return _Shape(
        re.compile(pattern).fullmatch,
        tuple(hole.name for hole in holes.values()),
        tuple((name, convert) for name, convert in fields if convert is not None),
        call.operation,
        call.version,
        call.namespace,
    )


def _holes(pieces: list[list[str]], root: etree._Element, known: Fields) -> dict[int, _Hole] | None:
    """By the number of the piece: start tags come in the order of the tree."""
    _, soap_body = parts(root, ENVELOPES[root.tag])
    fields = _fields(soap_body[0], known)
    if fields is None:
        return None
    starts = [number for number, (tag, _) in enumerate(pieces) if tag[0] not in "/?"]
    return {
        number: fields.get(element, _Hole())
        for number, element in zip(starts, root.iter(), strict=True)
        if not len(element) and not pieces[number][0].endswith("/")
    }


def _fields(call: etree._Element, known: Fields) -> dict[etree._Element, _Hole] | None:
    """What the texts of a call's elements are; None for a call with more in it than leaves and lists of one leaf."""
    fields: dict[etree._Element, _Hole] = {}
    for child in call:
        found = known[child.tag]
        if found is None:
            continue
        if not len(child):
            fields[child] = _Hole(found.name, found.convert)
        elif found.only and len(child) == 1 and not len(child[0]):
            fields[child[0]] = _Hole(found.name, found.only)
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
