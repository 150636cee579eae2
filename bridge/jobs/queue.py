"""The queue of jobs: pgqueuer in this process' memory, or in the ledger's own PostgreSQL, with the same handlers.

Facts:
- A job is only a key: "look at this row". The row's lease keeps others away while the job waits or runs, and brings the row back
  when the job is lost. So the queue itself may be lost: in memory it is at every end, in PostgreSQL its tables are unlogged.
- pgqueuer logs each step of a job in a table, for statistics that nobody here reads: `prune` empties it.
- Importing pgqueuer takes a third of a second: it is done when the queue is opened.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pgqueuer.adapters.inmemory import InMemoryQueries
    from pgqueuer.adapters.persistence.queries import Queries
    from pgqueuer.core.qm import QueueManager
    from pgqueuer.domain.models import Job as QueuedJob

__all__ = ["PUSH", "ROOM", "SUBMISSION", "Handler", "Job", "MemoryQueue", "PostgresQueue", "Queue", "install"]

SUBMISSION, PUSH = "submission", "push"
"""Kinds of jobs."""
Handler = Callable[[int], Awaitable[None]]
"""Looks at the row of a key."""

ROOM = 200
"""Jobs that may wait. What is due beyond that waits in the ledger, so that no lease ends while its job waits."""
# of one process
_AT_ONCE = 64
_BATCH = 20
# what a process that says nothing for this long had in hand is done by another
_SILENCE = timedelta(seconds=20)
# jobs are announced; this is for an announcement that was lost
_POLL = timedelta(seconds=5)
_PREFIX = "bridge_"
_NAMES = {
    "channel": "bridge_jobs",
    "function": "bridge_jobs_changed",
    "statistics_table": "bridge_job_statistics",
    "queue_status_type": "bridge_job_status",
    "queue_table": "bridge_job",
    "queue_table_log": "bridge_job_log",
    "trigger": "bridge_jobs_changed",
    "schedules_table": "bridge_job_schedules",
}


class Job(NamedTuple):
    """What to look at."""

    kind: str
    key: int
    # of the lease: the queue forgets a job a moment after it was done, and a new one is not to be taken for it
    turn: int = 0


class Queue:
    """Where jobs wait; use MemoryQueue or PostgresQueue."""

    def __init__(self, queries: InMemoryQueries | Queries, manager: QueueManager) -> None:
        self._queries, self._manager = queries, manager
        self._kinds: list[str] = []
        # handlers tell what fails; pgqueuer would log frames, with values
        logging.getLogger("pgqueuer").setLevel(logging.CRITICAL + 1)

    async def put(self, jobs: Sequence[Job]) -> None:
        """Adds those that do not wait or run already."""
        if jobs:
            kinds, payloads, keys = _columns(jobs)
            nothing = [0] * len(jobs)
            await self._queries.enqueue(kinds, payloads, nothing, dedupe_key=keys, on_conflict="skip")

    async def waiting(self) -> int:
        """How many jobs wait, in all processes that share the queue."""
        return sum(row.count for row in await self._queries.queue_size() if row.status == "queued")

    async def run(self, handlers: Mapping[str, Handler]) -> None:
        """Does jobs until it is stopped, and those in hand to their end. Raises when the database is gone."""
        for kind, handler in handlers.items():
            self._manager.entrypoint(kind, accepts_context=False)(_entrypoint(handler))
        self._kinds = list(handlers)
        await self._manager.run(
            dequeue_timeout=_POLL,
            batch_size=_BATCH,
            max_concurrent_tasks=_AT_ONCE,
            shutdown_on_listener_failure=True,
            heartbeat_timeout=_SILENCE,
            log_aggregation_interval=timedelta(0),
        )

    def stop(self) -> None:
        """Lets `run` return."""
        self._manager.shutdown.set()

    async def prune(self) -> None:
        """Empties the log."""
        await self._queries.clear_queue_log(self._kinds)


class MemoryQueue(Queue):
    """Of this process alone."""

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[MemoryQueue]:
        """An empty queue."""
        from pgqueuer.adapters.inmemory import InMemoryDriver, InMemoryQueries  # noqa: PLC0415  # see above
        from pgqueuer.core.qm import QueueManager  # noqa: PLC0415  # see above

        queries = InMemoryQueries(driver=InMemoryDriver())
        yield cls(queries, QueueManager(queries))


class PostgresQueue(Queue):
    """Of all processes that have the same database."""

    def __init__(self, queries: Queries, manager: QueueManager) -> None:
        super().__init__(queries, manager)
        self._insert = queries.qbq.build_enqueue_query("skip")

    @classmethod
    @asynccontextmanager
    async def open(cls, driver: Any) -> AsyncIterator[PostgresQueue]:
        """driver: an asyncpg connection of its own, until the end."""
        from pgqueuer.core.qm import QueueManager  # noqa: PLC0415  # see above

        queries = _queries(driver)
        await _install(queries)
        yield cls(queries, QueueManager(queries, queries.qbe.settings.channel))

    def put_with(self, connection: Any, jobs: Sequence[Job]) -> None:
        """As `put`, in the transaction of a connection of SQLAlchemy's."""
        if jobs:
            kinds, payloads, keys = _columns(jobs)
            many = len(jobs)
            values = ([0] * many, kinds, payloads, [timedelta(0)] * many, keys, ["{}"] * many)
            connection.exec_driver_sql(self._insert, values)


async def install(driver: Any) -> None:
    """Makes the tables, or brings them to pgqueuer's version. driver: an asyncpg connection. Safe in several processes at once."""
    await _install(_queries(driver))


async def _install(queries: Queries) -> None:
    async with queries.schema_lock():
        if not await queries.schema_is_installed():
            await queries.install()
            return
        plan = await queries.plan_upgrade()
    if plan.statements:
        await queries.apply_upgrade()


def _queries(driver: Any) -> Queries:
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver  # noqa: PLC0415  # see above
    from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder  # noqa: PLC0415
    from pgqueuer.adapters.persistence.queries import Queries  # noqa: PLC0415  # see above
    from pgqueuer.domain.settings import DBSettings, Durability  # noqa: PLC0415  # see above

    # all names, for it would take those that are missing from variables as common as FUNCTION
    names = DBSettings.model_validate({"prefix": _PREFIX, "durability": Durability.volatile, **_NAMES})
    return Queries(
        AsyncpgDriver(driver),
        qbe=QueryBuilderEnvironment(names),
        qbq=QueryQueueBuilder(names),
        qbs=QuerySchedulerBuilder(names),
    )


def _columns(jobs: Sequence[Job]) -> tuple[list[str], list[bytes | None], list[str | None]]:
    """Kinds, payloads, and keys under which a job is there once for each turn."""
    payloads: list[bytes | None] = [str(job.key).encode() for job in jobs]
    keys: list[str | None] = [f"{job.kind}:{job.key}:{job.turn}" for job in jobs]
    return [job.kind for job in jobs], payloads, keys


def _entrypoint(handler: Handler) -> Callable[[QueuedJob], Awaitable[None]]:
    async def run(job: QueuedJob) -> None:
        assert job.payload is not None
        await handler(int(job.payload))

    return run
