"""The two databases behind one face: functions over a connection are run for reading, or by the writer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.errors import LedgerUnavailable
from bridge.ledger.commit import Committer, Request
from bridge.ledger.engine import KEY, is_conflict, is_unavailable, open_postgres, open_sqlite, what
from bridge.ledger.schema import Versions, upgrade, versions
from bridge.ledger.search import index_some
from bridge.ledger.writer import PostgresWriter, SqliteWriter
from bridge.log import get_logger

__all__ = ["Database", "PostgresDatabase", "SqliteDatabase", "look", "migrate"]

T = TypeVar("T")
Question = Callable[[Connection], T]

log = get_logger("bridge.ledger")

_READERS = 4
# of each process; a server has 100 unless it is told otherwise
_POSTGRES_CONNECTIONS = 8
_TRIES = 3
_INDEXED_AT_ONCE = 500
# seconds between two looks for packages that are not indexed yet, and after a failure
_INDEX_PAUSE = 0.5
_INDEX_RETRY = 5.0


class Database(Protocol):
    """What the ledger needs of a database. All raise LedgerUnavailable, or what they are given to do raises."""

    async def read(self, question: Question[T]) -> T:
        """Asks in a transaction that sees one state of the database throughout."""
        ...

    async def change(self, change: Question[T]) -> T:
        """Changes in a transaction of its own; committed when it returns. May be run again when another was in the way."""
        ...

    def write(self, request: Request) -> asyncio.Future[Any]:
        """The hot path: shares a transaction with others."""
        ...

    @property
    def file(self) -> Path | None:
        """The file, for locks beside it; None for a server."""
        ...

    def driver_connection(self) -> AbstractAsyncContextManager[Any]:
        """A connection of asyncpg's own, in no transaction. Raises LookupError for a file, LedgerUnavailable."""
        ...

    async def close(self) -> None: ...


class SqliteDatabase:
    """Readers are threads, the writer is another."""

    def __init__(self, url: URL, committer: Committer) -> None:
        """Raises SettingsError when the file cannot be opened."""
        assert url.database
        self.file = Path(url.database)
        self._readers = open_sqlite(url, writing=False, connections=_READERS)
        self._writers = open_sqlite(url, writing=True, connections=1)
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="ledger-read")
        self._writer = SqliteWriter(self._writers, committer)
        self.write = self._writer.submit

    async def read(self, question: Question[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, question)

    def _read(self, question: Question[T]) -> T:
        return _transact(self._readers, question)

    async def change(self, change: Question[T]) -> T:
        result: T = await self._writer.submit(change)
        return result

    def driver_connection(self) -> AbstractAsyncContextManager[Any]:
        raise LookupError("a file has no connections of asyncpg")

    async def close(self) -> None:
        await self._writer.close()
        self._threads.shutdown()
        self._readers.dispose()
        self._writers.dispose()


class PostgresDatabase:
    """A pool of connections; the writer keeps one of them."""

    file = None

    def __init__(self, url: URL, committer: Committer) -> None:
        self._engine = open_postgres(url, connections=_POSTGRES_CONNECTIONS)
        # of the same pool
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._writer = PostgresWriter(self._engine, committer)
        self.write = self._writer.submit
        self._indexer = asyncio.get_running_loop().create_task(self._index(), name="ledger-index")

    async def read(self, question: Question[T]) -> T:
        return await _transact_async(self._snapshots, question)

    async def change(self, change: Question[T]) -> T:
        for left in reversed(range(_TRIES)):
            try:
                return await _transact_async(self._engine, change)
            except Exception as error:
                if not is_conflict(error) or not left:
                    raise
        raise AssertionError

    @asynccontextmanager
    async def driver_connection(self) -> AsyncIterator[Any]:
        try:
            connection = await self._engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        except Exception as error:
            raise LedgerUnavailable(what(error)) from error
        try:
            yield (await connection.get_raw_connection()).driver_connection
        finally:
            # whatever was done to it, nobody gets it again
            await connection.invalidate()
            await connection.close()

    async def close(self) -> None:
        self._indexer.cancel()
        await asyncio.gather(self._indexer, return_exceptions=True)
        await self._writer.close()
        await self._engine.dispose()

    async def _index(self) -> None:
        """Puts packages into the search index, in the server, whichever process recorded them."""
        while True:
            pause = _INDEX_PAUSE
            try:
                while await self.change(lambda connection: index_some(connection, _INDEXED_AT_ONCE)) == _INDEXED_AT_ONCE:
                    pass
            except Exception as error:  # noqa: BLE001  # tried again
                log.warning("search index not filled", why=what(error))
                pause = _INDEX_RETRY
            await asyncio.sleep(pause)


def _transact(engine: Engine, question: Question[T]) -> T:
    try:
        with engine.connect() as connection, connection.begin():
            return question(connection)
    except Exception as error:
        if is_unavailable(error):
            raise LedgerUnavailable(what(error)) from error
        raise


async def _transact_async(engine: AsyncEngine, question: Question[T]) -> T:
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(question)
    except Exception as error:
        if is_unavailable(error):
            raise LedgerUnavailable(what(error)) from error
        raise


async def migrate(url: URL) -> Versions:
    """Brings the database to this version's schema. Safe in several processes at once. The versions are those before.

    Raises SettingsError when it is of a newer version, LedgerUnavailable when it is not there.
    """
    return await _once(url, lambda connection: upgrade(connection, KEY))


async def look(url: URL) -> Versions:
    """The database's schema and this version's. Raises as `migrate` does."""
    return await _once(url, lambda connection: versions(connection, KEY))


async def _once(url: URL, question: Question[T]) -> T:
    if url.drivername == "sqlite":
        engine = open_sqlite(url, writing=True, connections=1)
        try:
            return await asyncio.to_thread(_transact, engine, question)
        finally:
            engine.dispose()
    # a step may rewrite a large table, and the others wait for it
    pool = open_postgres(url, connections=1, answer_seconds=None)
    try:
        return await _transact_async(pool, question)
    finally:
        await pool.dispose()
