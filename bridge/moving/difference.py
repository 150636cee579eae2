"""What two servers do differently, how bad that is, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

__all__ = ["Difference", "Level", "Report"]


_MOST_SHOWN = 160  # characters


class Level(StrEnum):
    """Whom a difference concerns."""

    BREAKING = "breaking"  # a generated client fails, or reads something else
    VISIBLE = "visible"  # a program that looks can tell
    HARMLESS = "harmless"  # no client is known to look


class Difference(NamedTuple):
    """One difference. Its words hold names, types and codes, never a value of the account."""

    level: Level
    where: str  # "http/status", "wsdl/service", "result/data/credit" ..
    old: str
    new: str
    why: str


class Report:
    """All differences of a comparison; the same one in several calls is told once."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new
        self.calls: list[str] = []
        self.notes: list[str] = []  # what could not be compared, and why
        self.found: dict[Difference, list[str]] = {}

    def add(self, call: str, differences: Iterable[Difference]) -> None:
        """call: the name of what was compared."""
        self.calls.append(call)
        for difference in differences:
            self.found.setdefault(difference, []).append(call)

    def note(self, call: str, text: str) -> None:
        """Tells what was not compared."""
        self.notes.append(f"{call}: {text}")

    def of(self, level: Level) -> Mapping[Difference, list[str]]:
        """The differences of a level, with the calls that showed them, by place."""
        return {each: self.found[each] for each in sorted(self.found) if each.level is level}

    @property
    def exit_status(self) -> int:
        """0: no client breaks; 1: one does; 2: nothing could be compared."""
        return int(bool(self.of(Level.BREAKING))) if self.calls else 2

    def as_json(self) -> dict[str, Any]:
        """For machines: a dict of strings, numbers and lists."""
        found = [{**each._asdict(), "calls": calls} for level in Level for each, calls in self.of(level).items()]
        return {"old": self.old, "new": self.new, "calls": self.calls, "differences": found, "notes": self.notes}

    def as_text(self) -> str:
        """For a terminal."""
        counts = ", ".join(f"{len(self.of(level))} {level.value}" for level in Level)
        lines = [f"old: {self.old}", f"new: {self.new}", f"{len(self.calls)} calls compared; differences: {counts}"]
        for level in Level:
            for each, calls in self.of(level).items():
                lines += [
                    "",
                    f"{level.value.upper()} {_cut(each.where)}: {_cut(each.old)} -> {_cut(each.new)}",
                    f"    {each.why}",
                    f"    in {_few(calls)}",
                ]
        if self.notes:
            lines += ["", "Not compared:", *(f"    {note}" for note in self.notes)]
        return "\n".join(lines)


def _cut(text: str) -> str:
    """A server's own words, fit for a terminal: names and namespaces may be anything."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[: _MOST_SHOWN - 2]}.."


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
