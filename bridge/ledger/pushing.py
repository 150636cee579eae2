"""Pushes: what became of recipients is told to the client's own server, where the client wants that and the vendor does not do it.

Facts:
- A push tells of items that became final: reported, timed out, or refused. That the vendor took a message, the client's call told.
- Who asks for pushes is known by the package's `extras`, which is read with the package's row anyway.

Strategy: each item knows the push that tells of it. As long as a push was not tried yet, later changes join it. Its content is read
when it is tried, so that it tells the states of then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, delete, insert, literal, select, update

from bridge.ledger import extras
from bridge.ledger.bulk import BulkUpdate
from bridge.ledger.instant import from_ms, to_ms
from bridge.ledger.leasing import Leased
from bridge.ledger.progress import item_state, items_of, lock, state_of, with_only
from bridge.ledger.tables import SPAN, account, item, package, push, submission
from bridge.ledger.values import DuePush, PushContent, PushItem

__all__ = [
    "MOST_ATTEMPTS",
    "MOST_ITEMS",
    "content",
    "due",
    "failed",
    "forget",
    "old",
    "open_one",
    "prune",
    "pushed",
    "put_off",
    "split",
    "take",
    "tell",
]

MOST_ITEMS: Final = 1000
"""Items that one push tells; the others are told by another."""
MOST_ATTEMPTS: Final = 12
"""More than any plan of retries has: the processes that took it died of it."""
# at once, whatever the clocks of vendors say
_NOW: Final = 0
_PUSHES: Final = Leased(push.c.id, push.c.due_at, push.c.attempts)
_TELLS = BulkUpdate(item, ("push", "id"))
_UNTRIED: Final = (push.c.attempts == 0, push.c.due_at.is_not(None))


def tell(connection: Connection, locked: Any, changed: Sequence[int] | ColumnElement[bool], at: int) -> None:
    """Has a push tell of items that became final, if the package is one that is pushed.

    locked: the package's row, of `lock`. changed: ids of its items, or a condition on them. at: when, in milliseconds.
    """
    url = extras.pushed_to(locked.extras)
    if url is None or (isinstance(changed, Sequence) and not changed):
        return
    push_id = _waiting(connection, locked.id)
    if push_id is None:
        push_id = _add(connection, locked.id, locked.account, url, at)
    if isinstance(changed, Sequence):
        _TELLS.run(connection, [(push_id, id_) for id_ in changed])
    else:
        connection.execute(update(item).where(items_of(locked.id), changed).values(push=push_id))


def _waiting(connection: Connection, package_id: int) -> int | None:
    """A push that nobody tried, nor can try until the transaction ends."""
    query = select(push.c.id).where(push.c.package_id == package_id, *_UNTRIED).order_by(push.c.id).limit(1)
    return connection.scalar(query.with_for_update())


def _add(connection: Connection, package_id: int, account_number: int, url: str, at: int) -> int:
    values = {"package_id": package_id, "account": account_number, "url": url, "created_at": at, "due_at": _NOW}
    added: int = connection.execute(insert(push).values(**values).returning(push.c.id)).scalar_one()
    return added


def forget(connection: Connection, package_id: int) -> None:
    """Deletes what was not tried of a package: its client had the refusal as an answer."""
    connection.execute(delete(push).where(push.c.package_id == package_id, *_UNTRIED))


def due(connection: Connection, now: datetime) -> bool:
    """Whether there is something to take."""
    return _PUSHES.any_due(connection, now)


def take(connection: Connection, now: datetime, limit: int, lease: timedelta) -> tuple[DuePush, ...]:
    """Takes at most `limit` pushes, without those that another process is about to take."""
    rows = _PUSHES.lock(connection, now, limit)
    ids = [id_ for id_, attempts in rows if attempts < MOST_ATTEMPTS]
    _PUSHES.set_aside(connection, [id_ for id_, attempts in rows if attempts >= MOST_ATTEMPTS], error="given up")
    _PUSHES.extend(connection, ids, now + lease)
    return _read(connection, push.c.id.in_(ids))


def open_one(connection: Connection, push_id: int) -> DuePush | None:
    """A push that is not delivered yet, nor given up."""
    found = _read(connection, (push.c.id == push_id) & push.c.due_at.is_not(None))
    return found[0] if found else None


def _read(connection: Connection, chosen: ColumnElement[bool]) -> tuple[DuePush, ...]:
    query = select(push, account.c.name).join(account, account.c.id == push.c.account).where(chosen)
    return tuple(
        DuePush(row.id, row.package_id, row.name, row.account, row.url, row.attempts)
        for row in connection.execute(query.order_by(push.c.id))
    )


def content(connection: Connection, push_id: int) -> PushContent | None:
    """What the push has to tell; None when it was delivered or is gone. With one item more than MOST_ITEMS: to be `split`."""
    open_ = (push.c.id == push_id) & push.c.delivered_at.is_(None)
    row = connection.execute(
        with_only(package).where(package.c.id == select(push.c.package_id).where(open_).scalar_subquery())
    ).one_or_none()
    if row is None:
        return None
    return PushContent(
        package_id=row.id if row.public_id is None else row.public_id,
        state=state_of(row),
        total=row.total,
        delivered=row.delivered,
        undelivered=row.undelivered,
        items=_items(connection, row.id, push_id),
    )


def _items(connection: Connection, package_id: int, push_id: int) -> tuple[PushItem, ...]:
    query = (
        select(item, submission.c.settled_at, submission.c.state.label("submission_state"))
        .join(submission, submission.c.id == literal(package_id * SPAN, BigInteger) + item.c.part)
        .where(items_of(package_id), item.c.push == push_id)
        .order_by(item.c.id)
        .limit(MOST_ITEMS + 1)
    )
    return tuple(
        PushItem(
            id=row.id,
            number=row.number,
            state=item_state(row.state, row.submission_state),
            at=from_ms(row.settled_at if row.reported_at is None else row.reported_at),
        )
        for row in connection.execute(query)
    )


def split(connection: Connection, push_id: int) -> None:
    """Leaves a push MOST_ITEMS items; the others are told by one that was not tried yet."""
    row = connection.execute(select(push).where(push.c.id == push_id)).one_or_none()
    if row is None:
        return
    lock(connection, row.package_id)
    told = [items_of(row.package_id), item.c.push == push_id]
    first = connection.scalar(select(item.c.id).where(*told).order_by(item.c.id).offset(MOST_ITEMS).limit(1))
    if first is None:
        return
    # never one that waits: it may have as many of its own
    other = _add(connection, row.package_id, row.account, row.url, row.created_at)
    connection.execute(update(item).where(*told, item.c.id >= first).values(push=other))


def pushed(connection: Connection, push_id: int, at: datetime) -> None:
    """It was delivered."""
    open_ = [push.c.id == push_id, push.c.delivered_at.is_(None)]
    connection.execute(update(push).where(*open_).values(delivered_at=to_ms(at), due_at=None, error=None))


def failed(connection: Connection, push_id: int, what: str, due_at: datetime | None) -> None:
    """It was not delivered, unless another process did it. due_at: when to try again; None: never."""
    open_ = [push.c.id == push_id, push.c.delivered_at.is_(None)]
    connection.execute(update(push).where(*open_).values(due_at=None if due_at is None else to_ms(due_at), error=what))


def put_off(connection: Connection, push_id: int, due_at: datetime) -> None:
    """It was taken, but not tried."""
    open_ = [push.c.id == push_id, push.c.delivered_at.is_(None)]
    connection.execute(update(push).where(*open_).values(due_at=to_ms(due_at), attempts=push.c.attempts - 1))


def old(connection: Connection, before: datetime) -> bool:
    """Whether there is something to prune."""
    return connection.scalar(select(push.c.id).where(push.c.delivered_at < to_ms(before)).limit(1)) is not None


def prune(connection: Connection, before: datetime, limit: int) -> int:
    """Deletes pushes that were delivered before that, the oldest first; how many."""
    old = select(push.c.id).where(push.c.delivered_at < to_ms(before)).order_by(push.c.delivered_at).limit(limit)
    ids = list(connection.scalars(old.with_for_update(skip_locked=True)))
    connection.execute(delete(push).where(push.c.id.in_(ids)))
    return len(ids)
