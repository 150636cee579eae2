"""What the HTTP protocol lets go of, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bridge.protocol import Protocol
from bridge.server import listen, serve_app
from bridge.settings import ServerSettings
from bridge.soap.endpoint import DIRECT
from tests.program import PATIENCE, free_port

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Without the collector: what goes, goes by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive(kind: type) -> int:
    return sum(isinstance(each, kind) for each in gc.get_objects())


async def connections(count: int) -> None:
    """Returns when there are so many."""
    async with asyncio.timeout(PATIENCE):
        while alive(Protocol) != count:  # noqa: ASYNC110  # the server does not say
            await asyncio.sleep(0.05)


@asynccontextmanager
async def serving(body: bytes, **settings: Any) -> AsyncIterator[int]:
    """A server that answers with the body, in one write; its port."""
    server = ServerSettings(host="127.0.0.1", port=free_port(), **settings)
    ready = asyncio.Event()

    async def app(scope, receive, send) -> None:
        assert scope["extensions"][DIRECT]["send"](scope, 200, [(b"content-length", b"%d" % len(body))], body)

    async def begin() -> None:
        ready.set()

    task = asyncio.create_task(serve_app(app, server, [listen(server, server.port)], begin, lifespan="off"))
    await ready.wait()
    try:
        yield server.port
    finally:
        signal.raise_signal(signal.SIGTERM)
        await task


async def test_no_request_and_no_connection_waits_for_the_collector(uncollected) -> None:
    """What does costs more than to collect it: memory that is used once is never in the processor's cache."""
    before = alive(Protocol)
    async with serving(b"ok") as port:
        pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for reader, writer in pairs * 5:
            writer.write(REQUEST)
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK\r\n")
        assert alive(Protocol) == before + 3
        assert alive(RequestResponseCycle) <= 2 * 3  # the last of each connection, and one that is about to go
        for _, writer in pairs:
            writer.close()
            await writer.wait_closed()
        await connections(before)


async def test_an_answer_that_nobody_fetches_is_not_kept_for_ever(uncollected) -> None:
    """To the server the call is done: the connection is idle, and still has something to say when that time is over."""
    before = alive(Protocol)
    async with serving(bytes(50_000_000), keepalive_seconds=0.4, body_seconds=0.6) as port:
        with socket.create_connection(("127.0.0.1", port)) as lazy:
            lazy.sendall(REQUEST)
            await connections(before + 1)
            await connections(before)
