"""What is due is taken: by one process at a time, and not for ever.

Strategy: who takes a submission has it until its lease ends; then it is due again. Whatever gets it on (an outcome, a report, a
postponement, a claim) ends its lease and counts its tries from the start. So one that is taken again and again did not get on:
the processes that took it died of it, or their jobs never ended. After MOST_TRIES it is given up, and shown to the operator.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select, update

from bridge.domain.status import SubmissionState
from bridge.ledger.instant import to_ms
from bridge.ledger.reading import open_by_ids
from bridge.ledger.tables import submission
from bridge.ledger.values import Enqueue, Taken

__all__ = ["MOST_TRIES", "SUSPECT_FROM", "due", "take"]

MOST_TRIES: Final = 5
"""How often something is taken without getting on."""
SUSPECT_FROM: Final = 2
"""Tries after which something is taken without others of its kind."""
# what is being sent is its process' until its claim is stale: `bridge.ledger.processes`
_TAKEABLE = [SubmissionState.PENDING.value, SubmissionState.ACCEPTED.value, SubmissionState.UNKNOWN.value]


def due(connection: Connection, now: datetime) -> bool:
    """Whether there is something to take."""
    return connection.scalar(select(submission.c.id).where(*_due(now)).order_by(submission.c.due_at).limit(1)) is not None


def take(connection: Connection, now: datetime, limit: int, lease: timedelta, enqueue: Enqueue | None) -> Taken:
    """Takes at most `limit` submissions, without those that another process is about to take."""
    oldest = select(submission.c.id, submission.c.tries).where(*_due(now)).order_by(submission.c.due_at).limit(limit)
    rows = connection.execute(oldest.with_for_update(skip_locked=True)).all()
    given_up = tuple(row.id for row in rows if row.tries >= MOST_TRIES)
    # of those at which a process may have died one at a time: it shows which it is, and the others get on
    suspects = [row.id for row in rows if SUSPECT_FROM <= row.tries < MOST_TRIES][:1]
    ids = [row.id for row in rows if row.tries < SUSPECT_FROM or row.id in suspects]
    if given_up:
        connection.execute(update(submission).where(submission.c.id.in_(given_up)).values(stuck_at=to_ms(now), due_at=None))
    if not ids:
        return Taken((), given_up)
    leased = {"due_at": to_ms(now + lease), "tries": submission.c.tries + 1}
    connection.execute(update(submission).where(submission.c.id.in_(ids)).values(**leased))
    places = {id_: place for place, id_ in enumerate(ids)}
    submissions = tuple(sorted(open_by_ids(connection, ids), key=lambda each: places[each.submission.id]))
    if enqueue is not None:
        enqueue(connection, submissions)
    return Taken(submissions, given_up)


def _due(now: datetime) -> list[Any]:
    return [submission.c.due_at <= to_ms(now), submission.c.state.in_(_TAKEABLE)]
