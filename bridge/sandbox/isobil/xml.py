"""XML to fields and back. Names are without namespaces; a document type is refused, and with it every entity."""

from __future__ import annotations

import re
from typing import Any, Never
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.sax.saxutils import escape

__all__ = ["Element", "Unreadable", "legal", "parse", "values_of", "written"]

REPEATED = frozenset({("Request", "To"), ("Request", "Groups"), ("Envelopes", "Envelope")})
MAX_DEPTH = 20
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Unreadable(Exception):
    """Raised when a text is not well-formed XML, has a document type, or is nested too deep."""


class _Builder(TreeBuilder):
    def doctype(self, _name: str, _public: str, _system: str) -> Never:
        raise Unreadable("DOCTYPE is not allowed")


def parse(text: str | bytes) -> Element:
    parser = XMLParser(target=_Builder())  # noqa: S314  without a document type there are no entities to fear
    try:
        parser.feed(text)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:  # the latter two: encodings that it does not know
        raise Unreadable(str(error)) from None
    return root


def values_of(element: Element, depth: int = 0) -> Any:
    """Text, or an object of the children; what may be repeated, or is, becomes a list."""
    if not len(element):
        return element.text or ""
    if depth == MAX_DEPTH:
        raise Unreadable("nested too deep")
    values: dict[str, Any] = {}
    for child in element:
        value = values_of(child, depth + 1)
        if child.tag in values:
            values[child.tag] = [*_listed(values[child.tag]), value]
        else:
            values[child.tag] = [value] if (element.tag, child.tag) in REPEATED else value
    return values


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def written(name: str, value: Any) -> str:
    """An element; a list becomes as many."""
    if isinstance(value, list):
        return "".join(written(name, each) for each in value)
    if isinstance(value, dict):
        content = "".join(written(key, each) for key, each in value.items())
    else:
        content = escape(legal(str(value)), {"\r": "&#13;"})
    return f"<{name}>{content}</{name}>"


def legal(text: str) -> str:
    """The text without what XML 1.0 cannot say."""
    return ILLEGAL.sub("?", text)
