"""A batch as one statement of PostgreSQL, which commits itself.

Facts:
- Each statement through SQLAlchemy and its own BEGIN and COMMIT cost as much as the rows of several packages, and a round trip.
- The parts of a statement see the database as it was before, so none may build upon what another writes: a package and its
  settlement are never in one batch.
- A statement that fails has changed nothing, whichever part it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from bridge.ledger import recording, settling
from bridge.ledger.bulk import Bulk, Row
from bridge.ledger.values import Settlement

__all__ = ["statement"]


def statement(packages: recording.Batch, settlements: Sequence[Settlement]) -> tuple[str, list[str]]:
    """Writes new packages and settlements, of which `bridge.ledger.settling.is_simple` is true; and its parameters.

    The server refuses it when a customID is there already, or a submission is not as its settlement expects it.
    """
    work: list[tuple[Bulk, Sequence[Row]]] = [(recording.PACKAGES, packages.packages), *packages.rest]
    if settlements:
        accepted, named = settling.to_rows(settlements)
        work += [(settling.ACCEPT, accepted), (settling.NAME, named)]
    wanted = [(bulk, rows) for bulk, rows in work if rows]
    return _composed(tuple(bulk for bulk, _ in wanted)), [bulk.json(rows) for bulk, rows in wanted]


@lru_cache(maxsize=64)
def _composed(parts: tuple[Bulk, ...]) -> str:
    ctes, checked = [], []
    for place, bulk in enumerate(parts, 1):
        returning = ""
        if bulk in (recording.PACKAGES, settling.ACCEPT):
            returning = " RETURNING 1"
            counted = f"SELECT count(*) FROM part{place}"  # noqa: S608  # a name of our own
            checked.append(f"({counted}) = json_array_length(${place}::json)")
        ctes.append(f"part{place} AS ({bulk.postgres(place)}{returning})")
    # a division by zero when a row is not as expected. What is looked at is done first: so the counts, for which other processes
    # wait, come after the packages
    return f"WITH {', '.join(ctes)} SELECT 1 / ({' AND '.join(checked)})::int"
