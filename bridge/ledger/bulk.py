"""One statement over many rows, the cheapest way that each database has.

Facts:
- SQLite: the driver's executemany costs 2 us a row; through SQLAlchemy it is 10 us a statement more, which small batches feel.
- SQLite's driver binds an int or a str in 0.1 us, but None and bool in 1 us: it looks for an adapter first. So where null is
  common, a row has "" or 0 in its place and the statement says nullif.
- PostgreSQL: one statement over arrays (unnest) is one round trip, whatever the number of rows, and tells how many rows it changed;
  the driver's executemany does not tell.

Rows are tuples in the order of `columns`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

__all__ = ["Bulk", "BulkInsert", "BulkUpdate"]

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
Row = tuple[Any, ...]
_NONE: Mapping[str, str] = MappingProxyType({})


class Bulk:
    """One statement in both dialects."""

    def __init__(self, sqlite: str, postgres: str) -> None:
        """sqlite: with a question mark for each column. postgres: with $1, $2 .. for the arrays."""
        self._sqlite = sqlite
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
            changed: int = driver.executemany(self._sqlite, rows).rowcount
            return changed
        return connection.exec_driver_sql(self._postgres, tuple(zip(*rows, strict=True))).rowcount


class BulkInsert(Bulk):
    """INSERT."""

    def __init__(self, table: Table, columns: Sequence[str], *, blank: Mapping[str, str] = _NONE, conflict: str = "") -> None:
        """blank: column -> the SQL value that a row has in place of null. conflict: an ON CONFLICT clause."""
        names = ", ".join(columns)
        head = f"INSERT INTO {table.name} ({names})"
        places = ", ".join(_value(name, "?", blank) for name in columns)
        values = ", ".join(_value(name, name, blank) for name in columns)
        super().__init__(
            f"{head} VALUES ({places}) {conflict}",
            f"{head} SELECT {values} FROM unnest({_arrays(table, columns)}) AS fresh ({names}) {conflict}",  # noqa: S608  # names of our own
        )


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
        fresh = f"unnest({_arrays(table, columns)}) AS fresh ({', '.join(columns)})"
        super().__init__(
            f"UPDATE {name} SET {places} WHERE {name}.id = ? AND {where}",  # noqa: S608  # as above
            f"UPDATE {name} SET {values} FROM {fresh} WHERE {name}.id = fresh.id AND {where}",  # noqa: S608
        )


def _value(column: str, expression: str, blank: Mapping[str, str]) -> str:
    return f"nullif({expression}, {blank[column]})" if column in blank else expression


def _arrays(table: Table, columns: Sequence[str]) -> str:
    kinds = (table.c[name].type.compile(dialect=_POSTGRESQL) for name in columns)
    return ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, 1))
