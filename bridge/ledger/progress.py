"""A package follows its items: its state, shelf and statistics are recomputed in the transaction that changed one of them.

Strategy: `lock` the package's row first, change items and submissions, then `follow`. The lock keeps processes from changing two
items of one package past each other (SQLite has one writer anyway).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from bridge.domain.status import UNDELIVERED, ItemState, PackageState, may_follow, package_state, shelf_of
from bridge.ledger import counting
from bridge.ledger.counting import Change
from bridge.ledger.tables import SPAN, item, package

__all__ = ["follow", "items_of", "lock"]

_COLUMNS = [
    package.c[name]
    for name in ("id", "account", "sender", "sending_at", "scheduled", "periodic", "state", "shelf", "submissions", "public_id")
]
# what was not sent costs nothing
_FREE = (ItemState.CANCELLED, ItemState.REJECTED)


def lock(connection: Connection, package_id: int) -> Row[Any]:
    """The package's row, held until the transaction ends. Raises LookupError when there is none."""
    row = connection.execute(select(*_COLUMNS).where(package.c.id == package_id).with_for_update()).one_or_none()
    if row is None:
        raise LookupError("no such package")
    return row


def items_of(package_id: int) -> Any:
    """The condition that an item is one of the package's."""
    return item.c.id.between(package_id * SPAN, (package_id + 1) * SPAN - 1)


def follow(connection: Connection, locked: Row[Any], **changed: object) -> PackageState:
    """Recomputes the package from its items. changed: other columns to set. Returns its state."""
    tally = select(item.c.state, func.count().label("n"), func.sum(item.c.parts).label("parts"))
    rows = connection.execute(tally.where(items_of(locked.id)).group_by(item.c.state)).all()
    counts = {ItemState(row.state): row.n for row in rows}
    before = PackageState(locked.state)
    state = package_state(counts, before)
    if state is not before and not may_follow(state, before):
        raise ValueError(f"a package in state {before.name} cannot become {state.name}")
    shelf = shelf_of(state, scheduled=bool(locked.scheduled), periodic=bool(locked.periodic))
    values = changed | {
        "state": state.value,
        "shelf": shelf,
        "credit": sum(row.parts for row in rows if row.state not in _FREE),
        "delivered": counts.get(ItemState.DELIVERED, 0),
        "undelivered": sum(counts.get(each, 0) for each in UNDELIVERED),
    }
    connection.execute(update(package).where(package.c.id == locked.id).values(**values))
    if shelf != locked.shelf:
        place = (locked.account, locked.sender)
        counting.apply(
            connection,
            [Change(*place, locked.shelf, locked.sending_at, -1), Change(*place, shelf, locked.sending_at, 1)],
        )
    return state
