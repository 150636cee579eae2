"""Who may have a connection, and the connections that nobody has at the moment."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from bridge.errors import NotSent

if TYPE_CHECKING:
    from bridge.outbound.connection import Connection
    from bridge.outbound.wire import Origin

__all__ = ["IdleConnections", "Permits"]


class Permits:
    """A fixed number of permits to use a connection; who waits is served in the order of coming."""

    def __init__(self, number: int, timeout: float) -> None:
        """timeout: seconds that `acquire` waits at most."""
        self._number = number
        self._timeout = timeout
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.taken = 0

    def try_acquire(self) -> bool:
        """Takes a permit if one is free."""
        if self.taken >= self._number:
            return False
        self.taken += 1
        return True

    async def acquire(self) -> None:
        """Takes a permit, after waiting if need be. Raises NotSent when that takes too long."""
        if self.try_acquire():
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.append(waiter)
        timer = loop.call_later(self._timeout, self._expire, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release()  # it was handed a permit in the same turn of the loop
            raise
        finally:
            timer.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def release(self) -> None:
        """Gives a permit back: to who has waited longest, else to the free ones."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.taken -= 1

    @staticmethod
    def _expire(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_exception(NotSent("pool timeout"))


class IdleConnections:
    """Connections that wait for their next request: last in, first out, so that the others may expire.

    Together with the connections in use they are never more than `number`: who opens one calls `make_room` first.
    """

    def __init__(self, number: int, sweep_seconds: float) -> None:
        """sweep_seconds: how often expired connections are looked for while there are any connections."""
        self._number = number
        self._sweep_seconds = sweep_seconds
        self._stacks: dict[Origin, list[Connection]] = {}
        self._count = 0
        self._sweeper: asyncio.TimerHandle | None = None

    def take(self, origin: Origin, now: float) -> Connection | None:
        """The connection that became idle last and is still good, or None. Stale ones that it meets are aborted."""
        stack = self._stacks.get(origin)
        while stack:
            connection = stack.pop()
            self._count -= 1
            if not connection.stale(now):
                return connection
            connection.abort()
        return None

    def put(self, origin: Origin, connection: Connection) -> None:
        """Keeps a connection that `is reusable`."""
        self._stacks.setdefault(origin, []).append(connection)
        self._count += 1
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(self._sweep_seconds, self._sweep)

    def make_room(self, in_use: int) -> None:
        """Aborts idle connections so that one may be opened. in_use: how many will then be in use, that one included."""
        for stack in list(self._stacks.values()):
            while stack and self._count + in_use > self._number:
                self._count -= 1
                stack.pop(0).abort()

    def forget(self, connection: Connection) -> None:
        """Removes a connection that has ended, wherever it is."""
        for stack in self._stacks.values():
            if connection in stack:
                stack.remove(connection)
                self._count -= 1
                return

    def close(self) -> None:
        """Aborts all."""
        for stack in self._stacks.values():
            for connection in stack:
                connection.abort()
        self._stacks.clear()
        self._count = 0
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for origin, stack in list(self._stacks.items()):
            kept = [connection for connection in stack if not connection.expired(now)]
            for connection in stack:
                if connection.expired(now):
                    connection.abort()
            self._count -= len(stack) - len(kept)
            if kept:
                self._stacks[origin] = kept
            else:
                del self._stacks[origin]
        self._sweeper = loop.call_later(self._sweep_seconds, self._sweep) if self._count else None
