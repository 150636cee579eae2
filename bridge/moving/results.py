"""Two answers' results, element by element: what the clients' stacks make of a difference."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.moving.contract import Contract
from bridge.moving.difference import Difference, Level
from bridge.moving.shape import DATES, EMPTY, NIL, NUMBERS, TEXT, Shape

__all__ = ["Results", "compare_names"]

_B, _V, _H = Level.BREAKING, Level.VISIBLE, Level.HARMLESS
# elements that hold others: a program takes them for granted, also when they are empty
_STRUCTURES = ("result", "err", "data", "stats", "list", "statistics", "senders")


def compare_names(place: str, old: Shape, new: Shape) -> Iterator[Difference]:
    """Namespace, prefix and attributes of two elements of one local name."""
    if old.namespaces != new.namespaces:
        why = "generated clients read an element in another namespace as absent"
        yield Difference(_B, f"{place}/namespace", _words(old.namespaces), _words(new.namespaces), why)
    elif old.prefixes != new.prefixes:
        why = "only a search in the text can tell"
        yield Difference(_H, f"{place}/prefix", _words(old.prefixes), _words(new.prefixes), why)
    if old.attributes != new.attributes:
        why = "rpc/encoded clients look at them"
        yield Difference(_V, f"{place}/attributes", _words(old.attributes), _words(new.attributes), why)


class Results:
    """Compares by one contract: the old server's."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def compare(self, place: str, old: Shape, new: Shape) -> Iterator[Difference]:
        """Everything that differs in two elements and what is in them."""
        yield from compare_names(place, old, new)
        yield from self._compare_kinds(place, old.kinds, new.kinds)
        if place.endswith("/list") and bool(old.children) != bool(new.children):
            return  # one side has no rows that could be compared
        shared = [each for each in old.children if each in new.children]
        order = [each for each in new.children if each in old.children]
        if shared != order:
            why = "WCF-style proxies drop elements out of order without an error, zeep refuses them"
            yield Difference(_B, f"{place}/order", " ".join(shared), " ".join(order), why)
        for each in shared:
            below = f"{_above(place)}{each}"
            if (each in old.sometimes) != (each in new.sometimes):
                words = ["in some" if each in side.sometimes else "always" for side in (old, new)]
                yield Difference(_V, below, words[0], words[1], "a program that relies on it reads null or 0")
            yield from self.compare(below, old.children[each], new.children[each])
        yield from self._compare_presence(place, old, new)

    def _compare_presence(self, place: str, old: Shape, new: Shape) -> Iterator[Difference]:
        for each, shape in old.children.items():
            if each not in new.children:
                yield _missing(f"{_above(place)}{each}", shape, each in old.sometimes)
        for each in new.children:
            if each not in old.children:
                known = each in self._contract.names
                why = "optional in the WSDL" if known else "Axis and zeep refuse an element that their WSDL lacks"
                yield Difference(_V if known else _B, f"{_above(place)}{each}", "absent", "present", why)

    def _compare_kinds(self, place: str, old: set[str], new: set[str]) -> Iterator[Difference]:
        """The kinds of values that the old server was not seen to write. Either set is empty for elements with children."""
        if not old or not new:
            return
        numeric = _name(place) in self._contract.numeric or old <= set(NUMBERS)
        before = ", ".join(sorted(old))
        for kind in sorted(new - old):
            if kind == EMPTY and numeric:
                yield Difference(_B, place, before, kind, "an empty number is an exception in .NET and gSOAP")
            elif kind != EMPTY and TEXT not in old and not old <= {EMPTY, NIL}:
                level, why = self._judge(_name(place), old, kind, numeric)
                yield Difference(level, place, before, kind, why)

    def _judge(self, name: str, old: set[str], kind: str, numeric: bool) -> tuple[Level, str]:
        """What a new kind of value means where only others were seen."""
        if kind == NIL:
            return _B, "the WSDL does not allow it: an exception in Axis and gSOAP"
        if kind == "integer beyond 32 bits":
            return _B if name in self._contract.int32 else _V, "does not fit an int, which old stubs may have"
        if kind in NUMBERS and old & set(NUMBERS):
            return _H if kind == "integer" else _B, "a number of another kind"
        if old & DATES:
            near = all(each.startswith("date yyyy-MM-ddTHH:mm:ss") for each in {kind} | old & DATES)
            return _H if near else _B, "a program that expects one form of a date cannot read another"
        return _B if numeric else _V, "a value of another type"


def _missing(place: str, old: Shape, sometimes: bool) -> Difference:
    empty_leaf = not old.children and old.kinds <= {EMPTY, NIL} and _name(place) not in _STRUCTURES
    if sometimes or empty_leaf:
        return Difference(_V, place, "in some" if sometimes else EMPTY, "absent", "null where a program read an empty value")
    return Difference(_B, place, "present", "absent", "a program reads null or 0, or stops, where it read a value")


def _above(place: str) -> str:
    """What stands before a child's name. Without "wrapper", so that the same part of two operations' answers has one name."""
    return "" if place == "wrapper" else f"{place}/"


def _name(place: str) -> str:
    return place.rpartition("/")[2]


def _words(values: set[str]) -> str:
    return " ".join(sorted(value or "(none)" for value in values))
