"""Runs the application on uvicorn: one process or several, plain HTTP and, with a certificate, HTTPS on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.supervisors import Multiprocess

from bridge import log as logging
from bridge.app import App
from bridge.errors import SettingsError
from bridge.protocol import Config, Protocol
from bridge.settings import ServerSettings, Settings, load
from bridge.tls import Certificate

__all__ = ["check_tls", "listen", "load_for", "run_workers", "serve", "serve_app"]

log = logging.get_logger("bridge")

# what a worker gets to start, and to say that it lives; the usual 5 are too few for a machine that is busy
_WORKER_SECONDS = 30
# open files beside the clients' connections: vendors, ledger, log
_FILES = 1000

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
    settings = app.bridge.settings.server
    _allow_files(settings)
    certificate = Certificate(settings) if settings.tls_certificate else None
    with contextlib.suppress(NotImplementedError):  # loops without signals, as on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, app, certificate)
    await serve_app(_with_tls(app, settings, certificate), settings, sockets, ready)


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
    app = App(lambda: settings)  # what is wrong is said here once, and not by every worker
    check_tls(settings.server)
    _allow_files(settings.server)
    sockets = [listen(settings.server, settings.server.port)]
    try:
        counted_in = TemporaryDirectory(prefix="smsbridge-metrics-")
    except OSError as error:
        raise SettingsError("server.workers", f"several need a temporary folder to count in ({error.strerror})") from None
    with counted_in as folder:
        config = _config(partial(_worker, path, overrides, Path(folder)), settings.server, factory=True)
        _Workers(config, sockets, partial(load_for, path, overrides), app).run()


class _Workers(Multiprocess):
    """uvicorn's supervisor, which replaces its processes only when the new settings are right."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], load: Callable[[], Settings], app: App) -> None:
        """app: with the settings that the workers begin with."""
        super().__init__(config, sockets)
        self._load, self._app = load, app

    def handle_hup(self) -> None:
        try:
            server = App(partial(self._app.changed, self._load)).bridge.settings.server
            if server.tls_certificate is not None:
                Certificate(server).check()
        except SettingsError as error:
            log.error("settings not reloaded", setting=error.key, why=error.why)  # noqa: TRY400  # frames say nothing here
        else:
            super().handle_hup()


def _worker(path: Path | None, overrides: Overrides, counted_in: Path) -> ASGIApp:
    app = App(partial(load_for, path, overrides), counted_in)
    settings = app.bridge.settings.server
    return _with_tls(app, settings, Certificate(settings) if settings.tls_certificate else None)


class _Server(uvicorn.Server):
    """uvicorn's server, which ends quietly after a signal: the program around it has more to close."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        with contextlib.ExitStack() as stack:
            for number in (signal.SIGINT, signal.SIGTERM):
                previous = signal.signal(number, self.handle_exit)
                stack.callback(signal.signal, number, previous)
            yield


def _allow_files(server: ServerSettings) -> None:
    """As many open files as the connections may need, as far as the system lets us: a shell's usual 1024 are few."""
    try:
        import resource  # noqa: PLC0415  # not on Windows
    except ImportError:
        return
    wanted = 2 * server.connections + _FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


class _TlsServer(uvicorn.Server):
    """uvicorn's server, with a time limit of the handshake: until it is done there is no connection that a gate could count."""

    config: Config

    def capture_signals(self) -> Any:
        """Does nothing: the server for plain HTTP has them."""
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        config, loop = self.config, asyncio.get_running_loop()
        protocol: Any = config.http_protocol_class
        make = partial(protocol, config=config, server_state=self.server_state, app_state={}, _loop=loop)
        options: dict[str, Any] = {"ssl": config.ssl, "ssl_handshake_timeout": config.gate.head_seconds, "backlog": config.backlog}
        self.servers = [await loop.create_server(make, sock=listener, **options) for listener in sockets or []]
        self.started = True


def _config(app: ASGIApp | Callable[[], ASGIApp], server: ServerSettings, **more: Any) -> Config:
    return Config(
        app,
        server,
        loop="uvloop",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=server.backlog,
        timeout_graceful_shutdown=round(server.shutdown_seconds),
        workers=server.workers,
        timeout_worker_healthcheck=_WORKER_SECONDS,
        **{"http": Protocol, "lifespan": "on", **more},
    )


def _with_tls(app: App, server: ServerSettings, certificate: Certificate | None) -> ASGIApp:
    """The application, which during its lifespan also listens for HTTPS when there is a certificate."""
    if certificate is None:
        return app

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(_tls_server(app, server, certificate))

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
    Certificate(server).check()
    listen(server, server.tls_port, tls=True).close()


@contextlib.asynccontextmanager
async def _tls_server(app: App, server: ServerSettings, certificate: Certificate) -> AsyncIterator[None]:
    config = _config(app, server, lifespan="off", ssl_certfile=certificate.file, ssl_keyfile=certificate.key)
    config.load()
    certificate.context = config.ssl
    inner = _TlsServer(config)
    task = asyncio.create_task(inner.serve(sockets=[listen(server, server.tls_port, tls=True)]), name="TLS server")
    while not inner.started and not task.done():  # noqa: ASYNC110  # as in `serve`
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        inner.should_exit = True
        await task


def _reload(app: App, certificate: Certificate | None) -> None:
    if certificate is not None:
        certificate.reload()
    task = asyncio.ensure_future(app.reload())
    _RELOADS.add(task)
    task.add_done_callback(_RELOADS.discard)


_RELOADS: set[asyncio.Future[None]] = set()  # a task that nobody holds may be collected while it runs
