"""A WSDL as a flat table of facts, and what it means for clients when two tables differ.

Facts:
- Compiled .NET and Axis stubs never read the WSDL again; JAX-WS, PHP, zeep and node-soap read it while they run.
- A response's elements in another order are dropped by WCF-style proxies without an error; a request's are in the client's hands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from lxml import etree

from bridge.errors import ProtocolError
from bridge.moving.difference import Difference, Level
from bridge.soap.wsdl import SOAP, SOAP12, WSDL, XS
from bridge.soap.xml import XmlLimits, parse

__all__ = ["Contract", "compare_contracts", "read_contract"]

Element = etree._Element

_NUMERIC = frozenset(
    {"int", "integer", "long", "short", "byte", "decimal", "float", "double", "unsignedInt", "unsignedLong", "boolean"}
)
_NUMERIC |= {"nonNegativeInteger", "positiveInteger", "unsignedShort", "unsignedByte", "dateTime", "date", "time"}
# of types in types, and of all: a type may hold itself
_MAX_DEPTH, _MOST_FACTS = 12, 20_000


class Contract(NamedTuple):
    """What is known of a server from its WSDL."""

    namespace: str
    facts: Mapping[str, str]  # place -> what stands there; places as in `_RULES`
    actions: Mapping[str, str]  # operation -> soapAction
    names: frozenset[str]  # of all elements
    numeric: frozenset[str]  # of elements that are numbers, flags or dates wherever they stand: an empty one cannot be read
    int32: frozenset[str]  # of elements that are xs:int wherever they stand
    is_whole: bool  # nothing is imported from elsewhere


def read_contract(document: bytes) -> Contract | None:
    """The contract of a WSDL 1.1 document; None for what is none."""
    try:
        root = parse(document, None, XmlLimits())
    except ProtocolError:
        return None
    if root.tag != f"{{{WSDL}}}definitions":
        return None
    elements = [each for each in root.iter(f"{{{XS}}}element") if each.get("name")]
    kinds: dict[str, set[str]] = {}
    for each in elements:
        kinds.setdefault(each.get("name", ""), set()).add(_local(each.get("type")))
    reader = _Reader(root)
    imported = next(root.iter(f"{{{WSDL}}}import", f"{{{XS}}}include"), None) is not None
    imported = imported or any(each.get("schemaLocation") for each in root.iter(f"{{{XS}}}import"))
    return Contract(
        root.get("targetNamespace", ""),
        dict(islice(reader.facts(), _MOST_FACTS)),
        reader.actions(),
        frozenset(kinds),
        frozenset(name for name, types in kinds.items() if types <= _NUMERIC),
        frozenset(name for name, types in kinds.items() if types == {"int"}),
        not imported,
    )


class _Reader:
    """Walks a WSDL document."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._types = {each.get("name", ""): each for each in root.iter(f"{{{XS}}}complexType") if each.get("name")}
        self._elements = {each.get("name", ""): each for each in root.iterfind(f".//{{{XS}}}schema/{{{XS}}}element")}
        self._messages = {each.get("name", ""): each for each in root.iterfind(f"{{{WSDL}}}message")}

    def actions(self) -> dict[str, str]:
        return {name: action for _, name, action, _ in self._bound()}

    def facts(self) -> Iterator[tuple[str, str]]:
        """(place, what stands there)."""
        yield "namespace", self._root.get("targetNamespace", "")
        for kind, place in (("service", "service"), ("service/{*}port", "port"), ("portType", "portType"), ("binding", "binding")):
            yield place, _names(self._root, kind)
        for binding in self._root.iterfind(f"{{{WSDL}}}binding"):
            versions = [each.tag for each in binding if each.tag in (f"{{{SOAP}}}binding", f"{{{SOAP12}}}binding")]
            if versions:
                yield f"soap/{'1.2' if SOAP12 in versions[0] else '1.1'}", "offered"
        for operation in self._root.iterfind(f"{{{WSDL}}}portType/{{{WSDL}}}operation"):
            yield from self._operation(operation)
        for version, name, action, how in self._bound():
            yield f"operation/{name}/{version}/soapAction", action
            yield f"operation/{name}/{version}/style", how

    def _bound(self) -> Iterator[tuple[str, str, str, str]]:
        """(SOAP version, operation, soapAction, style and use) of each bound operation."""
        for namespace, version in ((SOAP, "soap"), (SOAP12, "soap12")):
            for binding in self._root.iterfind(f"{{{WSDL}}}binding"):
                soap = binding.find(f"{{{namespace}}}binding")
                if soap is None:
                    continue
                for operation in binding.iterfind(f"{{{WSDL}}}operation"):
                    inner = operation.find(f"{{{namespace}}}operation")
                    style = (inner.get("style") if inner is not None else None) or soap.get("style", "document")
                    uses = [each.get("use", "literal") for each in operation.iter(f"{{{namespace}}}body")]
                    action = inner.get("soapAction", "") if inner is not None else ""
                    yield version, operation.get("name", ""), action, f"{style}/{'+'.join(sorted(set(uses)))}"

    def _operation(self, operation: Element) -> Iterator[tuple[str, str]]:
        place = f"operation/{operation.get('name')}"
        yield place, "offered"
        for kind, name in (("input", "request"), ("output", "response")):
            end = operation.find(f"{{{WSDL}}}{kind}")
            message = _local(end.get("message")) if end is not None else ""
            yield f"{place}/{name}/message", message
            for part in self._messages.get(message, ()):
                yield f"{place}/{name}/part", part.get("name", "")
                wrapper = self._elements.get(_local(part.get("element")))
                if wrapper is not None:
                    yield f"{place}/{name}/wrapper", wrapper.get("name", "")
                    yield from self._members(wrapper, f"{place}/{name}", 0)
                elif part.get("type"):
                    yield f"{place}/{name}/element/{part.get('name')}", _local(part.get("type"))

    def _members(self, owner: Element, place: str, depth: int) -> Iterator[tuple[str, str]]:
        """The facts of the elements inside an element."""
        holder = owner.find(f"{{{XS}}}complexType")
        if holder is None:
            holder = self._types.get(_local(owner.get("type")))
        if holder is None or depth > _MAX_DEPTH:
            return
        members = list(holder.iter(f"{{{XS}}}element"))
        yield f"{place}/order", " ".join(each.get("name") or _local(each.get("ref")) for each in members)
        for each in members:
            global_ = self._elements.get(_local(each.get("ref")))
            element = each if global_ is None else global_
            inside = f"{place}/element/{element.get('name')}"
            yield inside, self._type(element)
            yield f"{inside}/minOccurs", each.get("minOccurs", "1")
            yield f"{inside}/maxOccurs", each.get("maxOccurs", "1")
            yield f"{inside}/nillable", each.get("nillable", "false")
            yield f"{inside}/form", "qualified" if global_ is not None else _form(each)
            yield from self._members(element, inside, depth + 1)

    def _type(self, element: Element) -> str:
        """The simple type, or "structure": the name of a complex type is not on the wire."""
        name = _local(element.get("type"))
        inline = element.find(f"{{{XS}}}complexType") is not None
        return "structure" if inline or name in self._types else name or "anyType"


def _names(root: Element, path: str) -> str:
    return " ".join(sorted(each.get("name", "") for each in root.iterfind(f"{{{WSDL}}}{path}")))


def _form(element: Element) -> str:
    schema = next(element.iterancestors(f"{{{XS}}}schema"), None)
    default = schema.get("elementFormDefault", "unqualified") if schema is not None else "unqualified"
    return element.get("form", default)


def _local(name: str | None) -> str:
    return (name or "").rpartition(":")[2]


# a place, what stood there and stands there now ("" for nothing) -> level and reason; the first that fits counts
_B, _V, _H = Level.BREAKING, Level.VISIBLE, Level.HARMLESS
_READ_AT_RUN = "clients that read the WSDL while they run (JAX-WS, PHP, zeep) look for it"
_RULES: tuple[tuple[str, Level, str], ...] = (
    (r"namespace: .*", _B, f"{_READ_AT_RUN}; answers echo the request's namespace. soap.wsdl_file serves the old one"),
    (r"(service|port|portType): .*", _B, "JAX-WS stubs stop at another name; set soap.service, soap.port, soap.port_type"),
    (r"binding: .*", _H, "no client is known to look at it"),
    (r"soap/1.1: \S+ -> ", _B, "a client that speaks it finds no port"),
    (r"soap/1.2: \S+ -> ", _V, "the bridge answers SOAP 1.2 all the same, but the WSDL has no port of it"),
    (r"soap/1.2:  -> .*", _V, "strong-soap and svcutil take the other port"),
    (r"operation/\w+: \S+ -> ", _B, "a program that calls it gets a Fault"),
    (r"operation/\w+:  -> .*", _H, "an operation more"),
    (r".*/soapAction: .*", _H, "the bridge reads the call from the body"),
    (r".*/style: .*", _B, "what generators make of the WSDL, and the form of the messages, are others"),
    (r".*/(message|part): .*", _H, "not on the wire in document style"),
    (r".*/wrapper: .*", _B, "the outermost element has another name"),
    (r".*/form: .*", _B, "generated clients read an element in another namespace as absent"),
    (r".*/request/.*order: .*", _H, "requests are read in any order"),
    (r".*/response/.*order: .*", _B, "WCF-style proxies drop elements out of order, zeep refuses them"),
    (r".*/request/.*minOccurs: 0 -> .*", _B, "a program that leaves it out is refused by its own stack"),
    (r".*/minOccurs: .*", _V, "a newly generated client has another type for it"),
    (r".*/maxOccurs: .*", _B, "one value and a list are different types in every client"),
    (r".*/nillable: .*", _V, "a newly generated client has another type for it"),
    (r".*/request/.*:  -> .*", _H, "a field more that a request may have"),
    (r".*/response/.*:  -> .*", _V, "a field more; Axis and zeep refuse it where it is sent and their WSDL lacks it"),
    (r".*/request/.*: \S+ -> ", _B, "programs that set it fail where they read the WSDL while they run"),
    (r".*/response/.*: \S+ -> ", _B, "programs that read it find nothing"),
    (r".*", _B, "a client generated from the one reads or writes another type"),
)
_COMPILED = tuple((re.compile(pattern), level, why) for pattern, level, why in _RULES)
# facts of an element that say nothing once the element itself is on one side only
_FACETS = re.compile(r"(.*)/(?:minOccurs|maxOccurs|nillable|form|order)")


def compare_contracts(old: Contract, new: Contract) -> Iterator[Difference]:
    """Every fact that differs. What is inside of an element or operation that one side lacks is not told again."""
    places = [*old.facts, *(place for place in new.facts if place not in old.facts)]
    lone = {place for place in places if (place in old.facts) != (place in new.facts)}
    for place in places:
        before, after = old.facts.get(place, ""), new.facts.get(place, "")
        if before == after or _told(place, lone) or (place.endswith("/order") and _same_order(before, after)):
            continue
        line = f"{place}: {before} -> {after}"
        level, why = next((level, why) for pattern, level, why in _COMPILED if pattern.fullmatch(line))
        yield Difference(level, f"wsdl/{place}", before or "(none)", after or "(none)", why)


def _told(place: str, lone: set[str]) -> bool:
    """Whether a place above this one is on one side only."""
    facet = _FACETS.fullmatch(place)
    steps = place.split("/")
    above = {"/".join(steps[:end]) for end in range(2, len(steps))}
    return bool(above & lone) or bool(facet and facet[1] in lone)


def _same_order(before: str, after: str) -> bool:
    """Whether the names that both have stand in the same order."""
    one, other = before.split(), after.split()
    return [name for name in one if name in other] == [name for name in other if name in one]
