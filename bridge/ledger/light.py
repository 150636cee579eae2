"""Light batches, as nearly all are: new packages of few recipients, and outcomes of packages that were accepted as one message.

Facts:
- Most are written in less than a millisecond, so the event loop can do it; only the commit waits for the disk.
- On PostgreSQL a statement costs as much as the rows of several packages, and a round trip. So a batch is one statement. Its parts
  see the database as it was before: none may build upon what another writes, and a package and its settlement are never in one
  batch. It must not commit itself: the server would do so also when the process that sent it is no more.

What is not as expected (a customID that is there already, a submission in another state) undoes the whole batch: then it is for
`bridge.ledger.commit`, which finds out whose fault it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from bridge.domain.status import PackageState
from bridge.ledger.bulk import Bulk, Row, compose
from bridge.ledger.numbers import PackageNumbers
from bridge.ledger.recording import PACKAGES, to_rows
from bridge.ledger.settling import ACCEPT, NAME
from bridge.ledger.values import NewPackage

__all__ = ["Light", "lighten", "statement", "write"]

# those of which every row has to be written
_CHECKED = (PACKAGES, ACCEPT)


class Light(NamedTuple):
    """A light batch: what is to be written, and the result of each of its requests."""

    work: list[tuple[Bulk, Sequence[Row]]]
    results: list[Any]


def lighten(
    packages: Sequence[tuple[PackageNumbers, NewPackage]], accepted: Sequence[Row], named: Sequence[Row], token: str
) -> Light:
    """accepted, named: rows of the settlements, from `bridge.ledger.settling`. token: of this process.

    Raises ValueError as `bridge.ledger.recording.record`.
    """
    new = to_rows(packages, token)
    work = [(PACKAGES, new.packages), *new.rest, (ACCEPT, accepted), (NAME, named)]
    return Light([(bulk, rows) for bulk, rows in work if rows], [*new.recorded, *([PackageState.SENT] * len(accepted))])


def write(driver: sqlite3.Connection, light: Light) -> bool:
    """Writes to SQLite, in the connection's transaction. False when something is not as expected. Raises sqlite3.Error."""
    for bulk, rows in light.work:
        written = bulk.write(driver, rows)
        if bulk in _CHECKED and written != len(rows):
            return False
    return True


def statement(light: Light) -> tuple[str, list[str]]:
    """A statement of PostgreSQL and its parameters. Its value: whether all is as expected. Raises TypeError for bad texts."""
    return compose(tuple(bulk for bulk, _ in light.work), _CHECKED), [bulk.json(rows) for bulk, rows in light.work]
