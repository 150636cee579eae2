"""What is counted. Source of the names: prometheus.io, "Metric and label naming".

Every value of a label is one that the program or its configuration knows: a vendor or a client cannot make new series.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from bridge.errors import ErrorCode
from bridge.metrics.slots import Slots

__all__ = ["BOUNDS", "FAMILIES", "IN_FLIGHT", "Family", "Job", "Metrics"]

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0)
"""Upper ends of the classes of durations, in seconds; one more class is without end."""

# the sum, and the count of each class
_WIDTH = 1 + len(BOUNDS) + 1
_OTHER = "other"
_NONE = "none"
_CODES = frozenset({*map(str, ErrorCode), "OK", "Fault", "WSDL"})


class Family(NamedTuple):
    """One metric."""

    name: str
    help: str
    labels: tuple[str, ...]
    # durations in seconds, in classes; else a counter
    timed: bool


REQUESTS = Family(
    "smsbridge_requests",
    "Requests to /soap that were answered. code: OK, an ERR_ name, Fault, WSDL or other.",
    ("operation", "code"),
    False,
)
REQUEST_DURATION = Family(
    "smsbridge_request_duration_seconds",
    "Time from a request's head to the end of its answer, the vendor's included.",
    ("operation",),
    True,
)
VENDOR_DURATION = Family(
    "smsbridge_vendor_request_duration_seconds",
    "Requests to vendors. outcome: answered, refused, not_sent, or unknown.",
    ("vendor", "outcome"),
    True,
)
JOB_DURATION = Family(
    "smsbridge_job_duration_seconds", "Work of the background. result: done, failed, stopped ..", ("kind", "result"), True
)
PUSHES = Family("smsbridge_pushes", "Attempts to push reports to clients.", ("result",), False)

FAMILIES = (REQUESTS, REQUEST_DURATION, VENDOR_DURATION, JOB_DURATION, PUSHES)
IN_FLIGHT = ("smsbridge_requests_in_flight",)
"""The key of the one number that also falls."""


class Metrics:
    """What this process counts. Used in its event loop only."""

    def __init__(self, operations: Iterable[str] = (), folder: Path | None = None) -> None:
        """operations: names that requests may be counted under. folder: see Slots. Raises OSError."""
        self.slots = Slots(folder)
        self._values = self.slots.values
        self._operations = frozenset(operations)
        self._requests: dict[tuple[str | None, str], tuple[int, int]] = {}
        self._timed: dict[tuple[str, ...], int] = {}
        self._in_flight = self.slots.place(IN_FLIGHT)
        self._values[self._in_flight] = 0.0  # a dead process may have left some

    def request(self, operation: str | None, code: str, seconds: float) -> None:
        """Counts an answered request. operation: None for what was no call. code: anything; what is unknown counts as other."""
        places = self._requests.get((operation, code)) or self._places_of(operation, code)
        self._values[places[0]] += 1.0
        self._observe(places[1], seconds)

    def vendor(self, name: str) -> Callable[[str, float], None]:
        """Counts requests to a vendor, given their outcome (a word of the program) and seconds. name: of [vendors.NAME]."""
        return partial(self._time, VENDOR_DURATION.name, name)

    def entered(self) -> None:
        """A request has begun; `left` is to follow."""
        self._values[self._in_flight] += 1.0

    def left(self) -> None:
        """It has ended."""
        self._values[self._in_flight] -= 1.0

    def job(self, kind: str) -> Job:
        """`with metrics.job("submit") as job:` counts a piece of work. kind: a word of the program."""
        return Job(partial(self._time, JOB_DURATION.name, kind))

    def push(self, result: str) -> None:
        """Counts an attempt to push. result: a word of the program, such as delivered, failed or dead."""
        self._values[self.slots.place((PUSHES.name, result))] += 1.0

    def _places_of(self, operation: str | None, code: str) -> tuple[int, int]:
        known = _NONE if operation is None else operation if operation in self._operations else _OTHER
        known_code = code if code in _CODES else _OTHER
        counter = self.slots.place((REQUESTS.name, known, known_code))
        places = counter, self.slots.place((REQUEST_DURATION.name, known), _WIDTH)
        if known_code == code and known in (operation, _NONE):
            self._requests[(operation, code)] = places
        return places

    def _time(self, name: str, label: str, result: str, seconds: float) -> None:
        key = (name, label, result)
        place = self._timed.get(key)
        if place is None:
            place = self._timed[key] = self.slots.place(key, _WIDTH)
        self._observe(place, seconds)

    def _observe(self, place: int, seconds: float) -> None:
        self._values[place] += seconds
        self._values[place + 1 + bisect_left(BOUNDS, seconds)] += 1.0


class Job:
    """A piece of work that is timed. One that raises has failed; one that is cancelled was stopped."""

    __slots__ = ("_observe", "_started", "result")

    def __init__(self, observe: Callable[[str, float], None]) -> None:
        self._observe = observe
        # a word of the program; may be set inside
        self.result = "done"

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.result = "failed" if issubclass(kind, Exception) else "stopped"
        self._observe(self.result, time.perf_counter() - self._started)
