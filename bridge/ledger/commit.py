"""Batches of writes: one transaction for all, and what to do when it fails.

Strategy:
- Requests of many calls share a transaction, for a commit costs more than what is in it. When a batch fails for what is in it, each
  request is done by itself, so that one cannot fail the others.
- Most batches are quickly written, and only their commit waits for the disk: on SQLite the two may be done in different threads
  (`begin`, `finish`), so that few turns of Python's lock are needed.
- When the database is gone, full or locked, exactly the requests of the batch fail. A settlement is kept and done later: its vendor
  call cannot be taken back. A package whose commit may or may not have happened is withdrawn when the database is back. Its client
  is told that this is unknown: this process may end before, and others then go on with what they find.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, RootTransaction

from bridge.domain.status import PackageState
from bridge.errors import LedgerInDoubt, LedgerUnavailable
from bridge.ledger.at_once import statement
from bridge.ledger.engine import impatient, is_conflict, is_unavailable, is_undone, what
from bridge.ledger.numbers import Numbers, PackageNumbers
from bridge.ledger.recording import record, to_rows
from bridge.ledger.recurring import repeat
from bridge.ledger.retention import withdraw
from bridge.ledger.settling import is_simple, settle, settle_all
from bridge.ledger.values import NewPackage, Recorded, Repeat, Settlement

__all__ = ["Begun", "Change", "Committer", "Request"]

Change = Callable[[Connection], Any]
Request = NewPackage | Settlement | Repeat | Change
# requests that wait for the database to come back
_LATE_LIMIT = 100_000
_LATE_AT_ONCE = 100
_TRIES = 3
# of changes: fewer do not gain by a transaction in common
_FEW_CHANGES = 2
# recipients of a batch that is quickly written: less than a millisecond
_FEW_RECIPIENTS = 200


class _InDoubt(Exception):
    """Raised when COMMIT failed."""


class Begun(NamedTuple):
    """A batch that is written, but for its commit."""

    transaction: RootTransaction
    results: list[Any]


class Committer:
    """Does requests over a connection. Used by one writer alone, in one thread at a time."""

    def __init__(self, numbers: Numbers, token: str) -> None:
        """token: of this process; it claims what is submitted at once."""
        self._numbers = numbers
        self._token = token
        # the ids of the batch in hand, and the claims that they were recorded with
        self._ids: list[tuple[int, str]] = []
        self._late: deque[Request] = deque(maxlen=_LATE_LIMIT)

    @property
    def late(self) -> int:
        """How many requests wait for the database."""
        return len(self._late)

    def commit(self, connection: Connection, requests: Sequence[Request], results: list[Any]) -> None:
        """Appends the result of each request, or its exception, to `results`, in order.

        requests: packages, then settlements, then changes.
        Raises LedgerUnavailable when the database failed: then `results` has those that were done before.
        """
        packages = [each for each in requests if isinstance(each, NewPackage)]
        settlements = [each for each in requests if isinstance(each, Settlement)]
        if packages or settlements:
            try:
                results += self._together(connection, packages, settlements)
            except Exception as error:  # noqa: BLE001  # the database's, or that of one request: which is found out below
                self._raise_unavailable(error)
        if len(results) == len(packages) + len(settlements):
            results += self._changed_together(connection, requests[len(results) :])
        for request in requests[len(results) :]:
            results.append(self._alone(connection, request))

    def begin(self, connection: Connection, requests: Sequence[Request]) -> Begun | None:
        """Writes a light batch to SQLite, but for its commit, which `finish` is to do.

        requests: as of `commit`. None: nothing was changed, and the batch is for `commit`.
        """
        light = self._light(requests)
        if light is None:
            return None
        try:
            with impatient(connection):
                transaction = connection.begin()
        except Exception:  # noqa: BLE001  # locked, or gone: `commit` finds out
            return None
        try:
            return Begun(transaction, self._write(connection, self._give(light[0]), light[1]))
        except Exception:  # noqa: BLE001  # as above
            with suppress(Exception):
                transaction.rollback()
            return None

    def finish(self, begun: Begun) -> list[Any]:
        """The result of each request, committed. Raises LedgerUnavailable."""
        try:
            _commit(begun.transaction)
        except _InDoubt as error:
            self._raise_unavailable(error)
            raise
        return begun.results

    async def at_once(self, driver: Any, requests: Sequence[Request]) -> list[Any] | None:
        """Writes and commits a light batch on PostgreSQL; the result of each request.

        driver: asyncpg's connection. requests: as of `commit`. None: nothing was changed, and the batch is for `commit`.
        Raises LedgerUnavailable.
        """
        light = self._light(requests)
        if light is None or driver.is_closed():
            return None
        packages, settlements = light
        try:
            batch = to_rows(self._give(packages), self._token)
            wanted, parameters = statement(batch, settlements)
        except (TypeError, ValueError):  # of one request: `commit` finds out which
            return None
        try:
            await driver.fetchval(wanted, *parameters)
        except Exception as error:
            if getattr(error, "sqlstate", None) is not None and not is_unavailable(error):
                return None  # the server's own word
            raise self._failure(error, in_doubt=True) from error
        return [*batch.recorded, *([PackageState.SENT] * len(settlements))]

    def catch_up(self, connection: Connection) -> None:
        """Does some of what waited. Raises LedgerUnavailable; those that are left still wait."""
        for _ in range(min(_LATE_AT_ONCE, len(self._late))):
            self._alone(connection, self._late[0])
            self._late.popleft()

    def keep(self, requests: Sequence[Request]) -> None:
        """Keeps the settlements of requests that were not even tried, for later."""
        self._late.extend(each for each in requests if isinstance(each, Settlement))

    def _together(self, connection: Connection, packages: list[NewPackage], settlements: list[Settlement]) -> list[Any]:
        numbered = self._number(connection, packages)
        written: list[Any] = _transaction(connection, lambda connection: self._write(connection, numbered, settlements))
        return written

    def _write(
        self, connection: Connection, numbered: list[tuple[PackageNumbers, NewPackage]], settlements: list[Settlement]
    ) -> list[Any]:
        recorded = record(connection, numbered, self._token) if numbered else []
        return [*recorded, *settle_all(connection, settlements, self._token)]

    def _changed_together(self, connection: Connection, changes: Sequence[Request]) -> list[Any]:
        """The results of changes in one transaction; none when one of them fails, for which all are rolled back."""
        plain = [each for each in changes if not isinstance(each, NewPackage | Settlement | Repeat)]
        if len(plain) < len(changes) or len(plain) < _FEW_CHANGES:
            return []
        self._ids = []
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
        self._ids = []
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
        self._ids = []
        numbers = children[0][0] if children else None
        repeated: Recorded | None = _transaction(connection, lambda connection: repeat(connection, request, numbers, self._token))
        return repeated

    def _light(self, requests: Sequence[Request]) -> tuple[list[NewPackage], list[Settlement]] | None:
        """Packages and settlements of a batch that is quickly written, as most are; None for others."""
        packages = [each for each in requests if isinstance(each, NewPackage)]
        settlements = [each for each in requests if isinstance(each, Settlement)]
        if len(packages) + len(settlements) < len(requests) or not all(map(is_simple, settlements)):
            return None
        if sum(len(each.message.numbers) + len(each.message.invalid_numbers) for each in packages) > _FEW_RECIPIENTS:
            return None
        return (packages, settlements) if self._numbers.ready([each.account for each in packages]) else None

    def _number(self, connection: Connection, packages: Sequence[NewPackage]) -> list[tuple[PackageNumbers, NewPackage]]:
        if packages:
            self._ids = []
            self._numbers.prepare(connection, [each.account for each in packages])
        return self._give(packages)

    def _give(self, packages: Sequence[NewPackage]) -> list[tuple[PackageNumbers, NewPackage]]:
        numbered = [(self._numbers.give(each.account), each) for each in packages]
        self._ids = [(numbers[0], self._token if new.state is PackageState.SENDING else "") for numbers, new in numbered]
        return numbered

    def _raise_unavailable(self, error: Exception) -> None:
        """Raises LedgerUnavailable if the database is the reason, LedgerInDoubt for packages that are to be withdrawn now."""
        cause = _cause(error)
        if is_unavailable(cause):
            raise self._failure(cause, in_doubt=error is not cause) from error

    def _failure(self, cause: BaseException, *, in_doubt: bool) -> LedgerUnavailable:
        """What to raise when the database failed. in_doubt: perhaps after it had committed."""
        if not in_doubt or not self._ids or is_undone(cause):
            return LedgerUnavailable(what(cause))
        self._late.extend(partial(withdraw, package_id=id_, token=claim) for id_, claim in self._ids)
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
    _commit(transaction)
    return result


def _commit(transaction: RootTransaction) -> None:
    """Raises _InDoubt."""
    try:
        transaction.commit()
    except Exception as error:
        raise _InDoubt from error
