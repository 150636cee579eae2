"""The HTTP client for what the fast one lacks: proxies. Some hundred times its cost. Import it only when it is chosen.

Facts (httpcore 1.0)
- It never writes a request twice by itself: `retries` is about connecting, and a connection that turns out taken is left before
  the write. What it raises does not always tell whether anything was written; its trace events do.
- Before it uses a connection again it asks the kernel for bytes or an end, and `keepalive_expiry` bounds the idle time.
- Bytes behind a response stay in its parser, and the next request on that connection gets them for an answer.
- A caller cancelled in the TLS handshake leaves the socket open; one cancelled while it waits in the pool can leave a
  connection behind that counts for ever.
- Its time limits are per step and per read, not for the whole.
- httpx.AsyncClient logs every URL, query included, keeps cookies and adds headers of its own.

Strategy
- The transport is used without the client around it.
- Waiting happens in our own `Permits`, in front of the pool, which is unbounded and so never makes anybody wait.
- `Progress` listens to the trace events: they move the one time limit from step to step, and decide between NotSent and
  OutcomeUnknown, whatever the exception is.
- A request that is not `repeatable` gets a connection of its own, through a transport that keeps none: no end of a used
  connection can make its outcome unknown, and no answer to another request can be taken for its. Who needs a proxy has that time.
- A `repeatable` one may use a connection again, if nothing was behind the last response on it. Its second attempt is on a new
  one. (A response broken inside its head counts as unanswered here: httpcore does not tell.)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import operator
import ssl
from typing import Any

import h11
import httpcore
import httpx

from bridge.domain.http import HttpRequest, HttpResponse
from bridge.errors import NotSent, OutcomeUnknown, SettingsError, TransportError
from bridge.outbound.contract import EngineOptions
from bridge.outbound.dial import failed_step, tls_context
from bridge.outbound.pool import Permits
from bridge.outbound.response import Unanswered
from bridge.outbound.wire import add_header, inflate, serialise

__all__ = ["HttpxEngine"]


class _Progress:
    """How far one attempt got, as told by httpcore's trace events; holds its time limit."""

    def __init__(self, options: EngineOptions, limit: asyncio.Timeout) -> None:
        self._options = options
        self._limit = limit
        self._step = "connect timeout"
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._connected_anew = self._written = self._answered = False

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """What httpcore calls; `info` of a start holds the arguments of the step."""
        if event == "connection.connect_tcp.complete":
            self._connected_anew = True
            self._stream = info["return_value"]
        elif event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self._written = True
            self._step = "read timeout"
            self._limit.reschedule(asyncio.get_running_loop().time() + self._options.read_timeout)
        elif event == "http11.receive_response_headers.complete":
            self._answered = self._written

    async def close_unused(self) -> None:
        """Closes the connection on which the handshake did not come to its end."""
        if self._stream is not None and not self._written:
            await self._stream.aclose()

    def error(self, cause: Exception) -> TransportError:
        """What to raise in place of `cause`."""
        if self._limit.expired():
            return OutcomeUnknown(self._step) if self._written else NotSent(self._step)
        if not self._written:
            return NotSent("refused by the proxy" if isinstance(cause, httpx.ProxyError) else _failed_step(cause))
        if self._answered:
            return OutcomeUnknown("response broken off or malformed")
        if any(isinstance(inner, h11.RemoteProtocolError) for inner in _chain(cause)):
            return OutcomeUnknown("malformed response")
        return OutcomeUnknown("connection lost") if self._connected_anew else Unanswered("connection lost")


def _chain(error: BaseException) -> list[BaseException]:
    """An error and those that it wraps; httpx, httpcore and anyio each add one."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(inner)
    return chain


_TRAILING_DATA = operator.attrgetter("stream._httpcore_stream._stream._connection._h11_state.trailing_data")


def _leftover(response: httpx.Response) -> bool:
    """Whether bytes arrived behind a response that was read to its end. When httpcore no longer lets us look: perhaps."""
    try:
        return bool(_TRAILING_DATA(response)[0])
    except AttributeError:
        return True


def _failed_step(error: Exception) -> str:
    steps = [failed_step(inner) for inner in _chain(error) if isinstance(inner, (OSError, UnicodeError))]
    return next((step for step in steps if step != "connection failed"), "connection failed")


class HttpxEngine:
    """An Engine (see `bridge.outbound.contract`) over httpx. A server's `Keep-Alive: timeout` is not heeded."""

    def __init__(self, options: EngineOptions) -> None:
        """Raises SettingsError when the CA file cannot be read or the proxy is not one."""
        self._options = options
        self._permits = Permits(options.max_connections, options.pool_timeout)
        tls = tls_context(options)
        self._pooled = _transport(options, tls, options.max_connections)
        self._unpooled = _transport(options, tls, 0)
        self._closed = False
        # its debug lines hold the headers of responses
        logging.getLogger("httpcore").setLevel(logging.INFO)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """As `Engine.send`. Raises ValueError, before any I/O, for a URL or header that is not fit for the wire."""
        serialise(request)
        await self._permits.acquire()
        try:
            return await self._send(request)
        finally:
            self._permits.release()
            await self._close_when_unused()

    async def close(self) -> None:
        """As `Engine.close`; while requests are under way, the idle connections stay open until the last of them ends."""
        self._closed = True
        await self._close_when_unused()

    async def _close_when_unused(self) -> None:
        if self._closed and not self._permits.taken:
            await self._pooled.aclose()
            await self._unpooled.aclose()

    async def _send(self, request: HttpRequest) -> HttpResponse:
        if self._closed:
            raise NotSent("engine closed")
        if not request.repeatable:
            return await self._attempt(self._unpooled, request)
        with contextlib.suppress(Unanswered):
            return await self._attempt(self._pooled, request)
        try:
            return await self._attempt(self._unpooled, request)
        except NotSent as error:  # true of the second attempt only
            raise OutcomeUnknown(error.what) from None

    async def _attempt(self, transport: httpx.AsyncHTTPTransport, request: HttpRequest) -> HttpResponse:
        limit = asyncio.timeout(self._options.connect_timeout)
        progress = _Progress(self._options, limit)
        try:
            async with limit:
                return await self._exchange(transport, request, progress)
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001  # beside its own, httpcore lets errors of anyio, h11 and ssl through
            raise progress.error(error) from None
        finally:
            await progress.close_unused()

    async def _exchange(self, transport: httpx.AsyncHTTPTransport, request: HttpRequest, progress: _Progress) -> HttpResponse:
        response = await transport.handle_async_request(
            httpx.Request(
                request.method,
                request.url,
                headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
                content=request.body,
                extensions={"trace": progress.trace},
            )
        )
        try:
            if response.status_code < 200:
                raise OutcomeUnknown("response switches protocols")
            body = await self._body(response)
        finally:
            await response.aclose()
        headers: dict[str, str] = {}
        for name, value in response.headers.raw:
            add_header(headers, name, value)
        return HttpResponse(
            response.status_code, headers, inflate(body, headers.get("content-encoding", ""), self._options.max_response)
        )

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for part in response.stream:  # not aiter_raw: it would give the connection back
            body += part
            if len(body) > self._options.max_response:
                raise OutcomeUnknown("response too large")
        if _leftover(response):
            await response.extensions["network_stream"].aclose()
        return bytes(body)


def _transport(options: EngineOptions, tls: ssl.SSLContext, idle_connections: int) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=idle_connections, keepalive_expiry=options.keepalive)
    try:
        return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits, proxy=options.proxy)
    except (ValueError, ImportError, httpx.InvalidURL):  # its text holds the URL, perhaps with a password
        raise SettingsError("proxy", "not a usable proxy URL") from None
