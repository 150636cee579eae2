"""The body of a request: whole, decompressed, within its limit.

Facts:
- A server that answers and closes while the client still writes makes the client see a reset in place of the answer.
- .NET sends `Expect: 100-continue`; uvicorn answers 100 when the body is first asked for.
- After the last part of a body nothing more comes: asking for it waits until the client hangs up.
"""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache

from starlette.types import Receive

from bridge.errors import ErrorCode, FaultSide, ProtocolError

__all__ = ["LARGE", "Room", "media", "read_body", "refuse_above"]

LARGE = 64 * 1024
"""Bytes from which a request counts as large: it costs milliseconds and megabytes."""

# what is read and thrown away of a body that is too large, in bytes and seconds
_DRAIN = 64 * 1024 * 1024
_DRAIN_SECONDS = 10.0
# what of a Content-Type is read
_MEDIA = 500
# compressed bytes that are decompressed on the event loop: they hold a thousand times as many at most
_SMALL = 1024


def media(content_type: bytes) -> tuple[bool, str | None]:
    """(whether it is SOAP 1.2, charset). The charset may be quoted."""
    return _media(content_type[:_MEDIA])


@lru_cache(maxsize=256)  # bounded, as is its length: the value is the client's
def _media(content_type: bytes) -> tuple[bool, str | None]:
    kind, *parameters = content_type.decode("latin-1").split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    charset = next((value.strip().strip("\"'") for name, _, value in pairs if name.strip().lower() == "charset"), None)
    return kind.strip().lower() == "application/soap+xml", charset or None


class Room:
    """What large requests hold in memory, all together.

    Small ones are not counted: whoever fills the room with large ones does not keep them from being served.
    """

    def __init__(self, most: int) -> None:
        """most: bytes of large bodies at one time."""
        self._left = most

    def take(self, count: int) -> None:
        """Raises ProtocolError when there is no room for so many bytes more."""
        if count > self._left:
            text = "The server has too many large requests at this time."
            raise ProtocolError(text, FaultSide.SERVER, ErrorCode.CONCURRENT_REQUEST_LIMIT)
        self._left -= count

    def give(self, count: int) -> None:
        """Gives back what was taken."""
        self._left += count


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int, room: Room) -> bytes | None:
    """The whole body, decompressed; None when the client went away.

    room: of a body above LARGE its length is taken, and is the caller's to give back.
    Raises ProtocolError when the body is too large or broken, or there is no room.
    """
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        if b"expect" not in headers:  # who waits for our 100 has not sent it
            await _drain(receive)
        refuse_above(limit, int(declared))
    received = await _receive(receive, limit, room)
    if received is None:
        return None
    body, taken = received
    coding = headers.get(b"content-encoding", b"").strip().lower()
    if coding in (b"", b"identity"):
        return body
    try:
        if len(body) < _SMALL:
            plain = _decompress(body, coding, limit)
        else:
            plain = await asyncio.to_thread(_decompress, body, coding, limit)
    finally:
        room.give(taken)
    if len(plain) > LARGE:
        room.take(len(plain))
    return plain


async def _receive(receive: Receive, limit: int, room: Room) -> tuple[bytes, int] | None:
    """(the body as it came, what was taken of the room for it)."""
    parts: list[bytes] = []
    size, taken, more = 0, 0, True
    try:
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                room.give(taken)
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            refuse_above(limit, size)
            if size > LARGE:
                room.take(size - taken)
                taken = size
    except BaseException as error:
        room.give(taken)
        parts.clear()
        if more and isinstance(error, ProtocolError):
            await _drain(receive)
        raise
    return b"".join(parts), taken


async def _drain(receive: Receive) -> None:
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            size = 0
            while size < _DRAIN:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return


def refuse_above(limit: int, size: int) -> None:
    """Raises ProtocolError for a body of more bytes than the limit."""
    if size > limit:
        raise ProtocolError("The request is too large.", code=ErrorCode.REQUEST_PARAM_LIMIT)


def _decompress(body: bytes, coding: bytes, limit: int) -> bytes:
    if coding not in (b"gzip", b"x-gzip", b"deflate"):
        raise ProtocolError("The content coding of the request is not supported.")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS if coding == b"deflate" and _bare(body) else zlib.MAX_WBITS | 32)
    try:
        text = inflater.decompress(body, limit + 1)
    except zlib.error:
        raise ProtocolError("The compressed request cannot be decompressed.") from None
    refuse_above(limit, len(text))
    if not inflater.eof:
        raise ProtocolError("The compressed request is not whole.")
    return text


def _bare(body: bytes) -> bool:
    """Whether it has neither the head of gzip nor that of zlib: many clients write deflate without one. Source: RFC 1950 2.2."""
    zlib_head = len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0
    return not zlib_head and not body.startswith(b"\x1f\x8b")
