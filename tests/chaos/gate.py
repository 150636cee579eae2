"""A door before a vendor: it can be closed, and requests or answers can be held behind it."""

from __future__ import annotations

import asyncio
import contextlib
import socket

__all__ = ["Gate", "reserve"]

HOST = "127.0.0.1"
# how long a vendor may still work on the request of a caller that has gone
_LATE_SECONDS = 2.0


def reserve() -> socket.socket:
    """A port that is ours until the socket is closed: others may listen on it (with SO_REUSEADDR), none is given it by chance."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((HOST, 0))
    return holder


class Gate:
    """Hands bytes to and fro. Use as an async context manager."""

    def __init__(self, target: int) -> None:
        """target: the vendor's port on this machine."""
        self._target = target
        self._holder = reserve()
        self.port = self._holder.getsockname()[1]
        # set: they pass
        self.requests, self.answers = asyncio.Event(), asyncio.Event()
        self.requests.set()
        self.answers.set()
        # pieces of requests and of answers that came so far, held or not
        self.asked = self.answered = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Gate:
        await self.admit()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        self._holder.close()

    async def admit(self) -> None:
        """Listens."""
        if self._server is None:
            self._server = await asyncio.start_server(self._enter, HOST, self.port, reuse_address=True)

    async def refuse(self) -> None:
        """Connections are refused from now on, and those that are there are cut."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()
        await asyncio.gather(*self._open, return_exceptions=True)

    def drop(self) -> None:
        """Cuts all connections: what is held never arrives."""
        for task in self._open:
            task.cancel()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        vendor: asyncio.StreamWriter | None = None
        try:
            back, vendor = await asyncio.open_connection(HOST, self._target)
            answers = asyncio.create_task(self._answers(back, writer))
            try:
                await self._requests(reader, vendor)
                await asyncio.wait([answers], timeout=_LATE_SECONDS)
            finally:
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            for each in (writer, vendor):
                if each is not None:
                    each.transport.abort()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                self.asked += 1
                await self.requests.wait()
                writer.write(data)
                await writer.drain()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                self.answered += 1
                await self.answers.wait()
                writer.write(data)
                await writer.drain()
        writer.close()  # the vendor hung up: so does the gate
