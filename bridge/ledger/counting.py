"""How many packages stand where, kept up to date in the transaction of each change: counting rows would grow with their number.

Strategy: three levels of counts: all, each day, each hour (of sending_at, in UTC). A range of dates is the sum of its whole days,
its whole hours at both ends, and the rows of at most two ragged hours, counted in an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select

from bridge.ledger.bulk import BulkInsert
from bridge.ledger.tables import package, package_count

__all__ = ["Change", "Place", "Span", "apply", "count", "places", "prune"]

_HOUR = 3_600_000
_HOURS_OF_DAY = 24
_ALL, _DAYS, _HOURS = 0, 1, 2

_UPSERT = BulkInsert(
    package_count,
    ("account", "level", "bucket", "sender", "shelf", "n"),
    conflict="ON CONFLICT (account, level, bucket, sender, shelf) DO UPDATE SET n = package_count.n + excluded.n",
)


Change = tuple[int, str, int, int, int]
"""A package that came to a shelf (by 1) or left it (by -1): account, sender, shelf, sending_at in milliseconds, by."""


class Span(NamedTuple):
    """A range of sending_at in milliseconds, `finish` excluded; None is open."""

    start: int | None = None
    finish: int | None = None


class Place(NamedTuple):
    """What has packages: a sender and a shelf."""

    sender: str
    shelf: int


def apply(connection: Connection, changes: Iterable[Change]) -> None:
    """Adds the changes up. To be called last in a transaction: other processes wait for the rows it touches."""
    hours: dict[tuple[int, str, int, int], int] = {}
    for account, sender, shelf, sending_at, by in changes:
        key = (account, sender, shelf, sending_at // _HOUR)
        hours[key] = hours.get(key, 0) + by
    sums: dict[tuple[int, int, int, str, int], int] = {}
    for (account, sender, shelf, hour), by in hours.items():
        for level, bucket in ((_ALL, 0), (_DAYS, hour // _HOURS_OF_DAY), (_HOURS, hour)):
            place = (account, level, bucket, sender, shelf)
            sums[place] = sums.get(place, 0) + by
    # in one order everywhere, so that two processes never wait for each other
    _UPSERT.run(connection, [(*key, by) for key, by in sorted(sums.items()) if by])


def places(connection: Connection, account: int, sender: str | None, shelves: Sequence[int]) -> dict[Place, int]:
    """The places that have packages now, and how many. sender: None for all."""
    query = select(package_count.c.sender, package_count.c.shelf, package_count.c.n).where(
        package_count.c.n > 0, *_at(account, _ALL, sender, shelves), package_count.c.bucket == 0
    )
    return {Place(row.sender, row.shelf): row.n for row in connection.execute(query)}


def count(connection: Connection, account: int, sender: str | None, shelves: Sequence[int], span: Span) -> int:
    """How many packages the filters find. sender: None for all."""
    if span == Span():
        return sum(places(connection, account, sender, shelves).values())
    buckets, ragged = _cover(span)
    counted = sum(_sum(connection, account, sender, shelves, each) for each in buckets)
    return counted + sum(_rows(connection, account, sender, shelves, each) for each in ragged)


def prune(connection: Connection, account: int, before: int) -> None:
    """Deletes empty counts of days and hours before a time in milliseconds."""
    for level, bucket in ((_DAYS, before // _HOUR // _HOURS_OF_DAY), (_HOURS, before // _HOUR)):
        empty = [package_count.c.account == account, package_count.c.level == level, package_count.c.bucket < bucket]
        connection.execute(delete(package_count).where(*empty, package_count.c.n == 0))


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


def _sum(connection: Connection, account: int, sender: str | None, shelves: Sequence[int], buckets: _Buckets) -> int:
    if buckets.end is not None and buckets.first >= buckets.end:
        return 0
    conditions = [*_at(account, buckets.level, sender, shelves), package_count.c.bucket >= buckets.first]
    if buckets.end is not None:
        conditions.append(package_count.c.bucket < buckets.end)
    return connection.scalar(select(func.coalesce(func.sum(package_count.c.n), 0)).where(*conditions)) or 0


def _at(account: int, level: int, sender: str | None, shelves: Sequence[int]) -> list[ColumnElement[bool]]:
    conditions = [package_count.c.account == account, package_count.c.level == level, package_count.c.shelf.in_(shelves)]
    if sender is not None:
        conditions.append(package_count.c.sender == sender)
    return conditions


def _rows(connection: Connection, account: int, sender: str | None, shelves: Sequence[int], span: tuple[int, int]) -> int:
    start, finish = span
    if start >= finish:
        return 0
    conditions = [package.c.account == account, package.c.shelf.in_(shelves)]
    conditions += [package.c.sending_at >= start, package.c.sending_at < finish]
    if sender is not None:
        conditions.append(package.c.sender == sender)
    return connection.scalar(select(func.count()).select_from(package).where(*conditions)) or 0
