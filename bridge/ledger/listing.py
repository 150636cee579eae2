"""getSmsPackages: filters, pages and totals, as fast with a million packages as with a few.

Strategy: packages are listed by sending_at, newest first.
- Named ones (ids, customIDs) are few: they are fetched and filtered.
- Others are walked through in an index (`bridge.ledger.walking`). The total is a sum of counts (`bridge.ledger.counting`).
- A keyword with few hits is found by the search index, and its hits are filtered. One with many hits is met with soon on a walk, so
  packages are walked through and their texts looked at; only its total takes longer with more hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from bridge.domain.package import Package, Page
from bridge.domain.query import PackagesQuery
from bridge.domain.status import SHELVES, PackageFilter
from bridge.ledger import counting, search
from bridge.ledger.filters import Filters, Span, Window, owned
from bridge.ledger.instant import to_ms
from bridge.ledger.progress import with_only
from bridge.ledger.showing import shown_package
from bridge.ledger.tables import package
from bridge.ledger.walking import walk, walk_matching

__all__ = ["list_packages"]

_MINUTE: Final = 60_000
_CHUNK: Final = 500
# hits of a keyword up to which all are fetched
_FEW_HITS: Final = 2000


def list_packages(connection: Connection, account: int, query: PackagesQuery) -> Page[Package]:
    """One page of the account's packages.

    Both ends of a range of dates are included; a finish without seconds means its whole minute.
    """
    filters, keyword = _filters(account, query), query.keyword
    window = Window(query.page_index * query.page_size, query.page_size)
    if query.ids or query.custom_ids:
        named = _named(connection, filters, query)
        total, ids = len(named), named[window.offset : window.offset + window.size]
    elif not keyword:
        total = counting.count(connection, filters)
        ids = walk(connection, filters, window) if total > window.offset else []
    elif len(keyword) < search.LEAST:
        matching = [package.c.account == account, *filters.conditions(), search.has_text(keyword)]
        total, ids = _count(connection, package, matching), walk_matching(connection, filters, keyword, window) or []
    else:
        total, ids = _searched(connection, filters, keyword, window)
    return Page(total_record=total, rows=tuple(shown_package(row) for row in _rows(connection, account, ids)))


def _filters(account: int, query: PackagesQuery) -> Filters:
    start = None if query.start is None else to_ms(query.start)
    finish = None if query.finish is None else to_ms(query.finish)
    if finish is not None:  # clients give whole minutes and mean all of the last one
        finish += _MINUTE if finish % _MINUTE == 0 else 1
    return Filters(account, query.sender or None, SHELVES[PackageFilter(query.status or 0)], Span(start, finish))


def _rows(connection: Connection, account: int, ids: Sequence[int]) -> list[Any]:
    found = {}
    for chunk in _chunks(ids):
        for row in connection.execute(with_only(package).where(package.c.id.in_(chunk), owned(account))):
            found[row.id] = row
    return [found[id_] for id_ in ids if id_ in found]


def _named(connection: Connection, filters: Filters, query: PackagesQuery) -> list[int]:
    """The ids of all that fit, newest first. An id is one that the client was told: node's, or the ledger's own."""
    account, own = package.c.account == filters.account, owned(filters.account)
    chosen: set[int] | None = None
    if query.ids:
        chosen = _ids(connection, query.ids, lambda chunk: [account, package.c.public_id.in_(chunk)])
        chosen |= _ids(connection, query.ids, lambda chunk: [own, package.c.id.in_(chunk), package.c.public_id.is_(None)])
    if query.custom_ids:
        named = _ids(connection, query.custom_ids, lambda chunk: [account, package.c.custom_id.in_(chunk)])
        chosen = named if chosen is None else chosen & named
    conditions = filters.conditions()
    if query.keyword:
        conditions.append(search.has_text(query.keyword))
    found = []
    for chunk in _chunks(sorted(chosen or ())):
        rows = connection.execute(select(package.c.sending_at, package.c.id).where(package.c.id.in_(chunk), *conditions))
        found += [(row.sending_at, row.id) for row in rows]
    return [id_ for _, id_ in sorted(found, reverse=True)]


def _ids(connection: Connection, keys: Iterable[Any], conditions: Any) -> set[int]:
    found: set[int] = set()
    for chunk in _chunks(dict.fromkeys(keys)):
        found.update(connection.scalars(select(package.c.id).where(*conditions(chunk))))
    return found


def _searched(connection: Connection, filters: Filters, keyword: str, window: Window) -> tuple[int, list[int]]:
    hits = search.hits(connection, filters.account, keyword)
    found = hits.join(package, package.c.id == hits.c.id)
    conditions = filters.conditions()
    bare = filters == Filters(filters.account)
    total = _count(connection, hits, []) if bare else _count(connection, found, conditions)
    if total <= window.offset:
        return total, []
    if search.some(connection, filters.account, keyword, _FEW_HITS) == _FEW_HITS:
        met = walk_matching(connection, filters, keyword, window, most=total)
        if met is not None:
            return total, met
    newest = select(package.c.id).select_from(found).where(*conditions).order_by(package.c.sending_at.desc(), package.c.id.desc())
    return total, list(connection.scalars(newest.limit(window.size).offset(window.offset)))


def _count(connection: Connection, source: FromClause, conditions: Sequence[ColumnElement[bool]]) -> int:
    return connection.scalar(select(func.count()).select_from(source).where(*conditions)) or 0


def _chunks(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """As many as one statement takes well."""
    remaining = iter(keys)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
