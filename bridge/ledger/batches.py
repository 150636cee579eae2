"""Requests of the event loop, gathered into batches.

Strategy: while a batch is being written, the next one gathers. Under load the batches also start some milliseconds apart, and
somewhat later while every turn of the event loop brings more: a transaction costs as much as what is in it for ten packages, so
the time that one call waits is paid back by all. A call that is alone does not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from bridge.ledger.commit import Batch, Change, Request
from bridge.ledger.values import NewPackage, Repeat, Settlement

__all__ = ["Futures", "Gatherer"]

# requests of a kind in a batch
_BATCH = 500
# seconds between the starts of two batches, when the last one had this many requests or more; and while there come more
_WINDOW, _LONGEST_WINDOW = 0.004, 0.012
_BUSY = 3

R = TypeVar("R")
Futures = Sequence[asyncio.Future[Any]]
"""Who waits for each request of a batch."""


class Gatherer:
    """Hands over one batch at a time. Used in one event loop."""

    def __init__(self, hand_over: Callable[[Batch, Futures], None]) -> None:
        """hand_over: takes a batch; `done` is to be called when it is written."""
        self._hand_over = hand_over
        self._loop = asyncio.get_running_loop()
        self._packages = _Waiting[NewPackage]()
        self._settlements = _Waiting[Settlement]()
        self._changes = _Waiting[Repeat | Change]()
        self._scheduled = self._writing = False
        # by the loop's clock; and how many waited a turn of the loop ago
        self._earliest = self._latest = 0.0
        self._seen = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, request: Request) -> asyncio.Future[Any]:
        """The result is committed when it is there. Raises LedgerUnavailable, or what the request raises."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if isinstance(request, NewPackage):
            self._packages.add(request, future)
        elif isinstance(request, Settlement):
            self._settlements.add(request, future)
        else:
            self._changes.add(request, future)
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
        if self._count():
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
        now, count = self._loop.time(), self._count()
        if self._seen < count < _BATCH and now < self._latest:
            self._seen = count
            self._loop.call_soon(self._flush)
            return
        self._scheduled, self._writing = False, True
        self._earliest, self._latest = (now + _WINDOW, now + _LONGEST_WINDOW) if count >= _BUSY else (0.0, 0.0)
        self._seen = 0
        packages, packages_futures = self._packages.take()
        settlements, settlements_futures = self._settlements.take()
        changes, changes_futures = self._changes.take()
        self._hand_over(Batch(packages, settlements, changes), [*packages_futures, *settlements_futures, *changes_futures])

    def _count(self) -> int:
        return len(self._packages.requests) + len(self._settlements.requests) + len(self._changes.requests)


class _Waiting(Generic[R]):
    """Requests of one kind, and who waits for each."""

    def __init__(self) -> None:
        self.requests: list[R] = []
        self._futures: list[asyncio.Future[Any]] = []

    def add(self, request: R, future: asyncio.Future[Any]) -> None:
        self.requests.append(request)
        self._futures.append(future)

    def take(self) -> tuple[list[R], list[asyncio.Future[Any]]]:
        """Those of a batch, the longest waiting first."""
        requests, futures = self.requests, self._futures
        self.requests, self._futures = requests[_BATCH:], futures[_BATCH:]
        return requests[:_BATCH], futures[:_BATCH]
