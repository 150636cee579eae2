"""One statement over many rows, the cheapest way that each database has.

Facts:
- SQLite: the driver's executemany costs 2 us a row, for each of which it begins and ends a statement; rows that are inserted by one
  statement cost a tenth less. Through SQLAlchemy it is 10 us a statement more, which small batches feel.
- SQLite's driver binds an int or a str in 0.1 us, but None and bool in 1 us: it looks for an adapter first. So where null is
  common, a row has "" or 0 in its place and the statement says nullif.
- PostgreSQL: one statement over all rows is one round trip, and tells how many it changed, which the driver's executemany does not.
  Rows as one JSON text cost the driver a tenth of arrays for unnest, each of whose elements it looks at twice.

Rows are tuples in the order of `columns`.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

__all__ = ["Bulk", "BulkInsert", "BulkUpdate", "Row", "compose", "run_together"]

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
Row = tuple[Any, ...]
# rows of a statement of SQLite: it takes 32,766 values at most
_AT_ONCE = 32
_NONE: Mapping[str, str] = MappingProxyType({})


class Bulk(ABC):
    """One statement in both dialects."""

    def __init__(self, columns: Sequence[str], postgres: str) -> None:
        """postgres: with $1 for a JSON array of rows as objects."""
        self._columns = columns
        self._postgres = postgres

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Runs it in the connection's transaction; returns how many rows were changed.

        Raises sqlite3.Error or sqlalchemy.exc.DBAPIError.
        """
        if not rows:
            return 0
        if connection.dialect.name == "sqlite":
            driver = connection.connection.driver_connection
            assert driver is not None
            return self.write(driver, rows)
        return connection.exec_driver_sql(self._postgres, (self.json(rows),)).rowcount

    @abstractmethod
    def write(self, driver: sqlite3.Connection, rows: Sequence[Row]) -> int:
        """Runs it on SQLite, in the connection's transaction; returns how many rows were changed. Raises sqlite3.Error."""

    def postgres(self, place: int) -> str:
        """The statement in PostgreSQL's dialect, with the rows as this parameter, from 1."""
        return self._postgres.replace("$1", f"${place}")

    def json(self, rows: Sequence[Row]) -> str:
        """Rows as that parameter."""
        columns = self._columns
        return orjson.dumps([dict(zip(columns, row, strict=True)) for row in rows]).decode()


def run_together(connection: Connection, work: Iterable[tuple[Bulk, Sequence[Row]]]) -> None:
    """Runs several that do not build upon each other; on PostgreSQL in one round trip.

    Raises sqlite3.Error or sqlalchemy.exc.DBAPIError.
    """
    wanted = [(bulk, rows) for bulk, rows in work if rows]
    if connection.dialect.name == "sqlite":
        for bulk, rows in wanted:
            bulk.run(connection, rows)
    elif wanted:
        connection.exec_driver_sql(compose(tuple(bulk for bulk, _ in wanted)), tuple(bulk.json(rows) for bulk, rows in wanted))


@lru_cache(maxsize=64)
def compose(parts: tuple[Bulk, ...], checked: tuple[Bulk, ...] = ()) -> str:
    """One statement of PostgreSQL for several that do not build upon each other, with the rows of each as a parameter.

    checked: of the parts. The statement's value is whether all of their rows were written; they are done first.
    """
    ctes, whole = [], []
    for place, bulk in enumerate(parts, 1):
        returning = ""
        if bulk in checked:
            returning = " RETURNING 1"
            counted = f"SELECT count(*) FROM part{place}"  # noqa: S608  # a name of our own
            whole.append(f"({counted}) = json_array_length(${place}::json)")
        ctes.append(f"part{place} AS ({bulk.postgres(place)}{returning})")
    return f"WITH {', '.join(ctes)} SELECT {' AND '.join(whole) or 'true'}"


class BulkInsert(Bulk):
    """INSERT."""

    def __init__(self, table: Table, columns: Sequence[str], *, blank: Mapping[str, str] = _NONE, conflict: str = "") -> None:
        """blank: column -> the SQL value that a row has in place of null. conflict: an ON CONFLICT clause."""
        names = ", ".join(columns)
        head = f"INSERT INTO {table.name} ({names})"
        places = ", ".join(_value(name, "?", blank) for name in columns)
        values = ", ".join(_value(name, name, blank) for name in columns)
        self._head, self._places, self._conflict = f"{head} VALUES ", f"({places})", f" {conflict}"
        # by the number of rows
        self._statements: dict[int, str] = {}
        super().__init__(
            columns,
            f"{head} SELECT {values} FROM {_fresh(table, columns)} {conflict}",  # noqa: S608  # names of our own
        )

    def write(self, driver: sqlite3.Connection, rows: Sequence[Row]) -> int:
        changed = 0
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            changed += driver.execute(self._statement(len(some)), tuple(chain.from_iterable(some))).rowcount
        return changed

    def _statement(self, count: int) -> str:
        """On SQLite, for so many rows. The driver keeps what it has compiled."""
        statement = self._statements.get(count)
        if statement is None:
            statement = f"{self._head}{', '.join([self._places] * count)}{self._conflict}"
            self._statements[count] = statement
        return statement


class BulkUpdate(Bulk):
    """UPDATE of rows named by their keys."""

    def __init__(
        self, table: Table, columns: Sequence[str], *, also: str = "", where: str = "true", blank: Mapping[str, str] = _NONE
    ) -> None:
        """columns: those to set, then the primary key, `id`. also: what else to set. where: what must hold besides. Both in SQL."""
        name, changed = table.name, columns[:-1]
        fixed = [also] if also else []
        places = ", ".join([*fixed, *(f"{each} = {_value(each, '?', blank)}" for each in changed)])
        values = ", ".join([*fixed, *(f"{each} = {_value(each, f'fresh.{each}', blank)}" for each in changed)])
        # with a question mark for each column
        self._sqlite = f"UPDATE {name} SET {places} WHERE {name}.id = ? AND {where}"  # noqa: S608  # as above
        super().__init__(
            columns,
            f"UPDATE {name} SET {values} FROM {_fresh(table, columns)} WHERE {name}.id = fresh.id AND {where}",  # noqa: S608
        )

    def write(self, driver: sqlite3.Connection, rows: Sequence[Row]) -> int:
        return driver.executemany(self._sqlite, rows).rowcount


def _value(column: str, expression: str, blank: Mapping[str, str]) -> str:
    return f"nullif({expression}, {blank[column]})" if column in blank else expression


def _fresh(table: Table, columns: Sequence[str]) -> str:
    """The rows of the statement's parameter, as a table."""
    kinds = ", ".join(f"{name} {table.c[name].type.compile(dialect=_POSTGRESQL)}" for name in columns)
    return f"json_to_recordset($1::json) AS fresh ({kinds})"
