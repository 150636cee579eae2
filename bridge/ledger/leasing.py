"""Rows that are due are taken under a lease: by one process at a time, and not for ever.

Who takes a row has it until the lease ends; then it is due again. How often it was taken stands in the row: one that was taken too
often is not taken again, for the processes that took it died of it, or their jobs never ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, select, update

from bridge.ledger.instant import to_ms

__all__ = ["Leased"]


@dataclass(frozen=True, slots=True)
class Leased:
    """A table whose rows are taken."""

    key: Column[Any]
    due_at: Column[Any]
    # how often a row was taken
    taken: Column[Any]
    # what must hold besides
    conditions: tuple[ColumnElement[bool], ...] = ()

    def any_due(self, connection: Connection, now: datetime) -> bool:
        """Whether there is something to take: who only looks does not take the write lock."""
        return connection.scalar(select(self.key).where(*self._due(now)).order_by(self.due_at).limit(1)) is not None

    def lock(self, connection: Connection, now: datetime, limit: int) -> list[tuple[int, int]]:
        """(key, how often it was taken) of at most `limit` rows, the longest due first, that no other process is about to take."""
        oldest = select(self.key, self.taken).where(*self._due(now)).order_by(self.due_at).limit(limit)
        return [(row[0], row[1]) for row in connection.execute(oldest.with_for_update(skip_locked=True))]

    def extend(self, connection: Connection, keys: list[int], until: datetime) -> None:
        """Takes them until then. keys: of rows that are locked."""
        if keys:
            leased = {self.due_at.name: to_ms(until), self.taken.name: self.taken + 1}
            connection.execute(update(self.key.table).where(self.key.in_(keys)).values(**leased))

    def set_aside(self, connection: Connection, keys: list[int], **values: object) -> None:
        """Has nobody take them again. keys: as `extend`. values: what else to set."""
        if keys:
            connection.execute(update(self.key.table).where(self.key.in_(keys)).values({self.due_at.name: None, **values}))

    def _due(self, now: datetime) -> list[ColumnElement[bool]]:
        return [self.due_at <= to_ms(now), *self.conditions]
