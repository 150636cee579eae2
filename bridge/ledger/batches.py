"""Requests of the event loop, gathered into batches.

Strategy: while a batch is being written, the next one gathers. Under load the batches also start some milliseconds apart: a
transaction costs as much as what is in it for ten packages, so the time that one call waits is paid back by all. A call that is
alone does not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bridge.ledger.commit import Request
from bridge.ledger.values import NewPackage, Settlement

__all__ = ["Gatherer", "Job"]

_BATCH = 500
# seconds between the starts of two batches, when the last one had this many requests or more
_WINDOW = 0.004
_BUSY = 3


class Job(NamedTuple):
    """A request and who waits for it."""

    request: Request
    future: asyncio.Future[Any]


class Gatherer:
    """Hands over one batch at a time. Used in one event loop."""

    def __init__(self, hand_over: Callable[[list[Job]], None]) -> None:
        """hand_over: takes a batch, packages first, then settlements, then changes; `done` is to be called when it is written."""
        self._hand_over = hand_over
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Job] = []
        self._scheduled = self._writing = False
        self._earliest = 0.0
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, request: Request) -> asyncio.Future[Any]:
        """The result is committed when it is there. Raises LedgerUnavailable, or what the request raises."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(Job(request, future))
        if not self._scheduled and not self._writing:
            self._schedule()
        return future

    def done(self, jobs: Sequence[Job], results: Sequence[Any]) -> None:
        """Hands the results out, an exception where the request has one, and goes on with what has come since."""
        for (_, future), result in zip(jobs, results, strict=True):
            if future.done():  # cancelled
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        self._writing = False
        if self._waiting:
            self._schedule()
        else:
            self._idle.set()

    async def drained(self) -> None:
        """Returns when all that was submitted is done."""
        await self._idle.wait()

    def _schedule(self) -> None:
        self._scheduled = True
        self._idle.clear()
        wait = self._earliest - self._loop.time()
        if wait > 0:
            self._loop.call_later(wait, self._flush)
        else:
            # what else comes in this turn of the loop comes along
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        jobs, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        self._scheduled, self._writing = False, True
        self._earliest = self._loop.time() + _WINDOW if len(jobs) >= _BUSY else 0.0
        self._hand_over(_in_order(jobs))


def _in_order(jobs: list[Job]) -> list[Job]:
    """What shares a transaction before what has one of its own."""
    packages = [job for job in jobs if isinstance(job.request, NewPackage)]
    settlements = [job for job in jobs if isinstance(job.request, Settlement)]
    if len(packages) + len(settlements) == len(jobs):
        return packages + settlements
    return packages + settlements + [job for job in jobs if not isinstance(job.request, NewPackage | Settlement)]
