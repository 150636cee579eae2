"""HTTP/1.1 on a connection: uvicorn's protocol, with limits on what a client may hold, and in what time.

Facts
- uvicorn has no time limit for a request that is not whole, none for an answer that is not fetched, and no limit of a head. Its
  timer of an idle connection is only set by an answer: a connection on which nothing ever comes stays for ever.
- A server that closes while bytes of the client are unread makes the client see a reset in place of the answer.
- Requests that a client sends before it has the answer to the first are answered in order. What ends a connection waits its turn.
- A body may be large and its sender's line slow: it may take long, but may not stand still.

Strategy
- What uvicorn does for every request is done once for every connection, where it is the same. Its classes stay in use, and so do
  their names: what is not said here is theirs.
- Nothing is done for a request that it would not need anyway: one sweep over all connections, about once a second, looks at what
  each of them waits for, and how long it has waited for the same. A timer of each request would cost more than its parsing.
- What the client is not to blame for does not count: while a call is carried out, and while we ourselves do not read.
"""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from bridge.errors import ErrorCode, ProtocolError
from bridge.gate import Gate
from bridge.settings import ServerSettings
from bridge.soap.endpoint import CLOSE, DIRECT
from bridge.soap.writer import SOAP11, write_fault

__all__ = ["Config", "Protocol"]

MAX_HEAD: Final = 64 * 1024
"""Most bytes of a request before its body."""
MAX_HEADERS: Final = 200
"""Most headers of a request."""
MAX_PIPELINED: Final = 50
"""Most requests of one client that wait for the answer to another."""
SLOW_LINE: Final = 8 * 1024
"""Bytes a second that are fast enough for a large body, and for a large answer, however long it takes."""

# seconds that a client gets to read why its connection ends
_LAST_WORDS = 2.0
_ANSWER, _ENDING = object(), object()
# a header as it is sent, of its name and value
_LINE = b"%b: %b\r\n".__mod__
# path, as it came, and query
_Target = tuple[str, bytes, bytes]
_AT_SOAP: _Target = ("/soap", b"/soap", b"")


class Config(uvicorn.Config):
    """uvicorn's configuration, with the gate of the server's connections."""

    def __init__(self, app: Any, server: ServerSettings, **more: Any) -> None:
        super().__init__(app, **more)
        self.gate = Gate(server)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which takes a request that offers an upgrade for the plain one that it also is. Source: RFC 9110 7.8.

    Java's HttpClient and `curl --http2` offer HTTP/2 with every request over plain HTTP. httptools stops behind the head of such a
    request, and uvicorn would take its body for empty; here a parser of its own reads it, and all that follows.
    """

    def __init__(self, config: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(config, *arguments, **more)
        self._gate: Gate = config.gate
        self._received = self._head_received = 0
        # of a head that did not come at once
        self._long_head: object = None
        # what the sweep saw the client owe us; since when, and how many bytes had passed then, and at first
        self._owed: object = None
        self._owed_since, self._passed, self._passed_at_first = 0.0, 0, 0
        # when it began to wait for another request, by the gate's clock
        self._idle_since: float | None = None
        # said after the answers to what came before; then nothing more is read
        self._last_words = b""
        self._ended = False
        self._excess = ""
        # what the program answers, and how: a request that held the way to its own answer would wait for the collector
        self._answered: RequestResponseCycle | None = None
        self._extensions: dict[str, Any] = {DIRECT: {"take": self._take, "send": self._answer}}
        # the fields of a request of which nothing is known yet
        self._blank: dict[str, Any] = {}

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._blank = dict(vars(self._blank_cycle()))
        if self._gate.enter(self, self.client[0] if self.client else ""):
            return
        if self._gate.overrun:
            self.transport.abort()
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections.", ErrorCode.CONCURRENT_REQUEST_LIMIT)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gate.leave(self)
        self._extensions.clear()
        self._blank.clear()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """In uvicorn's place: it would set a timer for each answer, and take it back with the next request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._last_words:
            self._end()
        else:
            self._idle_since = self._gate.next_sweep

    def data_received(self, data: bytes) -> None:
        if self._last_words:
            return
        self._idle_since = None
        self._received += len(data)
        try:
            rest = data
            while rest:
                rest = self._parse(rest)
        except httptools.HttpParserError:
            if self._excess:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, self._excess, ErrorCode.REQUEST_PARAM_LIMIT)
            else:
                self._refuse(HTTPStatus.BAD_REQUEST, "The request is not HTTP/1.1.")
            return
        if self._in_head():
            self._count_head(len(data))

    def _count_head(self, count: int) -> None:
        """The first piece of a head may hold the end of another body: it is not counted."""
        if self._long_head is not self.scope:
            self._long_head, self._head_received = self.scope, 0
        self._head_received += count
        if self._head_received > MAX_HEAD + count:
            text = "The head of the request is too large."
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text, ErrorCode.REQUEST_PARAM_LIMIT)

    def _parse(self, data: bytes) -> bytes:
        """Parses; returns what stands behind the head of a request that offers an upgrade."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            headers = self.scope["headers"]
            framing = [_LINE(header) for header in headers if header[0] in (b"content-length", b"transfer-encoding")]
            behind = _BehindHead(self)
            self.parser = httptools.HttpRequestParser(behind)
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing))
            behind.is_known = False
            return data[upgrade.args[0] :]
        return b""

    def on_headers_complete(self) -> None:
        """Raises ValueError, which ends the parsing, for more than a client may ask."""
        if len(self.headers) > MAX_HEADERS or len(self.pipeline) >= MAX_PIPELINED:
            self._excess = "The request has too many headers." if len(self.headers) > MAX_HEADERS else "Too many requests wait."
            raise ValueError
        self._begin()
        self.headers = _NOWHERE  # trailers, of which there may be any number

    def _blank_cycle(self) -> RequestResponseCycle:
        return RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )

    def _begin(self) -> None:
        """Has the request answered, after those before it."""
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        scope["http_version"], scope["method"] = version, parser.get_method().decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = _AT_SOAP if self.url == b"/soap" else _target(self.url)
        scope.setdefault("extensions", self._extensions)
        earlier, _ = self._begun()
        fields = self._blank.copy()
        fields["scope"] = scope
        fields["body"] = bytearray()
        fields["default_headers"] = self.server_state.default_headers
        fields["waiting_for_100_continue"] = self.expect_100_continue
        fields["keep_alive"] = version != "1.0" and parser.should_keep_alive()
        cycle = self.cycle = RequestResponseCycle.__new__(RequestResponseCycle)
        cycle.__dict__ = fields
        if earlier is None or earlier.response_complete:
            cycle.message_event.clear()
            self._start_asgi_task(cycle, self.app)
        else:
            cycle.message_event = asyncio.Event()
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _take(self, scope: Any) -> bytes | None:
        """The body of a request, when the whole of it has come; then `receive` has nothing of it."""
        cycle = self._answered
        if cycle is None or cycle.scope is not scope or cycle.more_body or cycle.disconnected or cycle.waiting_for_100_continue:
            return None
        if self.flow.read_paused:  # it is large: `receive` also sees to it that reading goes on
            return None
        body, cycle.body = bytes(cycle.body), bytearray()
        cycle.message_event.clear()
        return body

    def _answer(self, scope: Any, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Sends a whole answer in one write; uvicorn's two messages cost four times as much, and are two packets.

        False: they have to be sent, nothing was done. headers: of the program's own; with the length, and CLOSE to end with.
        """
        cycle = self._answered
        if cycle is None or cycle.scope is not scope or cycle.disconnected or cycle.response_started:
            return False
        if self.flow.write_paused or scope["method"] == "HEAD":
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        if CLOSE in headers:
            cycle.keep_alive = False
        elif not cycle.keep_alive:
            headers = (*headers, CLOSE)
        always = _always(*self.server_state.default_headers)
        self.transport.write(b"".join((STATUS_LINE[status], always, *map(_LINE, headers), b"\r\n", body)))
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        return True

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():  # else its body is still to come
            super().on_message_complete()
            self.cycle.more_body = False  # also when the answer came before it was whole

    def hurry(self, now: float) -> None:
        """Ends the connection when the client takes too long over a request or an answer. now: seconds."""
        if self._idle_since is not None and now - self._idle_since > self._gate.idle_seconds:
            self._idle_since = None  # from here on it owes us that it fetches its answer
            self.transport.close()
            return
        owed, passed = self._owes()
        if owed is None or owed is not self._owed:
            self._owed, self._owed_since, self._passed, self._passed_at_first = owed, now, passed, passed
            return
        patience = self._gate.body_seconds if owed is _ANSWER or owed is self.cycle else self._gate.head_seconds
        if owed is _ENDING:
            patience = _LAST_WORDS
        too_much = passed - self._passed_at_first > self._gate.most_bytes
        if now - self._owed_since <= patience and not too_much:
            return
        if passed - self._passed >= patience * SLOW_LINE and not too_much:
            self._owed_since, self._passed = now, passed
            return
        if owed in (_ANSWER, _ENDING) or (owed is self.cycle and self.cycle.response_started):
            self.transport.abort()
        elif owed is self:
            self.transport.close()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive.")

    def _owes(self) -> tuple[object, int]:
        """What the client has to do before anything goes on (None: nothing), and a count of bytes that grows while it does it."""
        unread = self.transport.get_write_buffer_size()
        if unread or self.transport.is_closing():
            return _ANSWER, -unread
        if self._last_words:
            return _ENDING if self._ended else None, 0
        if self.flow.read_paused:
            return None, 0
        cycle, scope = self._begun()
        if cycle is None or self._in_head():
            return scope or self, 0
        if cycle.more_body:
            return cycle, self._received
        return scope if cycle.response_complete and self._idle_since is None else None, 0  # empty lines came after an answer

    def _begun(self) -> tuple[RequestResponseCycle | None, Any]:
        """The last request whose head is whole, and the scope of the last that began; uvicorn's types know no None."""
        return self.cycle, self.scope

    def _in_head(self) -> bool:
        cycle, scope = self._begun()
        return cycle is None or cycle.scope is not scope

    def _refuse(self, status: HTTPStatus, text: str, code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        """Ends the connection with a Fault in answer to the request that is arriving, after the answers to those before it."""
        fault = write_fault(SOAP11, ProtocolError(text, code=code))
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-length: {len(fault)}\r\nconnection: close\r\ncontent-type: "
        self._last_words = head.encode() + SOAP11.content_type + b"\r\n\r\n" + fault
        (cycle, _), busy = self._begun(), bool(self.pipeline)
        if cycle is not None and cycle.more_body and not self._in_head():
            cycle.disconnected = True  # who waits for its body waits in vain
            cycle.message_event.set()
            if busy:
                self.pipeline.popleft()
            if cycle.response_started:
                self.transport.close()  # its answer is on the way, or was already given
                return
        elif cycle is not None:
            busy = not cycle.response_complete
        if not busy:
            self._end()

    def _end(self) -> None:
        """Says the last words. The client may read them while it still writes: nothing of that is looked at."""
        self._ended, self._idle_since = True, None
        self.transport.write(self._last_words)
        if self.transport.can_write_eof():
            self.flow.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()


@lru_cache(maxsize=4)
def _always(*headers: tuple[bytes, bytes]) -> bytes:
    """Headers of every answer, as they are sent; new ones each second, for they have the date."""
    return b"".join(map(_LINE, headers))


def _target(url: bytes) -> _Target:
    """Raises ValueError and httptools.HttpParserInvalidURLError."""
    parsed = httptools.parse_url(url)
    return urllib.parse.unquote(parsed.path.decode("ascii")), parsed.path, parsed.query or b""


class _Nowhere(list[tuple[bytes, bytes]]):
    def append(self, _header: tuple[bytes, bytes]) -> None:
        """Takes nothing."""


_NOWHERE = _Nowhere()


class _BehindHead:
    """Hands a parser's events on to the protocol, but for those of a head that the protocol knows already."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self.is_known = True
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if not self.is_known:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self.is_known:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_known:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.is_known:
            self._protocol.on_headers_complete()
