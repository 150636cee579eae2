"""A package follows its items: its state, shelf and statistics are recomputed in the transaction that changed one of them.

Strategy: `lock` the package's row first, change items and submissions, then `follow`. The lock keeps processes from changing two
items of one package past each other (SQLite has one writer anyway).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Select, and_, func, literal, select, update

from bridge.domain.status import (
    ITEM_OF,
    UNDELIVERED,
    ItemState,
    PackageState,
    SubmissionState,
    may_follow,
    package_state,
    shelf_of,
)
from bridge.ledger import counting
from bridge.ledger.tables import SPAN, item, package, submission

__all__ = ["follow", "item_state", "items_of", "lock", "state_of", "with_only"]

_NAMES = ("id", "account", "sender", "sending_at", "scheduled", "periodic", "state", "shelf", "submissions", "public_id", "extras")
_COLUMNS = [package.c[name] for name in _NAMES]
# what was not sent costs nothing
_FREE = (ItemState.CANCELLED, ItemState.REJECTED)


def with_only(*columns: Any) -> Select[Any]:
    """Selects columns of `package` and, as `only`, the state of its submission where it has but one: for `state_of`."""
    alone = and_(submission.c.id == package.c.id * SPAN, package.c.submissions == 1)
    return select(*columns, submission.c.state.label("only")).select_from(package.outerjoin(submission, alone))


def state_of(row: Any) -> PackageState:
    """The state of a package as it is. row: from `with_only`.

    When the only submission of a package is accepted, nothing is written to the package: that is most of all sends.
    """
    if row.state == PackageState.SENDING and row.only == SubmissionState.ACCEPTED:
        return PackageState.SENT
    return PackageState(row.state)


def lock(connection: Connection, package_id: int) -> Row[Any]:
    """The package's row with `only`, held until the transaction ends. Raises LookupError when there is none."""
    locked = with_only(*_COLUMNS).where(package.c.id == package_id).with_for_update(of=package)
    row = connection.execute(locked).one_or_none()
    if row is None:
        raise LookupError("no such package")
    return row


def items_of(package_id: int) -> Any:
    """The condition that an item is one of the package's."""
    return item.c.id.between(package_id * SPAN, (package_id + 1) * SPAN - 1)


def item_state(reported: int | None, submission_state: int | None) -> ItemState:
    """What is reported of an item, else what follows from its submission."""
    if reported is not None:
        return ItemState(reported)
    assert submission_state is not None  # an item without a submission has a state
    return ITEM_OF[SubmissionState(submission_state)]


def _tally(connection: Connection, package_id: int) -> list[tuple[ItemState, int, int]]:
    """Of the package's items: state, how many, and their parts; a state may come more than once."""
    groups = [item.c.state, submission.c.state]
    rows = connection.execute(
        select(item.c.state.label("reported"), submission.c.state, func.count().label("n"), func.sum(item.c.parts).label("parts"))
        .select_from(item)
        .outerjoin(submission, submission.c.id == literal(package_id * SPAN, BigInteger) + item.c.part)
        .where(items_of(package_id))
        .group_by(*groups)
    )
    return [(item_state(row.reported, row.state), row.n, row.parts) for row in rows]


def follow(connection: Connection, locked: Row[Any], **changed: object) -> PackageState:
    """Recomputes the package from its items. changed: other columns to set. Returns its state."""
    rows = _tally(connection, locked.id)
    counts: Counter[ItemState] = Counter()
    for each, n, _ in rows:
        counts[each] += n
    before = state_of(locked)
    state = package_state(counts, before)
    if state is not before and not may_follow(state, before):
        raise ValueError(f"a package in state {before.name} cannot become {state.name}")
    shelf = shelf_of(state, scheduled=bool(locked.scheduled), periodic=bool(locked.periodic))
    values = changed | {
        "state": state.value,
        "shelf": shelf,
        "credit": sum(parts for each, _, parts in rows if each not in _FREE),
        "delivered": counts[ItemState.DELIVERED],
        "undelivered": sum(counts[each] for each in UNDELIVERED),
    }
    connection.execute(update(package).where(package.c.id == locked.id).values(**values))
    if shelf != locked.shelf:
        place = (locked.account, locked.sender)
        counting.apply(
            connection,
            [(*place, locked.shelf, locked.sending_at, -1), (*place, shelf, locked.sending_at, 1)],
        )
    return state
