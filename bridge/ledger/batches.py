"""Requests of the event loop, gathered into batches.

Strategy: while a batch is being written, the next one gathers. Under load the batches also start some milliseconds apart, and
somewhat later while every turn of the event loop brings more: a transaction costs as much as what is in it for ten packages, so
the time that one call waits is paid back by all. A call that is alone does not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from bridge.ledger.commit import Batch, Change, Request
from bridge.ledger.values import NewPackage, Repeat, Settlement

__all__ = ["Futures", "Gatherer"]

_BATCH = 500
# seconds between the starts of two batches, when the last one had this many requests or more; and while there come more
_WINDOW, _LONGEST_WINDOW = 0.004, 0.012
_BUSY = 3


Futures = Sequence[asyncio.Future[Any]]
"""Who waits for each request of a batch."""


class Gatherer:
    """Hands over one batch at a time. Used in one event loop."""

    def __init__(self, hand_over: Callable[[Batch, Futures], None]) -> None:
        """hand_over: takes a batch; `done` is to be called when it is written."""
        self._hand_over = hand_over
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Request, asyncio.Future[Any]]] = []
        self._scheduled = self._writing = False
        # by the loop's clock; and how many waited a turn of the loop ago
        self._earliest = self._latest = 0.0
        self._seen = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, request: Request) -> asyncio.Future[Any]:
        """The result is committed when it is there. Raises LedgerUnavailable, or what the request raises."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((request, future))
        if not self._scheduled and not self._writing:
            self._schedule()
        return future

    def done(self, futures: Futures, results: Sequence[Any]) -> None:
        """Hands the results out, an exception where the request has one, and goes on with what has come since."""
        for future, result in zip(futures, results, strict=True):
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
        now, count = self._loop.time(), len(self._waiting)
        if self._seen < count < _BATCH and now < self._latest:
            self._seen = count
            self._loop.call_soon(self._flush)
            return
        jobs, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        self._scheduled, self._writing = False, True
        self._earliest, self._latest = (now + _WINDOW, now + _LONGEST_WINDOW) if len(jobs) >= _BUSY else (0.0, 0.0)
        self._seen = 0
        packages: list[NewPackage] = []
        settlements: list[Settlement] = []
        changes: list[Repeat | Change] = []
        futures: tuple[list[asyncio.Future[Any]], ...] = ([], [], [])
        for request, future in jobs:
            if isinstance(request, NewPackage):
                packages.append(request)
                futures[0].append(future)
            elif isinstance(request, Settlement):
                settlements.append(request)
                futures[1].append(future)
            else:
                changes.append(request)
                futures[2].append(future)
        self._hand_over(Batch(packages, settlements, changes), [*futures[0], *futures[1], *futures[2]])
