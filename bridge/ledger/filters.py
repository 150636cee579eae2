"""What a list of packages is asked for, in the words of the tables; without ids and keyword."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, literal_column

from bridge.domain.status import SHELVES, PackageFilter
from bridge.ledger.tables import package

__all__ = ["ALL_SHELVES", "ALWAYS", "DONE_SHELVES", "OPEN_SHELVES", "Filters", "Span", "Window", "owned"]


class Span(NamedTuple):
    """A range of sending_at in milliseconds, `finish` excluded; None is open."""

    start: int | None = None
    finish: int | None = None


class Window(NamedTuple):
    """Which of the packages found: `size` behind the newest `offset`."""

    offset: int
    size: int


ALWAYS: Final = Span()
ALL_SHELVES: Final = SHELVES[PackageFilter.ALL]
DONE_SHELVES: Final = tuple(
    shelf for each in (PackageFilter.COMPLETED, PackageFilter.CANCELLED, PackageFilter.FAILED) for shelf in SHELVES[each]
)
"""Of packages with which nothing is to happen any more."""
OPEN_SHELVES: Final = tuple(shelf for shelf in ALL_SHELVES if shelf not in DONE_SHELVES)


def owned(account: int) -> ColumnElement[bool]:
    """The condition that a package is the account's, where it is found by other means.

    Written so that no index is used for it: all of them begin with the account, and SQLite would read a million rows by one of
    those although it is told a hundred ids.
    """
    return package.c.account + literal_column("0") == account


@dataclass(frozen=True, slots=True)
class Filters:
    """All must hold."""

    account: int
    # None for all
    sender: str | None = None
    shelves: tuple[int, ...] = ALL_SHELVES
    span: Span = ALWAYS

    def conditions(self) -> list[ColumnElement[bool]]:
        """For packages that are found by other means."""
        found = [owned(self.account), *self.dates()]
        if self.shelves != ALL_SHELVES:
            found.append(package.c.shelf.in_(self.shelves))
        if self.sender is not None:
            found.append(package.c.sender == self.sender)
        return found

    def dates(self) -> list[ColumnElement[bool]]:
        """Those of the span."""
        found = []
        if self.span.start is not None:
            found.append(package.c.sending_at >= self.span.start)
        if self.span.finish is not None:
            found.append(package.c.sending_at < self.span.finish)
        return found
