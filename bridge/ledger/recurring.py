"""Packages that are sent again: every day, week, month or year. The package itself is the first; each repeat is a new package."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select, update

from bridge.domain.message import PeriodType
from bridge.ledger.instant import from_ms, to_ms
from bridge.ledger.leasing import Leased
from bridge.ledger.numbers import PackageNumbers
from bridge.ledger.recording import record
from bridge.ledger.tables import account, package, recurrence
from bridge.ledger.taking import MOST_TRIES
from bridge.ledger.values import DueRecurrence, DuplicateCustomId, Recorded, Repeat

__all__ = ["due", "repeat", "stop", "take"]

_RECURRENCES: Final = Leased(recurrence.c.package_id, recurrence.c.due_at, recurrence.c.tries)


def due(connection: Connection, now: datetime) -> bool:
    """Whether there is something to take."""
    return _RECURRENCES.any_due(connection, now)


def take(connection: Connection, now: datetime, limit: int, lease: timedelta) -> tuple[DueRecurrence, ...]:
    """As `taking.take`. One that is given up keeps its next_at, and is counted as stuck."""
    rows = _RECURRENCES.lock(connection, now, limit)
    ids = [id_ for id_, tries in rows if tries < MOST_TRIES]
    _RECURRENCES.set_aside(connection, [id_ for id_, tries in rows if tries >= MOST_TRIES])
    _RECURRENCES.extend(connection, ids, now + lease)
    return _due_ones(connection, ids)


def _due_ones(connection: Connection, ids: list[int]) -> tuple[DueRecurrence, ...]:
    query = (
        select(recurrence, account.c.name, package.c.vendor)
        .join(package, package.c.id == recurrence.c.package_id)
        .join(account, account.c.id == package.c.account)
        .where(recurrence.c.package_id.in_(ids))
        .order_by(recurrence.c.next_at, recurrence.c.package_id)
    )
    return tuple(
        DueRecurrence(
            package_id=row.package_id,
            account=row.name,
            vendor=row.vendor,
            type=PeriodType(row.type),
            first_at=from_ms(row.first_at),
            next_at=from_ms(row.next_at),
            fired=row.fired,
        )
        for row in connection.execute(query)
    )


def repeat(connection: Connection, wanted: Repeat, numbers: PackageNumbers | None, token: str) -> Recorded | None:
    """Moves the recurrence on and records the repeat, where there is one; None when another did it first or it was stopped.

    numbers: of the child. Raises DuplicateCustomId, and then nothing was moved.
    """
    next_at = None if wanted.next_at is None else to_ms(wanted.next_at)
    moved = update(recurrence).where(recurrence.c.package_id == wanted.package_id, recurrence.c.next_at == to_ms(wanted.due))
    values = {"next_at": next_at, "due_at": next_at, "tries": 0, "fired": recurrence.c.fired + 1}
    if not connection.execute(moved.values(**values)).rowcount or wanted.child is None:
        return None
    assert numbers is not None
    (recorded,) = record(connection, [(numbers, wanted.child)], token)
    if isinstance(recorded, DuplicateCustomId):
        raise recorded
    return recorded


def stop(connection: Connection, package_id: int) -> bool:
    """Whether the package would have been sent again: it will not."""
    active = [recurrence.c.package_id == package_id, recurrence.c.next_at.is_not(None)]
    return bool(connection.execute(update(recurrence).where(*active).values(next_at=None, due_at=None)).rowcount)
