"""The queue of jobs, in memory and in PostgreSQL: the same handlers, each job once, and what a death does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from bridge.jobs import queue as queues
from bridge.jobs.queue import PUSH, SUBMISSION, Job, MemoryQueue, PostgresQueue, Queue
from tests.waiting import PATIENCE


@pytest.fixture
async def opened(queue_url: str | None) -> AsyncIterator[Callable[[], Any]]:
    """Opens the queue, in PostgreSQL each time for another process."""
    async with AsyncExitStack() as stack:

        async def open_() -> Queue:
            if queue_url is None:
                return await stack.enter_async_context(MemoryQueue.open())
            driver = await stack.enter_async_context(_connected(queue_url))
            return await stack.enter_async_context(PostgresQueue.open(driver))

        yield open_


@pytest.fixture
def queue_url(request: pytest.FixtureRequest, database: str) -> str | None:
    """A database of its own; None for a queue in memory."""
    if database == "sqlite":
        return None
    server = request.getfixturevalue("postgres")
    return str(server.url_of(server.create()))


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    driver = await asyncpg.connect(url)
    try:
        yield driver
    finally:
        driver.terminate()


class Done:
    """Handlers that remember what they were given."""

    def __init__(self) -> None:
        self.keys: list[tuple[str, int]] = []
        self.some = asyncio.Event()

    def handlers(self) -> dict[str, Any]:
        async def submission(key: int) -> None:
            self._note(SUBMISSION, key)

        async def push(key: int) -> None:
            self._note(PUSH, key)

        return {SUBMISSION: submission, PUSH: push}

    def _note(self, kind: str, key: int) -> None:
        self.keys.append((kind, key))
        self.some.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.keys) < count:
                self.some.clear()
                await self.some.wait()


async def test_jobs_are_done_by_their_kind(opened):
    queue, done = await opened(), Done()
    running = asyncio.create_task(queue.run(done.handlers()))
    await queue.put([Job(SUBMISSION, 1), Job(PUSH, 1), Job(SUBMISSION, 2**40)])
    await done.until(3)
    queue.stop()
    await running
    assert sorted(done.keys) == [(PUSH, 1), (SUBMISSION, 1), (SUBMISSION, 2**40)]


async def test_what_waits_already_is_not_put_twice(opened):
    queue, done = await opened(), Done()
    for _ in range(2):
        await queue.put([Job(SUBMISSION, 1), Job(SUBMISSION, 2)])
    running = asyncio.create_task(queue.run(done.handlers()))
    await queue.put([Job(SUBMISSION, 3)])
    await done.until(3)
    queue.stop()
    await running
    assert sorted(key for _, key in done.keys) == [1, 2, 3]


async def test_what_was_done_can_come_again(opened):
    queue, done = await opened(), Done()
    running = asyncio.create_task(queue.run(done.handlers()))
    for count in (1, 2):
        async with asyncio.timeout(PATIENCE):
            while len(done.keys) < count:  # the queue forgets a job a moment after it was done
                await queue.put([Job(SUBMISSION, 1)])
                await asyncio.sleep(0.05)
    queue.stop()
    await running


async def test_how_many_wait(opened):
    queue, done = await opened(), Done()
    running = asyncio.create_task(queue.run(done.handlers()))
    await queue.put([Job(SUBMISSION, 0)])
    await done.until(1)
    queue.stop()
    await running
    assert await queue.waiting() == 0
    await queue.put([Job(SUBMISSION, key) for key in range(1, 8)])
    assert await queue.waiting() == 7


async def test_stopping_waits_for_what_is_in_hand(opened):
    queue, begun, may_end, ended = await opened(), asyncio.Event(), asyncio.Event(), []

    async def slow(key: int) -> None:
        begun.set()
        await may_end.wait()
        ended.append(key)

    running = asyncio.create_task(queue.run({SUBMISSION: slow}))
    await queue.put([Job(SUBMISSION, 1)])
    await begun.wait()
    queue.stop()
    await asyncio.sleep(0)
    assert not running.done()
    may_end.set()
    await running
    assert ended == [1]


async def test_the_log_can_be_emptied(opened):
    queue, done = await opened(), Done()
    running = asyncio.create_task(queue.run(done.handlers()))
    await queue.put([Job(SUBMISSION, key) for key in range(5)])
    await done.until(5)
    queue.stop()
    await running
    assert await queue._queries.queue_log()
    await queue.prune()
    assert not await queue._queries.queue_log()


@pytest.mark.parametrize("database", ["postgresql"])
class TestShared:
    async def test_two_processes_share_the_jobs(self, opened):
        one, two, done = await opened(), await opened(), Done()
        running = [asyncio.create_task(queue.run(done.handlers())) for queue in (one, two)]
        await one.put([Job(SUBMISSION, key) for key in range(100)])
        await done.until(100)
        for queue in (one, two):
            queue.stop()
        await asyncio.gather(*running)
        assert sorted(key for _, key in done.keys) == list(range(100))

    async def test_a_job_of_a_dead_process_is_done_by_another(self, opened, monkeypatch):
        monkeypatch.setattr(queues, "_SILENCE", timedelta(seconds=0.5))
        monkeypatch.setattr(queues, "_POLL", timedelta(seconds=0.2))
        dead, alive, begun, done = await opened(), await opened(), asyncio.Event(), Done()

        async def never(_: int) -> None:
            begun.set()
            await asyncio.Event().wait()

        dying = asyncio.create_task(dead.run({SUBMISSION: never}))
        await dead.put([Job(SUBMISSION, 1)])
        await begun.wait()
        # as a kill does it: its heartbeat ends with its connection
        dead._queries.driver._connection.terminate()
        running = asyncio.create_task(alive.run(done.handlers()))
        await done.until(1)
        alive.stop()
        await running
        for _ in range(2):  # the first only asks it to end its jobs
            dying.cancel()
            await asyncio.wait([dying], timeout=1)
        assert done.keys == [(SUBMISSION, 1)]

    async def test_a_database_that_goes_away_ends_it(self, opened):
        queue = await opened()
        done = Done()
        running = asyncio.create_task(queue.run(done.handlers()))
        await queue.put([Job(SUBMISSION, 0)])
        await done.until(1)
        queue._queries.driver._connection.terminate()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            await queue.put([Job(SUBMISSION, 1)])
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(Exception, match=r"."):
                await running

    async def test_variables_of_the_environment_name_nothing(self, opened, monkeypatch):
        for name in ("FUNCTION", "CHANNEL", "TRIGGER", "PGQUEUER_QUEUE_TABLE"):
            monkeypatch.setenv(name, "strange")
        one, two, done = await opened(), await opened(), Done()
        running = asyncio.create_task(one.run(done.handlers()))
        await two.put([Job(SUBMISSION, 1)])
        await done.until(1)
        one.stop()
        await running
