"""A package and its items, and what state they are in at a given time.

Strategy: nothing is stored that time changes. States follow from the dates of the package and from the last digit of each number:

    9   cannot be delivered (4)
    8   nobody reports it (2), until the validity and 60 minutes more have passed (5)
    any other is delivered (3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.sandbox.contract import Options

__all__ = ["Item", "Pace", "Package"]

CANCELLED, REJECTED, WAITING, SENDING, SENT, DELIVERED, UNDELIVERED, TIMED_OUT = -2, -1, 0, 1, 2, 3, 4, 5
PKG_CANCELLED, PKG_WAITING, PKG_SENDING, PKG_SENT, PKG_PARTLY, PKG_DONE = -4, 1, 3, 4, 5, 6
UNREACHABLE, SILENT = "9", "8"
LAST_LOOK = timedelta(minutes=60)
SET_STATES = {PKG_CANCELLED: 5, PKG_WAITING: 0, PKG_SENDING: 1, PKG_SENT: 2, PKG_PARTLY: 3, PKG_DONE: 5}
OPERATORS = {"53": 0, "54": 1, "50": 2, "55": 2, "51": 3}  # by the first digits behind the country


@dataclass(frozen=True)
class Pace:
    """How long after its time a message is being sent, is sent, and is reported (half of a package's items a little earlier)."""

    sending: timedelta
    sent: timedelta
    half_reported: timedelta
    reported: timedelta

    @classmethod
    def of(cls, options: Options) -> Pace:
        sent, reported = timedelta(seconds=options.sent_after_seconds), timedelta(seconds=options.reported_after_seconds)
        return cls(sent / 2, sent, (sent + reported) / 2, reported)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One recipient.

    text: what it is sent; own_text: the same when it differs from the package's content. due: when its turn is.
    early: belongs to the half that is reported first.
    """

    id: int
    target: str
    text: str
    own_text: str | None
    error: str | None
    parts: int
    due: datetime
    early: bool

    @property
    def operator(self) -> int | None:
        return OPERATORS.get(self.target[2:4])


@dataclass(kw_only=True)
class Package:
    """One send. `due`: its scheduled time, else that of its making. `recurring`: sent again each day, week, month or year."""

    id: int
    uuid: str
    account: str
    type: int
    sender: str
    title: str
    content: str
    encoding: int
    validity: int
    custom_id: str | None
    push_url: str | None
    created: datetime
    due: datetime
    scheduled: bool
    periodic: bool
    recurring: bool
    items: tuple[Item, ...]
    cancelled: datetime | None = None

    @property
    def credit(self) -> int:
        """What it costs: nothing for numbers that were rejected or a package that was cancelled."""
        return 0 if self.cancelled else sum(item.parts for item in self.items if not item.error)

    def state_of(self, item: Item, now: datetime, pace: Pace) -> int:
        if item.error:
            return REJECTED
        if self.cancelled:
            return CANCELLED
        elapsed = now - item.due
        if self.recurring or elapsed < pace.sending:
            return WAITING
        if elapsed < pace.sent:
            return SENDING
        return self._report(item, elapsed, pace)

    def _report(self, item: Item, elapsed: timedelta, pace: Pace) -> int:
        if elapsed < self._until_reported(item, pace):
            return SENT
        if item.target.endswith(SILENT):
            return TIMED_OUT
        return UNDELIVERED if item.target.endswith(UNREACHABLE) else DELIVERED

    def _until_reported(self, item: Item, pace: Pace) -> timedelta:
        if item.target.endswith(SILENT):
            return max(timedelta(minutes=self.validity) + LAST_LOOK, pace.sent)
        return pace.half_reported if item.early else pace.reported

    def states(self, now: datetime, pace: Pace) -> list[int]:
        return [self.state_of(item, now, pace) for item in self.items]

    def processing_date(self, item: Item, state: int, pace: Pace) -> datetime | None:
        return item.due + pace.sending if state > WAITING else None

    def delivery_date(self, item: Item, state: int, pace: Pace) -> datetime | None:
        return item.due + self._until_reported(item, pace) if state == DELIVERED else None

    def final_at(self, pace: Pace) -> datetime | None:
        """When the last item is final; None for one that never is."""
        if self.recurring:
            return None
        return max(item.due + self._until_reported(item, pace) for item in self.items if not item.error)


def state_of_package(package: Package, states: Sequence[int]) -> int:
    """The package's state follows from its items' states."""
    if package.cancelled:
        return PKG_CANCELLED
    live = [state for state in states if state != REJECTED]
    final = sum(state >= DELIVERED for state in live)
    if final == len(live):
        return PKG_DONE
    if max(live) == WAITING:
        return PKG_WAITING
    if min(live) < SENT:
        return PKG_SENDING
    return PKG_PARTLY if final else PKG_SENT
