"""A bridge with a ledger before the sandbox of a vendor: SOAP bytes in, real HTTP to the vendor, and one clock for both.

The background does not run by itself: `Rig.sweep` does what is due, once.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lxml import etree
from msgspec.structs import replace

from bridge.app import Bridge, compose, wsdl_of
from bridge.commands import _DEMOS
from bridge.domain.http import HttpRequest
from bridge.domain.package import Package
from bridge.domain.query import PackageKey, PackagesQuery
from bridge.jobs.queue import Handler, Job, Queue
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import StoredPackage, StoredSubmission
from bridge.operations.backend import Account, Backend
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import open_engine
from bridge.outbound.guard import Guard
from bridge.recording import Recording
from bridge.sandbox import Clock, Options
from bridge.settings import Settings
from bridge.soap.writer import write_call
from tests.program import free_port
from tests.soap.serving import NOW, PATIENT, Vendor
from tests.waiting import PATIENCE

__all__ = ["BOTH", "LOGIN", "NOW", "NUMBERS", "OTHER", "VENDORS", "Answer", "Rig", "open_rig", "options"]

VENDORS = ("node", "isobil", "innomobil", "toplusms")
# the database decides little: two vendors show it, one that keeps packages and one that does not
BOTH = pytest.mark.parametrize(
    ("kind", "database"),
    [*((kind, "sqlite") for kind in VENDORS), ("node", "postgresql"), ("innomobil", "postgresql")],
    indirect=True,
)
LOGIN, OTHER = ("admin", "123456"), ("second", "654321")
# delivered all, in the sandboxes
NUMBERS = tuple(f"9053212345{last:02}" for last in (10, 20, 30, 40, 50, 60, 70))
_HASTE = 0.4
# it takes longer than a test
_wsdl_of = lru_cache(wsdl_of)
_PORT = re.compile(r":[0-9]+/")


def options() -> Options:
    """Of every sandbox. Reports come only when a test moves the clock."""
    return Options(accounts={"user": "test", "other": "secret"}, sent_after_seconds=10, reported_after_seconds=20)


class Answer(NamedTuple):
    """What a SOAP client reads."""

    # err/code, "" when the call succeeded
    code: str
    message: str
    # elements of data: texts, or dicts of them; of `item`, lists
    data: dict[str, Any]

    @property
    def id(self) -> int:
        """pkgID of a send that succeeded."""
        assert not self.code, (self.code, self.message)
        return int(self.data["pkgID"])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Of a page; the total is checked when it is the only one."""
        assert not self.code, (self.code, self.message)
        return list((self.data.get("list") or {}).get("item") or [])

    @property
    def total(self) -> int:
        assert not self.code, (self.code, self.message)
        return int(self.data["stats"]["totalRecord"])


def _read(element: etree._Element) -> Any:
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        name = etree.QName(child).localname
        if name == "item":
            found.setdefault(name, []).append(_read(child))
        else:
            found[name] = _read(child)
    return found


class _HasteFirst:
    """An engine that is out of patience with the first request alone: a slow machine makes no time-out of an honest answer."""

    def __init__(self, patient: Any, ca_file: Path) -> None:
        self._patient, self._hasty = patient, open_engine(EngineOptions(read_timeout=_HASTE, ca_file=ca_file))

    async def send(self, request: Any) -> Any:
        hasty, self._hasty = self._hasty, None
        if hasty is None:
            return await self._patient.send(request)
        try:
            return await hasty.send(request)
        finally:
            await hasty.close()

    async def close(self) -> None:
        await self._patient.close()
        if self._hasty is not None:
            await self._hasty.close()


class _Elsewhere:
    """An engine that looks for the vendor at a port where nobody listens."""

    def __init__(self, engine: Any) -> None:
        self._engine, self._port = engine, free_port()

    async def send(self, request: HttpRequest) -> Any:
        return await self._engine.send(replace(request, url=_PORT.sub(f":{self._port}/", request.url, count=1)))


class _Now(Queue):
    """A queue whose jobs are done at once."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    async def put(self, jobs: Sequence[Job]) -> None:
        await asyncio.gather(*(self._handlers[kind](key) for kind, key, _ in jobs))

    async def waiting(self) -> int:
        return 0


@dataclass
class Rig:
    """One vendor behind one bridge."""

    kind: str
    clock: Clock
    vendor: Vendor
    bridge: Bridge
    recording: Recording
    ca_file: Path

    @property
    def ledger(self) -> Ledger:
        return self.recording.ledger

    @property
    def backend(self) -> Backend:
        return self.bridge.backends["main"]

    async def call(self, operation: str, *, login: tuple[str, str] = LOGIN, **fields: Any) -> Answer:
        """One SOAP call through the endpoint."""
        body = write_call(operation, {"username": login[0], "password": login[1], **fields})
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/soap",
            "query_string": b"",
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "headers": [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", str(len(body)).encode())],
        }
        received = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return received.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.bridge.endpoint(scope, receive, send)
        root = etree.fromstring(b"".join(message.get("body", b"") for message in sent))
        assert next(root.iter("{*}Fault"), None) is None, etree.tostring(root)
        result = _read(next(root.iter("result")))
        err = result["err"] or {}
        return Answer(err.get("code", ""), err.get("message", ""), result["data"] or {})

    async def send(self, *, login: tuple[str, str] = LOGIN, **fields: Any) -> Answer:
        """sendSms: one text to one number, unless fields say else."""
        given = {"type": 1, "sendingType": 0, "title": "Deneme", "sender": "BASLIK", "encoding": 1} | fields
        if "numbers" not in given:
            given.setdefault("number", NUMBERS[0])
        if given["sendingType"] != 2:
            given.setdefault("content", "Merhaba")
        return await self.call("sendSms", login=login, **given)

    async def package(self, package_id: int, **more: Any) -> dict[str, Any]:
        """The only package of that id, as getSmsPackages shows it."""
        (row,) = (await self.call("getSmsPackages", ids=[package_id], **more)).rows
        return row

    async def items(self, package_id: int, **more: Any) -> list[dict[str, Any]]:
        return (await self.call("getSmsPackageItems", pkgID=package_id, **more)).rows

    async def state(self, package_id: int) -> str:
        return (await self.package(package_id))["state"]

    async def stored(self, package_id: int, username: str = LOGIN[0]) -> StoredPackage:
        """The ledger's row."""
        found = await self.ledger.find(username, PackageKey(id=package_id))
        assert found is not None
        return found

    async def submission(self, package_id: int | None = None) -> StoredSubmission:
        """The ledger's row of the only vendor message: of a package, or of the only package."""
        if package_id is None:
            (package,) = await self.recorded()
            assert package.id is not None
            package_id = package.id
        (found,) = (await self.stored(package_id)).submissions
        return found

    async def recorded(self, username: str = LOGIN[0]) -> tuple[Package, ...]:
        """All that the ledger has of an account."""
        return (await self.ledger.packages(username, PackagesQuery())).rows

    async def sweep(self, seconds: float = 0, accounts: Mapping[str, Account] | None = None) -> None:
        """Lets time pass, and does what is due then. accounts: those of the configuration, if not all."""
        if seconds:
            self.advance(seconds)
        allowed = Guard(self.bridge.settings.push.allow_hosts)
        self.recording.use(self.bridge.accounts if accounts is None else accounts, allowed)
        await self.recording.dispatcher().feed(_Now(self.recording.work.handlers))

    def advance(self, seconds: float) -> None:
        """Time passes for the bridge and for the vendor."""
        self.clock.advance(seconds)

    def be_hasty(self) -> None:
        """The next request to the vendor is not waited for as long as the sandbox's time-outs take."""
        outbound = self.backend.outbound
        outbound._engine = _HasteFirst(outbound._engine, self.ca_file)

    @contextlib.contextmanager
    def unreachable(self) -> Iterator[None]:
        """Nobody listens where the vendor was."""
        outbound = self.backend.outbound
        present, outbound._engine = outbound._engine, _Elsewhere(outbound._engine)
        try:
            yield
        finally:
            outbound._engine = present

    def sends(self) -> list[tuple[str, str]]:
        """(number as E.164, text) of every message that the vendor took."""
        return [(number if number.startswith("90") else f"90{number}", text) for number, text in self.vendor.sent()]


def settings_of(kind: str, base_url: str, ledger_url: str, *, mapped: bool, vendor: Mapping[str, Any], **sections: Any) -> Settings:
    demo = _DEMOS[kind]
    accounts = tuple(
        {"username": login[0], "password": login[1], "credentials": {**demo.credentials, "username": name, "password": password}}
        for login, name, password in ((LOGIN, "user", "test"), (OTHER, "other", "secret"))
    )
    main = {"kind": kind, "base_url": f"{base_url}{demo.path}", **PATIENT, **demo.settings, **vendor}
    tables: dict[str, Any] = {
        "ledger": {"url": ledger_url, "query_seconds": PATIENCE},
        "vendors": {"main": main},
        "accounts": accounts if mapped else (),
        "log": {"requests": False},
        "limits": {"login_delay_seconds": 0.01},
    }
    for name, table in sections.items():
        tables[name] = {**tables.get(name, {}), **table}
    return Settings(**tables)


@contextlib.asynccontextmanager
async def open_rig(
    sandbox: tuple[str, Clock, Vendor],
    ledger_url: str,
    ca_file: Path,
    *,
    mapped: bool = True,
    vendor: Mapping[str, Any] | None = None,
    **more: Any,
) -> AsyncIterator[Rig]:
    """A bridge on a migrated ledger.

    ca_file: nothing here uses TLS, but the system's certificates take long to load. mapped: else pass-through.
    vendor: keys of [vendors.main]. more: tables of the file.
    """
    kind, clock, control = sandbox
    settings = settings_of(kind, control.url, ledger_url, mapped=mapped, vendor={"ca_file": ca_file, **(vendor or {})}, **more)
    assert settings.ledger is not None
    ledger = await Ledger.open(ledger_url, first_id=settings.ledger.first_package_id)
    recording = Recording(ledger, settings.ledger, clock.now)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bridge.app.SystemClock", lambda: clock.now)
        patch.setattr("bridge.app.wsdl_of", _wsdl_of)
        bridge = compose(settings, recording)
    try:
        yield Rig(kind, clock, control, bridge, recording, ca_file)
    finally:
        await bridge.close()
        await recording.close(0)
