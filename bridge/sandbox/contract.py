"""What a vendor simulator offers to the control path, and what it is started with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, Protocol, Self

from starlette.types import ASGIApp, Scope

from bridge.errors import SettingsError
from bridge.sandbox.clock import Clock

__all__ = ["Options", "Received", "Simulator", "Taken", "received"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every simulator understands.

    accounts: username -> password. Each account has its own packages, senders and credit.
    senders: approved for every account.
    credit: of every account, at the start.
    sent_after_seconds: from the send (or its scheduled time) until the vendor has handed the message to the operator.
    reported_after_seconds: the same until the operator has reported it.
    """

    accounts: Mapping[str, str] = field(default_factory=lambda: {"user": "test"})
    senders: tuple[str, ...] = ("BASLIK",)
    credit: int = 316807
    sent_after_seconds: float = 1.0
    reported_after_seconds: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.sent_after_seconds <= self.reported_after_seconds:
            raise SettingsError("reported_after_seconds", "must not be less than sent_after_seconds, nor either below 0")

    @classmethod
    def of(cls, options: Options | None) -> Self:
        """These options with the vendor's own ones at their defaults."""
        if isinstance(options, cls):
            return options
        return cls(**{each.name: getattr(options, each.name) for each in fields(options)}) if options else cls()

    def with_changed(self, name: str, value: Any) -> Self:
        """These options with another value of the same type in one place."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        if name not in known:
            raise SettingsError(name, f"no such option; there are {', '.join(known)}")
        if not _alike(value, known[name]):
            raise SettingsError(name, f"must be a {type(known[name]).__name__}")
        return replace(self, **{name: value})


class Taken(NamedTuple):
    """One message to one number that the vendor accepted."""

    account: str
    number: str
    text: str
    package_id: str


def _alike(new: object, old: object) -> bool:
    return type(new) is type(old) or (type(old) is float and type(new) is int)


@dataclass
class Received:
    """One request that reached the vendor, as it came.

    accepted: the vendor carried it out (also when a fault then spoilt its answer). Set by the simulator.
    status: HTTP status of the vendor's own answer; None when a fault kept the request from it.
    fault: the fault that was played on it.
    refuse: the error code that the simulator has to refuse it with (fault "refuse").
    """

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    accepted: bool = False
    status: int | None = None
    fault: str | None = None
    refuse: str | None = None

    def as_json(self) -> dict[str, Any]:
        shown = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in {"body", "refuse"}}
        return shown | {"body": self.body.decode(errors="backslashreplace")}


def received(scope: Scope) -> Received:
    """The record of the request that is being answered."""
    record: Received = scope["sandbox"]
    return record


class Simulator(Protocol):
    """A vendor, played in memory."""

    @property
    def clock(self) -> Clock: ...

    @property
    def app(self) -> ASGIApp: ...

    def reset(self) -> None:
        """Forget everything, as if started anew."""

    def sent(self) -> Iterable[Taken]:
        """Everything accepted so far, oldest first."""

    def set_credit(self, account: str, credit: int) -> None:
        """Raises SettingsError when there is no such account."""

    def set_option(self, name: str, value: object) -> None:
        """Change one option until the next reset. Raises SettingsError for an unknown one or a value of another type."""
