"""The background: jobs a second and CPU a job, and what rows that wait for later cost while nothing is due.

    python tests/bench/jobs.py URL [JOBS [WAITING]]

URL: sqlite:///FILE or postgresql://.. (of this run only). A job here re-reads its row and postpones it: the dispatcher's part of
any job, without a vendor.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

import uvloop

from bridge.domain.message import Kind, Message
from bridge.domain.status import PackageState
from bridge.jobs.dispatcher import Dispatcher
from bridge.jobs.queue import SUBMISSION
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import NewPackage, NewSubmission
from bridge.metrics.metrics import Metrics

IDLE_SECONDS = 20


def package(at: int, due_at: datetime) -> NewPackage:
    now = datetime.now(UTC)
    message = Message(
        kind=Kind.NORMAL,
        sender="BASLIK",
        numbers=(f"90532{at % 10**7:07d}",),
        text="Merhaba",
        validity_minutes=1440,
        accepted_at=now,
    )
    end = due_at + timedelta(days=1)
    return NewPackage("admin", "main", message, [NewSubmission(range(1))], 1, PackageState.WAITING, due_at, end)


async def fill(ledger: Ledger, count: int, due_at: datetime) -> None:
    for first in range(0, count, 1000):
        await asyncio.gather(*(ledger.record(package(at, due_at)) for at in range(first, min(first + 1000, count))))


class Work:
    """Looks at a row and puts it off."""

    is_able = True

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self.done = ledger, 0
        self.handlers = {SUBMISSION: self._look}

    async def _look(self, submission_id: int) -> None:
        assert await self._ledger.open_one(submission_id)
        await self._ledger.postpone([submission_id], datetime.now(UTC) + timedelta(days=1))
        self.done += 1

    async def repeat(self, lease: timedelta) -> None: ...

    async def tidy(self) -> None: ...


async def main() -> None:
    url = sys.argv[1]
    jobs, waiting = (int(text) for text in (sys.argv[2:] + ["5000", "100000"][len(sys.argv) - 2 :]))
    await Ledger.migrate(url)
    ledger = await Ledger.open(url)
    now = datetime.now(UTC)
    await fill(ledger, waiting, now + timedelta(days=1))
    work = Work(ledger)
    dispatcher = Dispatcher(ledger, lambda: datetime.now(UTC), work, Metrics())  # type: ignore[arg-type]  # has what is needed
    dispatcher.start()
    await asyncio.sleep(5)  # for imports, and the search index
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.sleep(IDLE_SECONDS)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{waiting} rows wait: {cpu / wall * 100:.2f} % of a core")
    await fill(ledger, jobs, now)
    cpu, wall = time.process_time(), time.perf_counter()
    while work.done < jobs:  # noqa: ASYNC110  # nothing tells
        await asyncio.sleep(0.01)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{jobs} jobs: {jobs / wall:.0f} a second, {cpu / jobs * 1e6:.0f} us CPU a job")
    await dispatcher.stop(10)
    await ledger.close()


uvloop.run(main())
