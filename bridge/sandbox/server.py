"""Serves a sandbox on uvicorn, inside a program that has its own event loop and signals, or in a thread.

Facts: ASGI has no way to cut a connection, so the protocol class lays one into each scope. SO_LINGER with zero seconds makes the
kernel send RST in place of FIN.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Running", "serve", "serve_in_thread"]

LINGER_NOT = struct.pack("ii", 1, 0)
BACKLOG = 2048
GRACE_SECONDS = 0.05  # for requests in work when the server stops; uvicorn looks after 0.1


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with a handle to the connection in each scope, and no patience at the end."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"sandbox.connection": {"reset": self._reset, "close": self.transport.close}}

    def shutdown(self) -> None:
        super().shutdown()
        self.loop.call_later(GRACE_SECONDS, self.transport.abort)

    def _reset(self) -> None:
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Running:
    """A server that listens. Leaving it as a context manager stops it."""

    def __init__(self, server: uvicorn.Server, task: asyncio.Task[None], host: str, port: int) -> None:
        self._server, self._task = server, task
        self.host, self.port = host, port

    @property
    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    async def stop(self) -> None:
        """Stop listening, hang up, and wait until all is closed."""
        self._server.should_exit = True
        await self._task

    async def wait(self) -> None:
        """Return when the server has ended."""
        await asyncio.shield(self._task)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()


async def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Listen, and return once connections are taken. Use as `async with await serve(app) as running`.

    port: 0 picks a free one (see `Running.base_url`).
    Raises OSError when the address cannot be listened on. Installs no signal handlers and no logging.
    """
    listener = _listener(host, port)
    config = uvicorn.Config(app, http=_Protocol, ws="none", lifespan="on", log_config=None, access_log=False)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="sandbox server")
    while not server.started and not task.done():  # noqa: ASYNC110  uvicorn tells it no other way
        await asyncio.sleep(0.002)
    if task.done():
        listener.close()
        await task
        raise OSError(f"no server on {host}:{port}")
    return Running(server, task, host, listener.getsockname()[1])


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it each answer takes 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def serve_in_thread(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Iterator[Running]:
    """Serve from a thread of its own, for synchronous tests. Of the value given, use only `base_url`, `host` and `port`."""
    ready: Future[tuple[Running, Callable[[], object]]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_hold(app, host, port, ready)), name="sandbox")
    thread.start()
    try:
        running, leave = ready.result()
        try:
            yield running
        finally:
            leave()
    finally:
        thread.join()


async def _hold(app: ASGIApp, host: str, port: int, ready: Future[tuple[Running, Callable[[], object]]]) -> None:
    try:
        running = await serve(app, host, port)
    except OSError as error:
        ready.set_exception(error)
        return
    left = asyncio.Event()
    ready.set_result((running, partial(asyncio.get_running_loop().call_soon_threadsafe, left.set)))
    async with running:
        await left.wait()
