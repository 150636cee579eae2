"""Walks through an account's packages, newest first, at a cost that does not grow with their number.

Strategy: the index on (account, [sender,] shelf, sending_at) is read from its end: once for each shelf that the filters allow and
that has packages, no further than needed, and merged. Of an offset, the counts of days and hours tell where to begin.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Select, or_, select, union_all

from bridge.ledger import counting, search
from bridge.ledger.filters import Filters, Span, Window, owned
from bridge.ledger.tables import package

__all__ = ["walk", "walk_matching"]

# offsets up to this are walked over
_NEAR: Final = 1000
_STEP: Final = 500


def walk(connection: Connection, filters: Filters, window: Window) -> list[int]:
    """Ids of the packages in the window."""
    offset = window.offset
    if offset > _NEAR:
        finish, offset = counting.skip(connection, filters, offset)
        filters = replace(filters, span=Span(filters.span.start, finish))
    return [row.id for row in _newest(connection, filters, offset + window.size)[offset:]]


def walk_matching(
    connection: Connection, filters: Filters, keyword: str, window: Window, most: int | None = None
) -> list[int] | None:
    """The same of packages whose text has the keyword. None when more than `most` packages would have to be looked at."""
    found: list[int] = []
    looked, last = 0, None
    while len(found) < window.offset + window.size:
        rows = _newest(connection, filters, _STEP, last)
        found += _having(connection, filters.account, [row.id for row in rows], keyword)
        if len(rows) < _STEP:
            break
        looked, last = looked + _STEP, rows[-1]
        if most is not None and looked > most:
            return None
    return found[window.offset : window.offset + window.size]


def _having(connection: Connection, account: int, ids: list[int], keyword: str) -> list[int]:
    """Those whose text has the keyword, in their order."""
    conditions = [package.c.id.in_(ids), owned(account), search.has_text(keyword)]
    matching = set(connection.scalars(select(package.c.id).where(*conditions)))
    return [id_ for id_ in ids if id_ in matching]


def _newest(connection: Connection, filters: Filters, count: int, last: Any = None) -> list[Any]:
    """Rows (id, sending_at). last: the row to begin behind."""
    places = counting.places(connection, filters)
    arms = [_arm(filters, shelf, count, last) for shelf in sorted({place.shelf for place in places})]
    if not arms:
        return []
    merged = union_all(*arms).subquery() if len(arms) > 1 else arms[0].subquery()
    newest = select(merged).order_by(merged.c.sending_at.desc(), merged.c.id.desc())
    return list(connection.execute(newest.limit(count)))


def _arm(filters: Filters, shelf: int, count: int, last: Any) -> Select[Any]:
    """The newest of one shelf."""
    conditions = [package.c.account == filters.account, package.c.shelf == shelf, *filters.dates()]
    if filters.sender is not None:
        conditions.append(package.c.sender == filters.sender)
    if last is not None:
        conditions.append(package.c.sending_at <= last.sending_at)
        conditions.append(or_(package.c.sending_at < last.sending_at, package.c.id < last.id))
    newest = select(package.c.id, package.c.sending_at).where(*conditions)
    newest = newest.order_by(package.c.sending_at.desc(), package.c.id.desc()).limit(count)
    # SQLite takes no ORDER BY in a part of a UNION, but in a subquery of it
    return select(newest.subquery())
