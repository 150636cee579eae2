"""The states of packages, recipients (items) and vendor messages (submissions): which may follow which, and what follows from what.

Facts:
- The numbers are the document's, but for SubmissionState, which clients never see.
- The document's package filter lost its digits; 0 to 7 stand in the order of its words.

Strategy: MOVES is the only place that says which state may follow which. A package's state is never set by itself: it follows from
its items (package_state).

Source: Node API v1.8.3, "Paket Durumları", "Paket Öğesi Durumları", "Paket Raporu Durum Filtreleri".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

__all__ = [
    "FINAL_ITEMS",
    "ITEM_OF",
    "MOVES",
    "SHELVES",
    "UNDELIVERED",
    "ItemState",
    "PackageFilter",
    "PackageState",
    "SubmissionState",
    "may_follow",
    "package_state",
    "set_state",
    "shelf_of",
]


class ItemState(IntEnum):
    """One recipient."""

    CANCELLED = -2
    REJECTED = -1  # invalid number, refused by the vendor, or rejected by the operator
    WAITING = 0
    SENDING = 1
    SENT = 2
    DELIVERED = 3
    UNDELIVERED = 4
    TIMED_OUT = 5  # nothing was reported until validity + 60 minutes


class PackageState(IntEnum):
    """One package."""

    __hash__ = int.__hash__  # Enum's own is no C function

    CANCELLED = -4
    FAILED = -3  # nobody was sent to
    NOT_CREATED = -2
    REJECTED = -1  # sent, and then every recipient rejected by the operator
    RECORDING = 0
    WAITING = 1
    QUEUING = 2
    SENDING = 3
    SENT = 4  # nothing reported yet
    PARTLY_REPORTED = 5
    COMPLETED = 6


class SubmissionState(IntEnum):
    """One message to the vendor: all of a package or a part of it."""

    PENDING = 0  # to be sent when due
    SENDING = 1  # claimed by a process: it may be on its way
    ACCEPTED = 2
    REFUSED = 3  # certainly not taken
    UNKNOWN = 4  # may have been taken; never sent again by itself
    CANCELLED = 5


class PackageFilter(IntEnum):
    """What getSmsPackages may be asked for."""

    ALL = 0
    QUEUED = 1
    PROCESSING = 2
    SCHEDULED = 3
    PERIODIC = 4
    COMPLETED = 5
    CANCELLED = 6
    FAILED = 7


State = ItemState | PackageState | SubmissionState

_ITEM: Final[Mapping[State, frozenset[State]]] = {
    ItemState.WAITING: frozenset({ItemState.SENDING, ItemState.REJECTED, ItemState.CANCELLED}),
    # back to waiting when the vendor could not be reached; on to a report when the outcome was unknown and the report came first
    ItemState.SENDING: frozenset(
        {
            ItemState.WAITING,
            ItemState.SENT,
            ItemState.REJECTED,
            ItemState.DELIVERED,
            ItemState.UNDELIVERED,
            ItemState.TIMED_OUT,
        }
    ),
    ItemState.SENT: frozenset({ItemState.REJECTED, ItemState.DELIVERED, ItemState.UNDELIVERED, ItemState.TIMED_OUT}),
}
_STARTED: Final[frozenset[State]] = frozenset(
    {PackageState.SENT, PackageState.PARTLY_REPORTED, PackageState.COMPLETED, PackageState.FAILED, PackageState.REJECTED}
)
_PACKAGE: Final[Mapping[State, frozenset[State]]] = {
    PackageState.WAITING: frozenset({PackageState.SENDING, PackageState.FAILED, PackageState.CANCELLED}),
    # cancelled when of one in portions the rest was cancelled, and what was on its way then was refused
    PackageState.SENDING: _STARTED | {PackageState.WAITING, PackageState.CANCELLED},
    PackageState.SENT: _STARTED - {PackageState.SENT},
    PackageState.PARTLY_REPORTED: frozenset({PackageState.COMPLETED}),
}
_SUBMISSION: Final[Mapping[State, frozenset[State]]] = {
    SubmissionState.PENDING: frozenset({SubmissionState.SENDING, SubmissionState.REFUSED, SubmissionState.CANCELLED}),
    SubmissionState.SENDING: frozenset(
        {SubmissionState.PENDING, SubmissionState.ACCEPTED, SubmissionState.REFUSED, SubmissionState.UNKNOWN}
    ),
    # pending again only by an outcome that proves that the vendor does not have it
    SubmissionState.UNKNOWN: frozenset({SubmissionState.PENDING, SubmissionState.ACCEPTED, SubmissionState.REFUSED}),
}
MOVES: Final[Mapping[type[State], Mapping[State, frozenset[State]]]] = MappingProxyType(
    {ItemState: _ITEM, PackageState: _PACKAGE, SubmissionState: _SUBMISSION}
)
"""Kind of state -> state -> the states that may follow it. What is not named may not happen; a state without a row is final."""

ITEM_OF: Final[Mapping[SubmissionState, ItemState]] = MappingProxyType(
    {
        SubmissionState.PENDING: ItemState.WAITING,
        SubmissionState.SENDING: ItemState.SENDING,
        SubmissionState.ACCEPTED: ItemState.SENT,
        SubmissionState.REFUSED: ItemState.REJECTED,
        SubmissionState.UNKNOWN: ItemState.SENDING,
        SubmissionState.CANCELLED: ItemState.CANCELLED,
    }
)
"""The state of a recipient of whom nothing was reported: it is as far as its submission."""

_SILENT: Final = frozenset({ItemState.REJECTED, ItemState.CANCELLED})
FINAL_ITEMS: Final = frozenset(state for state in ItemState if state not in _ITEM)
UNDELIVERED: Final = frozenset({ItemState.REJECTED, ItemState.UNDELIVERED, ItemState.TIMED_OUT})
"""What statistics count as undelivered."""

_SET_STATES: Final[Mapping[PackageState, int]] = {
    PackageState.RECORDING: 0,
    PackageState.WAITING: 0,
    PackageState.QUEUING: 0,
    PackageState.SENDING: 1,
    PackageState.SENT: 2,
    PackageState.PARTLY_REPORTED: 3,
}
_PERIODIC_SHELF: Final = 10
_SHELF_OF_STATE: Final[Mapping[PackageState, PackageFilter]] = {
    PackageState.CANCELLED: PackageFilter.CANCELLED,
    PackageState.FAILED: PackageFilter.FAILED,
    PackageState.NOT_CREATED: PackageFilter.FAILED,
    PackageState.REJECTED: PackageFilter.FAILED,
    PackageState.RECORDING: PackageFilter.QUEUED,
    PackageState.WAITING: PackageFilter.QUEUED,
    PackageState.QUEUING: PackageFilter.QUEUED,
    PackageState.SENDING: PackageFilter.PROCESSING,
    PackageState.SENT: PackageFilter.PROCESSING,
    PackageState.PARTLY_REPORTED: PackageFilter.PROCESSING,
    PackageState.COMPLETED: PackageFilter.COMPLETED,
}
_PLAIN: Final = tuple(sorted({*_SHELF_OF_STATE.values(), PackageFilter.SCHEDULED}))


def may_follow(then: State, now: State) -> bool:
    """Whether `then` may come after `now`."""
    return then in MOVES[type(now)].get(now, ())


def package_state(items: Mapping[ItemState, int], before: PackageState) -> PackageState:
    """The state of a package that has so many items in each state.

    items: how many in each state; at least one in all. before: the package's state until now.
    Rejected items say nothing while there are others: most are numbers that were invalid from the start. Nor do cancelled ones:
    they are the rest of a package that was sent in portions.
    """
    cancelled = items.get(ItemState.CANCELLED, 0) > 0
    live = {state: count for state, count in items.items() if count and state not in _SILENT}
    if not live:
        if before in {PackageState.SENT, PackageState.PARTLY_REPORTED, PackageState.REJECTED}:
            return PackageState.REJECTED
        return PackageState.CANCELLED if cancelled else PackageState.FAILED
    if live.keys() == {ItemState.WAITING}:
        return PackageState.WAITING
    if not live.keys().isdisjoint({ItemState.WAITING, ItemState.SENDING}):
        return PackageState.SENDING
    if live.keys() <= FINAL_ITEMS:
        return PackageState.COMPLETED
    return PackageState.SENT if live.keys() == {ItemState.SENT} else PackageState.PARTLY_REPORTED


def set_state(package: PackageState) -> int:
    """setState of an item: 0 waiting, 1 sending, 2 sent, 3 reporting, 5 done. Source: vendor-made SDKs."""
    return _SET_STATES.get(package, 5)


def shelf_of(state: PackageState, *, scheduled: bool, periodic: bool) -> int:
    """Where a package stands: packages that the same filters find share a shelf, so that moves within one cost nothing.

    scheduled: it has a sendingDate.
    """
    shelf = _SHELF_OF_STATE[state]
    if scheduled and shelf is PackageFilter.QUEUED:
        shelf = PackageFilter.SCHEDULED
    return shelf + _PERIODIC_SHELF if periodic else int(shelf)


def _shelves(wanted: PackageFilter) -> tuple[int, ...]:
    periodic = tuple(shelf + _PERIODIC_SHELF for shelf in _PLAIN)
    if wanted is PackageFilter.ALL:
        return (*_PLAIN, *periodic)
    if wanted is PackageFilter.PERIODIC:
        return periodic
    # periodic packages that wait are found as periodic, not as queued
    return (wanted,) if wanted is PackageFilter.QUEUED else (wanted, wanted + _PERIODIC_SHELF)


SHELVES: Final[Mapping[PackageFilter, tuple[int, ...]]] = MappingProxyType({each: _shelves(each) for each in PackageFilter})
"""Which shelves each filter looks at."""
