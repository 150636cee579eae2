"""XML elements to plain values: readers compiled once from the contract's types.

Facts:
- Children come in any order, with any prefix, in the sms namespace or in none; lists name their members anything.
- An empty element, xsi:nil and an absent element all mean "not given"; unknown elements are ignored; xsi:type often lies.
- rpc/encoded stacks put values into <multiRef id=".."> beside the call and refer to them by href, arrays into arrays, maps
  into <item><key>nr</key><value>..</value></item>, and SOAP::Lite sends any text that is not ASCII as base64.

Strategy: one reader is compiled from each type. `deref` is None for a literal document, which is the hot path, and the request's
References for one that bears a mark of rpc/encoded; a document without references reads the same either way (a property test).
A value that its type cannot hold becomes INVALID, so that the request's model names the field: nothing is dropped silently.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from lxml import etree

from bridge.errors import ErrorCode, ProtocolError
from bridge.soap.contract import Boolean, ComplexModel, Integer
from bridge.soap.xml import NOT_XML

__all__ = ["INVALID", "Convert", "Fields", "References", "compile_fields", "compile_reader"]

Element = etree._Element

_HREF = ("href", "{http://www.w3.org/2003/05/soap-encoding}ref")
_ID = ("id", "{http://www.w3.org/2003/05/soap-encoding}id")
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_INT = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,19})[ \t\r\n]*", re.ASCII)
# nearly all that come
_SMALL = {str(value): value for value in range(2000)}
_BASE64 = ("base64Binary", "base64")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MAX_ARRAY_DEPTH = 4


class _Invalid:
    """Stands where a value was given that its type cannot hold. No model accepts it."""

    def __repr__(self) -> str:
        return "<invalid>"


INVALID: Final = _Invalid()


class References:
    """href to element, over the whole Body, for one request.

    An element that is referred to twice is read twice; a chain that comes back to itself, or more look-ups than `max_refs`, raises
    ProtocolError; a missing id reads as "not given".
    """

    def __init__(self, body: Element, max_refs: int) -> None:
        self._left = max_refs
        self._by_id = {name: e for e in body.iter(etree.Element) for key in _ID if (name := e.get(key)) is not None}
        self._nothing = etree.Element("nothing")

    def __call__(self, element: Element) -> Element:
        seen: set[Element] = set()
        while (href := element.get(_HREF[0]) or element.get(_HREF[1])) is not None:
            seen.add(element)
            element = self._by_id.get(href.removeprefix("#"), self._nothing)
            self._left -= 1 + len(element)  # sharing must not multiply: what is read twice counts twice
            if self._left < 0 or element in seen:
                raise _circular()
        return element


def _circular() -> ProtocolError:
    return ProtocolError("The request's references are circular or too many.", code=ErrorCode.REQUEST_PARAM_LIMIT)


Deref = References | None
Read = Callable[[Element, Deref], Any]
Convert = Callable[[str], Any]


class Field(NamedTuple):
    """How one field is read."""

    name: str
    # what makes a value of the text of a leaf, where there is some; None for the text itself
    convert: Convert | None
    # of any element
    read: Read
    # of a list: what makes a value of the text of its only member; else None
    only: Convert | None


class Fields(dict[str, Field | None]):
    """Those of a type, by an element's tag, in whatever namespace; None for an unknown one."""

    def __missing__(self, tag: str) -> Field | None:
        return self.get(tag.rpartition("}")[2])


def compile_fields(model: type[ComplexModel]) -> Fields:
    """The fields of a type. Those in its own namespace and in none are found at once."""
    fields = Fields()
    for name, kind in model._type_info.items():
        fields[name] = fields[f"{{{model.get_namespace()}}}{name}"] = Field(name, *_compile_field(kind))
    return fields


def compile_reader(model: type[ComplexModel]) -> Read:
    """A function that reads an element of this type into {field: value}; fields that are not given are left out.

    Values: str as written, int, bool, dict (a structure), list of these (a list type), INVALID (also for a field given twice).
    """
    fields = compile_fields(model)

    def read(element: Element, deref: Deref) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for child in element:
            field = fields[child.tag]
            if field is None:
                continue
            name, convert, reader, _ = field
            if deref is None and not len(child):  # what `reader` does with a leaf, without a call
                value = child.text
                if not value or value.isspace():  # "" is an empty CDATA section
                    continue
                if convert is not None:
                    value = convert(value)
            else:
                value = reader(deref(child) if deref else child, deref)
                if value is None:
                    continue
            values[name] = INVALID if name in values else value
        return values

    return read


def _compile_field(kind: Any) -> tuple[Convert | None, Read, Convert | None]:
    """convert, read and only of a Field."""
    if not issubclass(kind, ComplexModel):
        convert = _integer if issubclass(kind, Integer) else _boolean if issubclass(kind, Boolean) else None
        return convert, _compile_leaf(convert), None
    if list(kind._type_info) == ["item"]:
        return _invalid, *_compile_list(kind._type_info["item"])
    structure = compile_reader(kind)
    return _invalid, lambda element, deref: structure(element, deref) or _markless(element), None


def _compile_leaf(convert: Convert | None) -> Read:
    if convert is None:
        return _text

    def read(element: Element, deref: Deref) -> Any:
        text = _text(element, deref)
        return convert(text) if isinstance(text, str) else text

    return read


def _invalid(text: str) -> Any:
    """Text where a structure or a list belongs."""
    return INVALID


def _markless(element: Element) -> Any:
    """A structure without any known field: not given when it is empty or has only unknown elements, INVALID when it holds text."""
    return INVALID if element.text is not None and element.text.strip() else None


def _compile_list(kind: Any) -> tuple[Read, Convert]:
    """A reader of every member, whatever its element is called; arrays in arrays are flattened, empty members left out.

    Beside it, what makes a list of the text of its only member.
    """
    known = frozenset(kind._type_info) if issubclass(kind, ComplexModel) else frozenset()
    structure = compile_reader(kind) if known else None
    # a plain text member stands for a structure's first field
    convert, leaf, _ = (None, _text, None) if known else _compile_field(kind)

    def member(element: Element, deref: Deref, out: list[Any], above: tuple[Element, ...]) -> None:
        if not len(element):
            value = leaf(element, deref)
        else:
            value = structure and (structure(element, deref) or _map(element, deref, known))
            if not value and len(above) <= _MAX_ARRAY_DEPTH and not (element.text and element.text.strip()):
                members(element, deref, out, above)
                return
            value = value or INVALID
        if value is not None:
            out.append(value)

    def members(array: Element, deref: Deref, out: list[Any], above: tuple[Element, ...]) -> None:
        above = (*above, array)
        for child in array:
            referred = deref(child) if deref else child
            if deref and referred in above:
                raise _circular()
            member(referred, deref, out, above)

    def read(element: Element, deref: Deref) -> list[Any] | _Invalid | None:
        out: list[Any] = []
        if deref is None:  # plain members only: `member`, 10,000 times, without its calls
            texts = [child.text for child in element if not len(child)]
            if len(texts) == len(element):
                out = [text for text in texts if text and not text.isspace()]
                return (out if convert is None else [convert(text) for text in out]) or _markless(element)
        members(element, deref, out, ())
        return out or _markless(element)

    return read, lambda text: [text if convert is None else convert(text)]


def _map(element: Element, deref: Deref, known: frozenset[str]) -> dict[str, Any] | None:
    """An Apache Map, <item><key>nr</key><value>..</value></item>, as the structure that it stands for."""
    values: dict[str, Any] = {}
    for entry in element:
        pair = {child.tag.rpartition("}")[2]: _text(deref(child) if deref else child, deref) for child in entry}
        if pair.keys() != {"key", "value"}:
            return None
        if pair["key"] in known and pair["value"] is not None:
            values[pair["key"]] = pair["value"]
    return values


def _text(element: Element, deref: Deref) -> Any:
    """str, None when not given, INVALID for markup inside (to read a part of a text would be guessing)."""
    if len(element):
        return INVALID
    text = element.text
    if text and deref is not None and element.get(_XSI_TYPE, "").rpartition(":")[2] in _BASE64:
        try:
            text = base64.b64decode(text).decode()
        except ValueError:
            return INVALID
        if NOT_XML.search(text):
            return INVALID
    return text if text and not text.isspace() else None


def _integer(text: str) -> Any:
    """xs:int or xs:long; the request's model knows the range."""
    value = _SMALL.get(text)
    if value is not None:
        return value
    match = _INT.fullmatch(text)
    return int(match[1]) if match else INVALID


def _boolean(text: str) -> Any:
    return _BOOLEANS.get(text.strip().lower(), INVALID)
