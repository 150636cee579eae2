"""One connection to a vendor: writes a request, waits for its response, knows whether it may be used again."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from typing import cast

from bridge.domain.http import HttpResponse
from bridge.errors import OutcomeUnknown
from bridge.outbound.contract import EngineOptions
from bridge.outbound.response import ResponseReader, Unanswered

__all__ = ["Connection"]


def _readable(sock: socket.socket | None) -> Callable[[int], object]:
    """A function that, called with 0, tells without waiting whether bytes or an end are there to be read (0.6 us)."""
    if sock is None or sock.fileno() < 0:  # the connection ended while it was being made
        return lambda _: True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return poll.poll
    return lambda _: select.select([sock], [], [], 0)[0]  # Windows


class Connection(asyncio.Protocol):
    """The asyncio side of one connection. `pool` and `fast` decide when it is used.

    It is always aborted, never closed politely: when it ends, nothing is left to be written, or nothing that should still be; and
    a TLS farewell would hold the descriptor for as long as the peer likes.
    """

    __slots__ = (
        "_dead",
        "_deadline",
        "_expires",
        "_keepalive",
        "_loop",
        "_on_lost",
        "_read_timeout",
        "_readable",
        "_reader",
        "_status_only",
        "_timer",
        "_transport",
        "_waiter",
    )

    _transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop, options: EngineOptions, on_lost: Callable[[Connection], None]) -> None:
        """
        options: read_timeout, keepalive, max_response and status_only count.
        on_lost: called once, when the connection has ended.
        """
        self._loop = loop
        self._read_timeout = options.read_timeout
        self._keepalive = options.keepalive
        self._status_only = options.status_only
        self._on_lost = on_lost
        self._reader = ResponseReader(options.max_response)
        self._waiter: asyncio.Future[HttpResponse] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = self._expires = 0.0
        self._dead = False

    async def exchange(self, data: bytes, *, head_only: bool) -> HttpResponse:
        """Writes one request and waits for its response. The connection must not have `ended`, and no other exchange be under way.

        Raises Unanswered when it ended before the first byte of the response, OutcomeUnknown on any other failure.
        """
        loop = self._loop
        self._reader.start(head_only=head_only)
        self._waiter = waiter = loop.create_future()
        self._deadline = loop.time() + self._read_timeout
        if self._timer is None:
            self._timer = loop.call_at(self._deadline, self._on_timer)
        try:
            self._transport.write(data)
            response: HttpResponse = await waiter
        except BaseException:  # also a cancelled caller: the response would arrive for the next one
            self._waiter = None
            self.abort()
            raise
        self._expires = loop.time() + min(self._keepalive, self._reader.idle_seconds(response))
        return response

    def ended(self) -> bool:
        """Whether nothing more can be written, as far as the event loop has heard."""
        return self._dead or self._transport.is_closing()

    def reusable(self) -> bool:
        """Whether the last exchange left the connection fit for another. A request not yet wholly written makes it unfit."""
        return self._reader.reusable and not self.ended() and not self._transport.get_write_buffer_size()

    def expired(self, now: float) -> bool:
        """Whether it was idle for too long; now: the loop's time."""
        return now >= self._expires

    def stale(self, now: float) -> bool:
        """Whether it must not be used again; asks the kernel too, for an end that the event loop has not heard of yet."""
        return self.expired(now) or self.ended() or bool(self._readable(0))

    def abort(self) -> None:
        """Ends the connection at once."""
        self._dead = True
        self._transport.abort()

    def _fail(self, error: OutcomeUnknown) -> None:
        self.abort()
        head = self._reader.head() if self._status_only else None
        if head is not None:
            self._finish(head)
            return
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def _on_timer(self) -> None:
        # one timer serves all requests that begin before it fires: to set and cancel one for each would cost 1 to 3 us
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._on_timer)
        else:
            self._fail(OutcomeUnknown("read timeout"))

    def _finish(self, response: HttpResponse) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from it
        self._readable = _readable(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:
            self.abort()  # nobody asked
            return
        try:
            response = self._reader.feed(data)
        except OutcomeUnknown as error:
            self._fail(error)
        else:
            if response is not None:
                self._finish(response)

    def eof_received(self) -> None:
        self._dead = True
        self._end(None)  # and the transport closes itself, as None is returned

    def connection_lost(self, exc: Exception | None) -> None:
        self._dead = True
        self._end(exc)
        if self._timer is not None:
            self._timer.cancel()
        self._on_lost(self)

    def _end(self, exc: Exception | None) -> None:
        if self._waiter is None:
            return
        if exc is not None:
            self._fail(OutcomeUnknown("connection lost") if self._reader.begun else Unanswered("connection lost"))
            return
        try:
            self._finish(self._reader.end())
        except OutcomeUnknown as error:
            self._fail(error)
