"""One statement over many rows, the cheapest way that each database has.

Facts:
- SQLite: the driver's executemany costs 2 us a row; through SQLAlchemy it is 10 us a statement more, which small batches feel.
- PostgreSQL: one statement over arrays (unnest) is one round trip, whatever the number of rows, and tells how many rows it changed;
  the driver's executemany does not tell.

Rows are tuples in the order of `columns`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

__all__ = ["Bulk", "BulkInsert", "BulkUpdate"]

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
Row = tuple[Any, ...]


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

    def __init__(self, table: Table, columns: Sequence[str], conflict: str = "") -> None:
        """conflict: an ON CONFLICT clause."""
        head = f"INSERT INTO {table.name} ({', '.join(columns)})"
        super().__init__(
            f"{head} VALUES ({', '.join('?' * len(columns))}) {conflict}",
            f"{head} SELECT * FROM unnest({_arrays(table, columns)}) {conflict}",  # noqa: S608  # names of our own
        )


class BulkUpdate(Bulk):
    """UPDATE of rows named by their keys."""

    def __init__(self, table: Table, columns: Sequence[str], *, also: str, where: str) -> None:
        """columns: those to set, then the primary key, `id`. also: what else to set. where: what must hold besides. Both in SQL."""
        changed = columns[:-1]
        places = ", ".join(f"{name} = ?" for name in changed)
        values = ", ".join(f"{name} = fresh.{name}" for name in changed)
        super().__init__(
            f"UPDATE {table.name} SET {also}, {places} WHERE {table.name}.id = ? AND {where}",  # noqa: S608  # as above
            f"UPDATE {table.name} SET {also}, {values} FROM unnest({_arrays(table, columns)}) AS fresh ({', '.join(columns)}) "  # noqa: S608
            f"WHERE {table.name}.id = fresh.id AND {where}",
        )


def _arrays(table: Table, columns: Sequence[str]) -> str:
    kinds = (table.c[name].type.compile(dialect=_POSTGRESQL) for name in columns)
    return ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, 1))
