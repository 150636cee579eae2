"""What the tests say to the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.domain.message import Kind, Message
from bridge.domain.package import Package
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.status import ItemState, PackageState, SubmissionState
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import (
    Accepted,
    ItemUpdate,
    NewPackage,
    NewSubmission,
    Recorded,
    StoredPackage,
    SubmissionOutcome,
)

__all__ = [
    "ACCOUNT",
    "MINUTE",
    "NOW",
    "OTHER",
    "Open",
    "accept",
    "at",
    "item_states",
    "new",
    "numbers",
    "outcome",
    "package_of",
    "record",
    "states",
    "stored",
    "update",
]

ACCOUNT, OTHER = "admin", "second"
# 12:30 in Turkey
NOW = datetime(2026, 10, 14, 9, 30, 12, 345000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Open = Callable[[], Awaitable[Ledger]]


def at(minutes: float) -> datetime:
    """So long after NOW."""
    return NOW + minutes * MINUTE


def numbers(count: int) -> tuple[str, ...]:
    """Of Turkcell."""
    return tuple(f"90532{last:07}" for last in range(count))


def new(
    *,
    account: str = ACCOUNT,
    state: PackageState = PackageState.SENDING,
    submissions: Sequence[NewSubmission] | None = None,
    parts: int | Sequence[int] = 1,
    due_at: datetime | None = None,
    repeats: datetime | None = None,
    push: bool = False,
    **message: Any,
) -> NewPackage:
    """A package of one recipient that is submitted at once, unless arguments say else. message: of Message."""
    said = {
        "kind": Kind.NORMAL,
        "sender": "BASLIK",
        "numbers": numbers(1),
        "text": "Merhaba",
        "validity_minutes": 1440,
        "accepted_at": NOW,
        **message,
    }
    made = Message(**said)
    return NewPackage(
        account=account,
        vendor="main",
        message=made,
        submissions=(NewSubmission(range(len(made.numbers))),) if submissions is None else submissions,
        parts=parts,
        state=state,
        due_at=at(1) if due_at is None else due_at,
        valid_until=at(1440),
        repeats=repeats,
        push=push,
    )


async def record(ledger: Ledger, **said: Any) -> Recorded:
    """As `new`."""
    return await ledger.record(new(**said))


def outcome(submission_id: int, result: Any, moment: datetime = NOW, due_at: datetime | None = None) -> SubmissionOutcome:
    return SubmissionOutcome(submission_id, result, moment, due_at)


async def accept(ledger: Ledger, recorded: Recorded, *, due_at: datetime | None = None) -> PackageState:
    """All of its submissions, as v-0, v-1 .."""
    outcomes = [outcome(each, Accepted(f"v-{place}"), due_at=due_at) for place, each in enumerate(recorded.submission_ids)]
    return await ledger.settle(recorded.package_id, outcomes)


def update(number: str, state: ItemState | None, raw: str = "word", moment: datetime = NOW, text: str | None = None) -> ItemUpdate:
    return ItemUpdate(number, state, raw, moment, text)


async def stored(ledger: Ledger, recorded: Recorded, account: str = ACCOUNT) -> StoredPackage:
    """By its uuid, which nothing changes."""
    found = await ledger.find(account, PackageKey(uuid=recorded.uuid))
    assert found is not None
    return found


async def states(ledger: Ledger, recorded: Recorded) -> tuple[PackageState, list[SubmissionState]]:
    """Of the package and of its submissions."""
    found = await stored(ledger, recorded)
    return found.state, [each.state for each in found.submissions]


async def item_states(ledger: Ledger, recorded: Recorded) -> list[ItemState]:
    page = await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(uuid=recorded.uuid), page_size=1000))
    return [ItemState(row.state) for row in page.rows]


async def package_of(ledger: Ledger, recorded: Recorded) -> Package:
    """As getSmsPackages shows it."""
    page = await ledger.packages(ACCOUNT, PackagesQuery(page_size=1000))
    (row,) = (row for row in page.rows if row.uuid == recorded.uuid)
    return row
