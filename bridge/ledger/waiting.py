"""What waits in all accounts, counted by indices that have only that."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, literal_column, select

from bridge.domain.status import SubmissionState
from bridge.ledger.instant import from_ms
from bridge.ledger.tables import push, recurrence, submission
from bridge.ledger.values import Overview

__all__ = ["overview"]


def overview(connection: Connection) -> Overview:
    """`late` is the writer's to say: 0."""
    held = [_in_state(SubmissionState.PENDING), submission.c.due_at.is_not(None)]
    oldest = connection.scalar(select(func.min(submission.c.due_at)).where(*held))
    given_up = [recurrence.c.due_at.is_(None), recurrence.c.next_at.is_not(None)]
    return Overview(
        unknown=_count(connection, submission, _in_state(SubmissionState.UNKNOWN)),
        pending=_count(connection, submission, *held),
        oldest_due=None if oldest is None else from_ms(oldest),
        stuck=_count(connection, submission, submission.c.stuck_at.is_not(None)) + _count(connection, recurrence, *given_up),
        pushes=_count(connection, push, push.c.due_at.is_not(None)),
        dead_pushes=_count(connection, push, push.c.due_at.is_(None), push.c.delivered_at.is_(None)),
        recurrences=_count(connection, recurrence, recurrence.c.due_at.is_not(None)),
        late=0,
    )


def _in_state(state: SubmissionState) -> ColumnElement[bool]:
    """As a partial index has it: a bound parameter would not find the index."""
    return submission.c.state == literal_column(str(state.value))


def _count(connection: Connection, table: Table, *conditions: ColumnElement[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
