"""A pass-through in front of the old server. What goes through it is unchanged; what is written of it is masked.

Facts:
- Host is the only header of a request that is changed, those of a single connection are left out (RFC 9110 7.6.1); so is
  `Expect: 100-continue`, which was answered here when the body was taken.
- A client's request is written to the old server at most once. What then became of it, only the old server knows: the client
  gets a Fault that says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from bridge.errors import FaultSide, NotSent, OutcomeUnknown, ProtocolError, SettingsError, TransportError
from bridge.moving.http import PER_HOP, Client, Headers, Message, Target
from bridge.moving.mask import Masker
from bridge.moving.pairs import Pairs, operation_of
from bridge.protocol import Protocol
from bridge.soap.body import media
from bridge.soap.writer import SOAP11, SOAP12, write_fault
from bridge.soap.wsdl import Wsdl, is_wsdl_query, public_address

__all__ = ["SERVING", "Recorder"]

_MAX_BODY = 32 * 1024 * 1024  # bytes of a request, and of a WSDL
_NAMES = "recorder.names"


class _WithNames(Protocol):
    """The server's protocol, which also keeps the names of headers as the client spells them."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._spelled: list[bytes] = []
        self.scope["extensions"] = {_NAMES: {"spelled": self._spelled}}

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._spelled.append(name)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._spelled = []  # what comes now are trailers


SERVING = MappingProxyType({"http": _WithNames, "lifespan": "off", "date_header": False})
"""What a Recorder needs of uvicorn."""


class Recorder:
    """The ASGI application. One for one recording."""

    def __init__(self, client: Client, to: Target, folder: Path, *, max_pairs: int, say: Callable[[str], None]) -> None:
        """
        client: to the old server. max_pairs: after so many all is still passed on, but nothing written.
        say: told in a line what the operator should know.

        Raises SettingsError when the folder cannot be written to.
        """
        self._client, self._to, self._say = client, to, say
        self._pairs, self._left = Pairs(folder), max_pairs
        self._masker = Masker()
        self.keeps_wsdl_address = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        try:
            body = await _body(receive)
        except ProtocolError as error:
            await _reply(send, _fault(413, error, _request(scope, b"")))
            return
        if body is None:
            return  # the client went away
        request = _request(scope, body)
        number = self._number()
        try:
            answer = await self._forward(request, scope)
        except TransportError as error:
            self._say(f"no answer from the old server: {error.what}")
            await _reply(send, _fault(502, _failure(error), request))
            return
        await _reply(send, answer)
        if number is not None:
            await asyncio.to_thread(self._write, number, request, answer)

    def _number(self) -> int | None:
        """The number of this pair, None when enough were written."""
        if self._left <= 0:
            return None
        self._left -= 1
        if not self._left:
            self._say("the last pair that is written; requests are still passed on")
        return self._pairs.number()

    async def _forward(self, request: Message, scope: Scope) -> Message:
        method, target, _ = request.start.split(" ", 2)
        has_body = any(name.lower() in {"content-length", "transfer-encoding"} for name, _ in request.headers)
        headers = _passed_on(request.headers, self._to.authority)
        answer = await self._client.send(method, self._to, target, headers, request.body if has_body else None)
        if method == "GET" and answer.status == 200 and is_wsdl_query(scope["query_string"]) and not self.keeps_wsdl_address:
            return _with_address(answer, public_address(None, scope["scheme"], request.header("host"), scope["path"]))
        return answer

    def _write(self, number: int, request: Message, answer: Message) -> None:
        try:
            self._pairs.write(number, operation_of(request), self._masker.message(request), self._masker.message(answer))
        except OSError as error:
            self._say(f"a pair could not be written ({error.strerror}); requests are still passed on")
        except Exception as error:  # noqa: BLE001  # the client has its answer; a traceback could show what must not be seen
            self._say(f"a pair could not be masked ({type(error).__name__}) and was not written")


async def _body(receive: Receive) -> bytes | None:
    """The whole body, None when the client went away. Raises ProtocolError when it is too large."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > _MAX_BODY:
            raise ProtocolError("The request is too large for the recorder. It was not sent.")
        more = event.get("more_body", False)
    return b"".join(parts)


def _request(scope: Scope, body: bytes) -> Message:
    """The request as the client wrote it."""
    spelled = scope["extensions"][_NAMES]["spelled"]
    pairs = zip(spelled, (value for _, value in scope["headers"]), strict=True)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)
    query = scope["query_string"].decode("latin-1")
    target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    return Message(f"{scope['method']} {target} HTTP/{scope['http_version']}", 0, headers, body)


def _passed_on(headers: Headers, authority: str) -> Headers:
    """What the old server gets. A body that came in chunks goes on in chunks."""
    named = {name.strip().lower() for each, value in headers if each.lower() == "connection" for name in value.split(",")}
    dropped = (PER_HOP | named | {"expect"}) - {"transfer-encoding"}
    kept = [(name, authority if name.lower() == "host" else value) for name, value in headers if name.lower() not in dropped]
    return tuple(kept)


def _with_address(answer: Message, address: str) -> Message:
    """A WSDL that leads clients here; as it came when it has no address, or is none."""
    try:
        document = Wsdl(answer.plain(_MAX_BODY), "WSDL").render(address)
    except (SettingsError, OutcomeUnknown):
        return answer
    headers = tuple(pair for pair in answer.headers if pair[0].lower() not in {"content-encoding", "content-length", "content-md5"})
    return answer._replace(headers=headers, body=document)


def _failure(error: TransportError) -> ProtocolError:
    """What the client is told in place of an answer."""
    certain = "was not sent" if isinstance(error, NotSent) else "may have been taken"
    return ProtocolError(f"The old server gave no answer: {error.what}. The request {certain}.", FaultSide.SERVER)


def _fault(status: int, error: ProtocolError, request: Message) -> Message:
    """A Fault in the SOAP version that the request's head shows."""
    version = SOAP12 if media((request.header("content-type") or "").encode("latin-1"))[0] else SOAP11
    headers = (("content-type", version.content_type.decode()),)
    return Message(f"HTTP/1.1 {status} Fault", status, headers, write_fault(version, error))


async def _reply(send: Send, answer: Message) -> None:
    kept = [pair for pair in answer.headers if pair[0].lower() not in PER_HOP | {"content-length"}]
    length = answer.header("content-length") if not answer.body else None  # the answer to HEAD has one without a body
    head: list[tuple[bytes, bytes]] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in kept]
    if answer.status not in {204, 304}:
        head.append((b"content-length", (length or str(len(answer.body))).encode()))
    start: dict[str, Any] = {"type": "http.response.start", "status": answer.status, "headers": head}
    end: Event = {"type": "http.response.body", "body": answer.body}
    await send(start)
    await send(end)
