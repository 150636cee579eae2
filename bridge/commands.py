"""What the commands of `bridge.cli` do."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

import click

from bridge import log as logging
from bridge import sandbox as sandboxes
from bridge.app import App, Bridge, compose, wsdl_of
from bridge.domain.http import HttpRequest
from bridge.errors import CallError, Language, SettingsError, TransportError
from bridge.operations.backend import Account, Backend
from bridge.operations.credit import GetUserCreditCase
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import Timing, open_engine
from bridge.server import Overrides, check_tls, listen, load_for, run_workers
from bridge.server import serve as serve_app
from bridge.settings import LedgerSettings, ServerSettings, Settings, SoapSettings, load
from bridge.soap.contract import OPERATIONS
from bridge.soap.writer import SOAP11, write_call

__all__ = ["call", "check", "demo", "migrate", "sandbox", "serve", "wsdl"]

Run = Callable[[Coroutine[Any, Any, Any]], Any]

# the account of `smsbridge demo`; the sandbox's own is user / test
DEMO_USERNAME, DEMO_PASSWORD = "admin", "123456"  # printed, and worth nothing
# uncertain sends that `check` names
_MOST_SHOWN = 20
DEMO_NUMBER = "905321234567"


def serve(config: Path | None, overrides: Overrides, run: Run) -> None:
    """Serves until a signal. Raises SettingsError when it cannot start."""
    logging.install_hooks()
    settings = load_for(config, overrides)
    if settings.server.workers > 1:
        run_workers(config, overrides)
        return
    app = App(partial(load_for, config, overrides))
    run(_serve(app))


async def _serve(app: App) -> None:
    server = app.bridge.settings.server
    check_tls(server)
    await app.start()
    socket = listen(server, server.port)

    async def ready() -> None:
        host, port = socket.getsockname()[:2]
        logging.get_logger("bridge").info("serving", host=host, port=port, vendors=sorted(app.bridge.backends))

    await serve_app(app, [socket], ready)


class _Demo(NamedTuple):
    """How a sandbox is reached, and as whom."""

    path: str  # after the sandbox's root
    settings: Mapping[str, Any]  # of [vendors.NAME]
    credentials: Mapping[str, Any]


_LOGIN = {"username": "user", "password": "test"}
_DEMOS: Mapping[str, _Demo] = MappingProxyType(
    {
        "node": _Demo("", {}, _LOGIN),
        # the sandbox's own numbers: the vendor's are not public
        "isobil": _Demo(
            "v2/",
            {"states": {"1": 2, "2": 2, "3": 3, "4": 4, "5": 5}, "errors": {"101": "ERR_UNAUTHORIZED_REQUEST"}},
            _LOGIN | {"system_code": 1234, "service_id": 1, "otp_service_id": 2, "tckn_service_id": 3},
        ),
        "innomobil": _Demo("api/v1/", {}, _LOGIN),
        "toplusms": _Demo("api/v1/", {"senders": ["BASLIK"]}, _LOGIN),
    }
)


async def demo(vendor: str, host: str, port: int, data: Path | None) -> None:
    """Serves with a sandbox behind. data: folder of the ledger; a temporary one when None."""
    logging.install_hooks()
    socket = listen(ServerSettings(host=host), port)  # first, so that a port in use is all that is said
    with TemporaryDirectory(prefix="smsbridge-") as temporary:
        folder = data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        async with await sandboxes.serve(sandboxes.build(vendor)) as running:
            settings = _demo_settings(vendor, running.base_url, host, port, folder)
            logging.configure("console", "info")
            app = App(lambda: settings)
            await app.start()

            async def ready() -> None:
                click.echo(_demo_words(vendor, host, socket.getsockname()[1], running.base_url, folder))

            await serve_app(app, [socket], ready)


def _demo_settings(vendor: str, base_url: str, host: str, port: int, folder: Path) -> Settings:
    demo = _DEMOS[vendor]
    account = {"username": DEMO_USERNAME, "password": DEMO_PASSWORD, "credentials": dict(demo.credentials)}
    return Settings(
        server={"host": host, "port": port},
        log={"format": "console"},
        ledger={"url": f"sqlite:///{folder / 'bridge.db'}"},
        vendors={"main": {"kind": vendor, "base_url": f"{base_url}{demo.path}", **demo.settings}},
        accounts=(account,),
    )


def _demo_words(vendor: str, host: str, port: int, sandbox_url: str, folder: Path) -> str:
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/soap"
    fields = {
        "username": DEMO_USERNAME,
        "password": DEMO_PASSWORD,
        "type": 1,
        "sendingType": 0,
        "title": "Deneme",
        "content": "Merhaba dünya",
        "number": DEMO_NUMBER,
        "encoding": 1,
        "sender": "BASLIK",
    }
    body = write_call("sendSms", fields).decode()
    curl = f"curl -s {url} -H 'Content-Type: text/xml; charset=utf-8' -H 'SOAPAction: sendSms' -d {shlex.quote(body)}"
    return (
        f"The bridge answers at {url} (WSDL: {url}?wsdl)\n"
        f"Account {DEMO_USERNAME} / {DEMO_PASSWORD}, sender BASLIK; behind it the sandbox of {vendor} at {sandbox_url}\n"
        f"Packages are kept in {folder}\n"
        f"Try:\n{curl}"
    )


async def sandbox(vendor: str, host: str, port: int) -> None:
    """Serves a simulator until a signal."""
    try:
        running = await sandboxes.serve(sandboxes.build(vendor), host, port)
    except OSError as error:
        raise SettingsError("port", f"cannot listen on {host}:{port} ({error.strerror})") from None
    async with running:
        click.echo(f"The sandbox of {vendor} answers at {running.base_url} (account user / test, sender BASLIK)")
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()


async def check(config: Path | None) -> bool:
    """Prints what is right and what is wrong; returns whether all is right. Raises SettingsError for wrong settings."""
    settings = load(config)
    bridge = compose(settings)
    try:
        click.echo("ok    settings")
        findings = [await _check_account(account, settings.soap.language) for account in bridge.accounts.values()]
        if not bridge.accounts:
            findings = [await _check_vendor(backend) for backend in bridge.backends.values()]
    finally:
        await bridge.close()
    _note_unused(bridge)
    if settings.ledger is not None:
        await _check_ledger(settings.ledger)
    return all(findings)


async def migrate(config: Path | None) -> None:
    """Brings the ledger's tables up to date, and says so. Raises SettingsError."""
    settings = load(config).ledger
    if settings is None:
        raise SettingsError("ledger", "there is none")
    from bridge.recording import Recording  # noqa: PLC0415  # see there

    found, wanted = await Recording.migrate(settings)
    click.echo(
        f"ok    ledger: version {wanted}, as before" if found == wanted else f"ok    ledger: version {found or 'none'} -> {wanted}"
    )


async def _check_ledger(settings: LedgerSettings) -> None:
    """Says what waits, and what needs the operator's eye. Raises SettingsError when the ledger cannot be opened."""
    from bridge.recording import Recording  # noqa: PLC0415  # see there

    found, wanted = await Recording.versions(settings)
    if found != wanted:
        click.echo(f"note  ledger: its tables have version {found or 'none'}; smsbridge migrate, or a start, makes it {wanted}")
        return
    recording = await Recording.open(settings)
    try:
        overview = await recording.ledger.overview()
        uncertain = await recording.ledger.uncertain(None, _MOST_SHOWN)
    finally:
        await recording.close()
    oldest = "" if overview.oldest_due is None else f", the oldest due {overview.oldest_due:%Y-%m-%d %H:%M:%S} UTC"
    click.echo(f"ok    ledger: {overview.pending} to be sent{oldest}; {overview.unknown} of unknown outcome")
    click.echo(f"ok    ledger: {overview.recurrences} sent periodically; {overview.pushes} pushes wait")
    if overview.stuck:
        click.echo(f"note  ledger: {overview.stuck} given up, for work on them kept failing")
    if overview.dead_pushes:
        click.echo(f"note  ledger: {overview.dead_pushes} pushes given up, for their receiver did not take them")
    for entry in uncertain:
        submission = entry.submission
        where = f"package {submission.package_id} of {entry.account} at {entry.vendor}"
        click.echo(f"note  {where}: whether it was sent is unknown ({submission.message or submission.code or 'no answer'})")


def _note_unused(bridge: Bridge) -> None:
    """Names vendors that no account uses: they were not asked."""
    used = {account.backend.name for account in bridge.accounts.values()}
    for name in sorted(bridge.backends.keys() - used) if used else ():
        click.echo(f"note  vendors.{name}: no account uses it")


async def _check_account(account: Account, language: Language) -> bool:
    where = f"account {account.username} at {account.backend.name} ({account.backend.vendor.kind})"
    timing = Timing()
    try:
        credit = await GetUserCreditCase().run(account, None, timing)
    except CallError as error:
        click.echo(f"WRONG {where}: {error.code} {error.text(language)}")
        return False
    click.echo(f"ok    {where}: credit {credit}, {timing.seconds * 1000:.0f} ms")
    return True


async def _check_vendor(backend: Backend) -> bool:
    """In pass-through the bridge has no login: any answer at all shows that the vendor is there."""
    vendor = backend.vendor
    request = next(vendor.credit(vendor.credentials_type.from_login("", "")))

    def knock() -> Any:
        yield HttpRequest("GET", request.url, repeatable=True)

    try:
        await backend.outbound.run(knock())
    except TransportError as error:
        click.echo(f"WRONG vendors.{backend.name} ({vendor.kind}): {error.what}")
        return False
    click.echo(f"ok    vendors.{backend.name} ({vendor.kind}) answers; pass-through, so no login was tried")
    return True


async def call(operation: str, fields: Sequence[str], url: str, login: tuple[str, str]) -> str:
    """Makes a SOAP call and returns the answer as it came. Raises SettingsError for what the WSDL does not have."""
    if operation not in OPERATIONS:
        raise SettingsError("operation", f"there is no {operation}; known: {', '.join(OPERATIONS)}")
    values = dict(_field(operation, field) for field in fields)
    try:
        body = write_call(operation, {"username": login[0], "password": login[1], **values})
    except KeyError as error:
        raise SettingsError(operation, f"has no field {error.args[0]}") from None
    headers = (("Content-Type", SOAP11.content_type.decode()), ("SOAPAction", f'"{operation}"'))
    engine = open_engine(EngineOptions(read_timeout=100), "httpx")
    try:
        return (await engine.send(HttpRequest("POST", url, headers, body))).body.decode(errors="replace")
    except TransportError as error:
        raise SettingsError("url", error.what) from None
    except ValueError:
        raise SettingsError("url", "must be an http:// or https:// URL") from None
    finally:
        await engine.close()


def _field(operation: str, field: str) -> tuple[str, Any]:
    name, equals, value = field.partition("=")
    if not equals:
        raise SettingsError(operation, f"{name}: a field is written NAME=VALUE")
    if not value.startswith(("{", "[")):
        return name, value
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        raise SettingsError(operation, f"{name}: begins like JSON and is not JSON") from None


def wsdl(config: Path | None, address: str | None) -> bytes:
    """The WSDL as it is served. Without a configuration: the default one."""
    if config is None:
        return wsdl_of(SoapSettings()).render(address or "http://localhost:9587/soap")
    settings = load(config)
    public = settings.server.public_url and settings.server.public_url.removesuffix("/")
    return wsdl_of(settings.soap).render(address or public or f"http://localhost:{settings.server.port}/soap")
