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

from bridge.errors import ErrorCode, ProtocolError

__all__ = ["media", "read_body"]

# what is read and thrown away of a body that is too large, in bytes and seconds
_DRAIN = 64 * 1024 * 1024
_DRAIN_SECONDS = 10.0
# compressed bytes that are decompressed on the event loop: they hold a thousand times as many at most
_SMALL = 1024


@lru_cache(maxsize=256)  # bounded: the value is the client's
def media(content_type: bytes) -> tuple[bool, str | None]:
    """(whether it is SOAP 1.2, charset). The charset may be quoted."""
    kind, *parameters = content_type.decode("latin-1").split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    charset = next((value.strip().strip("\"'") for name, _, value in pairs if name.strip().lower() == "charset"), None)
    return kind.strip().lower() == "application/soap+xml", charset or None


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int) -> bytes | None:
    """The whole body, decompressed; None when the client went away. Raises ProtocolError when it is too large or broken."""
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        if b"expect" not in headers:  # who waits for our 100 has not sent it
            await _drain(receive)
        raise _too_large()
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            parts.clear()
            if more:
                await _drain(receive)
            raise _too_large()
    body = b"".join(parts)
    coding = headers.get(b"content-encoding", b"").strip().lower()
    if coding in (b"", b"identity"):
        return body
    if len(body) < _SMALL:
        return _decompress(body, coding, limit)
    return await asyncio.to_thread(_decompress, body, coding, limit)


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


def _too_large() -> ProtocolError:
    return ProtocolError("The request is too large.", code=ErrorCode.REQUEST_PARAM_LIMIT)


def _decompress(body: bytes, coding: bytes, limit: int) -> bytes:
    if coding not in (b"gzip", b"x-gzip", b"deflate"):
        raise ProtocolError("The content coding of the request is not supported.")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS if coding == b"deflate" and _bare(body) else zlib.MAX_WBITS | 32)
    try:
        text = inflater.decompress(body, limit + 1)
    except zlib.error:
        raise ProtocolError("The compressed request cannot be decompressed.") from None
    if len(text) > limit:
        raise _too_large()
    if not inflater.eof:
        raise ProtocolError("The compressed request is not whole.")
    return text


def _bare(body: bytes) -> bool:
    """Whether it has neither the head of gzip nor that of zlib: many clients write deflate without one. Source: RFC 1950 2.2."""
    zlib_head = len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0
    return not zlib_head and not body.startswith(b"\x1f\x8b")
