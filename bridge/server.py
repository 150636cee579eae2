"""Runs the application on uvicorn: one process or several, plain HTTP and, with a certificate, HTTPS on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httptools
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from bridge import log as logging
from bridge.app import App
from bridge.errors import SettingsError
from bridge.settings import ServerSettings, Settings, load

__all__ = ["Protocol", "check_tls", "listen", "load_for", "run_workers", "serve", "serve_app"]

log = logging.get_logger("bridge")

# what a worker gets to start, and to say that it lives; the usual 5 are too few for a machine that is busy
_WORKER_SECONDS = 30

Overrides = Mapping[str, Mapping[str, Any]]


def load_for(path: Path | None, overrides: Overrides) -> Settings:
    """The settings of a process that serves; its log is set up by them. Raises SettingsError."""
    settings = load(path, overrides)
    logging.configure(settings.log.format, settings.log.level)
    return settings


def listen(server: ServerSettings, port: int, *, tls: bool = False) -> socket.socket:
    """A listening socket. tls: every worker opens its own. Raises SettingsError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    # the protocol is named: asyncio sets TCP_NODELAY only then, and each answer would wait 40 ms for an acknowledgement
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if tls:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((server.host, port))
        listener.listen(server.backlog)
    except OSError as error:
        listener.close()
        raise SettingsError(
            "server.tls_port" if tls else "server.port", f"cannot listen on {server.host}:{port} ({error.strerror})"
        ) from None
    return listener


async def serve(app: App, sockets: list[socket.socket], ready: Callable[[], Awaitable[None]] | None = None) -> None:
    """`serve_app` for the bridge: also HTTPS when there is a certificate, and SIGHUP loads the settings again."""
    with contextlib.suppress(NotImplementedError):  # loops without signals, as on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, app)
    settings = app.bridge.settings.server
    await serve_app(_with_tls(app, settings), settings, sockets, ready)


async def serve_app(
    app: ASGIApp,
    settings: ServerSettings,
    sockets: list[socket.socket],
    ready: Callable[[], Awaitable[None]] | None = None,
    **more: Any,
) -> None:
    """Serves until SIGTERM or SIGINT; calls in flight finish first, within the limit of the settings.

    sockets: for plain HTTP. ready: awaited once connections are taken. more: of uvicorn.Config.
    """
    server = _Server(_config(app, settings, **more))
    task = asyncio.create_task(server.serve(sockets=sockets), name="server")
    while not server.started and not task.done():  # noqa: ASYNC110  # uvicorn tells it no other way
        await asyncio.sleep(0.01)
    if ready is not None and server.started:
        await ready()
    await task


def run_workers(path: Path | None, overrides: Overrides) -> None:
    """Serves with several processes; a dead one is replaced, SIGHUP replaces them one by one. Raises SettingsError."""
    settings = load_for(path, overrides)
    App(lambda: settings)  # what is wrong is said here once, and not by every worker
    check_tls(settings.server)
    config = _config(partial(_worker, path, overrides), settings.server, factory=True)
    _Workers(config, [listen(settings.server, settings.server.port)], partial(load_for, path, overrides)).run()


class _Workers(Multiprocess):
    """uvicorn's supervisor, which replaces its processes only when the new settings are right."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], load: Callable[[], Settings]) -> None:
        super().__init__(config, sockets)
        self._load = load

    def handle_hup(self) -> None:
        try:
            App(self._load)
        except SettingsError as error:
            log.error("settings not reloaded", setting=error.key, why=error.why)  # noqa: TRY400  # frames say nothing here
        else:
            super().handle_hup()


def _worker(path: Path | None, overrides: Overrides) -> ASGIApp:
    app = App(partial(load_for, path, overrides))
    return _with_tls(app, app.bridge.settings.server)


class _Server(uvicorn.Server):
    """uvicorn's server, which ends quietly after a signal: the program around it has more to close."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        with contextlib.ExitStack() as stack:
            for number in (signal.SIGINT, signal.SIGTERM):
                previous = signal.signal(number, self.handle_exit)
                stack.callback(signal.signal, number, previous)
            yield


class _Corked:
    """A transport on which the head of an answer waits for its body: uvicorn writes them apart, which is two packets and a tenth of
    the CPU of a call.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        # without the way over __getattr__, for every answer asks
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._head:
            self._head, data = b"", self._head + data
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Writes a head to which no body came."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which takes a request that offers an upgrade for the plain one that it also is. Source: RFC 9110 7.8.

    Java's HttpClient and `curl --http2` offer HTTP/2 with every request over plain HTTP. httptools stops behind the head of such a
    request, and uvicorn would take its body for empty; here a parser of its own reads it, and all that follows.
    """

    def connection_made(self, transport: Any) -> None:
        super().connection_made(_Corked(transport))  # type: ignore[arg-type]  # has all that a transport has

    def on_response_complete(self) -> None:
        self.transport.flush()  # type: ignore[attr-defined]  # as above
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            while data:
                data = self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _parse(self, data: bytes) -> bytes:
        """Parses; returns what stands behind the head of a request that offers an upgrade."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            framing = [b"%b: %b\r\n" % header for header in self.headers if header[0] in (b"content-length", b"transfer-encoding")]
            behind = _BehindHead(self)
            self.parser = httptools.HttpRequestParser(behind)
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing))
            behind.is_known = False
            return data[upgrade.args[0] :]
        return b""

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():  # else its body is still to come
            super().on_message_complete()


class _BehindHead:
    """Hands a parser's events on to the protocol, but for those of a head that the protocol knows already."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self.is_known = True
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if not self.is_known:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self.is_known:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_known:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.is_known:
            self._protocol.on_headers_complete()


def _config(app: ASGIApp | Callable[[], ASGIApp], server: ServerSettings, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=server.backlog,
        timeout_keep_alive=round(server.keepalive_seconds),
        timeout_graceful_shutdown=round(server.shutdown_seconds),
        workers=server.workers,
        timeout_worker_healthcheck=_WORKER_SECONDS,
        **{"http": Protocol, "lifespan": "on", **more},
    )


def _with_tls(app: App, server: ServerSettings) -> ASGIApp:
    """The application, which during its lifespan also listens for HTTPS when there is a certificate."""
    if server.tls_certificate is None:
        return app

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(_tls_server(app, server))

            async def receive_after_calls() -> Message:
                message = await receive()
                if message["type"] == "lifespan.shutdown":
                    await stack.aclose()  # the application lets go of what calls need once it hears of this
                return message

            await app(scope, receive_after_calls, send)

    return both


def check_tls(server: ServerSettings) -> None:
    """Raises SettingsError when there is a certificate that cannot be used, or the port for it cannot be had."""
    if server.tls_certificate is None:
        return
    try:
        # an encrypted key would ask the terminal for its password
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server.tls_certificate, server.tls_key, password=lambda: "")
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise SettingsError("server.tls_certificate", "not a PEM certificate that fits an unencrypted tls_key") from None
    listen(server, server.tls_port, tls=True).close()


@contextlib.asynccontextmanager
async def _tls_server(app: App, server: ServerSettings) -> AsyncIterator[None]:
    files = {"ssl_certfile": str(server.tls_certificate), "ssl_keyfile": str(server.tls_key)}
    inner = uvicorn.Server(_config(app, server, lifespan="off", **files))
    inner.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # the outer server has them
    task = asyncio.create_task(inner.serve(sockets=[listen(server, server.tls_port, tls=True)]), name="TLS server")
    while not inner.started and not task.done():  # noqa: ASYNC110  # as in `serve`
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        inner.should_exit = True
        await task


def _reload(app: App) -> None:
    task = asyncio.ensure_future(app.reload())
    _RELOADS.add(task)
    task.add_done_callback(_RELOADS.discard)


_RELOADS: set[asyncio.Future[None]] = set()  # a task that nobody holds may be collected while it runs
