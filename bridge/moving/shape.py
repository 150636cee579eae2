"""The shape of an answer's XML: names, order, presence and kinds of values, but no value.

Strategy: elements of one name under one parent are laid over each other, so that a list of three rows and a list of a hundred have
the same shape when their rows have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lxml import etree

__all__ = ["DATES", "EMPTY", "NIL", "NUMBERS", "TEXT", "Shape"]

Element = etree._Element

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
EMPTY, NIL, TEXT = "empty", "nil", "text"
NUMBERS = ("integer", "integer beyond 32 bits", "decimal", "boolean")
_KINDS = (
    (EMPTY, r"\s*"),
    ("integer", r"\s*[+-]?[0-9]{1,10}\s*"),
    ("integer beyond 32 bits", r"\s*[+-]?[0-9]{11,}\s*"),
    ("decimal", r"\s*[+-]?[0-9]+[.,][0-9]+\s*"),
    ("boolean", r"\s*(?:true|false)\s*"),
    ("uuid", r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("date yyyy-MM-ddTHH:mm:ss", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
    ("date yyyy-MM-ddTHH:mm:ss.f", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+"),
    ("date with a zone", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)"),
    ("date yyyy-MM-dd HH:mm:ss", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ("date yyyy-MM-dd HH:mm", r"\d{4}-\d\d-\d\d \d\d:\d\d"),
    ("date yyyyMMddHHmmss", r"20\d{12}"),
    ("date dd.MM.yyyy", r"\d\d\.\d\d\.\d{4}(?: \d\d:\d\d(?::\d\d)?)?"),
)
_COMPILED = tuple((kind, re.compile(pattern, re.ASCII)) for kind, pattern in _KINDS)
# children of different names that are looked at: no answer has as many
_MOST_NAMES = 200
DATES = frozenset(kind for kind, _ in _KINDS if kind.startswith("date"))


def _kind_of(text: str) -> str:
    """The kind of a value, of the words above."""
    kind = next((kind for kind, pattern in _COMPILED if pattern.fullmatch(text)), TEXT)
    if kind == "integer":
        return kind if -(2**31) <= int(text) < 2**31 else "integer beyond 32 bits"
    if kind == "integer beyond 32 bits" and _COMPILED[-2][1].fullmatch(text):
        return "date yyyyMMddHHmmss"
    return kind


class Shape:
    """One or more elements of one name under one parent, laid over each other."""

    def __init__(self, elements: Sequence[Element]) -> None:
        """elements: at least one."""
        self.namespaces = {etree.QName(each).namespace or "" for each in elements}
        self.prefixes = {each.prefix or "" for each in elements}
        self.attributes = {str(name) for each in elements for name in each.attrib if name != f"{_XSI}nil"}
        self.kinds = {kind for each in elements for kind in _kinds(each)}
        self.many = len(elements) > 1
        groups: dict[str, list[Element]] = {}
        self.sometimes: set[str] = set()  # children that not every element has
        for each in elements:
            self._merge(groups, each)
        for name, members in groups.items():
            if len({id(member.getparent()) for member in members}) < len(elements):
                self.sometimes.add(name)
        self.children = {name: Shape(groups[name]) for name in groups}

    def _merge(self, groups: dict[str, list[Element]], element: Element) -> None:
        """Adds the children, a new name behind the one that it follows."""
        order, at = list(groups), 0
        for child in element.iterchildren(etree.Element):
            name = etree.QName(child).localname
            if name not in groups and len(groups) >= _MOST_NAMES:
                continue
            if name in groups:
                at = order.index(name) + 1
            else:
                order.insert(at, name)
                groups[name] = []
                at += 1
            groups[name].append(child)
        merged = {name: groups[name] for name in order}
        groups.clear()
        groups.update(merged)


def _kinds(element: Element) -> Iterator[str]:
    """The kind of a leaf, or nothing for an element with children."""
    if element.get(f"{_XSI}nil") in ("true", "1"):
        yield NIL
    elif not len(element):
        yield _kind_of(element.text or "")
