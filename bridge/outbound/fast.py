"""The HTTP client of the hot path: asyncio and httptools, about 20 us of CPU a call.

Facts
- A vendor that gets a send twice sends the SMS twice. No vendor offers a key that would prevent it.
- A request may have been taken as soon as one byte of it is written; before that it certainly was not. TCP tells no more.
- A keep-alive connection may end at the vendor's side at any moment, and the end takes time to arrive. A request written in
  that gap is lost or taken, nobody can say which. The gap cannot be closed, only made rare.
- The event loop hears of an end one turn later than the kernel does; under load that is milliseconds.

Strategy
- A request that is not `repeatable` is written at most once, ever. Failures before the write are NotSent, after it
  OutcomeUnknown; the border is `transport.write` in `Connection.exchange`, and nothing else writes.
- A connection is used again only if it was idle for less than `keepalive` (and than the server's own `Keep-Alive: timeout`, less
  a second), is not closing, and if the kernel, asked at that moment, has neither bytes nor an end for it. Otherwise it is
  dropped for a new one, which costs a millisecond and no risk.
- A `repeatable` request whose used connection breaks before any byte of a response is written once more, on a new connection.
- A connection goes back to the pool only after a complete response with nothing behind it. Time-outs, cancelled callers,
  malformed or too large responses abort it.
- What was not asked for is not understood: bytes on an idle connection end it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.domain.http import HttpRequest, HttpResponse
from bridge.errors import NotSent, OutcomeUnknown
from bridge.outbound.connection import Connection
from bridge.outbound.contract import EngineOptions
from bridge.outbound.dial import Dialer
from bridge.outbound.pool import IdleConnections, Permits
from bridge.outbound.response import Unanswered
from bridge.outbound.wire import Origin, serialise

__all__ = ["FastEngine"]


class FastEngine:
    """An Engine (see `bridge.outbound.contract`) without proxies. It belongs to the event loop of its first `send`."""

    def __init__(self, options: EngineOptions, permit: Callable[[str, str], bool] | None = None) -> None:
        """
        permit: says of a host and its address (after DNS) whether it may be connected to; for URLs of the bridge's clients.

        Raises SettingsError when the CA file cannot be read.
        """
        self._options = options
        self._dialer = Dialer(options, self._new_connection, permit)
        self._permits = Permits(options.max_connections, options.pool_timeout)
        self._idle = IdleConnections(options.max_connections, options.keepalive)
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """As `Engine.send`. Raises ValueError, before any I/O, for a URL or header that is not fit for the wire."""
        origin, data = serialise(request)
        if not self._permits.try_acquire():
            await self._permits.acquire()
        try:
            if self._closed:
                raise NotSent("engine closed")
            head_only = request.method == "HEAD"
            connection = self._idle.take(origin, asyncio.get_running_loop().time())
            again = connection is not None and request.repeatable
            if connection is None:
                connection = await self._open(origin)
            response = None
            try:
                response = await connection.exchange(data, head_only=head_only)
            except Unanswered:
                if not again:
                    raise
            if response is None:
                connection = await self._open_again(origin)
                response = await connection.exchange(data, head_only=head_only)
            self._put_back(origin, connection)
            return response
        finally:
            self._permits.release()

    async def close(self) -> None:
        """As `Engine.close`. Requests that still wait for a connection, and later ones, get NotSent."""
        self._closed = True
        self._idle.close()
        await asyncio.sleep(0)  # the transports let go of their sockets in the next turn of the loop

    def _put_back(self, origin: Origin, connection: Connection) -> None:
        if connection.reusable() and not self._closed:
            self._idle.put(origin, connection)
        else:
            connection.abort()

    async def _open(self, origin: Origin) -> Connection:
        self._idle.make_room(self._permits.taken)
        connection = await self._dialer.open(origin)
        if connection.ended():
            raise NotSent("connection closed before the request")
        return connection

    async def _open_again(self, origin: Origin) -> Connection:
        try:
            return await self._open(origin)
        except NotSent as error:  # true of this attempt, but there was another
            raise OutcomeUnknown(error.what) from None

    def _new_connection(self) -> Connection:
        return Connection(asyncio.get_running_loop(), self._options, self._idle.forget)
