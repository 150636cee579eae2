"""Batches of writes: one transaction for all, and what to do when it fails.

Strategy:
- Requests of many calls share a transaction, for a commit costs more than what is in it. When a batch fails for what is in it, each
  request is done by itself, so that one cannot fail the others.
- Most batches are light (`bridge.ledger.light`). On SQLite one thread may write and another commit: `begin`, `finish`.
- When the database is gone, full or locked, exactly the requests of the batch fail. A settlement is kept and done later: its vendor
  call cannot be taken back. A package whose commit may or may not have happened is withdrawn when the database is back. Its client
  is told that this is unknown: this process may end before, and others then go on with what they find.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bridge.domain.status import PackageState
from bridge.errors import LedgerInDoubt, LedgerUnavailable
from bridge.ledger.engine import is_conflict, is_unavailable, is_undone, what
from bridge.ledger.light import Light, lighten, statement, write
from bridge.ledger.numbers import Numbers, PackageNumbers
from bridge.ledger.recording import record
from bridge.ledger.recurring import repeat
from bridge.ledger.retention import withdraw
from bridge.ledger.settling import accepted_row, named_rows, settle, settle_all
from bridge.ledger.values import NewPackage, Recorded, Repeat, Settlement

__all__ = ["Batch", "Change", "Committer", "Request"]

Change = Callable[[Connection], Any]
Request = NewPackage | Settlement | Repeat | Change
Numbered = tuple[PackageNumbers, NewPackage]
# requests that wait for the database to come back
_LATE_LIMIT = 100_000
_LATE_AT_ONCE = 100
_TRIES = 3
# of changes: fewer do not gain by a transaction in common
_FEW_CHANGES = 2
# recipients of a batch that the event loop may write: a few milliseconds at most
_FEW_RECIPIENTS = 200


class _InDoubt(Exception):
    """Raised when COMMIT failed."""


class Batch(NamedTuple):
    """Requests that are done together, in this order."""

    packages: Sequence[NewPackage]
    settlements: Sequence[Settlement]
    changes: Sequence[Repeat | Change]

    @property
    def requests(self) -> list[Request]:
        return [*self.packages, *self.settlements, *self.changes]


class Committer:
    """Does requests over a connection. Used by one writer alone, in one thread at a time."""

    def __init__(self, numbers: Numbers, token: str) -> None:
        """token: of this process; it claims what is submitted at once."""
        self._numbers = numbers
        self._token = token
        # the packages of the batch in hand
        self._in_hand: list[Numbered] = []
        self._late: deque[Request] = deque(maxlen=_LATE_LIMIT)

    @property
    def late(self) -> int:
        """How many requests wait for the database."""
        return len(self._late)

    def commit(self, connection: Connection, batch: Batch, results: list[Any]) -> None:
        """Appends the result of each request, or its exception, to `results`, in order.

        Raises LedgerUnavailable when the database failed: then `results` has those that were done before.
        """
        packages, settlements, changes = batch
        if packages or settlements:
            try:
                results += self._together(connection, packages, settlements)
            except Exception as error:  # noqa: BLE001  # the database's, or that of one request: which is found out below
                self._raise_unavailable(error)
        if len(results) == len(packages) + len(settlements):
            results += self._changed_together(connection, changes)
        for request in batch.requests[len(results) :]:
            results.append(self._alone(connection, request))

    def begin(self, driver: sqlite3.Connection, batch: Batch) -> list[Any] | None:
        """Writes a light batch to SQLite, but for its commit, which `finish` is to do; the result of each request then.

        driver: impatient, in no transaction. None: nothing was changed, and the batch is for `commit`.
        """
        try:
            light = self._light(batch)
            if light is None:
                return None
            driver.execute("BEGIN IMMEDIATE")
            if write(driver, light):
                return light.results
        except Exception:  # noqa: BLE001, S110  # locked, gone, or the fault of one request: `commit` finds out
            pass
        with suppress(sqlite3.Error):  # as above
            driver.rollback()
        return None

    def finish(self, driver: sqlite3.Connection) -> None:
        """Raises LedgerUnavailable."""
        try:
            driver.commit()
        except sqlite3.Error as error:
            raise self._failure(error, in_doubt=True) from error

    async def at_once(self, driver: Any, batch: Batch) -> list[Any] | None:
        """Writes and commits a light batch on PostgreSQL; the result of each request.

        driver: asyncpg's connection, in no transaction. None: nothing was changed, and the batch is for `commit`.
        Raises LedgerUnavailable.
        """
        try:
            light = None if driver.is_closed() else self._light(batch)
            if light is None:
                return None
            wanted, parameters = statement(light)
        except Exception:  # noqa: BLE001  # as above
            return None
        committing = False
        try:
            await driver.execute("BEGIN")
            if await driver.fetchval(wanted, *parameters):
                committing = True
                await driver.execute("COMMIT")
                return light.results
        except Exception as error:
            if getattr(error, "sqlstate", None) is None or is_unavailable(error):
                raise self._failure(error, in_doubt=committing) from error
            # the server's own word
        try:
            await driver.execute("ROLLBACK")
        except Exception as error:
            raise self._failure(error, in_doubt=False) from error
        return None

    def catch_up(self, connection: Connection) -> None:
        """Does some of what waited. Raises LedgerUnavailable; those that are left still wait."""
        for _ in range(min(_LATE_AT_ONCE, len(self._late))):
            self._alone(connection, self._late[0])
            self._late.popleft()

    def keep(self, requests: Sequence[Request]) -> None:
        """Keeps the settlements of requests that were not even tried, for later."""
        self._late.extend(each for each in requests if isinstance(each, Settlement))

    def _together(self, connection: Connection, packages: Sequence[NewPackage], settlements: Sequence[Settlement]) -> list[Any]:
        numbered = self._number(connection, packages)

        def write(connection: Connection) -> list[Any]:
            recorded = record(connection, numbered, self._token) if numbered else []
            return [*recorded, *settle_all(connection, settlements, self._token)]

        written: list[Any] = _transaction(connection, write)
        return written

    def _changed_together(self, connection: Connection, changes: Sequence[Repeat | Change]) -> list[Any]:
        """The results of changes in one transaction; none when one of them fails, for which all are rolled back."""
        plain = [each for each in changes if not isinstance(each, Repeat)]
        if len(plain) < len(changes) or len(plain) < _FEW_CHANGES:
            return []
        self._in_hand = []
        try:
            changed: list[Any] = _transaction(connection, lambda connection: [change(connection) for change in plain])
        except Exception as error:  # noqa: BLE001  # as above
            self._raise_unavailable(error)
            return []
        return changed

    def _alone(self, connection: Connection, request: Request) -> Any:
        """The request's result, or the exception that is its own. Raises LedgerUnavailable."""
        for left in reversed(range(_TRIES)):
            try:
                return self._one(connection, request)
            except Exception as error:  # noqa: BLE001  # handed to the caller
                self._raise_unavailable(error)
                if not is_conflict(_cause(error)) or not left:
                    return _cause(error)
        raise AssertionError

    def _one(self, connection: Connection, request: Request) -> Any:
        self._in_hand = []
        if isinstance(request, Settlement):
            return _transaction(connection, lambda connection: settle(connection, request, self._token))
        if isinstance(request, NewPackage):
            numbered = self._number(connection, [request])
            (recorded,) = _transaction(connection, lambda connection: record(connection, numbered, self._token))
            return recorded
        if isinstance(request, Repeat):
            return self._repeat(connection, request)
        return _transaction(connection, request)

    def _repeat(self, connection: Connection, request: Repeat) -> Recorded | None:
        children = self._number(connection, [] if request.child is None else [request.child])
        # when its commit is in doubt, the child is not to be withdrawn: it is there if the recurrence moved on, and only then
        self._in_hand = []
        numbers = children[0][0] if children else None
        repeated: Recorded | None = _transaction(connection, lambda connection: repeat(connection, request, numbers, self._token))
        return repeated

    def _light(self, batch: Batch) -> Light | None:
        packages, settlements, changes = batch
        accepted = [row for row in map(accepted_row, settlements) if row is not None]
        if changes or len(accepted) < len(settlements) or not self._numbers.ready([each.account for each in packages]):
            return None
        if sum(len(each.message.numbers) + len(each.message.invalid_numbers) for each in packages) > _FEW_RECIPIENTS:
            return None
        return lighten(self._give(packages), accepted, named_rows(settlements), self._token)

    def _number(self, connection: Connection, packages: Sequence[NewPackage]) -> list[Numbered]:
        if packages:
            self._in_hand = []
            self._numbers.prepare(connection, [each.account for each in packages])
        return self._give(packages)

    def _give(self, packages: Sequence[NewPackage]) -> list[Numbered]:
        self._in_hand = [(self._numbers.give(each.account), each) for each in packages]
        return self._in_hand

    def _raise_unavailable(self, error: Exception) -> None:
        """Raises LedgerUnavailable if the database is the reason, LedgerInDoubt for packages that are to be withdrawn now."""
        cause = _cause(error)
        if is_unavailable(cause):
            raise self._failure(cause, in_doubt=error is not cause) from error

    def _failure(self, cause: BaseException, *, in_doubt: bool) -> LedgerUnavailable:
        """What to raise when the database failed. in_doubt: perhaps after it had committed."""
        if not in_doubt or not self._in_hand or is_undone(cause):
            return LedgerUnavailable(what(cause))
        for (package_id, *_), new in self._in_hand:
            claim = self._token if new.state is PackageState.SENDING else ""
            self._late.append(partial(withdraw, package_id=package_id, token=claim))
        return LedgerInDoubt(what(cause))


def _cause(error: Exception) -> BaseException:
    return error.__cause__ or error if isinstance(error, _InDoubt) else error


def _transaction(connection: Connection, change: Change) -> Any:
    """The change's result, committed. Raises what it raises, or _InDoubt."""
    transaction = connection.begin()
    try:
        result = change(connection)
    except BaseException:
        # it fails when the connection is gone, of which the first error tells
        with suppress(Exception):
            transaction.rollback()
        raise
    try:
        transaction.commit()
    except Exception as error:
        raise _InDoubt from error
    return result
