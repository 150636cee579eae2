"""The one that writes: all requests of a process, in batches, over one connection.

Facts:
- On SQLite a plain connection is the cheapest way by far (a third of the asynchronous driver's CPU). But its driver lets go of
  Python's lock for every row, and to get it back from a busy event loop costs a thread more than the row. So the event loop itself
  writes what is quickly written. Commits, which wait for the disk, are a thread's, and all that may wait or take long.
- On PostgreSQL a task of the event loop, for there is nothing to wait for but the network. What is quickly written is one
  statement.

Whoever waits for a request may be cancelled; the request is done all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.errors import LedgerInDoubt, LedgerUnavailable
from bridge.ledger.batches import Futures, Gatherer
from bridge.ledger.commit import Batch, Committer, Request
from bridge.ledger.engine import be_impatient, patient, what
from bridge.ledger.search import index_some
from bridge.ledger.values import NewPackage
from bridge.log import get_logger

__all__ = ["PostgresWriter", "SqliteWriter"]

log = get_logger("bridge.ledger")

# seconds of quiet after which packages are put into the search index, and after which a database that was gone is tried again
_QUIET = 0.1
_RETRY = 1.0
# packages that a search looks at one by one before the index has to be filled, quiet or not; and how many at a time
_UNINDEXED = 20_000
_INDEXED_AT_ONCE = 1000


class _Trouble:
    """Tells the log once that the database is gone, and once that it is back."""

    def __init__(self) -> None:
        self._calls = 0

    def met(self, batch: Batch, results: list[Any], error: Exception) -> list[Request]:
        """Fills the results up with the error; the requests that it hit."""
        hit = batch.requests[len(results) :]
        why = error.what if isinstance(error, LedgerUnavailable) else what(error)
        # it is not told apart which packages of the batch were committed one by one, and which not even tried
        doubted = NewPackage if isinstance(error, LedgerInDoubt) else ()
        results += [LedgerInDoubt(why) if isinstance(each, doubted) else LedgerUnavailable(why) for each in hit]
        if not self._calls:
            log.error("ledger unavailable", why=why)
        self._calls += len(hit)
        return hit

    def over(self) -> None:
        """A batch was written."""
        if self._calls:
            log.warning("ledger available again", calls_failed=self._calls)
            self._calls = 0


class SqliteWriter:
    """The event loop and a thread, over one connection in turns."""

    def __init__(self, engine: Engine, committer: Committer) -> None:
        """engine: its transactions take the write lock."""
        self._engine = engine
        self._committer = committer
        self._loop = asyncio.get_running_loop()
        # None ends the thread
        self._queue: queue.SimpleQueue[tuple[Batch, Futures, list[Any] | None] | None] = queue.SimpleQueue()
        self._gatherer = Gatherer(self._take)
        self.submit = self._gatherer.submit
        # of the one who uses the connection. The event loop never waits for it; it leaves it to the thread with what it has begun
        self._using = threading.Lock()
        self._connection: Connection | None = None
        # sqlite3's own, of that connection
        self._driver: Any = None
        self._trouble = _Trouble()
        # packages recorded and not indexed, as far as this process knows; what an earlier one left counts as one
        self._unindexed = 1
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Ends when all that was submitted is done."""
        await self._gatherer.drained()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _take(self, batch: Batch, futures: Futures) -> None:
        begun = None
        if self._using.acquire(blocking=False):
            if self._connection is not None:
                begun = self._committer.begin(self._driver, batch)
            if begun is None:
                self._using.release()
        self._queue.put((batch, futures, begun))

    def _run(self) -> None:
        while True:
            try:
                work = self._queue.get(timeout=self._patience())
            except queue.Empty:
                self._rest()
                continue
            if work is None:
                break
            batch, futures, begun = work
            if begun is None:
                self._using.acquire()
            self._work(batch, futures, begun)
            # nobody may ever leave it in peace: then it takes the time
            if self._unindexed > _UNINDEXED or (self._committer.late and self._connection is not None):
                self._rest()
        if self._committer.late:
            self._rest()
        self._disconnect()

    def _patience(self) -> float | None:
        """Seconds until something else is to be done; None when there is nothing."""
        if self._committer.late:
            return _RETRY
        return _QUIET if self._unindexed else None

    def _work(self, batch: Batch, futures: Futures, begun: list[Any] | None) -> None:
        results: list[Any] = []
        try:
            if begun is None:
                connection = self._connect()
                with patient(self._driver):
                    self._committer.commit(connection, batch, results)
            else:
                self._committer.finish(self._driver)
                results = begun
        except Exception as error:  # noqa: BLE001  # whatever it is, the writer lives on with a new connection
            self._committer.keep(self._trouble.met(batch, results, error))
            self._disconnect()
        else:
            self._trouble.over()
        self._using.release()
        self._unindexed += len(batch.packages)
        with contextlib.suppress(RuntimeError):  # the event loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._gatherer.done, futures, results)

    def _rest(self) -> None:
        """What is done when nobody waits."""
        if not self._using.acquire(blocking=False):
            return  # a batch was begun, and is in the queue
        try:
            connection = self._connect()
            with patient(self._driver):
                self._committer.catch_up(connection)
                with connection.begin():
                    done = index_some(connection, _INDEXED_AT_ONCE)
            self._unindexed = max(1, self._unindexed - done) if done == _INDEXED_AT_ONCE else 0
        except Exception as error:  # noqa: BLE001  # tried again
            log.info("ledger not tidied up", why=what(error))
            self._unindexed = 0  # until the next package
            self._disconnect()
        finally:
            self._using.release()

    def _connect(self) -> Connection:
        """Raises LedgerUnavailable."""
        if self._connection is None:
            try:
                self._connection = self._engine.connect()
                self._driver = self._connection.connection.driver_connection
                be_impatient(self._driver)
            except Exception as error:
                raise LedgerUnavailable(what(error)) from error
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it may be broken; a new one is made
                self._connection.invalidate()
                self._connection.close()
            self._connection = None


class PostgresWriter:
    """A task of the event loop."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer
        self._queue: asyncio.Queue[tuple[Batch, Futures] | None] = asyncio.Queue()
        self._gatherer = Gatherer(lambda batch, futures: self._queue.put_nowait((batch, futures)))
        self.submit = self._gatherer.submit
        self._connection: AsyncConnection | None = None
        # asyncpg's own, of that connection
        self._driver: Any = None
        self._trouble = _Trouble()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="ledger")

    async def close(self) -> None:
        """Ends when all that was submitted is done."""
        await self._gatherer.drained()
        self._queue.put_nowait(None)
        await self._task

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_RETRY if self._committer.late else None):
                    work = await self._queue.get()
            except TimeoutError:
                await self._catch_up()
                continue
            if work is None:
                break
            await self._work(*work)
            if self._committer.late and self._connection is not None:
                await self._catch_up()
        if self._committer.late:
            await self._catch_up()
        await self._disconnect()

    async def _work(self, batch: Batch, futures: Futures) -> None:
        results: list[Any] = []
        try:
            connection = await self._connect()
            done = await self._committer.at_once(self._driver, batch)
            if done is None:
                await connection.run_sync(self._committer.commit, batch, results)
            else:
                results = done
        except Exception as error:  # noqa: BLE001  # whatever it is, the writer lives on with a new connection
            self._committer.keep(self._trouble.met(batch, results, error))
            await self._disconnect()
        else:
            self._trouble.over()
        self._gatherer.done(futures, results)

    async def _catch_up(self) -> None:
        try:
            await (await self._connect()).run_sync(self._committer.catch_up)
        except Exception as error:  # noqa: BLE001  # tried again
            log.info("ledger not tidied up", why=what(error))
            await self._disconnect()

    async def _connect(self) -> AsyncConnection:
        """Raises LedgerUnavailable."""
        if self._connection is None:
            try:
                self._connection = await self._engine.connect()
                self._driver = (await self._connection.get_raw_connection()).driver_connection
            except Exception as error:
                raise LedgerUnavailable(what(error)) from error
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it may be broken; a new one is made
                await self._connection.invalidate()
                await self._connection.close()
            self._connection = None
