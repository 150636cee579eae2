"""The composition root: settings to vendors, accounts, use cases and routes. The only module that knows all the others."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bridge.domain.capability import Feature
from bridge.domain.clock import SystemClock
from bridge.domain.custom_id import CustomIds
from bridge.errors import SettingsError
from bridge.log import get_logger
from bridge.metrics.metrics import Metrics
from bridge.metrics.page import page
from bridge.operations.accounts import Accounts, MappedAccount, MappedAccounts, PassThroughAccounts, Proofs
from bridge.operations.backend import Account, Backend, UseCase
from bridge.operations.cancel import CancelSmsPackageCase
from bridge.operations.credit import GetUserCreditCase
from bridge.operations.items import GetSmsPackageItemsCase
from bridge.operations.packages import GetSmsPackagesCase
from bridge.operations.send import SendOtpCase, SendSmsCase
from bridge.operations.senders import GetSmsSendersCase
from bridge.operations.throttle import Throttle
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import Outbound, open_engine
from bridge.outbound.guard import Guard
from bridge.settings import AccountSettings, Settings, SoapSettings, VendorConfig, settings_error
from bridge.soap.contract import OPERATIONS
from bridge.soap.endpoint import Endpoint, EndpointOptions
from bridge.soap.wsdl import ServiceNames, Wsdl
from bridge.soap.xml import XmlLimits
from bridge.vendors.registry import find_vendor

if TYPE_CHECKING:
    from bridge.recording import Recording

__all__ = ["App", "Bridge", "compose", "wsdl_of"]

log = get_logger("bridge")


class InFlight:
    """Counts calls, so that what they use is kept until the last of them has ended."""

    __slots__ = ("_count", "_metrics", "_none")

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._count = 0
        # of who waits for the last of them
        self._none: asyncio.Event | None = None

    def begin(self) -> None:
        """A call begins; `end` is to follow."""
        self._count += 1
        self._metrics.entered()

    def end(self) -> None:
        """It has ended."""
        self._count -= 1
        self._metrics.left()
        if self._none is not None and not self._count:
            self._none.set()

    async def ended(self) -> None:
        """Returns when there is no call."""
        if self._count:
            self._none = self._none or asyncio.Event()
            await self._none.wait()


@dataclass(frozen=True, slots=True)
class Bridge:
    """Everything that one configuration makes."""

    settings: Settings
    endpoint: Endpoint
    backends: dict[str, Backend]
    # username: account; empty in pass-through
    accounts: dict[str, Account] = field(repr=False)
    in_flight: InFlight

    async def close(self) -> None:
        """Lets go of connections and threads, after the calls in flight."""
        await self.in_flight.ended()
        self.endpoint.close()
        for backend in self.backends.values():
            await backend.outbound.close()


def compose(settings: Settings, recording: Recording | None = None, metrics: Metrics | None = None) -> Bridge:
    """Builds the bridge. No I/O but reading the files that the settings name. Raises SettingsError naming the key.

    recording: the open ledger; App has it once it is started. Without, a bridge that needs one can be checked, but not used.
    metrics: where calls are counted; by default nobody sees it.
    """
    metrics = metrics or Metrics(OPERATIONS)
    backends = {name: _backend(name, config, settings, metrics) for name, config in settings.vendors.items()}
    mapped = {entry.username: _mapped(index, entry, settings, backends) for index, entry in enumerate(settings.accounts)}
    endpoint = Endpoint(
        _use_cases(settings, recording), _accounts(settings, mapped, backends), wsdl_of(settings.soap), _endpoint(settings), metrics
    )
    accounts = {username: entry.account for username, entry in mapped.items()}
    return Bridge(settings, endpoint, backends, accounts, InFlight(metrics))


def wsdl_of(soap: SoapSettings) -> Wsdl:
    """The WSDL that is served. Raises SettingsError when the operator's file cannot be served."""
    if soap.wsdl_file is not None:
        return Wsdl.from_file(soap.wsdl_file, "soap.wsdl_file")
    return Wsdl.generated(ServiceNames(soap.service, soap.port, soap.port_type), "soap")


def _backend(name: str, config: VendorConfig, settings: Settings, metrics: Metrics) -> Backend:
    key = f"vendors.{name}"
    vendor_type = find_vendor(config.kind, f"{key}.kind")
    try:
        own = vendor_type.settings_type.model_validate(config.own)
    except ValidationError as error:
        raise settings_error(error, key) from None
    if not vendor_type.keeps_packages and settings.ledger is None:
        raise SettingsError("ledger", f"is needed, for {config.kind} (vendors.{name}) does not keep packages itself")
    if config.rate_per_second is not None and settings.ledger is None:
        raise SettingsError("ledger", f"is needed, for what is above {key}.rate_per_second waits in it")
    try:
        engine = open_engine(_engine_options(config), config.engine.value)
    except SettingsError as error:
        raise SettingsError(f"{key}.{error.key}", error.why) from None
    ignored = frozenset(feature for feature in Feature if feature.field in config.ignore)
    return Backend(name, vendor_type(own), Outbound(engine, metrics.vendor(name)), ignored, config.rate_per_second)


def _engine_options(config: VendorConfig) -> EngineOptions:
    return EngineOptions(
        connect_timeout=config.connect_timeout_seconds,
        read_timeout=config.read_timeout_seconds,
        pool_timeout=config.pool_timeout_seconds,
        max_connections=config.max_connections,
        keepalive=config.keepalive_seconds,
        verify=config.verify_tls,
        ca_file=config.ca_file,
        proxy=config.proxy.get_secret_value() if config.proxy else None,
    )


def _mapped(index: int, entry: AccountSettings, settings: Settings, backends: dict[str, Backend]) -> MappedAccount:
    key = f"accounts.{index}"
    backend = backends[settings.vendor_of(entry)]
    try:
        password = entry.clear_password()
        found = entry.clear_credentials()
    except SettingsError as error:
        raise SettingsError(f"{key}.{error.key}", error.why) from None
    try:
        credentials = backend.vendor.credentials_type.model_validate(found)
    except ValidationError as error:
        raise settings_error(error, key, "credentials") from None
    return MappedAccount(Account(entry.username, backend, credentials, user_id=entry.user_id), password, entry.password_hash)


def _accounts(settings: Settings, mapped: dict[str, MappedAccount], backends: dict[str, Backend]) -> Accounts:
    limits = settings.limits
    proofs = Proofs(limits.proof_seconds)
    throttle = Throttle(limits.free_login_failures, limits.login_delay_seconds)
    if mapped:
        return MappedAccounts(mapped, proofs, throttle)
    (backend,) = backends.values()
    if backend.vendor.credentials_type.from_login("", "") is None:
        raise SettingsError("accounts", f"at least one is needed, for a login does not suffice for {backend.vendor.kind}")
    return PassThroughAccounts(backend, proofs, throttle)


def _use_cases(settings: Settings, recording: Recording | None) -> dict[str, UseCase]:
    clock, custom_ids = SystemClock(), CustomIds()
    cases: dict[str, UseCase] = {
        "sendOtp": SendOtpCase(clock, custom_ids),
        "sendSms": SendSmsCase(clock, custom_ids, settings.limits.recipients),
        "getSmsPackages": GetSmsPackagesCase(settings.limits.query_ids),
        "getSmsPackageItems": GetSmsPackageItemsCase(),
        "getSmsSenders": GetSmsSendersCase(),
        "cancelSmsPackage": CancelSmsPackageCase(),
        "getUserCredit": GetUserCreditCase(),
    }
    return cases if recording is None else recording.over(cases, Guard(settings.push.allow_hosts))


def _endpoint(settings: Settings) -> EndpointOptions:
    soap, server = settings.soap, settings.server
    return EndpointOptions(
        limits=XmlLimits(soap.max_depth, soap.max_elements, soap.max_refs),
        max_body=server.max_body_bytes,
        max_bodies=server.max_bodies_bytes,
        language=soap.language,
        fault_status=soap.fault_status,
        public_url=server.public_url and server.public_url.removesuffix("/"),
        port=server.port,
        trusted_proxies=server.trusted_proxies,
        log_requests=settings.log.requests,
    )


class App:
    """The ASGI application: /soap raw, everything else through Starlette; its settings can be loaded again while it runs."""

    def __init__(self, load: Callable[[], Settings], counted_in: Path | None = None) -> None:
        """load: reads the settings; called again by `reload`. counted_in: where several processes count. Raises SettingsError."""
        self._load = load
        self.metrics = Metrics(OPERATIONS, counted_in)
        self.bridge = compose(load(), None, self.metrics)
        self._recording: Recording | None = None
        self._ready = False
        routes = [Route("/healthz", self._healthy), Route("/readyz", self._readiness), Route("/metrics", self._counted)]
        self._rest = Starlette(routes=routes, exception_handlers={404: self._other, 405: self._other})
        self._rest.router.redirect_slashes = False  # a path is right or is answered with a Fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["path"] == "/soap" or scope["path"].rstrip("/").lower() == "/soap":
            bridge = self.bridge
            bridge.in_flight.begin()
            try:
                await bridge.endpoint(scope, receive, send)
            finally:
                bridge.in_flight.end()
        else:
            await self._rest(scope, receive, send)

    async def reload(self) -> None:
        """Loads the settings again. Calls in flight end as they began; wrong settings are logged and change nothing."""
        try:
            fresh = compose(self.changed(self._load), self._recording, self.metrics)
        except SettingsError as error:
            log.error("settings not reloaded", setting=error.key, why=error.why)  # noqa: TRY400  # frames say nothing here
            return
        stale, self.bridge = self.bridge, fresh
        if self._recording is not None:
            self._recording.use(fresh.accounts, Guard(fresh.settings.push.allow_hosts))
        log.info("settings reloaded")
        await stale.close()

    async def start(self) -> None:
        """Opens the ledger, where there is one, and puts the bridge on it; once. Raises SettingsError when it cannot be used."""
        settings = self.bridge.settings
        if settings.ledger is None or self._recording is not None:
            return
        from bridge.recording import Recording  # noqa: PLC0415  # see there

        self._recording = await Recording.open(settings.ledger, self.metrics)
        await self._recording.announce()
        unopened, self.bridge = self.bridge, compose(settings, self._recording, self.metrics)
        await unopened.close()
        self._recording.use(self.bridge.accounts, Guard(settings.push.allow_hosts))
        self._recording.start()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except SettingsError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        # what was loaded so far never becomes garbage: leave it out of every later collection
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        self._ready = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._ready = False
        await self.bridge.close()
        if self._recording is not None:
            await self._recording.close(self.bridge.settings.server.shutdown_seconds)
        await send({"type": "lifespan.shutdown.complete"})

    def changed(self, load: Callable[[], Settings]) -> Settings:
        """The settings of now. Raises SettingsError also for what cannot be changed while the bridge runs."""
        settings = load()
        if settings.ledger != self.bridge.settings.ledger:
            raise SettingsError("ledger", "cannot be changed while the bridge runs")
        return settings

    async def _healthy(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readiness(self, _: Request) -> Response:
        return PlainTextResponse("ready\n") if self._ready else PlainTextResponse("not ready\n", 503)

    async def _counted(self, request: Request) -> Response:
        recording = self._recording
        answer = await page(self.metrics, None if recording is None else recording.waiting, self.bridge.settings, request)
        return answer or await self._other(request)

    async def _other(self, request: Request, _: Exception | None = None) -> Response:
        answer = self.bridge.endpoint.not_found(soap12="soap+xml" in request.headers.get("content-type", ""))
        return Response(answer.body, answer.status, media_type=None, headers={"content-type": answer.content_type.decode()})
