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
from functools import lru_cache
from typing import Any, NamedTuple

from bridge.domain.status import PackageState
from bridge.ledger.bulk import Bulk, Row
from bridge.ledger.numbers import PackageNumbers
from bridge.ledger.recording import PACKAGES, to_rows
from bridge.ledger.settling import ACCEPT, NAME, accepted_rows
from bridge.ledger.values import NewPackage, Settlement

__all__ = ["Light", "lighten", "statement", "write"]

# those of which every row has to be written
_CHECKED = (PACKAGES, ACCEPT)


class Light(NamedTuple):
    """A light batch: what is to be written, and the result of each of its requests."""

    work: list[tuple[Bulk, Sequence[Row]]]
    results: list[Any]


def lighten(packages: Sequence[tuple[PackageNumbers, NewPackage]], settlements: Sequence[Settlement], token: str) -> Light | None:
    """None for a batch that is not light. token: of this process.

    Raises ValueError as `bridge.ledger.recording.record`.
    """
    settled = accepted_rows(settlements)
    if settled is None:
        return None
    new = to_rows(packages, token)
    work = [(PACKAGES, new.packages), *new.rest, (ACCEPT, settled[0]), (NAME, settled[1])]
    return Light([(bulk, rows) for bulk, rows in work if rows], [*new.recorded, *([PackageState.SENT] * len(settlements))])


def write(driver: sqlite3.Connection, light: Light) -> bool:
    """Writes to SQLite, in the connection's transaction. False when something is not as expected. Raises sqlite3.Error."""
    for bulk, rows in light.work:
        written = driver.executemany(bulk.sqlite, rows).rowcount
        if bulk in _CHECKED and written != len(rows):
            return False
    return True


def statement(light: Light) -> tuple[str, list[str]]:
    """A statement of PostgreSQL and its parameters. Its value: whether all is as expected. Raises TypeError for bad texts."""
    return _composed(tuple(bulk for bulk, _ in light.work)), [bulk.json(rows) for bulk, rows in light.work]


@lru_cache(maxsize=64)
def _composed(parts: tuple[Bulk, ...]) -> str:
    ctes, checked = [], []
    for place, bulk in enumerate(parts, 1):
        returning = ""
        if bulk in _CHECKED:
            returning = " RETURNING 1"
            counted = f"SELECT count(*) FROM part{place}"  # noqa: S608  # a name of our own
            checked.append(f"({counted}) = json_array_length(${place}::json)")
        ctes.append(f"part{place} AS ({bulk.postgres(place)}{returning})")
    # what is checked is done first: so the counts, for which other processes wait, come after the packages
    return f"WITH {', '.join(ctes)} SELECT {' AND '.join(checked)}"
