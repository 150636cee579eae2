"""The background: finds what is due in the ledger and has it done, until it is stopped.

Strategy:
- What is due is taken from the ledger under a lease and becomes a job of the queue. A lease that ends brings the row back, so that
  no job is lost; a row that comes back again and again kills the processes that take it, and is given up.
- Every process says that it lives. What a dead one had on its way to a vendor has an unknown outcome.
- On SQLite one process dispatches for all (a file lock), with a queue in memory; on PostgreSQL all do, with one in the database.
- A database that goes away ends the queue; it is opened again when the database is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bridge.domain.clock import Clock
from bridge.jobs.lock import FileLock
from bridge.jobs.queue import PUSH, ROOM, SUBMISSION, Handler, Job, MemoryQueue, PostgresQueue, Queue
from bridge.jobs.work import Work
from bridge.ledger.ledger import Ledger
from bridge.ledger.tables import SPAN
from bridge.log import get_logger
from bridge.metrics.metrics import Metrics

__all__ = ["LEASE", "Dispatcher"]

log = get_logger("bridge.jobs")

# longer than a job may wait and run
LEASE = timedelta(seconds=60)
_FEED_SECONDS = 1.0
_HURRY_SECONDS = 0.05
_ALIVE_SECONDS = 5.0
_TIDY_SECONDS = 60.0
_RETRY_SECONDS = 2.0
# seconds: of claims and leases nothing is told apart that is closer
_CLOCK_DIFFERENCE = 30.0


class Dispatcher:
    """Runs in the event loop of its process."""

    def __init__(self, ledger: Ledger, clock: Clock, work: Work, metrics: Metrics) -> None:
        self._ledger, self._clock, self._work = ledger, clock, work
        self._handlers = {kind: _guarded(kind, handler, metrics) for kind, handler in work.handlers.items()}
        self._stopping = asyncio.Event()
        self._queue: Queue | None = None
        self._is_out_of_time = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts; nothing is waited for."""
        for work in (self._every(_ALIVE_SECONDS, "alive", self._live), self._supervised()):
            self._tasks.append(asyncio.create_task(work, name="jobs"))

    async def stop(self, seconds: float) -> None:
        """Takes nothing more, and waits so long for what is in hand; then that is left to others."""
        self._stopping.set()
        if self._queue is not None:
            self._queue.stop()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            task.cancel()
            task.cancel()  # the queue takes the first one for a wish to end when all is done
        await asyncio.gather(*late, return_exceptions=True)
        if late:
            log.warning("jobs were left behind", seconds=seconds)

    async def _live(self) -> None:
        """Says that this process lives. With a clock of its own it would send and give up at times that are nobody else's."""
        ahead = await self._ledger.alive()
        was, self._is_out_of_time = self._is_out_of_time, abs(ahead) > _CLOCK_DIFFERENCE
        if self._is_out_of_time and not was:
            log.error("this machine's clock is wrong: nothing is sent in the background", database_ahead_seconds=round(ahead))

    async def _supervised(self) -> None:
        """Dispatches again when the database is back."""
        while not self._stopping.is_set():
            try:
                await self._dispatch()
            except Exception as error:  # noqa: BLE001  # the background has nobody to tell, and must not end
                log.warning("jobs interrupted", error=_names(error))
                await self._pause(_RETRY_SECONDS)

    async def _dispatch(self) -> None:
        """Dispatches until it is stopped, or until the database goes away."""
        async with self._turn(), self._opened() as queue, asyncio.TaskGroup() as group:
            self._queue = queue
            if not self._stopping.is_set():
                group.create_task(self._work_off(queue), name="jobs_queue")
                group.create_task(self._every(_FEED_SECONDS, "feed", partial(self.feed, queue)), name="jobs_feed")
                group.create_task(self._every(_TIDY_SECONDS, "tidy", partial(self._tidy, queue)), name="jobs_tidy")

    async def _work_off(self, queue: Queue) -> None:
        await queue.run(self._handlers)
        if not self._stopping.is_set():
            raise RuntimeError("the queue ended by itself")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Waits until this process may dispatch, or is stopped."""
        path: Path | None = self._ledger.file
        if path is None:
            yield
            return
        with FileLock(path.with_name(f"{path.name}.jobs")) as lock:
            while not lock.acquire() and not self._stopping.is_set():
                await self._pause(_RETRY_SECONDS)
            yield

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Queue]:
        if self._ledger.file is not None:
            async with MemoryQueue.open() as memory:
                yield memory
        else:
            async with self._ledger.driver_connection() as driver, PostgresQueue.open(driver) as shared:
                yield shared

    async def _every(self, seconds: float, name: str, step: Callable[[], Awaitable[bool | None]]) -> None:
        """Takes the step again and again, soon when it says that there is more. One that fails does not end the jobs in hand."""
        while not self._stopping.is_set():
            pause = seconds
            try:
                if await step():
                    pause = _HURRY_SECONDS
            except Exception as error:  # noqa: BLE001  # as above
                log.warning("background step failed", step=name, error=_names(error))
                pause = max(seconds, _RETRY_SECONDS)
            await self._pause(pause)

    async def feed(self, queue: Queue) -> bool:
        """Puts into the queue what is due now, as far as there is room. Whether more may be due."""
        now = self._clock()
        abandoned = await self._ledger.abandon(now)
        if abandoned:
            log.warning("sends of a dead process: their outcome is unknown", submissions=len(abandoned))
        room = ROOM - await queue.waiting()
        if not self._work.is_able or self._is_out_of_time:
            return False
        if room <= 0:
            return True
        turn = int(now.timestamp() * 1000)
        put = _put_with(queue, turn) if isinstance(queue, PostgresQueue) else None
        taken = await self._ledger.take(now, room, LEASE, put)
        if taken.given_up:
            log.error("given up: every process that took it died", packages=sorted({id_ // SPAN for id_ in taken.given_up}))
        if put is None:
            await queue.put([Job(SUBMISSION, each.submission.id, turn) for each in taken.submissions])
        pushes = await self._ledger.take_pushes(now, room, LEASE)
        await queue.put([Job(PUSH, each.id, turn) for each in pushes])
        await self._work.repeat(LEASE)
        return len(taken.submissions) == room

    async def _tidy(self, queue: Queue) -> None:
        await queue.prune()
        await self._work.tidy()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _put_with(queue: PostgresQueue, turn: int) -> Callable[[Any, Any], None]:
    def put(connection: Any, submissions: Any) -> None:
        queue.put_with(connection, [Job(SUBMISSION, each.submission.id, turn) for each in submissions])

    return put


def _guarded(kind: str, handler: Handler, metrics: Metrics) -> Handler:
    """Counts. What fails is logged and comes back with its lease."""

    async def run(key: int) -> None:
        try:
            with metrics.job(kind):
                await handler(key)
        except Exception as error:  # noqa: BLE001  # see above
            shown = {"package": key // SPAN} if kind == SUBMISSION else {"key": key}  # longer numbers are masked
            log.warning("job failed", kind=kind, **shown, error=_names(error))

    return run


def _names(error: BaseException) -> str:
    """The kinds of errors, without what they say: that may be of the client."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(sorted({_names(each) for each in error.exceptions}))
    return type(error).__name__
