"""Nothing secret comes out: marked secrets, numbers and texts are put into every place where they may stand, at the most talkative
level, and everything that comes out is searched for them.

Answers hold what a client asked for (its lists, the vendor's own words); answers that are refusals of the bridge hold nothing.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bridge.errors import ErrorCode
from bridge.operations.send import SendOtpCase, SendSmsCase
from bridge.sandbox import Options, build, serve_in_thread
from bridge.soap.writer import write_call
from tests.log_capture import captured_log
from tests.program import Program
from tests.soap.serving import Served, Vendor, serve, settings_for
from tests.soap.wire import Answer, exchange, request

PASSWORD = "Mark-Secret-Login"
VENDOR_PASSWORD = "Mark-Secret-Vendor"
WRONG = "Mark-Secret-Wrong"
TEXT = "Mark-Text ağaç & <b>"
NUMBERS = ("905329876501", "905339876502", "905349876503")
TCKN = "10000000146"
TOKEN = "Mark-Secret-Token"
URL = f"https://hooks.example/{TOKEN}?key={TOKEN}"

# what a search has to find in any spelling: as it is, in part, and inside HTTP Basic
MARKS = [
    *("Mark-Secret", "Mark-Text", TCKN, *NUMBERS),
    *(number[2:] for number in NUMBERS),
    *(
        b64encode(f"{user}:{word}".encode()).decode()[:-4]
        for user in ("admin", "user")
        for word in (PASSWORD, VENDOR_PASSWORD, WRONG)
    ),
]


def found_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark.lower() in text.lower()]


class Login(NamedTuple):
    """Where a request carries its login."""

    name: str
    fields: dict[str, str]
    http: tuple[str, ...] = ()
    soap: str = ""


def logins(password: str) -> list[Login]:
    basic = b64encode(f"admin:{password}".encode()).decode()
    plain = f"<username>admin</username><password>{password}</password>"
    wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    token = f"<w:UsernameToken><w:Username>admin</w:Username><w:Password>{password}</w:Password></w:UsernameToken>"
    return [
        Login("body", {"username": "admin", "password": password}),
        Login("basic", {}, (f"Authorization: Basic {basic}",)),
        Login("header", {}, (), plain),
        Login("wsse", {}, (), f'<w:Security xmlns:w="{wsse}">{token}</w:Security>'),
    ]


SMS = {"type": 1, "sendingType": 0, "title": TEXT, "content": TEXT, "number": NUMBERS[0], "sender": "BASLIK", "encoding": 1}
PUSH = {"pushSettings": {"url": URL}}
ITEMS = [{"nr": NUMBERS[1], "msg": TEXT}, {"nr": NUMBERS[2], "msg": TEXT}]
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("sendSms", SMS | PUSH),
    ("sendSms", SMS | {"sendingType": 1, "numbers": [*NUMBERS, "905abc9876501"]}),
    ("sendSms", SMS | {"sendingType": 2, "numbers": ITEMS}),
    ("sendSms", SMS | {"type": 2, "number": TCKN}),
    ("sendOtp", {"content": TEXT, "number": NUMBERS[0], "sender": "BASLIK"} | PUSH),
    ("getSmsPackages", {"keyword": TEXT}),
    ("getSmsPackageItems", {"pkgID": 222962, "target": NUMBERS[0]}),
    ("getSmsSenders", {"keyword": TEXT}),
    ("cancelSmsPackage", {"id": 222962}),
    ("getUserCredit", {}),
]
# each field with what does not belong there
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("sendSms", SMS | {field: value})
    for value in (TEXT, NUMBERS[0], TCKN, f"{NUMBERS[0]} {TEXT}")
    for field in ("type", "sendingType", "encoding", "validity", "sendingDate", "customID", "commercial")
] + [
    ("sendSms", SMS | {"number": f"+44 {NUMBERS[0]} {TEXT}"}),
    ("sendSms", SMS | {"sendingType": 1, "number": "", "numbers": [TEXT, f"x{NUMBERS[0]}"]}),
    ("sendSms", SMS | {"periodicSettings": {"periodType": TEXT}}),
    ("sendOtp", {"content": TEXT, "number": TEXT, "sender": "BASLIK"}),
    ("sendOtp", {"content": TEXT, "number": NUMBERS[0], "sender": "BASLIK", "trustDate": TEXT}),
    ("getSmsPackages", {"ids": [TEXT]}),
    ("getSmsPackages", {"customIDs": [f"{TEXT} {NUMBERS[0]}"]}),
    ("getSmsPackages", {"startDate": TEXT}),
    ("getSmsPackageItems", {"pkgID": TEXT}),
    ("getSmsPackageItems", {"state": TEXT, "pkgID": 1}),
    ("cancelSmsPackage", {"id": TEXT}),
]


def envelope(operation: str, fields: dict[str, Any], login: Login) -> bytes:
    body = write_call(operation, login.fields | fields)
    if not login.soap:
        return body
    opening = b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    assert opening in body
    return body.replace(opening, opening + f"<soapenv:Header>{login.soap}</soapenv:Header>".encode())


def raw(operation: str, fields: dict[str, Any], login: Login) -> bytes:
    return request(envelope(operation, fields, login), headers=("Content-Type: text/xml; charset=utf-8", *login.http))


def no_calls(login: Login) -> Iterator[bytes]:
    """Requests that are not calls, full of what nobody may see."""
    whole = envelope("sendSms", SMS, login)
    unknown = whole.replace(b"sendSms", f"{PASSWORD}".encode())
    header = f'<h:{TOKEN} xmlns:h="urn:{TOKEN}" soapenv:mustUnderstand="1">{PASSWORD}</h:{TOKEN}>'
    marked = whole.replace(b"<soapenv:Body>", f"<soapenv:Header>{header}</soapenv:Header><soapenv:Body>".encode())
    for body in (
        whole[:-30],
        whole.replace(b"</content>", b""),
        unknown,
        marked if not login.soap else unknown,
        f"<!DOCTYPE x [<!ENTITY y '{PASSWORD}'>]>".encode() + whole.partition(b"?>")[2],
        whole.replace(b"utf-8", TOKEN.encode()),
        whole.replace(b"http://schemas.xmlsoap.org/soap/envelope/", f"urn:{TOKEN}".encode()),
        json.dumps(SMS | {"password": PASSWORD}).encode(),
        whole.replace("ağaç".encode(), b"\xff\xfe"),
    ):
        yield request(body, headers=("Content-Type: text/xml", *login.http))
    yield request(whole, headers=("Content-Type: text/xml", f"Content-Encoding: {TOKEN}", *login.http))
    yield request(whole, path=f"/{PASSWORD}?password={PASSWORD}&number={NUMBERS[0]}", headers=login.http)
    yield request("", method="GET", path=f"/soap?password={PASSWORD}&msg={TOKEN}", headers=login.http)


class Mode(NamedTuple):
    """How the bridge is set up: its vendor, where that vendor listens, takes sends and shows its credit."""

    kind: str
    base: str
    sends: str
    credit: str
    mapped: bool


MODES = {
    "mapped": Mode("node", "", "/sms/create", "/user/credit", True),
    "pass-through": Mode("node", "", "/sms/create", "/user/credit", False),
    "ledger": Mode("innomobil", "api/v1/", "/api/v1/sendsms", "/api/v1/kredi", True),
}


class Rig(NamedTuple):
    """A bridge, the vendor behind it, and what the bridge logs."""

    mode: Mode
    bridge: Served
    vendor: Vendor
    log: Any

    def send(self, operation: str, fields: dict[str, Any], login: Login) -> Answer:
        return self.bridge.send(raw(operation, fields, login))

    def logged(self, event: str = "call") -> list[dict[str, Any]]:
        """The lines of an event, once it is certain that none at all shows anything."""
        text = self.log.getvalue().decode()
        assert found_in(text) == []
        return [line for line in map(json.loads, text.splitlines()) if line["event"] == event]


@pytest.fixture(scope="module")
def vendors() -> Iterator[dict[str, Vendor]]:
    with ExitStack() as stack:
        found = {}
        for kind in {mode.kind for mode in MODES.values()}:
            sandbox = build(kind, options=Options(accounts={"user": VENDOR_PASSWORD}))
            found[kind] = Vendor(stack.enter_context(serve_in_thread(sandbox)).base_url)
            stack.callback(found[kind].close)
        yield found


@pytest.fixture(params=MODES)
def rig(request: pytest.FixtureRequest, vendors, monkeypatch, tmp_path: Path) -> Iterator[Rig]:
    mode = MODES[request.param]
    vendor = vendors[mode.kind]
    vendor.reset()
    for case in (SendSmsCase, SendOtpCase):  # looks for uncertain sends without pauses
        monkeypatch.setattr(f"bridge.app.{case.__name__}", partial(case, pauses=(0.0,)))
    credentials = {"username": "user", "password": VENDOR_PASSWORD}
    tables: dict[str, Any] = {
        "accounts": ({"username": "admin", "password": PASSWORD, "credentials": credentials},) if mode.mapped else (),
        "limits": {"free_login_failures": 1000},
        "vendors": {"main": {"kind": mode.kind, "base_url": vendor.url + mode.base, "read_timeout_seconds": 1}},
        "log": {"requests": True},
    }
    if mode.kind != "node":
        tables["ledger"] = {"url": f"sqlite:///{tmp_path / 'bridge.db'}"}
    with captured_log() as log, serve(settings_for(vendor.url, **tables)) as bridge:
        yield Rig(mode, bridge, vendor, log)


@pytest.fixture
def login(rig: Rig) -> Login:
    """One that is right, in the body."""
    right = {"username": "admin", "password": PASSWORD} if rig.mode.mapped else {"username": "user", "password": VENDOR_PASSWORD}
    return Login("right", right)


def test_the_search_finds_what_it_should():
    assert found_in(f"x{NUMBERS[0][2:]}") and found_in(b64encode(f"admin:{WRONG}".encode()).decode()) and found_in("MARK-TEXT")


@pytest.mark.parametrize("place", range(4), ids=["body", "basic", "header", "wsse"])
def test_good_calls_and_wrong_passwords(rig, login, place):
    right = logins(PASSWORD)[place]
    for operation, fields in GOOD:
        if rig.mode.mapped:
            rig.send(operation, fields, right)
        rig.send(operation, fields, login)
        refused = rig.send(operation, fields, logins(WRONG)[place])
        assert refused.code == ErrorCode.UNAUTHORIZED_REQUEST
        assert found_in(refused.content.decode()) == []
    outcomes = {line["outcome"] for line in rig.logged()}
    assert {"OK", "ERR_UNAUTHORIZED_REQUEST"} <= outcomes
    assert len(rig.vendor.sent()) > 5  # the good ones were good


def test_refusals(rig, login):
    for operation, fields in REFUSED:
        answer = rig.send(operation, fields, login)
        assert found_in(answer.content.decode()) == [], fields
    assert len(rig.logged()) == len(REFUSED)


@pytest.mark.parametrize("place", range(4), ids=["body", "basic", "header", "wsse"])
def test_what_is_no_call(rig, place):
    for each in no_calls(logins(PASSWORD)[place]):
        assert found_in(rig.bridge.send(each).content.decode()) == []
    rig.logged()


@pytest.mark.parametrize(
    "fault", ["error_500", "error_503", "rate_limited", "garbage", "html", "truncated", "reset", "timeout", "garbage_after_accept"]
)
def test_vendor_faults(rig, login, fault):
    for operation, fields in GOOD[:1] + GOOD[-1:]:
        rig.vendor.play(fault, path=rig.mode.sends if operation == "sendSms" else rig.mode.credit)
        answer = rig.send(operation, fields, login)
        assert found_in(answer.content.decode()) == []
    rig.logged()


def test_a_vendor_that_repeats_what_it_was_given(rig, login):
    """Its words go to the client, who wrote them, and nowhere else."""
    words = f"{TEXT} {NUMBERS[0]} {VENDOR_PASSWORD} {URL}"
    err = {"err": {"status": 417, "code": "ERR_X", "message": words}, "data": None}
    for status, body in (
        (200, err),
        (400, err),
        (500, err),
        (200, {"err": words, "data": words}),
        (200, {"err": None, "data": {"pkgID": words}}),
    ):
        rig.vendor.play("answer", status=status, body=json.dumps(body), path=rig.mode.sends)
        rig.send("sendSms", SMS, login)
    err["err"]["code"] = words
    rig.vendor.play("answer", body=json.dumps(err), path=rig.mode.credit)
    rig.send("getUserCredit", {}, login)
    rig.logged()


@pytest.mark.parametrize("where", ["prepare", "run", "vendor"])
def test_exceptions_that_nobody_foresaw(rig, login, monkeypatch, where):
    def fail(*_: Any) -> Any:
        try:
            return {}[f"{TEXT} {NUMBERS[0]}"]
        except KeyError as error:
            raise RuntimeError(f"password={PASSWORD} {VENDOR_PASSWORD} {TEXT}", NUMBERS) from error

    bridge = rig.bridge.app.bridge
    case = bridge.endpoint._cases["sendSms"]
    if where == "vendor":
        monkeypatch.setattr(type(bridge.backends["main"].vendor), "send", fail)
    else:
        monkeypatch.setattr(type(case), where, fail)
    answer = rig.send("sendSms", SMS, login)
    # with a ledger what fails at the vendor is an outcome: unknown
    recorded = where == "vendor" and rig.mode is MODES["ledger"]
    assert (answer.status, answer.code) == ((200, "") if recorded else (500, "Fault"))
    assert found_in(answer.content.decode()) == []
    assert "RuntimeError" not in answer.content.decode()
    (failed,) = rig.logged("outcome unknown" if recorded else "request failed")
    assert [each.partition(":")[0] for each in failed["failure"]] == ["RuntimeError", "KeyError"]


def test_the_whole_program(vendors, tmp_path: Path):
    """All that a process prints, with asyncio's own debugging on."""
    vendor = vendors["node"]
    vendor.reset()
    file = tmp_path / "bridge.toml"
    file.write_text(
        f"""
        [server]
        host = "127.0.0.1"
        port = 0
        [limits]
        free_login_failures = 1000
        [log]
        level = "debug"
        format = "console"
        [vendors.main]
        kind = "node"
        base_url = "{vendor.url}"
        read_timeout_seconds = 1
        [[accounts]]
        username = "admin"
        password = "{PASSWORD}"
        credentials = {{ username = "user", password = "{VENDOR_PASSWORD}" }}
        """,
        encoding="utf-8",
    )
    with Program("serve", "--config", str(file), env={"PYTHONASYNCIODEBUG": "1"}) as program:
        port = int(program.wait_for(r"port\W+(\d+)")[1])
        for fault in ("garbage", "reset", "timeout"):
            vendor.play(fault, path="/user/credit")
            exchange(port, raw("getUserCredit", {}, logins(PASSWORD)[0]))
        for login in (*logins(PASSWORD), *logins(WRONG)[:2]):
            for operation, fields in (*GOOD, *REFUSED[:3]):
                exchange(port, raw(operation, fields, login))
            for each in no_calls(login):
                exchange(port, each)
        program.wait_for("getUserCredit", times=9)
        assert program.stop() == 0
        assert found_in(program.output) == []
        assert "Traceback" not in program.output
        assert len(vendor.sent()) > 5


def test_a_start_that_fails(tmp_path: Path):
    file = tmp_path / "bridge.toml"
    file.write_text(
        f'[vendors.main]\nkind = "node"\nbase_url = "http://user:{TOKEN}@vendor.example/"\n'
        f'[[accounts]]\nusername = "admin"\npassword = ["{PASSWORD}"]\ncredentials = {{ password = "{VENDOR_PASSWORD}" }}\n',
        encoding="utf-8",
    )
    with Program("serve", "--config", str(file)) as program:
        assert program.end() == 1
        assert found_in(program.output) == []
        assert len(program.output.splitlines()) == 1
