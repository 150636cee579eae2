"""The ledger: what the rest of the bridge says to it, and nothing about how it is stored."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection

from bridge.domain.message import Message
from bridge.domain.package import Package, PackageItem, Page
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.status import PackageState
from bridge.ledger import (
    database,
    listing,
    processes,
    pushing,
    rates,
    reading,
    recurring,
    reporting,
    retention,
    settling,
    taking,
    waiting,
)
from bridge.ledger.commit import Committer
from bridge.ledger.database import Database, PostgresDatabase, SqliteDatabase
from bridge.ledger.engine import parse_url
from bridge.ledger.numbers import FIRST_ID, Numbers, account_number
from bridge.ledger.schema import Versions
from bridge.ledger.values import (
    Cancelled,
    DuePush,
    DueRecurrence,
    Enqueue,
    ItemUpdate,
    NewPackage,
    OpenSubmission,
    Overview,
    PushContent,
    Recorded,
    Repeat,
    Settlement,
    StoredPackage,
    SubmissionOutcome,
    Taken,
)

__all__ = ["Ledger"]

T = TypeVar("T")


class Ledger:
    """The packages of all accounts. One a process, used in its event loop.

    Every word may raise LedgerUnavailable. Packages of another account are not found, by whatever key.
    """

    def __init__(self, store: Database, committer: Committer, token: str) -> None:
        """Use `open`."""
        self._store, self._committer = store, committer
        self.token = token
        self._asking = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, *, first_id: int = FIRST_ID) -> Self:
        """Opens a ledger that `migrate` was run on.

        url: sqlite:///FILE or postgresql://user:password@host/database.
        first_id: the least package id of a new ledger, below 2**31.
        Raises SettingsError.
        """
        parsed = parse_url(url)
        token = secrets.token_hex(8)
        committer = Committer(Numbers(first_id), token)
        store = SqliteDatabase if parsed.drivername == "sqlite" else PostgresDatabase
        return cls(store(parsed, committer), committer, token)

    @staticmethod
    async def migrate(url: str) -> Versions:
        """Brings the database to this version's schema. Safe in several processes at once. The versions are those before.

        Raises SettingsError when the URL is wrong or the database is of a newer version.
        """
        return await database.migrate(parse_url(url))

    @staticmethod
    async def versions(url: str) -> Versions:
        """The schema that the database has, None for an empty one, and this version's. Raises as `migrate` does."""
        return await database.look(parse_url(url))

    async def close(self) -> None:
        """Ends when all that was written is committed."""
        await self._store.close()

    @property
    def file(self) -> Path | None:
        """Its file, for a lock beside it; None when it is on a server, which several machines may share."""
        return self._store.file

    def driver_connection(self) -> AbstractAsyncContextManager[Any]:
        """A connection of asyncpg's own to the server, for the queue of jobs. Raises LedgerUnavailable when it is entered."""
        return self._store.driver_connection()

    # sending

    async def record(self, package: NewPackage) -> Recorded:
        """Writes a new package; it is on disk when this returns.

        Raises DuplicateCustomId. When it raises LedgerUnavailable the package is not taken, and never will be. LedgerInDoubt: it is
        not taken by this process, and withdrawn when the database is back; if this process ends before, others may find it.
        """
        recorded: Recorded = await self._store.write(package)
        return recorded

    async def begin(self, submission_ids: Iterable[int], stale_at: datetime) -> list[int]:
        """Claims pending submissions for this process; the ids that it now has, and nobody else.

        stale_at: when others may take this process for dead.
        """
        ids = list(submission_ids)
        return await self._store.change(lambda connection: settling.begin(connection, ids, self.token, stale_at))

    async def settle(
        self, package_id: int, outcomes: Sequence[SubmissionOutcome], public_id: int | None = None, *, forget: bool = False
    ) -> PackageState:
        """Writes what became of submissions; the package's state then. What may not follow the present state changes nothing.

        public_id: what the client is told in place of the package's id. forget: if the package has failed by it, its call is
        answered with an error: then its customID is free again, and it is neither pushed nor sent again.
        When it raises LedgerUnavailable, the outcome is kept in memory and written when the database is back.
        Raises LookupError for a package or submission that does not exist.
        """
        state: PackageState = await self._store.write(Settlement(package_id, outcomes, public_id, forget))
        return state

    async def report(self, submission_id: int, updates: Sequence[ItemUpdate], due_at: datetime | None = None) -> PackageState:
        """Applies what a vendor says of recipients; the package's state then. An item never goes back.

        due_at: when to ask again, unless all are final; None: never. Raises LookupError for no such submission.
        """
        return await self._store.change(lambda connection: reporting.report(connection, submission_id, updates, due_at))

    async def postpone(self, submission_ids: Iterable[int], due_at: datetime | None) -> None:
        """Sets when to look at open submissions again (not at those in flight); None: never."""
        ids = list(submission_ids)
        await self._store.change(lambda connection: settling.postpone(connection, ids, due_at))

    async def cancel(self, account: str, key: PackageKey) -> Cancelled:
        """Cancels a package of which nothing was submitted yet, or of one in portions those that were not; ends its repeats."""

        def change(connection: Connection) -> Cancelled:
            number = account_number(connection, account)
            row = None if number is None else reading.package_row(connection, number, key)
            return Cancelled.NOT_FOUND if row is None else settling.cancel(connection, row.id)

        return await self._store.change(change)

    # the background

    async def take(self, now: datetime, limit: int, lease: timedelta, enqueue: Enqueue | None = None) -> Taken:
        """Takes what is due to be sent, asked for a report or looked up, for as long as the lease; the longest due first.

        It is due again when the lease ends, unless a claim, an outcome, a report or a postponement comes before; taken five times
        without any of these it is given up. limit: at most some thousand.
        enqueue: called with the transaction's connection and what was taken, where something was. What it raises undoes all.
        """
        if not await self._store.read(lambda connection: taking.due(connection, now)):
            return Taken((), ())  # the writer has better things to do
        return await self._store.change(lambda connection: taking.take(connection, now, limit, lease, enqueue))

    async def open_one(self, submission_id: int) -> OpenSubmission | None:
        """A submission as it is now; None when it is gone."""
        found = await self._store.read(lambda connection: reading.open_by_ids(connection, [submission_id]))
        return found[0] if found else None

    async def alive(self) -> float:
        """This process lives. To be said before it sends anything, and much more often than every 30 seconds.

        Returns the seconds by which the database's clock, which all processes share, is ahead of this machine's.
        """
        return await self._store.change(lambda connection: processes.alive(connection, self.token))

    async def abandon(self, now: datetime, limit: int = 1000) -> list[int]:
        """Makes unknown what was claimed and is stale, or whose process was not seen for 30 seconds: it may have been sent.

        Returns the submissions, which are due now. A process that was only slow may still settle them.
        """
        token = self.token
        if not await self._store.read(lambda connection: processes.anything_left(connection, now, token)):
            return []
        return await self._store.change(lambda connection: processes.abandon(connection, now, limit, token))

    async def reserve(
        self, name: str, per_second: float, count: int, now: datetime, latest: datetime | None = None
    ) -> datetime | None:
        """When this caller may send `count` messages: not after `now` where it may at once. Slots go in the order of asking.

        name: of what has the limit, shared by all processes. per_second: messages; as many may go at once after a pause.
        latest: None is returned, and no slot taken, when that would be later.
        """
        async with self._asking:  # else one of its connections overtakes another
            wish = rates.Wish(count, now, latest)
            return await self._store.change(lambda connection: rates.reserve(connection, name, per_second, wish))

    async def pace(self, submission_id: int, due_at: datetime) -> None:
        """Gives a pending submission its slot, of `reserve`."""
        await self._store.change(lambda connection: settling.pace(connection, submission_id, due_at))

    async def take_recurrences(self, now: datetime, limit: int, lease: timedelta) -> tuple[DueRecurrence, ...]:
        """Takes packages that are to be sent again, as `take` does; each ends with `repeat`."""
        if not await self._store.read(lambda connection: recurring.due(connection, now)):
            return ()
        return await self._store.change(lambda connection: recurring.take(connection, now, limit, lease))

    async def repeat(self, package_id: int, due: datetime, next_at: datetime | None, child: NewPackage | None) -> Recorded | None:
        """Records the repeat of a package and when the next one is due; None when another process was first or it was stopped.

        due: the next_at that was taken. next_at: None after the last. child: WAITING; None for a repeat that was missed.
        Raises DuplicateCustomId for the child's; then nothing was changed.
        """
        recorded: Recorded | None = await self._store.write(Repeat(package_id, due, next_at, child))
        return recorded

    async def take_pushes(self, now: datetime, limit: int, lease: timedelta) -> tuple[DuePush, ...]:
        """Takes pushes that are to be tried, as `take` does; each ends with `pushed` or `push_failed`."""
        if not await self._store.read(lambda connection: pushing.due(connection, now)):
            return ()
        return await self._store.change(lambda connection: pushing.take(connection, now, limit, lease))

    async def open_push(self, push_id: int) -> DuePush | None:
        """A push that was taken, for a job that re-reads it; None when it was delivered or is gone."""
        return await self._store.read(lambda connection: pushing.open_one(connection, push_id))

    async def push_content(self, push_id: int) -> PushContent | None:
        """What a push has to tell now; None when there is nothing to do any more. What it has no room for is another push."""
        found = await self._store.read(lambda connection: pushing.content(connection, push_id))
        if found is not None and len(found.items) > pushing.MOST_ITEMS:
            await self._store.change(lambda connection: pushing.split(connection, push_id))
            found = await self._store.read(lambda connection: pushing.content(connection, push_id))
        return found

    async def pushed(self, push_id: int, at: datetime) -> None:
        """The client's server took it."""
        await self._store.change(lambda connection: pushing.pushed(connection, push_id, at))

    async def push_failed(self, push_id: int, what: str, due_at: datetime | None) -> None:
        """The client's server did not take it. what: the kind of failure, never data. due_at: when to try again; None: never."""
        await self._store.change(lambda connection: pushing.failed(connection, push_id, what, due_at))

    async def put_off_push(self, push_id: int, due_at: datetime) -> None:
        """Gives back what was taken and not tried: that was no attempt."""
        await self._store.change(lambda connection: pushing.put_off(connection, push_id, due_at))

    async def prune(self, before: datetime, limit: int = 1000) -> int:
        """Deletes at most `limit` pushes that were delivered before that; how many it did."""
        if not await self._store.read(lambda connection: pushing.old(connection, before)):
            return 0
        return await self._store.change(lambda connection: pushing.prune(connection, before, limit))

    # reading

    async def packages(self, account: str, query: PackagesQuery) -> Page[Package]:
        """One page of the account's packages, newest first; the total is of all pages."""
        nothing: Page[Package] = Page(total_record=0, rows=())
        return await self._of(account, nothing, lambda connection, number: listing.list_packages(connection, number, query))

    async def items(self, account: str, query: ItemsQuery) -> Page[PackageItem]:
        """One page of a package's recipients. Raises CallError ERR_SMS_PKG_NOT_FOUND."""

        def read(connection: Connection) -> Page[PackageItem]:
            return reading.list_items(connection, account_number(connection, account), query)

        return await self._store.read(read)

    async def find(self, account: str, key: PackageKey) -> StoredPackage | None:
        """A package with its submissions; by id also one whose client was told another id."""
        return await self._of(account, None, lambda connection, number: reading.find(connection, number, account, key))

    async def message(self, submission_id: int) -> Message | None:
        """The message that a submission is, to be sent or looked up."""
        return await self._store.read(lambda connection: reading.message_of(connection, submission_id))

    async def refs_of_others(self, submission_id: int, since: datetime) -> frozenset[int]:
        """The vendor's ids of the account's other messages since then with this one's sender and text."""
        return await self._store.read(lambda connection: reading.refs_of_others(connection, submission_id, since))

    async def message_of_package(self, package_id: int) -> Message | None:
        """The message of a package as it was recorded, with all recipients."""
        return await self._store.read(lambda connection: reading.message_of_package(connection, package_id))

    async def open_submissions(
        self, account: str | None, due_before: datetime, limit: int, packages: Sequence[int] | None = None
    ) -> tuple[OpenSubmission, ...]:
        """What is due, the longest first: pending, claimed by a process that is no more, to be asked for a report or looked up.

        account: None for all; of an account, only its newest 1000 packages that are open.
        packages: ids of the ledger; only of these.
        """

        def read(connection: Connection, number: int | None) -> tuple[OpenSubmission, ...]:
            return reading.open_submissions(connection, number, packages, due_before, limit)

        return await self._of_any(account, read)

    async def uncertain(self, account: str | None, limit: int) -> tuple[OpenSubmission, ...]:
        """Submissions whose outcome is unknown, the oldest first. account: None for all."""
        return await self._of_any(account, lambda connection, number: reading.uncertain(connection, number, limit))

    async def overview(self) -> Overview:
        """What waits, in all accounts."""
        found = await self._store.read(waiting.overview)
        return found._replace(late=self.late)

    @property
    def late(self) -> int:
        """Outcomes and corrections that this process keeps for a database that is away."""
        return self._committer.late

    async def purge(self, before: datetime, limit: int = 500) -> int:
        """Deletes at most `limit` packages from before that which are completed, cancelled or failed; how many it did."""
        old = await self._store.read(lambda connection: retention.old_places(connection, before))
        return await self._store.change(lambda connection: retention.purge(connection, old, before, limit))

    async def _of(self, account: str, nothing: T, question: Callable[[Connection, int], T]) -> T:
        """Asks with the account's number; `nothing` for an account that never had a package."""

        def read(connection: Connection) -> T:
            number = account_number(connection, account)
            return nothing if number is None else question(connection, number)

        return await self._store.read(read)

    async def _of_any(
        self, account: str | None, question: Callable[[Connection, int | None], tuple[OpenSubmission, ...]]
    ) -> tuple[OpenSubmission, ...]:
        if account is not None:
            return await self._of(account, (), question)
        return await self._store.read(lambda connection: question(connection, None))
