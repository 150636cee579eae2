"""What the HTTP protocol lets go of, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from inspect import signature
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bridge.protocol import Protocol
from bridge.server import listen, serve_app
from bridge.settings import ServerSettings
from bridge.soap.endpoint import DIRECT
from tests.program import free_port
from tests.waiting import PATIENCE, eventually

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
    await eventually(lambda: alive(Protocol) == count)


def serving(body: bytes, **settings: Any) -> AbstractAsyncContextManager[int]:
    """A server that answers with the body, in one write; its port."""

    async def app(scope, receive, send) -> None:
        answer(scope, body)

    return running(app, **settings)


def answer(scope: Any, body: bytes) -> None:
    assert scope["extensions"][DIRECT]["send"](scope, 200, [(b"content-length", b"%d" % len(body))], body)


@asynccontextmanager
async def running(app: Any, **settings: Any) -> AsyncIterator[int]:
    """A server of an application; its port."""
    server = ServerSettings(host="127.0.0.1", port=free_port(), **settings)
    ready = asyncio.Event()

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


def post(body: bytes, *, more: str = "") -> bytes:
    return f"POST / HTTP/1.1\r\nHost: a\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def said(port: int, *pieces: bytes, until: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.1)
    heard = await asyncio.wait_for(reader.readuntil(until), PATIENCE)
    writer.close()
    await writer.wait_closed()
    return heard


async def test_a_small_body_is_taken_at_once_and_nothing_of_it_comes_again() -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def app(scope, receive, send) -> None:
        body = scope["extensions"][DIRECT]["take"](scope)
        answer(scope, b"taken" if body is not None else b"waits")
        await heard.put((body, (await receive())["type"]))

    async with running(app) as port:
        await said(port, post(b"one"), post(b"two"), until=b"taken")
        assert [await heard.get(), await heard.get()] == [(b"one", "http.disconnect"), (b"two", "http.disconnect")]


@pytest.mark.parametrize(
    "pieces",
    [
        [post(b"one two")[:-4], post(b"one two")[-4:]],
        [post(b"one two", more="Expect: 100-continue\r\n")],
    ],
    ids=["in two pieces", "asks first"],
)
async def test_what_cannot_be_taken_at_once_comes_in_messages(pieces: list[bytes]) -> None:
    async def app(scope, receive, send) -> None:
        body = scope["extensions"][DIRECT]["take"](scope)
        assert body is None
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        answer(scope, b"heard " + body)

    async with running(app) as port:
        for _ in range(2):
            heard = await said(port, *pieces, until=b"heard one two")
            assert (b"100 Continue" in heard) == (len(pieces) == 1)


def test_what_uvicorn_keeps_of_a_request_is_known() -> None:
    """The protocol copies it for each request of a connection: what uvicorn adds to it, and can be changed, it has to make anew."""
    names = {*signature(RequestResponseCycle).parameters} - {"expect_100_continue"}
    made = RequestResponseCycle(**dict.fromkeys((*names, "expect_100_continue"), None))
    own = {"waiting_for_100_continue", "disconnected", "body", "more_body", "response_started", "response_complete"}
    assert {*vars(made)} == names | own | {"chunked_encoding", "expected_content_length"}


async def test_requests_of_a_connection_do_not_wake_each_other() -> None:
    """They have one event in common, as long as no two of them are there at a time."""

    async def app(scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            assert message["type"] == "http.request"
            body, more = body + message["body"], message["more_body"]
        answer(scope, b"<" + body + b">")

    async with running(app) as port:
        one_by_one = [post(b"%d" % number)[at : at + 20] for number in range(3) for at in range(0, 60, 20)]
        assert (await said(port, *filter(None, one_by_one), until=b"<2>")).count(b"200 OK") == 3
        together = b"".join(post(b"%d" % number) for number in range(5))
        assert (await said(port, together, until=b"<4>")).count(b"200 OK") == 5
