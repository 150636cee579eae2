"""Submissions that are due are taken.

Strategy: whatever gets a submission on (an outcome, a report, a postponement, a claim) ends its lease and counts its tries from the
start. So one that is taken again and again did not get on. After MOST_TRIES it is given up, and shown to the operator.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from bridge.domain.status import SubmissionState
from bridge.ledger.instant import to_ms
from bridge.ledger.leasing import Leased
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
_SUBMISSIONS: Final = Leased(submission.c.id, submission.c.due_at, submission.c.tries, (submission.c.state.in_(_TAKEABLE),))


def due(connection: Connection, now: datetime) -> bool:
    """Whether there is something to take."""
    return _SUBMISSIONS.any_due(connection, now)


def take(connection: Connection, now: datetime, limit: int, lease: timedelta, enqueue: Enqueue | None) -> Taken:
    """Takes at most `limit` submissions, without those that another process is about to take."""
    rows = _SUBMISSIONS.lock(connection, now, limit)
    given_up = [id_ for id_, tries in rows if tries >= MOST_TRIES]
    # of those at which a process may have died one at a time: it shows which it is, and the others get on
    suspects = [id_ for id_, tries in rows if SUSPECT_FROM <= tries < MOST_TRIES][:1]
    ids = [id_ for id_, tries in rows if tries < SUSPECT_FROM or id_ in suspects]
    _SUBMISSIONS.set_aside(connection, given_up, stuck_at=to_ms(now))
    if not ids:
        return Taken((), tuple(given_up))
    _SUBMISSIONS.extend(connection, ids, now + lease)
    places = {id_: place for place, id_ in enumerate(ids)}
    submissions = tuple(sorted(open_by_ids(connection, ids), key=lambda each: places[each.submission.id]))
    if enqueue is not None:
        enqueue(connection, submissions)
    return Taken(submissions, tuple(given_up))
