"""HTTP as it is on the wire: what an answer's headers and bytes really were, which the vendors' client does not tell.

Strategy: every request has a connection of its own and is written once. A connection that is used again may be about to end, and
then nobody knows whether the old server took the send that was written to it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from bridge.errors import NotSent, OutcomeUnknown, SettingsError, TransportError
from bridge.outbound.contract import EngineOptions
from bridge.outbound.dial import failed_step, tls_context
from bridge.outbound.wire import inflate

__all__ = ["PER_HOP", "Client", "Headers", "Message", "Target", "target_of"]

Headers = tuple[tuple[str, str], ...]
"""Names and values as they came, in their order; latin-1."""

PER_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"}
)
"""Headers that belong to one connection. Source: RFC 9110 7.6.1, RFC 7540 3.2.1."""

_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+")


class Target(NamedTuple):
    """Where a server is."""

    origin: str  # scheme://host[:port]
    path: str  # at least "/"

    def __str__(self) -> str:
        return self.origin + self.path

    @property
    def authority(self) -> str:
        return self.origin.partition("://")[2]


class Message(NamedTuple):
    """A request or an answer. `status` is 0 in a request."""

    start: str  # request line or status line
    status: int
    headers: Headers
    body: bytes  # as it came, without chunks but with its content coding

    def header(self, name: str) -> str | None:
        """The value of a header, of several joined with ", "; None when there is none. name: in lower case."""
        values = [value for each, value in self.headers if each.lower() == name]
        return ", ".join(values) if values else None

    def plain(self, limit: int) -> bytes:
        """The body without its content coding, at most `limit` bytes. Raises OutcomeUnknown when that cannot be had."""
        return inflate(self.body, self.header("content-encoding") or "", limit)

    def __repr__(self) -> str:  # the start line may hold a query
        return f"<Message {self.status} {len(self.body)} bytes>"


def target_of(url: str, key: str) -> Target:
    """Reads the address of a SOAP server. Raises SettingsError, naming `key`, for what is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _HOST.fullmatch(parts.netloc.rpartition(":")[0] if parts.port else parts.netloc) or not url.isascii():
        raise SettingsError(key, "must be http://HOST[:PORT]/PATH or https://.., without a login in it")
    return Target(f"{parts.scheme}://{parts.netloc}", parts.path or "/")


class Client:
    """Sends single requests to one or more servers."""

    def __init__(self, *, timeout_seconds: float, verify: bool = True, max_body: int = 32 * 1024 * 1024) -> None:
        """timeout_seconds: for a whole exchange. verify: TLS certificates. max_body: bytes of an answer's."""
        self._timeout, self._verify, self._max_body = timeout_seconds, verify, max_body
        self._transports: dict[str, httpx.AsyncHTTPTransport] = {}  # by scheme: to read the system's certificates takes 0.2 s

    async def send(self, method: str, target: Target, path: str, headers: Headers, body: bytes | None) -> Message:
        """Sends one request and reads the whole answer, whatever its status.

        path: with query, written as it is. headers: Host and Content-Length are added where they lack; a Transfer-Encoding among
        them makes the body go out in chunks. body: None for a request that has none.
        Raises NotSent and OutcomeUnknown, as an Engine.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(self._transport(target), _request(method, target, path, headers, body))
        except TimeoutError:
            raise OutcomeUnknown(f"no whole answer within {self._timeout:g} s") from None
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001  # beside its own, httpcore lets errors of anyio, h11 and ssl through
            raise _failure(error) from None

    async def close(self) -> None:
        """Closes what is open."""
        for transport in self._transports.values():
            await transport.aclose()

    def _transport(self, target: Target) -> httpx.AsyncHTTPTransport:
        scheme = target.origin.partition(":")[0]
        if scheme not in self._transports:
            tls = tls_context(EngineOptions(verify=self._verify)) if scheme == "https" else False
            limits = httpx.Limits(max_keepalive_connections=0)
            self._transports[scheme] = httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)
        return self._transports[scheme]

    async def _send(self, transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> Message:
        response = await transport.handle_async_request(request)
        try:
            body = bytearray()
            assert isinstance(response.stream, httpx.AsyncByteStream)
            async for part in response.stream:  # not aiter_bytes: it would take the content coding away
                body += part
                if len(body) > self._max_body:
                    raise OutcomeUnknown("answer too large")
        finally:
            await response.aclose()
        status = response.status_code
        phrase = response.extensions.get("reason_phrase", b"").decode("latin-1")
        return Message(f"HTTP/1.1 {status} {phrase}", status, _text(response.headers.raw), bytes(body))


def _request(method: str, target: Target, path: str, headers: Headers, body: bytes | None) -> httpx.Request:
    chunked = any(name.lower() == "transfer-encoding" for name, _ in headers)
    return httpx.Request(
        method,
        target.origin,
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        content=_chunks(body or b"") if chunked else body,
        extensions={"target": path.encode("latin-1")},  # else httpx would write it in its own spelling
    )


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _text(raw: Sequence[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def _failure(error: BaseException) -> TransportError:
    """In words without data: the deepest error that says more than its wrappers."""
    chain: list[BaseException] = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(inner)
    if any(isinstance(each, httpx.ConnectError) for each in chain):
        steps = [failed_step(each) for each in chain if isinstance(each, (OSError, UnicodeError))]
        return NotSent(next((step for step in steps if step != "connection failed"), "connection failed"))
    broken = any(isinstance(each, httpx.RemoteProtocolError) for each in chain)
    return OutcomeUnknown("the answer is not HTTP, or breaks off" if broken else "connection lost")
