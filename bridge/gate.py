"""The connections of one port: how many there may be, and which of them are too slow."""

from __future__ import annotations

import asyncio
from collections import Counter
from ipaddress import IPv6Network
from typing import Final, Protocol

from bridge.domain.address import is_within
from bridge.log import get_logger
from bridge.memory import Memory
from bridge.settings import ServerSettings

__all__ = ["Connection", "Gate"]

log = get_logger("bridge")

# seconds between two log lines about refused connections
_LOG_PAUSE: Final = 60.0
# refused connections that may wait for their last words to be read
_MOST_REFUSED: Final = 500
# bytes that may come for a body beyond twice its limit: chunk sizes, trailers, and what is read and thrown away
_MOST_STRAY: Final = 128 * 1024 * 1024


class Connection(Protocol):
    """What the gate has to do with of a connection."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport

    def hurry(self, now: float) -> None:
        """Ends the connection when the client takes too long. now: seconds, by the gate's clock."""
        ...


class Gate:
    """Of one port in one process."""

    def __init__(self, server: ServerSettings) -> None:
        self.head_seconds, self.body_seconds = server.header_seconds, server.body_seconds
        self.idle_seconds = server.keepalive_seconds
        self.most_bytes = 2 * server.max_body_bytes + _MOST_STRAY
        self._most, self._most_of_one = server.connections, server.connections_per_address
        # all clients of one have its address
        self._proxies = server.trusted_proxies
        self._pause = min(1.0, self.head_seconds / 4, self.body_seconds / 4, self.idle_seconds / 4)
        self._open: dict[Connection, str] = {}
        self._by_address: Counter[str] = Counter()
        self._memory = Memory()
        self._sweeping = False
        # seconds; when the last sweep was, by the loop's clock
        self._clock = self._swept = 0.0
        # when it will be next, by the clock that `Connection.hurry` is told
        self.next_sweep = self._pause
        self._quiet_until = 0.0

    @property
    def overrun(self) -> bool:
        """Whether there is no time for last words."""
        return len(self._open) > self._most + _MOST_REFUSED

    def enter(self, connection: Connection, address: str) -> bool:
        """Counts a connection. Returns whether it may stay."""
        if not self._sweeping:
            self._memory.note()
            self._sweeping, self._swept = True, connection.loop.time()
            connection.loop.call_later(self._pause, self._sweep, connection.loop)
        whose = self._open[connection] = _whose(address)
        self._by_address[whose] += 1
        if len(self._open) <= self._most and (self._by_address[whose] <= self._most_of_one or is_within(address, self._proxies)):
            return True
        if connection.loop.time() >= self._quiet_until:  # who connects without end shall not fill the log as well
            self._quiet_until = connection.loop.time() + _LOG_PAUSE
            log.warning("connections refused", address=address, of_this_address=self._by_address[whose], of_all=len(self._open))
        return False

    def leave(self, connection: Connection) -> None:
        address = self._open.pop(connection, None)
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        # a process that stood still has not read what came meanwhile
        self._clock += min(now - self._swept, 2 * self._pause)
        self._swept = now
        self.next_sweep = self._clock + self._pause
        for connection in list(self._open):
            try:
                connection.hurry(self._clock)
            except Exception:  # whatever it is, the others are looked at all the same
                log.exception("connection ended for want of a better end")
                connection.transport.abort()
        if self._memory.has_grown():
            loop.run_in_executor(None, self._memory.give_back)
        self._sweeping = bool(self._open)
        if self._sweeping:
            loop.call_later(self._pause, self._sweep, loop)


def _whose(address: str) -> str:
    """What counts as one address: of IPv6 a network of 64 bits, for whoever has one address there has them all."""
    if ":" not in address or address.startswith("::"):
        return address
    return str(IPv6Network((address.partition("%")[0], 64), strict=False))
