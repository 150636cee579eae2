"""What the ledger is told and what it tells. Datetimes are aware."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import Connection

from bridge.domain.message import Message, PeriodType
from bridge.domain.status import ItemState, PackageState, SubmissionState
from bridge.errors import CallError, ErrorCode

__all__ = [
    "CLAIM",
    "PACED",
    "Accepted",
    "Cancelled",
    "DuePush",
    "DueRecurrence",
    "DuplicateCustomId",
    "Enqueue",
    "ItemUpdate",
    "Kept",
    "NewPackage",
    "NewSubmission",
    "OpenSubmission",
    "Overview",
    "PushContent",
    "PushItem",
    "Recorded",
    "Refused",
    "Repeat",
    "Settlement",
    "StoredPackage",
    "StoredSubmission",
    "SubmissionOutcome",
    "Taken",
    "Unknown",
]


CLAIM = timedelta(minutes=5)
"""After this a claim is stale: longer than any vendor call may take."""
PACED = "paced"
"""Claim of a pending submission whose due_at is its slot under a rate limit."""


class DuplicateCustomId(CallError):
    """Raised when the account has a package with this customID already."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.SMS_PKG_CUSTOM_ID_DUPLICATION)


class NewSubmission(Struct, frozen=True, gc=False):
    """A message to the vendor that a package needs."""

    # its recipients, as indices into Message.numbers, ascending
    positions: Sequence[int]
    # its text, where the package has several and the vendor takes one a message
    text: str | None = None
    # when it is due, where that is not the package's due_at (portions)
    due_at: datetime | None = None

    def __repr__(self) -> str:  # texts never reach a log
        return f"<NewSubmission to {len(self.positions)}>"


class NewPackage(Struct, frozen=True, gc=False):
    """A package to be recorded."""

    # the bridge's username
    account: str
    # NAME of [vendors.NAME]
    vendor: str
    message: Message
    # each of Message.numbers is in exactly one
    submissions: Sequence[NewSubmission]
    # short messages that each of Message.numbers takes: one number for all, or as many as there are
    parts: int | Sequence[int]
    # SENDING when this process submits it now, WAITING when it is kept or scheduled
    state: PackageState
    # WAITING: when to submit it. SENDING: when this process' claim has gone stale
    due_at: datetime
    # not submitted after this
    valid_until: datetime
    # when it is sent again for the first time, where the bridge does that in the vendor's place
    repeats: datetime | None = None
    # the bridge pushes to Message.push_url in the vendor's place
    push: bool = False
    # WAITING: due_at is its slot under a rate limit
    paced: bool = False

    def __repr__(self) -> str:  # accounts and texts never reach a log
        return f"<NewPackage {self.message!r}>"


class Recorded(Struct, frozen=True, gc=False):
    """A package that is on disk."""

    package_id: int
    uuid: str
    # in the order of NewPackage.submissions
    submission_ids: range


class Accepted(Struct, frozen=True, gc=False):
    """The vendor took it, and calls it `vendor_ref`."""

    vendor_ref: str


class Refused(Struct, frozen=True, gc=False):
    """It certainly was not taken, and will not be sent again. code: an ERR_ name."""

    code: str
    message: str = ""

    def __repr__(self) -> str:  # a vendor's words may repeat what it was sent
        return f"<Refused {self.code}>"


class Unknown(Struct, frozen=True, gc=False):
    """It may have been taken. what: the step and the kind of failure, never data."""

    what: str


class Kept(Struct, frozen=True, gc=False):
    """It certainly was not taken, and is to be sent later."""


class SubmissionOutcome(Struct, frozen=True, gc=False):
    """What became of a submission."""

    submission_id: int
    result: Accepted | Refused | Unknown | Kept
    at: datetime
    # when to look at it again: for a report, a look-up, or to send it; None for never (of a kept one: at once)
    due_at: datetime | None = None


class Settlement(Struct, frozen=True, gc=False):
    """Outcomes of one package."""

    package_id: int
    outcomes: Sequence[SubmissionOutcome]
    # the id that the client is told in place of the package's own
    public_id: int | None = None
    # when the package has failed by it, its call is answered with an error: see `settling.release`
    forget: bool = False


class ItemUpdate(NamedTuple):
    """What a vendor says of one recipient."""

    number: str
    # None for a word that the vendor's table lacks: then only the word is kept
    state: ItemState | None
    # the vendor's own word
    raw: str
    # when it became so
    at: datetime
    # of a recipient with a text of its own, where the vendor says: the same number may occur twice
    text: str | None = None

    def __repr__(self) -> str:
        return f"<ItemUpdate {self.state} {self.raw!r}>"


class Cancelled(Enum):
    """What became of a wish to cancel."""

    CANCELLED = "cancelled"
    NOT_CHANGEABLE = "not changeable"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSubmission:
    """A message to the vendor."""

    id: int
    package_id: int
    state: SubmissionState
    # token of the process that sends it or sent it
    claim: str | None
    vendor_ref: str | None
    # the refusal, or what is unknown
    code: str | None
    message: str | None = field(repr=False)
    due_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPackage:
    """A package without its recipients and texts."""

    id: int
    uuid: str
    # the id that the client knows
    public_id: int
    account: str = field(repr=False)
    vendor: str
    state: PackageState
    # the client's customID, else the one that the bridge gave
    custom_id: str | None = field(repr=False)
    accepted_at: datetime
    # the sendingDate, else the same
    sending_at: datetime
    valid_until: datetime
    # valid and invalid ones
    recipients: int
    submissions: tuple[StoredSubmission, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSubmission:
    """A submission with which something is to be done, and whose it is."""

    account: str = field(repr=False)
    vendor: str
    valid_until: datetime
    submission: StoredSubmission
    # how often it was taken since it last got on
    tries: int


Enqueue = Callable[[Connection, Sequence[OpenSubmission]], None]
"""What else is to be done in the transaction in which submissions are taken. It may be run again, after a rollback."""


class Taken(NamedTuple):
    """What is due and now this process' to do."""

    # the longest due first; they are due again when the lease ends
    submissions: tuple[OpenSubmission, ...]
    # those that every process that took them left undone: nobody takes them again
    given_up: tuple[int, ...]


class DueRecurrence(NamedTuple):
    """A package that is to be sent again."""

    package_id: int
    # the bridge's username
    account: str
    # NAME of [vendors.NAME]
    vendor: str
    # never ONCE
    type: PeriodType
    # when the package itself was sent: repeats are counted from there
    first_at: datetime
    next_at: datetime
    # repeats so far, with those that were missed
    fired: int

    def __repr__(self) -> str:
        return f"<DueRecurrence {self.package_id}>"


class Repeat(NamedTuple):
    """A repeat that is due, and what is sent then."""

    package_id: int
    # the next_at that it is for
    due: datetime
    # None: it was the last
    next_at: datetime | None
    # WAITING; None when it was missed
    child: NewPackage | None


class DuePush(NamedTuple):
    """A push that is to be tried."""

    id: int
    package_id: int
    # the bridge's username
    account: str
    # the ledger's number of it
    account_id: int
    url: str
    # with this one
    attempts: int

    def __repr__(self) -> str:  # a URL may hold a secret
        return f"<DuePush {self.id} attempts={self.attempts}>"


class PushItem(NamedTuple):
    """A recipient of whom a push tells."""

    # as getSmsPackageItems shows it
    id: int
    number: str
    state: ItemState
    # when it became so
    at: datetime

    def __repr__(self) -> str:
        return f"<PushItem {self.id} {self.state}>"


class PushContent(NamedTuple):
    """What a push tells: a package as getSmsPackages shows it, and what changed of its recipients."""

    # the id that the client knows
    package_id: int
    state: PackageState
    # parts of all recipients; then recipients
    total: int
    delivered: int
    undelivered: int
    items: tuple[PushItem, ...]


class Overview(NamedTuple):
    """What waits, for `smsbridge check` and metrics."""

    # submissions whose outcome is unknown
    unknown: int
    # submissions to be sent: kept or scheduled
    pending: int
    # of those, the oldest that is due; None when nothing waits
    oldest_due: datetime | None
    # submissions and repeats that were given up
    stuck: int
    # pushes that wait, and those that were given up
    pushes: int
    dead_pushes: int
    # packages that are sent again and again
    recurrences: int
    # outcomes and corrections that this process keeps for a database that is away
    late: int
