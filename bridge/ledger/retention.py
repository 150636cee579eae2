"""Packages leave the ledger: old ones by age, and those that were never taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, exists, func, or_, select

from bridge.domain.status import SubmissionState
from bridge.ledger import counting, search
from bridge.ledger.filters import DONE_SHELVES
from bridge.ledger.instant import to_ms
from bridge.ledger.progress import lock
from bridge.ledger.tables import SPAN, item, package, package_count, push, recurrence, submission

__all__ = ["Old", "old_places", "purge", "withdraw"]

_PUSHED = exists().where(push.c.package_id == package.c.id, push.c.due_at.is_not(None))
_REPEATED = exists().where(recurrence.c.package_id == package.c.id, recurrence.c.next_at.is_not(None))
_DOUBTED = [SubmissionState.SENDING.value, SubmissionState.UNKNOWN.value]


class Old(NamedTuple):
    """Where old packages stand with which nothing is to happen any more."""

    account: int
    shelf: int


def old_places(connection: Connection, before: datetime) -> list[Old]:
    """Where there may be packages for `purge`. Reads the counts of all accounts' days."""
    days = counting.days_before(to_ms(before))
    query = select(package_count.c.account, package_count.c.shelf).where(*days, package_count.c.shelf.in_(DONE_SHELVES))
    rows = connection.execute(query.distinct().order_by(package_count.c.account, package_count.c.shelf))
    return [Old(row.account, row.shelf) for row in rows]


def purge(connection: Connection, places: Iterable[Old], before: datetime, limit: int) -> int:
    """Deletes at most `limit` packages whose time was before that and that are completed, cancelled or failed; how many it did.

    Others stay, however old: something is still to happen with them. So do those that are sent again, or still to be pushed.
    """
    removed = 0
    for account, shelf in places:
        old = [package.c.account == account, package.c.shelf == shelf, package.c.sending_at < to_ms(before)]
        old += [~_REPEATED, ~_PUSHED]
        oldest = select(package).where(*old).order_by(package.c.sending_at, package.c.id).limit(limit - removed)
        rows = connection.execute(oldest.with_for_update(skip_locked=True)).all()
        _remove(connection, rows)
        counting.prune(connection, account, to_ms(before))
        removed += len(rows)
        if removed >= limit:
            break
    return removed


def withdraw(connection: Connection, package_id: int, token: str) -> None:
    """Deletes a package whose client was told that it was not taken; nothing when there is none, or when it was sent after all.

    token: of the process that recorded it, and then did not send it. Others may have called its claim unknown meanwhile, or, of a
    package that was held, have sent it.
    """
    try:
        lock(connection, package_id)
    except LookupError:
        return
    first = package_id * SPAN
    doubted = submission.c.state.in_(_DOUBTED) & (submission.c.claim != token)
    sent = or_(submission.c.state == SubmissionState.ACCEPTED.value, doubted)
    of_it = submission.c.id.between(first, first + SPAN - 1)
    if not connection.scalar(select(func.count()).select_from(submission).where(of_it, sent)):
        _remove(connection, connection.execute(select(package).where(package.c.id == package_id)).all())


def _remove(connection: Connection, rows: Sequence[Any]) -> None:
    """rows: of `package`, locked."""
    if not rows:
        return
    ids = [row.id for row in rows]
    search.forget(connection, rows)
    for each in ids:
        for table in (item, submission):
            connection.execute(delete(table).where(table.c.id.between(each * SPAN, (each + 1) * SPAN - 1)))
    for table in (push, recurrence):
        connection.execute(delete(table).where(table.c.package_id.in_(ids)))
    connection.execute(delete(package).where(package.c.id.in_(ids)))
    counting.apply(connection, [(row.account, row.sender, row.shelf, row.sending_at, -1) for row in rows])
