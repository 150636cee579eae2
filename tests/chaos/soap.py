"""SOAP calls over a connection that is kept, as old programs make them, and what their answers say."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

from lxml import etree

from bridge.soap.writer import write_call
from tests.chaos.gate import HOST
from tests.soap.wire import request

__all__ = ["PASSWORD", "Connection", "Lost", "call", "items_of", "text_of"]

PASSWORD = "123456"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Lost(Exception):
    """Raised when a call got no answer. sent: whether a byte of it went out."""

    def __init__(self, what: str, *, sent: bool) -> None:
        super().__init__(what)
        self.sent = sent


class Connection:
    """To one bridge, opened again when it is needed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes, seconds: float) -> bytes:
        """The answer's body. Raises Lost."""
        sent = False
        try:
            async with asyncio.timeout(seconds):
                if self._streams is None or self._streams[0].at_eof():
                    self.close()
                    self._streams = await asyncio.open_connection(HOST, self.port)
                reader, writer = self._streams
                sent = True
                writer.write(request(body))
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                assert length is not None, head
                return await reader.readexactly(int(length[1]))
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise Lost(type(error).__name__, sent=sent) from None

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


def body_of(operation: str, username: str, fields: dict[str, Any]) -> bytes:
    return write_call(operation, {"username": username, "password": PASSWORD, **fields})


async def call(port: int, operation: str, username: str, *, seconds: float = 20, **fields: Any) -> bytes:
    """One call on a connection of its own. Raises Lost."""
    connection = Connection(port)
    with contextlib.closing(connection):
        return await connection.ask(body_of(operation, username, fields), seconds)


def text_of(answer: bytes, name: str) -> str | None:
    """The text of the first element of that local name."""
    element = next(etree.fromstring(answer).iter(f"{{*}}{name}"), None)
    return None if element is None else element.text or ""


def items_of(answer: bytes) -> list[dict[str, str]]:
    """The rows of a page."""
    rows = etree.fromstring(answer).iterfind(".//list/item")
    return [{etree.QName(field).localname: field.text or "" for field in row} for row in rows]
