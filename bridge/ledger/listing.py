"""getSmsPackages: filters, pages and totals, as fast with a million packages as with a few.

Strategy: packages are listed by sending_at, newest first.
- Named ones (ids, customIDs) are few: they are fetched and filtered.
- Else the index on (account, [sender,] shelf, sending_at) is read from its end: once for each shelf that the filters allow and that
  has packages, only as far as the page goes, and merged. The total is a sum of counts (`bridge.ledger.counting`).
- A keyword with few hits is found by the search index, and its hits are filtered. One with many hits is found on nearly every page
  anyway, so packages are read as without it and their texts looked at; only the total takes a walk through all hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select, union_all

from bridge.domain.package import Package, Page
from bridge.domain.query import PackagesQuery
from bridge.domain.status import SHELVES, PackageFilter
from bridge.ledger import counting, search
from bridge.ledger.counting import Span
from bridge.ledger.instant import to_ms
from bridge.ledger.progress import with_only
from bridge.ledger.showing import shown_package
from bridge.ledger.tables import package

__all__ = ["list_packages"]

_MINUTE: Final = 60_000
_CHUNK: Final = 500
# hits of a keyword up to which all are fetched
_FEW_HITS: Final = 2000


class _Filters:
    """A query in the words of the tables."""

    def __init__(self, account: int, query: PackagesQuery) -> None:
        self.account = account
        self.sender = query.sender or None
        self.keyword = query.keyword or None
        self.shelves = SHELVES[PackageFilter(query.status or 0)]
        self.all_shelves = self.shelves == SHELVES[PackageFilter.ALL]
        start = None if query.start is None else to_ms(query.start)
        self.span = Span(start, None if query.finish is None else _behind(to_ms(query.finish)))
        self.offset, self.size = query.page_index * query.page_size, query.page_size

    def conditions(self) -> list[ColumnElement[bool]]:
        """All but the keyword."""
        found = [package.c.account == self.account, *self.dates()]
        if not self.all_shelves:
            found.append(package.c.shelf.in_(self.shelves))
        if self.sender is not None:
            found.append(package.c.sender == self.sender)
        return found

    def dates(self) -> list[ColumnElement[bool]]:
        found = []
        if self.span.start is not None:
            found.append(package.c.sending_at >= self.span.start)
        if self.span.finish is not None:
            found.append(package.c.sending_at < self.span.finish)
        return found


def list_packages(connection: Connection, account: int, query: PackagesQuery) -> Page[Package]:
    """One page of the account's packages.

    Both ends of a range of dates are included; a finish without seconds means its whole minute.
    """
    filters = _Filters(account, query)
    if query.ids or query.custom_ids:
        total, ids = _named(connection, filters, query)
    elif filters.keyword is None:
        total = counting.count(connection, account, filters.sender, filters.shelves, filters.span)
        ids = _walk(connection, filters) if total > filters.offset else []
    else:
        total, ids = _searched(connection, filters, filters.keyword)
    return Page(total_record=total, rows=tuple(shown_package(row) for row in _rows(connection, account, ids)))


def _behind(finish: int) -> int:
    """The first moment (milliseconds) behind the range: clients give whole minutes and mean all of the last one."""
    return finish + (_MINUTE if finish % _MINUTE == 0 else 1)


def _rows(connection: Connection, account: int, ids: Sequence[int]) -> list[Any]:
    found = {}
    for chunk in _chunks(ids):
        for row in connection.execute(with_only(package).where(package.c.id.in_(chunk), package.c.account == account)):
            found[row.id] = row
    return [found[id_] for id_ in ids if id_ in found]


def _named(connection: Connection, filters: _Filters, query: PackagesQuery) -> tuple[int, list[int]]:
    account = package.c.account == filters.account
    chosen: set[int] | None = None
    if query.ids:
        chosen = _ids(connection, query.ids, lambda chunk: [account, package.c.public_id.in_(chunk)])
        chosen |= _ids(connection, query.ids, lambda chunk: [account, package.c.id.in_(chunk), package.c.public_id.is_(None)])
    if query.custom_ids:
        named = _ids(connection, query.custom_ids, lambda chunk: [account, package.c.custom_id.in_(chunk)])
        chosen = named if chosen is None else chosen & named
    conditions = filters.conditions()
    if filters.keyword is not None:
        conditions.append(search.has_text(filters.keyword))
    found = []
    for chunk in _chunks(sorted(chosen or ())):
        rows = connection.execute(select(package.c.sending_at, package.c.id).where(package.c.id.in_(chunk), *conditions))
        found += [(row.sending_at, row.id) for row in rows]
    found.sort(reverse=True)
    return len(found), [id_ for _, id_ in found[filters.offset : filters.offset + filters.size]]


def _ids(connection: Connection, keys: Iterable[Any], conditions: Any) -> set[int]:
    found: set[int] = set()
    for chunk in _chunks(dict.fromkeys(keys)):
        found.update(connection.scalars(select(package.c.id).where(*conditions(chunk))))
    return found


def _walk(connection: Connection, filters: _Filters, also: Sequence[ColumnElement[bool]] = ()) -> list[int]:
    """The page's ids, newest first."""
    places = counting.places(connection, filters.account, filters.sender, filters.shelves)
    arms = [_arm(filters, shelf, also) for shelf in sorted({place.shelf for place in places})]
    if not arms:
        return []
    merged = union_all(*arms).subquery() if len(arms) > 1 else arms[0].subquery()
    newest = select(merged.c.id).order_by(merged.c.sending_at.desc(), merged.c.id.desc())
    return list(connection.scalars(newest.limit(filters.size).offset(filters.offset)))


def _arm(filters: _Filters, shelf: int, also: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The newest of one shelf, as far as the page can need them."""
    conditions = [package.c.account == filters.account, package.c.shelf == shelf, *filters.dates(), *also]
    if filters.sender is not None:
        conditions.append(package.c.sender == filters.sender)
    newest = select(package.c.id, package.c.sending_at).where(*conditions)
    newest = newest.order_by(package.c.sending_at.desc(), package.c.id.desc()).limit(filters.offset + filters.size)
    # SQLite takes no ORDER BY in a part of a UNION, but in a subquery of it
    return select(newest.subquery())


def _searched(connection: Connection, filters: _Filters, keyword: str) -> tuple[int, list[int]]:
    if len(keyword) < search.LEAST:
        matching = [*filters.conditions(), search.has_text(keyword)]
        return _count(connection, package, matching), _walk(connection, filters, [search.has_text(keyword)])
    hits = search.hits(connection, filters.account, keyword)
    found = hits.join(package, package.c.id == hits.c.id)
    conditions = filters.conditions()
    bare = filters.all_shelves and filters.sender is None and filters.span == Span()
    total = _count(connection, hits, []) if bare else _count(connection, found, conditions)
    if total <= filters.offset:
        return total, []
    if _many(connection, filters, keyword, total):
        return total, _walk(connection, filters, [search.has_text(keyword)])
    newest = select(package.c.id).select_from(found).where(*conditions).order_by(package.c.sending_at.desc(), package.c.id.desc())
    return total, list(connection.scalars(newest.limit(filters.size).offset(filters.offset)))


def _many(connection: Connection, filters: _Filters, keyword: str, total: int) -> bool:
    """Whether looking at packages in turn ends sooner than fetching every hit."""
    if search.some(connection, filters.account, keyword, _FEW_HITS) < _FEW_HITS:
        return False
    packages = counting.count(connection, filters.account, filters.sender, filters.shelves, filters.span)
    return (filters.offset + filters.size) * packages < total * total


def _count(connection: Connection, source: FromClause, conditions: Sequence[ColumnElement[bool]]) -> int:
    return connection.scalar(select(func.count()).select_from(source).where(*conditions)) or 0


def _chunks(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """As many as one statement takes well."""
    remaining = iter(keys)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
