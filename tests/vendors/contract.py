"""What every vendor has to do, and what a vendor brings along to be tested: a module tests/vendors/<kind>_cases.py with a `CASES`.

A vendor that can be spoken to in several ways has `WAYS` beside it: {name: Cases}. Nothing here is of one vendor. The tests are in
test_contract.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx
import orjson

from bridge.domain.capability import Feature
from bridge.domain.clock import SystemClock
from bridge.domain.custom_id import CustomIds
from bridge.domain.http import HttpRequest, HttpResponse
from bridge.domain.message import Message
from bridge.operations.backend import Account, Backend, UseCase
from bridge.operations.cancel import CancelSmsPackageCase
from bridge.operations.compose import compose_sms
from bridge.operations.credit import GetUserCreditCase
from bridge.operations.items import GetSmsPackageItemsCase
from bridge.operations.packages import GetSmsPackagesCase
from bridge.operations.plan import plan
from bridge.operations.requests import SendSms, parse
from bridge.operations.send import SendOtpCase, SendSmsCase
from bridge.operations.senders import GetSmsSendersCase
from bridge.outbound.contract import Engine, EngineOptions
from bridge.outbound.driver import Outbound, Timing, open_engine
from bridge.sandbox import Options
from bridge.vendors.contract import Credentials, ItemReport, Vendor
from bridge.vendors.registry import BUILT_IN
from tests.waiting import PATIENCE

__all__ = [
    "BROKEN",
    "CALLS",
    "NUMBER",
    "OTHER_NUMBER",
    "PASSWORD",
    "REFUSED",
    "SENDER",
    "TEXT",
    "UNKNOWN",
    "USERNAME",
    "Call",
    "Cases",
    "Control",
    "Exchanged",
    "Refused",
    "Rig",
    "Step",
    "Watched",
    "Way",
    "all_ways",
    "body_of",
    "cases_of",
    "sandbox_options",
]

# marked, so that a log line or an error text that shows one of them is found
USERNAME, PASSWORD = "user", "Marked-Passw0rd"
NUMBER, TEXT, SENDER = "905321239870", "Marked text <of> a & message", "BASLIK"
OTHER_NUMBER = "905331239870"


class Refused(NamedTuple):
    """What a case gives when the vendor refuses: err/code, err/status and, unless None, err/message."""

    code: str
    status: int
    message: str | None = None


UNKNOWN = "the outcome is unknown"


def sandbox_options() -> Options:
    return Options(accounts={USERNAME: PASSWORD}, senders=(SENDER,))


class Step(NamedTuple):
    """One request that the vendor must receive, and status and body of what it answers.

    path: below the base URL, with the query. body: as body_of reads it. headers: all of them, names in lower case.
    """

    path: str
    body: Any
    answer: tuple[int, bytes]
    method: str = "POST"
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Exchanged:
    """One operation in the domain's terms, and what passes between the bridge and the vendor.

    ask: makes the exchange. gives: the value that is returned, a Refused, or UNKNOWN. settings: the vendor's own keys beside its
    base_url. credentials: in place of those that the vendor's cases give.
    """

    name: str
    ask: Callable[[Any, Any], Any]
    steps: Sequence[Step]
    gives: Any
    settings: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Cases:
    """What the tests have to know of one vendor.

    settings: its own keys, given a base URL. credentials: given a username and password that its sandbox knows.
    package_states, item_states: the vendor's word: our state, or None for one that it is not known to use.
    packages_answer, items_answer: what the vendor answers to getSmsPackages and getSmsPackageItems, with one row for each of the
        words; None where it has no such answer. reports_answers: the same of a report, for each of its requests.
    reports_say_when: its reports have the time. transliterates: the bridge does it for the vendor. number: a recipient as the
        vendor is given it.
    sandbox: options of its sandbox. refusals: a name of the sandbox's: our err/code. answer_forms: options of the sandbox under
        which all must be as without them.
    exchanges: exact requests and answers.
    """

    settings: Callable[[str], Mapping[str, Any]]
    credentials: Callable[[str, str], Mapping[str, Any]]
    package_states: Mapping[Any, int | None] = field(default_factory=dict)
    item_states: Mapping[Any, int | None] = field(default_factory=dict)
    packages_answer: Callable[[Sequence[Any]], bytes] | None = None
    items_answer: Callable[[Sequence[Any]], bytes] | None = None
    reports_answers: Callable[[Sequence[Any]], Sequence[bytes]] | None = None
    reports_say_when: bool = False
    transliterates: bool = False
    number: Callable[[str], str] = str
    sandbox: Callable[[], Options] = sandbox_options
    refusals: Mapping[str, str] = field(default_factory=dict)
    answer_forms: Sequence[tuple[str, Any]] = ()
    exchanges: Sequence[Exchanged] = ()


class Way(NamedTuple):
    """A vendor, and one of the ways to speak to it."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}" if self.name else self.kind

    @property
    def is_first(self) -> bool:
        """What takes time and does not depend on the way is tested in the first alone."""
        return self == _ways_of(self.kind)[0]


def _ways_of(kind: str) -> Sequence[Way]:
    # a vendor without cases fails the tests, not the collection of all
    known = find_spec(f"tests.vendors.{kind}_cases") and importlib.import_module(f"tests.vendors.{kind}_cases")
    return [Way(kind, name) for name in getattr(known, "WAYS", ("",))]


def all_ways() -> list[Way]:
    return [way for kind in BUILT_IN for way in _ways_of(kind)]


def cases_of(way: Way) -> Cases:
    """The cases of a vendor. Raises ModuleNotFoundError, which names the file to write, for a vendor without any."""
    module = importlib.import_module(f"tests.vendors.{way.kind}_cases")
    cases: Cases = module.WAYS[way.name] if way.name else module.CASES
    return cases


class Call(NamedTuple):
    """A SOAP call that needs a feature, or uses it: its operation and fields, as the codec gives them."""

    operation: str
    fields: Mapping[str, Any]
    # a send: what it must have brought to the vendor
    sends: tuple[tuple[str, str], ...] = ()


def _sms(*sends: tuple[str, str], **fields: Any) -> Call:
    return Call("sendSms", {"type": 1, "sendingType": 0, "title": "Deneme", "sender": SENDER} | fields, sends)


_ONE = (NUMBER, TEXT)
_SINGLE = {"number": NUMBER, "content": TEXT}
_OTP = {"sender": SENDER, "number": NUMBER, "content": TEXT}
CALLS: Mapping[Feature, Call] = {
    Feature.ONE_TEXT: _sms(_ONE, (OTHER_NUMBER, TEXT), sendingType=1, content=TEXT, numbers=[NUMBER, OTHER_NUMBER]),
    Feature.OWN_TEXTS: _sms(
        _ONE, (OTHER_NUMBER, "B"), sendingType=2, numbers=[{"nr": NUMBER, "msg": TEXT}, {"nr": OTHER_NUMBER, "msg": "B"}]
    ),
    Feature.OTP: Call("sendOtp", _OTP, (_ONE,)),
    Feature.TCKN: _sms(("10000000146", TEXT), type=2, number="10000000146", content=TEXT),
    Feature.CREDIT: Call("getUserCredit", {}),
    Feature.SENDERS: Call("getSmsSenders", {}),
    Feature.PACKAGES: Call("getSmsPackages", {}),
    Feature.ITEMS: Call("getSmsPackageItems", {"pkgID": 1}),
    Feature.REPORTS: _sms(_ONE, **_SINGLE),
    Feature.CANCEL: Call("cancelSmsPackage", {"id": 1}),
    Feature.LOOK_UP: _sms(_ONE, **_SINGLE),
    Feature.CUSTOM_ID: _sms(_ONE, **_SINGLE, customID="a1b2c3"),
    Feature.SCHEDULE: _sms(_ONE, **_SINGLE, sendingDate="2040-01-01 10:00"),
    Feature.PERIODIC: _sms(_ONE, **_SINGLE, periodicSettings={"periodType": 1}),
    Feature.PUSH: _sms(_ONE, **_SINGLE, pushSettings={"url": "http://127.0.0.1:9/push"}),
    Feature.TRUST_DATE: Call("sendOtp", _OTP | {"trustDate": "2026-01-01 00:00:00"}, (_ONE,)),
    Feature.COMMERCIAL: _sms(_ONE, **_SINGLE, commercial=True),
}

# names of the sandbox's faults (see bridge.sandbox.faults): those that are a refusal, and those that leave the outcome open
REFUSED = ("rate_limited",)
BROKEN = ("error_500", "error_502", "error_503", "error_504", "garbage", "empty", "html", "truncated", "reset", "timeout")


class Control:
    """The control path of a sandbox."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def post(self, path: str, body: Any = None) -> Any:
        answer = self._http.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, name: str, **more: Any) -> None:
        """The next request gets it."""
        self.post("faults", {"fault": name} | more)

    def sent(self) -> list[tuple[str, str]]:
        return [(taken["number"], taken["text"]) for taken in self._http.get("/_sandbox/sent").json()["sent"]]

    def package_ids(self) -> list[str]:
        return [taken["package_id"] for taken in self._http.get("/_sandbox/sent").json()["sent"]]

    def requests(self) -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = self._http.get("/_sandbox/requests").json()["requests"]
        return requests


class Watched:
    """An engine that notes what passes through it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.passed: list[HttpRequest | HttpResponse] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.passed.append(request)
        response = await self._engine.send(request)
        self.passed.append(response)
        return response

    async def close(self) -> None:
        await self._engine.close()


class HastyAtFirst:
    """An engine that is out of patience with the first request alone."""

    def __init__(self, hasty: Engine, patient: Engine) -> None:
        self._engines = [patient, hasty]

    async def send(self, request: HttpRequest) -> HttpResponse:
        return await (self._engines.pop() if len(self._engines) > 1 else self._engines[0]).send(request)

    async def close(self) -> None:
        """They are the rig's."""


class Rig:
    """One vendor, the real engine, and the sandbox behind it."""

    def __init__(self, way: Way, base_url: str, control: Control, ca_file: Path) -> None:
        """ca_file: nothing here uses TLS, but the system's certificates take 0.15 s to load."""
        self.way, self.kind, self.base_url, self.control = way, way.kind, base_url, control
        self.cases = cases_of(way)
        self.type: type[Vendor[Any]] = BUILT_IN[way.kind]
        # a slow machine must not make a time-out of an honest answer
        self._options = EngineOptions(read_timeout=PATIENCE, ca_file=ca_file)
        self.engine = Watched(open_engine(self._options))
        self.vendor = self.new_vendor(base_url)
        self.credentials = self.login(PASSWORD)

    def new_vendor(self, base_url: str, without: Feature | None = None) -> Vendor[Any]:
        """The vendor at an address, as if it did not declare a feature."""
        less = type("Less", (self.type,), {"features": self.type.features - {without}})
        vendor: Vendor[Any] = less(self.type.settings_type.model_validate(self.cases.settings(base_url)))
        return vendor

    def login(self, password: str) -> Credentials:
        return self.type.credentials_type.model_validate(self.cases.credentials(USERNAME, password))

    @cached_property
    def hasty(self) -> Engine:
        """For time-outs: the sandbox's own are much longer."""
        return open_engine(self._options._replace(read_timeout=0.5))

    def account(self, vendor: Vendor[Any] | None = None, *, password: str = PASSWORD, hasty: bool = False) -> Account:
        engine = HastyAtFirst(self.hasty, self.engine) if hasty else self.engine
        return Account(USERNAME, Backend("main", vendor or self.vendor, Outbound(engine)), self.login(password))

    async def call(self, operation: str, fields: Mapping[str, Any], account: Account | None = None) -> Any:
        """One SOAP call below the endpoint."""
        case = _use_cases()[operation]
        return await case.run(account or self.account(), case.prepare(fields), Timing())

    async def submit(self, operation: str, fields: Mapping[str, Any]) -> list[int]:
        """Sends as far as the vendor's limits make it one message or several; returns their ids."""
        if self.vendor.keeps_packages:
            return [await self.call(operation, fields)]
        message = _use_cases()[operation].prepare(fields)
        self.vendor.check(message)
        return [await self.send(part.message) for part in plan(message, self.vendor.limits)]

    def arrives(self, *sends: tuple[str, str]) -> list[tuple[str, str]]:
        """What of these the sandbox must have got."""
        return [(self.cases.number(number), text) for number, text in sends]

    def message(self, **fields: Any) -> Message:
        """A single message, with what differs from it in terms of sendSms."""
        given = _sms(**(_SINGLE | fields)).fields
        return compose_sms(parse(SendSms, given), SystemClock()(), 100, CustomIds().new())

    async def send(self, message: Message, *, vendor: Vendor[Any] | None = None, hasty: bool = False) -> int:
        """Hands a message to the vendor, without the look-up that follows an unknown outcome."""
        vendor = vendor or self.vendor
        outbound = Outbound(self.hasty if hasty else self.engine)
        return await outbound.run(vendor.send(message, self.credentials))

    async def find(self, message: Message) -> int | None:
        """Looks for a message."""
        return await Outbound(self.engine).run(self.vendor.find(message, self.credentials))

    async def report(self, sent: int, message: Message) -> tuple[ItemReport, ...]:
        """What the vendor says became of a message."""
        return await Outbound(self.engine).run(self.vendor.report(sent, message, self.credentials))

    async def close(self) -> None:
        await self.engine.close()
        if "hasty" in self.__dict__:
            await self.hasty.close()


# seconds before each look for an uncertain send
PAUSES = (0.0, 0.01)


def _use_cases() -> dict[str, UseCase]:
    clock, custom_ids = SystemClock(), CustomIds()
    return {
        "sendOtp": SendOtpCase(clock, custom_ids, PAUSES),
        "sendSms": SendSmsCase(clock, custom_ids, 100, PAUSES),
        "getSmsPackages": GetSmsPackagesCase(100),
        "getSmsPackageItems": GetSmsPackageItemsCase(),
        "getSmsSenders": GetSmsSendersCase(),
        "cancelSmsPackage": CancelSmsPackageCase(),
        "getUserCredit": GetUserCreditCase(),
    }


def body_of(request: HttpRequest) -> Any:
    """The body of a request by its Content-Type: an object of JSON, the fields of a form, another text; None for none."""
    kind = {name.lower(): value for name, value in request.headers}.get("content-type", "").partition(";")[0]
    if not request.body and not kind:
        return None
    if kind == "application/json":
        return orjson.loads(request.body)
    text = request.body.decode()
    return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True)) if kind.endswith("form-urlencoded") else text
