"""What vendors report of recipients."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update

from bridge.domain.status import FINAL_ITEMS, PackageState, SubmissionState, may_follow
from bridge.ledger import pushing
from bridge.ledger.bulk import BulkUpdate
from bridge.ledger.instant import to_ms
from bridge.ledger.progress import follow, item_state, lock, state_of
from bridge.ledger.settling import GOT_ON
from bridge.ledger.tables import SPAN, item, submission
from bridge.ledger.values import ItemUpdate

__all__ = ["report"]

_NOTHING = -9
_REPORTED = BulkUpdate(
    item,
    ("state", "raw", "reported_at", "id"),
    also="error = NULL",
    where="item.part IS NOT NULL",
    blank={"state": str(_NOTHING)},
)
# a report can come before the outcome of the send is settled
_REPORTABLE = (SubmissionState.SENDING, SubmissionState.ACCEPTED, SubmissionState.UNKNOWN)


def report(connection: Connection, submission_id: int, updates: Sequence[ItemUpdate], due_at: datetime | None) -> PackageState:
    """Applies a vendor's report; the package's state then.

    An item never goes back. A word without a state is kept, and shows that the vendor has the message. What is said of a number
    that the submission does not have is passed over; so is a report on one that was refused or never sent.
    due_at: when to ask again, unless all its items are final now; None: never. Raises LookupError for no such submission.
    """
    locked = lock(connection, submission_id // SPAN)
    row = connection.execute(select(submission).where(submission.c.id == submission_id).with_for_update()).one_or_none()
    if row is None:
        raise LookupError("no such submission")
    if row.state not in _REPORTABLE:
        return state_of(locked)
    first = row.package_id * SPAN
    own = [item.c.id.between(first + row.first, first + row.last), item.c.part == submission_id - first]
    changes = list(_changes(connection, own, row.state, updates))
    _REPORTED.run(connection, [each.row for each in changes])
    _close(connection, row, own, bool(updates), due_at)
    ended = [each.row for each in changes if each.ended]
    pushing.tell(connection, locked, [id_ for *_, id_ in ended], max((at for _, _, at, _ in ended), default=0))
    return follow(connection, locked)


class _Change(NamedTuple):
    # for _REPORTED
    row: tuple[int, str, int, int]
    # it became final
    ended: bool


def _changes(connection: Connection, own: Sequence[Any], submission_state: int, updates: Iterable[ItemUpdate]) -> Iterable[_Change]:
    """Of several items with one number, each update without a text takes the next."""
    items = connection.execute(select(item.c.id, item.c.number, item.c.content, item.c.state).where(*own)).all()
    by_number: dict[str, deque[Any]] = defaultdict(deque)
    for row in sorted(items, key=lambda row: row.id):
        by_number[row.number].append(row)
    for each in updates:
        row = _take(by_number.get(each.number), each.text)
        if row is None:
            continue
        now = item_state(row.state, submission_state)
        then = now if each.state is None else each.state
        if then is now or may_follow(then, now):
            # what is not final yet goes on following the submission
            final = then in FINAL_ITEMS
            yield _Change((then.value if final else _NOTHING, each.raw, to_ms(each.at), row.id), final and then is not now)


def _take(rows: deque[Any] | None, text: str | None) -> Any:
    """Takes out the row that is meant; None when there is none."""
    if not rows:
        return None
    if text is not None and len(rows) > 1:
        for row in rows:
            if row.content == text:
                rows.remove(row)
                return row
    return rows.popleft()


def _close(connection: Connection, row: Any, own: Sequence[Any], told: bool, due_at: datetime | None) -> None:
    """Nobody looks again at a submission all of whose items are final; of an unknown one a report proves that it was taken."""
    open_items = select(func.count()).select_from(item).where(*own, item.c.state.is_(None))
    done = not connection.scalar(open_items)
    values: dict[str, object] = {**GOT_ON, "due_at": None if done or due_at is None else to_ms(due_at)}
    if told and row.state == SubmissionState.UNKNOWN:
        values |= {"state": SubmissionState.ACCEPTED.value, "message": None}
    if row.state == SubmissionState.SENDING:
        # its due_at says when its claim is stale. Whoever settles it has to look at the items
        values = {"alone": 0}
    connection.execute(update(submission).where(submission.c.id == row.id).values(**values))
