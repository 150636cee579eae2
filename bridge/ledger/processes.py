"""Processes that live, and what those that are no more had claimed.

Facts:
- A claim says when it is stale; that is minutes away, for a vendor may take its time. A process that lives says so more often. So
  what a dead one had claimed is found sooner.
- A process may be stopped for a while and go on. What it had claimed is called unknown then, and its outcome still corrects that.

Strategy: no index has the claims, for it would cost every send. When a process is dead, what it claimed is due within CLAIM_LIMIT,
and is found there. Its row stays for a while, for a commit of its may still be on the way, and is deleted then.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, delete, extract, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.domain.status import SubmissionState
from bridge.ledger.instant import to_ms
from bridge.ledger.tables import process, submission

__all__ = ["CLAIM_LIMIT", "DEAD", "abandon", "alive", "anything_left"]

DEAD: Final = timedelta(seconds=30)
"""Not seen for so long, a process is taken for dead."""
CLAIM_LIMIT: Final = timedelta(minutes=6)
"""No claim is stale later than this from when it was made: the five minutes of `begin` and `record`, and clocks that differ."""
# then nothing of it is on the way any more
_BURIED: Final = timedelta(seconds=90)
_MS: Final = timedelta(milliseconds=1)


def alive(connection: Connection, token: str) -> float:
    """This process was seen now. Returns the seconds by which the database's clock is ahead of this machine's."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    seen = make(process).values(token=token, seen_at=_clock(connection))
    seen = seen.on_conflict_do_update(index_elements=[process.c.token], set_={"seen_at": seen.excluded.seen_at})
    at: int = connection.execute(seen.returning(process.c.seen_at)).scalar_one()
    return at / 1000 - time.time()


class _Dead(NamedTuple):
    token: str
    # for so long that nothing of it can come any more
    buried: bool


def anything_left(connection: Connection, now: datetime, token: str) -> bool:
    """Whether `abandon` would do anything."""
    if _stale(connection, now, 1):
        return True
    dead = _dead(connection, token)
    return any(each.buried for each in dead) or bool(_claimed(connection, dead, now, 1))


def abandon(connection: Connection, now: datetime, limit: int, token: str) -> list[int]:
    """What dead processes left claimed is unknown from now on: it may have been sent. Returns the submissions, at most `limit`.

    token: of this process, which is not dead. A process that is alive after all may still settle them.
    """
    ids = _stale(connection, now, limit, lock=True)
    dead = _dead(connection, token)
    found = _claimed(connection, dead, now, limit - len(ids), lock=True)
    ids += found
    at = to_ms(now)
    values = {"state": SubmissionState.UNKNOWN.value, "message": "the process ended", "settled_at": at, "due_at": at}
    connection.execute(update(submission).where(submission.c.id.in_(ids)).values(**values))
    if not found and len(ids) < limit:
        gone = [process.c.token.in_([each.token for each in dead]), process.c.seen_at < _before(connection, _BURIED)]
        connection.execute(delete(process).where(*gone))
    return ids


def _stale(connection: Connection, before: datetime, limit: int, *, lock: bool = False) -> list[int]:
    """Submissions whose claim went stale before that, the oldest first."""
    return _sending(connection, [submission.c.due_at < to_ms(before)], limit, lock=lock)


def _claimed(connection: Connection, dead: Sequence[_Dead], now: datetime, limit: int, *, lock: bool = False) -> list[int]:
    """Submissions that are claimed by one of these processes and not stale yet."""
    if not dead:
        return []
    window = submission.c.due_at.between(to_ms(now), to_ms(now + CLAIM_LIMIT))
    return _sending(connection, [window, submission.c.claim.in_([each.token for each in dead])], limit, lock=lock)


def _sending(connection: Connection, conditions: Sequence[ColumnElement[bool]], limit: int, *, lock: bool) -> list[int]:
    """lock: until the transaction ends, without those that others have locked."""
    query = select(submission.c.id).where(*conditions, submission.c.state == SubmissionState.SENDING.value)
    query = query.order_by(submission.c.due_at).limit(limit)
    return list(connection.scalars(query.with_for_update(skip_locked=True) if lock else query))


def _dead(connection: Connection, token: str) -> list[_Dead]:
    """All but this process, which may have been stopped for a while itself."""
    query = select(process.c.token, (process.c.seen_at < _before(connection, _BURIED)).label("buried"))
    rows = connection.execute(query.where(process.c.token != token, process.c.seen_at < _before(connection, DEAD)))
    return [_Dead(row.token, row.buried) for row in rows]


def _before(connection: Connection, age: timedelta) -> ColumnElement[Any]:
    return _clock(connection) - literal(age // _MS, BigInteger)


def _clock(connection: Connection) -> ColumnElement[Any]:
    """The time that all processes go by, in milliseconds; on SQLite they share one machine."""
    if connection.dialect.name == "sqlite":
        return literal(int(time.time() * 1000), BigInteger)
    return cast(extract("epoch", func.clock_timestamp()) * 1000, BigInteger)
