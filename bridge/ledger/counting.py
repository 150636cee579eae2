"""How many packages stand where, kept up to date in the transaction of each change: counting rows would grow with their number.

Strategy: three levels of counts: all, each day, each hour (of sending_at, in UTC). A range of dates is the sum of its whole days,
its whole hours at both ends, and the rows of at most two ragged hours, counted in an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select

from bridge.ledger.bulk import BulkInsert
from bridge.ledger.filters import ALWAYS, Filters, Span
from bridge.ledger.tables import package, package_count

__all__ = ["COUNTS", "Change", "Place", "apply", "count", "days_before", "places", "prune", "skip", "sums"]

_HOUR = 3_600_000
_HOURS_OF_DAY = 24
_ALL, _DAYS, _HOURS = 0, 1, 2

COUNTS = BulkInsert(
    package_count,
    ("account", "level", "bucket", "sender", "shelf", "n"),
    conflict="ON CONFLICT (account, level, bucket, sender, shelf) DO UPDATE SET n = package_count.n + excluded.n",
)


Change = tuple[int, str, int, int, int]
"""A package that came to a shelf (by 1) or left it (by -1): account, sender, shelf, sending_at in milliseconds, by."""


class Place(NamedTuple):
    """What has packages: a sender and a shelf."""

    sender: str
    shelf: int


def apply(connection: Connection, changes: Iterable[Change]) -> None:
    """Adds the changes up. To be called last in a transaction: other processes wait for the rows it touches."""
    COUNTS.run(connection, sums(changes))


def sums(changes: Iterable[Change]) -> list[tuple[int, int, int, str, int, int]]:
    """Rows for COUNTS, with which no row of `package_count` is touched twice."""
    hours: dict[tuple[int, str, int, int], int] = {}
    for account, sender, shelf, sending_at, by in changes:
        key = (account, sender, shelf, sending_at // _HOUR)
        hours[key] = hours.get(key, 0) + by
    found: dict[tuple[int, int, int, str, int], int] = {}
    for (account, sender, shelf, hour), by in hours.items():
        for level, bucket in ((_ALL, 0), (_DAYS, hour // _HOURS_OF_DAY), (_HOURS, hour)):
            place = (account, level, bucket, sender, shelf)
            found[place] = found.get(place, 0) + by
    # in one order everywhere, so that two processes never wait for each other
    return [(*key, by) for key, by in sorted(found.items()) if by]


def places(connection: Connection, filters: Filters) -> dict[Place, int]:
    """The places that have packages now, and how many; dates do not count."""
    query = select(package_count.c.sender, package_count.c.shelf, package_count.c.n)
    rows = connection.execute(query.where(package_count.c.n > 0, *_at(filters, _ALL), package_count.c.bucket == 0))
    return {Place(row.sender, row.shelf): row.n for row in rows}


def count(connection: Connection, filters: Filters) -> int:
    """How many packages the filters find."""
    if filters.span == ALWAYS:
        return sum(places(connection, filters).values())
    buckets, ragged = _cover(filters.span)
    counted = sum(n for each in buckets for _, n in _numbers(connection, filters, each))
    return counted + sum(_rows(connection, filters, each) for each in ragged)


def skip(connection: Connection, filters: Filters, offset: int) -> tuple[int | None, int]:
    """For all but the newest `offset` packages: a time (milliseconds) before which they are, and the offset from there.

    There must be more than `offset`.
    """
    end = filters.span.finish
    if end is None:
        day, offset = _skip(connection, filters, _Buckets(_DAYS, 0, None), offset)
    else:
        ragged = _rows(connection, filters, (end // _HOUR * _HOUR, end))
        if offset < ragged:
            return end, offset
        hour = end // _HOUR
        of_day = _Buckets(_HOURS, hour - hour % _HOURS_OF_DAY, hour)
        found, offset = _skip(connection, filters, of_day, offset - ragged)
        if found is not None:
            return (found + 1) * _HOUR, offset
        day, offset = _skip(connection, filters, _Buckets(_DAYS, 0, hour // _HOURS_OF_DAY), offset)
    assert day is not None  # there are more
    last, offset = _skip(connection, filters, _Buckets(_HOURS, day * _HOURS_OF_DAY, (day + 1) * _HOURS_OF_DAY), offset)
    assert last is not None
    return (last + 1) * _HOUR, offset


def prune(connection: Connection, account: int, before: int) -> None:
    """Deletes empty counts of days and hours before a time in milliseconds."""
    for level, bucket in ((_DAYS, before // _HOUR // _HOURS_OF_DAY), (_HOURS, before // _HOUR)):
        empty = [package_count.c.account == account, package_count.c.level == level, package_count.c.bucket < bucket]
        connection.execute(delete(package_count).where(*empty, package_count.c.n == 0))


def days_before(before: int) -> list[ColumnElement[bool]]:
    """The condition that a count is of packages of a day that began before a time in milliseconds."""
    day = before // _HOUR // _HOURS_OF_DAY
    return [package_count.c.level == _DAYS, package_count.c.bucket <= day, package_count.c.n > 0]


class _Buckets(NamedTuple):
    level: int
    first: int
    # excluded; None is open
    end: int | None


def _cover(span: Span) -> tuple[list[_Buckets], list[tuple[int, int]]]:
    """The span as whole buckets, and the ranges (milliseconds, end excluded) that are less than an hour."""
    start = span.start or 0
    first_hour = -(-start // _HOUR)
    first_day = -(-first_hour // _HOURS_OF_DAY)
    if span.finish is None:
        found = [_Buckets(_HOURS, first_hour, first_day * _HOURS_OF_DAY), _Buckets(_DAYS, first_day, None)]
        return found, [(start, first_hour * _HOUR)]
    end_hour = span.finish // _HOUR
    end_day = end_hour // _HOURS_OF_DAY
    if end_hour < first_hour:
        return [], [(start, span.finish)]
    ragged = [(start, first_hour * _HOUR), (end_hour * _HOUR, span.finish)]
    if end_day <= first_day:
        return [_Buckets(_HOURS, first_hour, end_hour)], ragged
    ends = [_Buckets(_HOURS, first_hour, first_day * _HOURS_OF_DAY), _Buckets(_HOURS, end_day * _HOURS_OF_DAY, end_hour)]
    return [*ends, _Buckets(_DAYS, first_day, end_day)], ragged


def _numbers(connection: Connection, filters: Filters, buckets: _Buckets) -> Iterator[tuple[int, int]]:
    """Each bucket that has packages, and how many; the newest first."""
    conditions = [*_at(filters, buckets.level), package_count.c.bucket >= buckets.first]
    if buckets.end is not None:
        conditions.append(package_count.c.bucket < buckets.end)
    query = select(package_count.c.bucket, func.sum(package_count.c.n).label("n")).where(*conditions)
    rows = connection.execute(query.group_by(package_count.c.bucket).order_by(package_count.c.bucket.desc()))
    return ((row.bucket, row.n) for row in rows)


def _skip(connection: Connection, filters: Filters, buckets: _Buckets, offset: int) -> tuple[int | None, int]:
    """The bucket in which the offset ends, None when it goes beyond all; and what is left of the offset."""
    for bucket, n in _numbers(connection, filters, buckets):
        if offset < n:
            return bucket, offset
        offset -= n
    return None, offset


def _at(filters: Filters, level: int) -> list[ColumnElement[bool]]:
    conditions = [package_count.c.account == filters.account, package_count.c.level == level]
    conditions.append(package_count.c.shelf.in_(filters.shelves))
    if filters.sender is not None:
        conditions.append(package_count.c.sender == filters.sender)
    return conditions


def _rows(connection: Connection, filters: Filters, span: tuple[int, int]) -> int:
    start, finish = span
    if start >= finish:
        return 0
    conditions = [package.c.account == filters.account, package.c.shelf.in_(filters.shelves)]
    conditions += [package.c.sending_at >= start, package.c.sending_at < finish]
    if filters.sender is not None:
        conditions.append(package.c.sender == filters.sender)
    return connection.scalar(select(func.count()).select_from(package).where(*conditions)) or 0
