"""Ids and uuids of packages and numbers of accounts, given out before a batch is written.

Strategy: ids come in blocks from a counter row (hi-lo), each block taken in a transaction of its own: so no id is ever given out
twice, whatever becomes of the batch that wanted it, and processes do not meet at the counter for every package. What is left of a
block when the next one is taken, or when the process ends, is never used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, Table, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import LedgerUnavailable
from bridge.ledger.tables import account, counter, id_block, package

__all__ = ["FIRST_ID", "Numbers", "PackageNumbers", "account_number"]

FIRST_ID = 1_500_000_000
"""Far above the ids that node's packages have today, so that a client's old ids are not taken for others."""
_BLOCK = 1000
# old clients hold ids in an int
_ID_LIMIT = 2**31
_COUNTER = "package"


PackageNumbers = tuple[int, str, int]
"""Its id, its uuid, and the number of its account."""


class Numbers:
    """Of one process. Used by its writer alone."""

    def __init__(self, first_id: int = FIRST_ID) -> None:
        """first_id: the least that a new ledger gives to a package; below 2**31."""
        self._first = first_id
        # the block in hand, and what is left of it
        self._block = self._free = range(0)
        self._accounts: dict[str, int] = {}
        self._uuid_tails = _uuid_tails()

    def prepare(self, connection: Connection, accounts: Iterable[str]) -> None:
        """Makes sure that there is an id for each of `accounts` (one a package), and a number for each name.

        Commits on its own where it writes, so the connection must be in no transaction.
        Raises LedgerUnavailable when ids have run out.
        """
        names = list(accounts)
        if self.ready(names):
            return
        missing = {name for name in names if name not in self._accounts}
        if missing:
            with connection.begin():
                found = {name: _account(connection, name) for name in sorted(missing)}
            self._accounts.update(found)
        if len(self._free) < len(names):
            # none of what is left may be given any more, should the commit fail, and be done all the same
            self._free = self._free[:0]
            with connection.begin():
                _end(connection, self._block, self._free.start)
                block = self._take(connection, max(_BLOCK, len(names)))
            self._block = self._free = block

    def ready(self, accounts: Sequence[str]) -> bool:
        """Whether `prepare` would find nothing to do."""
        return len(self._free) >= len(accounts) and all(name in self._accounts for name in accounts)

    def give(self, account_name: str) -> PackageNumbers:
        """Those of a new package. account_name: one that `prepare` was given."""
        package_id = self._free[0]
        self._free = self._free[1:]
        return package_id, f"{package_id:08x}{next(self._uuid_tails)}", self._accounts[account_name]

    def _take(self, connection: Connection, size: int) -> range:
        """A new block."""
        take = update(counter).where(counter.c.name == _COUNTER).values(value=counter.c.value + size).returning(counter.c.value)
        end = connection.scalar(take)
        if end is None:
            # of two processes that find no counter, the second waits here and then finds the first's
            _insert_new(connection, counter, name=_COUNTER, value=self._start(connection))
            end = connection.scalar(take)
        assert end is not None
        if end > _ID_LIMIT:
            raise LedgerUnavailable("package ids have run out")
        connection.execute(insert(id_block).values(first=end - size, finish=end, indexed=end - size))
        return range(end - size, end)

    def _start(self, connection: Connection) -> int:
        """Above what is there already, should the counter have been lost."""
        highest = connection.scalar(select(func.max(package.c.id)))
        return self._first if highest is None else max(self._first, highest + 1)


def _end(connection: Connection, block: range, finish: int) -> None:
    """The block ends before `finish`: where all its packages are in the search index, it has nothing more to tell."""
    mine = id_block.c.first == block.start
    connection.execute(update(id_block).where(mine).values(finish=finish))
    connection.execute(delete(id_block).where(mine, id_block.c.indexed >= finish))


def _uuid_tails() -> Iterator[str]:
    """Ends of uuids of version 8 (RFC 9562, 5.8). The first 32 bits are the package's id, so that it is found without an index.

    88 bits are random. Many are asked of the system at a time: each asking costs more than they do.
    """
    while True:
        digits = os.urandom(11 * 256).hex()
        for at in range(0, len(digits), 22):
            yield f"-{digits[at : at + 4]}-8{digits[at + 4 : at + 7]}-8{digits[at + 7 : at + 10]}-{digits[at + 10 : at + 22]}"


def account_number(connection: Connection, name: str) -> int | None:
    """The number of an account; None for one that never had a package."""
    return connection.scalar(select(account.c.id).where(account.c.name == name))


def _account(connection: Connection, name: str) -> int:
    _insert_new(connection, account, name=name)
    number = account_number(connection, name)
    assert number is not None
    return number


def _insert_new(connection: Connection, table: Table, **values: object) -> None:
    """Inserts the row unless its key is there."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(make(table).values(**values).on_conflict_do_nothing())
