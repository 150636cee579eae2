"""Servers that stand where an old server would: one that changes what the bridge answers, one that keeps what it got, bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import httpx
import uvicorn

from bridge.moving.http import Client, target_of
from bridge.moving.recorder import SERVING, Recorder
from bridge.server import _config, listen
from bridge.settings import ServerSettings
from tests.waiting import PATIENCE


class Reply(NamedTuple):
    """An HTTP answer as a server is about to give it. headers: lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes

    def replace(self, old: str, new: str) -> Reply:
        return self._replace(body=self.body.replace(old.encode(), new.encode()))

    def with_header(self, name: str, value: str | None) -> Reply:
        headers = {each: text for each, text in self.headers.items() if each != name}
        return self._replace(headers=headers if value is None else {**headers, name: value})


Tamper = Callable[[Reply], Reply]


@contextlib.contextmanager
def tampered(port: int, tamper: Tamper) -> Iterator[str]:
    """A server that asks the one on `port` and changes its answer; gives its URL."""
    upstream = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE, verify=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in {"connection", "content-length"}}
            got = upstream.request(self.command, self.path, content=body, headers={"accept-encoding": "identity", **headers})
            names = {name: value for name, value in got.headers.items() if name not in {"content-length", "connection", "date"}}
            reply = tamper(Reply(got.status_code, names, got.content))
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = answer  # noqa: N815  # the standard library's names

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/soap"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        upstream.close()


class Connections:
    """Answers TCP connections, each in a thread of its own, by a function that is given the socket."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._run, args=(connection,))
            thread.start()
            self._threads.append(thread)

    def _run(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._serve(connection)


class _Server(uvicorn.Server):
    capture_signals = contextlib.nullcontext  # only a main thread can take signals


@contextlib.contextmanager
def recorder(to: str, folder: Path) -> Iterator[int]:
    """What `smsbridge record` serves, in a thread; gives its port."""
    settings = ServerSettings(host="127.0.0.1", shutdown_seconds=10)
    listener = listen(settings, 0)
    ready = threading.Event()

    async def hold() -> None:
        client = Client(timeout_seconds=30)
        server = _Server(_config(Recorder(client, target_of(to, "to"), folder, max_pairs=1000, say=print), settings, **SERVING))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        servers.append(server)
        ready.set()
        await task
        await client.close()

    servers: list[_Server] = []
    thread = threading.Thread(target=asyncio.run, args=(hold(),))
    thread.start()
    ready.wait()
    try:
        yield int(listener.getsockname()[1])
    finally:
        servers[0].should_exit = True
        thread.join()


class Tee:
    """Passes bytes to a server and back, and keeps both: one entry of `requests` and `answers` for each connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.requests: list[bytearray] = []
        self.answers: list[bytearray] = []
        self._connections = Connections(self._pass_on)
        self.port, self.close = self._connections.port, self._connections.close

    def _pass_on(self, client: socket.socket) -> None:
        self.requests.append(request := bytearray())
        self.answers.append(answer := bytearray())
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            back = threading.Thread(target=self._copy, args=(server, client, answer))
            back.start()
            self._copy(client, server, request)
            back.join()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                kept += data
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def read_request(connection: socket.socket) -> bytes:
    """A whole request: a server that closes before it has read all makes the client see a reset."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += connection.recv(65536)
    length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", raw)
    whole = raw.index(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
    while len(raw) < whole:
        raw += connection.recv(65536)
    return raw


def misbehave(connection: socket.socket) -> None:
    """A server whose path says what is wrong with it."""
    path = read_request(connection).split(b" ")[1].partition(b"?")[0]
    if path == b"/garbage":
        connection.sendall(b"\x00\x01\x02 this is no HTTP\r\n\r\n")
    elif path == b"/slow":
        connection.recv(65536)  # until the other side gives up
    elif path == b"/huge":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        while True:
            connection.sendall(b"x" * 1_000_000)
    elif path == b"/cut":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    elif path == b"/html":
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 34\r\n\r\n<html><body>secret 42</body></html>"[:-1]
        )
