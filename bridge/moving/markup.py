"""Changes values inside of an XML text and leaves every other character where it is.

Facts:
- lxml does not tell where in the text a value stood, and writes a document in its own spelling. A recording is worth something
  because it is the client's spelling.
- rpc/encoded stacks put a value far from its field: <number href="#id3"/> here, <multiRef id="id3">..</multiRef> there; PHP and
  Axis send maps, <item><key>nr</key><value>..</value></item>.

Strategy: the text, which a parser has found well-formed and without a DOCTYPE, is cut into markup and values; a value is given to
the caller with the name of the field that it belongs to.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import NamedTuple

from bridge.errors import ProtocolError
from bridge.soap.contract import OPERATIONS, Boolean, ComplexModel, Integer
from bridge.soap.wsdl import ATTRIBUTE, MARKUP
from bridge.soap.xml import XmlLimits, parse

__all__ = ["NUMERIC_FIELDS", "TEXT_FIELDS", "Value", "rewrite"]


def _leaves(model: type[ComplexModel]) -> dict[str, bool]:
    """Field -> whether it is numeric, of all fields in a type; where two types differ, a text."""
    found: dict[str, bool] = {}
    for name, kind in model._type_info.items():
        inner = _leaves(kind) if issubclass(kind, ComplexModel) else {name: issubclass(kind, (Integer, Boolean))}
        for each, numeric in inner.items():
            found[each] = numeric and found.get(each, True)
    return found


_LEAVES = {name: kind for operation in OPERATIONS.values() for model in operation[1:3] for name, kind in _leaves(model).items()}
NUMERIC_FIELDS = frozenset(name for name, numeric in _LEAVES.items() if numeric and name != "item") | {"id", "ids", "credit"}
"""Fields of the contract that hold numbers and flags."""
TEXT_FIELDS = frozenset(_LEAVES) - NUMERIC_FIELDS - {"item"}
"""All its other fields."""

# fields that hold lists: their members have any name
_LISTS = frozenset({"ids", "customIDs", "senders", "numbers"})
_ENCODING = re.compile(r"""<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_NAME = re.compile(r"<([^\s/>]+)")


class Value(NamedTuple):
    """A piece of text between tags, as it is written: with its references, without the marks of a CDATA section."""

    field: str  # local name of the element; of a multiRef that of the one that refers to it, of a list's member that of the list
    raw: str
    is_base64: bool = False  # says its xsi:type
    is_literal: bool = False  # stands in a CDATA section: & and < mean themselves

    def __repr__(self) -> str:
        return f"<Value of {self.field}>"


def rewrite(
    body: bytes,
    charset: str | None,
    value: Callable[[Value], str],
    *,
    attribute: Callable[[str, str], str] = lambda _, raw: raw,
    aside: Callable[[str], str] = lambda raw: raw,
) -> bytes | None:
    """The document with other values, in the same encoding; None for one that cannot be read with certainty.

    charset: of the Content-Type. value: gives what to write in place of a value. attribute: the same for an attribute's, by its
    local name. aside: the same for the inside of a comment or a processing instruction.
    """
    try:
        before = [each.tag for each in parse(body, charset, XmlLimits()).iter()]
        codec = _codec(body, charset)
        text = body.decode(codec)
        if text.encode(codec) != body:
            return None
        changed = _Walk(value, attribute, aside).run(text).encode(codec)
        after = [each.tag for each in parse(changed, charset, XmlLimits()).iter()]
    except (ProtocolError, LookupError, ValueError):
        return None
    return changed if before == after else None


def _codec(body: bytes, charset: str | None) -> str:
    """As `bridge.soap.xml` reads it, but with the byte order mark left in the text."""
    if body.startswith(codecs.BOM_UTF16_LE) or body[1:2] == b"\0":
        return "utf-16-le"
    if body.startswith(codecs.BOM_UTF16_BE) or body[:1] == b"\0":
        return "utf-16-be"
    declared = _ENCODING.search(body[:200].decode("latin-1"))
    name = codecs.lookup(declared[1] if declared else charset or "utf-8").name
    # an ASCII "<" is no UTF-16, whatever .NET's StringWriter declares
    return "utf-8" if name.startswith(("utf-16", "utf-32", "utf-8")) or body.startswith(codecs.BOM_UTF8) else name


class _Walk:
    """One pass over a document."""

    def __init__(self, value: Callable[[Value], str], attribute: Callable[[str, str], str], aside: Callable[[str], str]) -> None:
        self._value, self._attribute, self._aside = value, attribute, aside
        self._open: list[tuple[str, bool]] = []  # (field, whether its value is base64) of the elements around
        self._referred: dict[str, str] = {}  # id of a multiRef -> field
        self._key = ""  # of a map

    def run(self, text: str) -> str:
        out: list[str] = []
        done = 0
        for match in MARKUP.finditer(text):
            out += [self._between(text[done : match.start()]), self._markup(match[0])]
            done = match.end()
        return "".join([*out, text[done:]])

    def _between(self, raw: str, *, literal: bool = False) -> str:
        if not raw.strip("\ufeff \t\r\n") or not self._open:
            return raw
        field, is_base64 = self._open[-1]
        if field == "key":
            self._key = raw.strip()
        return self._value(Value(field, raw, is_base64, literal))

    def _markup(self, raw: str) -> str:
        if raw.startswith("<![CDATA["):
            return f"<![CDATA[{self._between(raw[9:-3], literal=True)}]]>"
        if raw.startswith("<!--"):
            return f"<!--{self._aside(raw[4:-3])}-->"
        if raw.startswith("<?"):
            return raw if raw.startswith("<?xml ") else f"<?x{self._aside(raw[3:-2])}?>"
        if raw.startswith("</"):
            self._open.pop()
            return raw
        return self._start(raw)

    def _start(self, raw: str) -> str:
        matches = list(ATTRIBUTE.finditer(raw))
        said = {match["name"].rpartition(":")[2]: match["double"] or match["single"] or "" for match in matches}
        field = self._field(_local(_NAME.match(raw)), said)
        if reference := said.get("href", "").removeprefix("#") or said.get("ref"):  # SOAP 1.1, SOAP 1.2
            self._referred[reference] = field
        if not raw.endswith("/>"):
            self._open.append((field, said.get("type", "").rpartition(":")[2] in {"base64", "base64Binary"}))
        return self._with_attributes(raw, matches)

    def _field(self, name: str, said: dict[str, str]) -> str:
        if said.get("id") in self._referred:
            return self._referred[said["id"]]
        if name == "value" and self._key:
            return self._key
        around = self._open[-1][0] if self._open else ""
        inherits = around in _LISTS and name not in TEXT_FIELDS and name not in NUMERIC_FIELDS and name != "key"
        return around if inherits else name

    def _with_attributes(self, raw: str, matches: list[re.Match[str]]) -> str:
        out: list[str] = []
        done = 0
        for match in matches:
            if match["name"].startswith("xmlns"):
                continue
            quoted = "single" if match["double"] is None else "double"
            out += [raw[done : match.start(quoted)], self._attribute(match["name"].rpartition(":")[2], match[quoted])]
            done = match.end(quoted)
        return "".join([*out, raw[done:]])


def _local(match: re.Match[str] | None) -> str:
    return match[1].rpartition(":")[2] if match else ""
