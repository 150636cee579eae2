"""What is secret stays inside: every field of every call, every login and every setting is given a mark of its own, and all that
comes out is searched for the marks: what the program prints at its most talkative level, /metrics, refusals, reprs, tracebacks.

`tests/test_logs.py` does the same inside one process; here the program is a process of its own, before each vendor.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import pkgutil
import sqlite3
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec import Struct
from pydantic import BaseModel, SecretStr, ValidationError

import bridge
from bridge.app import compose
from bridge.commands import _DEMOS
from bridge.errors import CallError, Language, SettingsError
from bridge.operations.requests import SendSms, parse
from bridge.sandbox import VENDORS, Options, build, serve_in_thread
from bridge.sandbox.faults import FAULTS
from bridge.settings import Settings, load
from bridge.soap.writer import write_call
from tests.program import Program, free_port
from tests.soap.serving import Vendor
from tests.soap.wire import exchange, request
from tests.waiting import PATIENCE

# logins: a telephone number is what many take for a username
USERNAME, VENDOR_USERNAME = "905329876599", "905339876588"
PASSWORD, WRONG, VENDOR_PASSWORD = "Mark-Login", "Mark-Wrong", "Mark-Vendor"
NUMBERS = ("905329876501", "905339876502", "905349876503")
TCKN = "10000000146"
TEXT, OWN_TEXT, TITLE, KEYWORD = "Mark-Text ağaç & <b>", "Mark-Own-Text", "Mark-Title", "Mark-Keyword"
CUSTOM_ID, TOKEN, HEADER, SENDER = "Mark-Custom", "Mark-Token", "Mark-Header", "Mark-Sender"
URL = f"https://hooks.example/{TOKEN}?key={TOKEN}"

WORDS = [PASSWORD, WRONG, VENDOR_PASSWORD, "Mark-Text", OWN_TEXT, TITLE, KEYWORD, CUSTOM_ID, TOKEN, HEADER, SENDER, "Mark-"]
DIGITS = [TCKN, *(number[2:] for number in (*NUMBERS, USERNAME, VENDOR_USERNAME))]
# as HTTP Basic has it; the last four characters depend on what follows
ENCODED = [
    b64encode(f"{user}:{word}".encode()).decode()[:-4]
    for user, word in product((USERNAME, VENDOR_USERNAME), (PASSWORD, WRONG, VENDOR_PASSWORD))
]
MARKS = [*WORDS, *DIGITS, *ENCODED]


def found_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark.lower() in text.lower()]


def test_the_search_finds_what_it_should():
    for mark in (*WORDS, *DIGITS):
        assert mark in found_in(f"x{mark}x")
    assert found_in(b64encode(f"{USERNAME}:{WRONG}!".encode()).decode())
    assert found_in("no mark") == []


# the program


class Login(NamedTuple):
    """Where a request carries its login."""

    fields: Mapping[str, str] = MappingProxyType({})
    http: tuple[str, ...] = ()
    soap: str = ""


def logins(password: str) -> list[Login]:
    wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    token = f"<w:UsernameToken><w:Username>{USERNAME}</w:Username><w:Password>{password}</w:Password></w:UsernameToken>"
    return [
        Login({"username": USERNAME, "password": password}),
        Login(http=(f"Authorization: Basic {b64encode(f'{USERNAME}:{password}'.encode()).decode()}", f"X-Api-Key: {HEADER}")),
        Login(soap=f"<username>{USERNAME}</username><password>{password}</password>"),
        Login(soap=f'<w:Security xmlns:w="{wsse}">{token}</w:Security>'),
    ]


SMS = {"type": 1, "sendingType": 0, "title": TITLE, "content": TEXT, "number": NUMBERS[0], "sender": "BASLIK", "encoding": 1}
OTP = {"content": TEXT, "number": NUMBERS[0], "sender": "BASLIK"}
OWN = [{"nr": NUMBERS[1], "msg": OWN_TEXT}, {"nr": NUMBERS[2], "msg": TEXT}]
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("sendSms", SMS | {"pushSettings": {"url": URL}, "customID": CUSTOM_ID}),
    ("sendSms", SMS | {"sendingType": 1, "numbers": [*NUMBERS, f"{TEXT} 905abc9876501"]}),
    ("sendSms", SMS | {"sendingType": 2, "numbers": OWN, "content": ""}),
    ("sendSms", SMS | {"periodicSettings": {"periodType": 1}, "sendingDate": "2099-01-01 00:00"}),
    ("sendOtp", OTP | {"pushSettings": {"url": URL}}),
    ("getSmsPackages", {"keyword": KEYWORD, "customIDs": [CUSTOM_ID]}),
    ("getSmsPackages", {}),
    ("getSmsPackageItems", {"customID": CUSTOM_ID, "target": NUMBERS[0]}),
    ("getSmsSenders", {"keyword": KEYWORD}),
    ("cancelSmsPackage", {"customID": CUSTOM_ID}),
    ("getUserCredit", {}),
]
REFUSED: list[tuple[str, dict[str, Any]]] = [
    *(
        ("sendSms", SMS | {field: value})
        for value in (TEXT, NUMBERS[0], TCKN, f"{CUSTOM_ID} {NUMBERS[0]}")
        for field in ("type", "sendingType", "encoding", "validity", "sendingDate", "customID", "commercial", "periodicSettings")
    ),
    ("sendSms", SMS | {"customID": CUSTOM_ID}),
    ("sendSms", SMS | {"type": 2, "number": NUMBERS[0]}),
    ("sendSms", SMS | {"number": f"+44 {NUMBERS[0]} {TEXT}"}),
    ("sendSms", SMS | {"sender": SENDER}),
    ("sendSms", SMS | {"sendingType": 1, "numbers": [TEXT, f"x{NUMBERS[0]}"], "number": ""}),
    ("sendSms", SMS | {"pushSettings": {"url": f"http://{TOKEN}@127.0.0.1/{TOKEN}"}}),
    ("sendSms", SMS | {"pushSettings": {"url": f"http://127.0.0.1/{TOKEN}?{TOKEN}"}}),
    ("sendOtp", OTP | {"trustDate": TEXT}),
    ("sendOtp", OTP | {"number": TEXT}),
    ("getSmsPackages", {"ids": [TEXT]}),
    ("getSmsPackages", {"customIDs": [f"{TEXT} {NUMBERS[0]}"]}),
    ("getSmsPackages", {"startDate": TEXT}),
    ("getSmsPackageItems", {"pkgID": TEXT}),
    ("getSmsPackageItems", {"customID": f"{CUSTOM_ID}-none"}),
    ("cancelSmsPackage", {"uuid": f"{KEYWORD} {NUMBERS[0]}"}),
]


def envelope(operation: str, fields: dict[str, Any], login: Login) -> bytes:
    body = write_call(operation, {**login.fields, **fields})
    opening = b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    assert opening in body
    return body.replace(opening, opening + f"<soapenv:Header>{login.soap}</soapenv:Header>".encode()) if login.soap else body


def no_calls(login: Login) -> Iterator[bytes]:
    """Requests that are not calls, full of what nobody may see."""
    whole = envelope("sendSms", SMS, login)
    for body in (
        whole[:-30],
        whole.replace(b"</content>", b""),
        whole.replace(b"sendSms", PASSWORD.encode()),
        f"<!DOCTYPE x [<!ENTITY y '{PASSWORD}'>]>".encode() + whole.partition(b"?>")[2],
        whole.replace(b"utf-8", TOKEN.encode()),
        whole.replace(b"http://schemas.xmlsoap.org/soap/envelope/", f"urn:{TOKEN}".encode()),
        whole.replace(b"<content>", f"<{TOKEN} {KEYWORD}='{TEXT}'><content>".encode()),
        json.dumps(SMS | {"password": PASSWORD}).encode(),
        whole.replace("ağaç".encode(), b"\xff\xfe"),
        f"{PASSWORD} {TEXT} {NUMBERS[0]}".encode(),
    ):
        yield request(body, headers=("Content-Type: text/xml", *login.http))
    yield request(whole, headers=("Content-Type: text/xml", f"Content-Encoding: {TOKEN}", *login.http))
    yield request(whole, path=f"/{PASSWORD}?password={PASSWORD}&number={NUMBERS[0]}", headers=login.http)
    yield request("", method="GET", path=f"/soap?password={PASSWORD}&msg={TOKEN}", headers=login.http)
    yield request("", method=TOKEN, path="/soap", headers=login.http)


class Running(NamedTuple):
    """The program before its vendor."""

    program: Program
    port: int
    vendor: Vendor
    ledger: Path

    def call(self, operation: str, fields: dict[str, Any], login: Login) -> str:
        """err/code of the answer. That of a refusal shows nothing."""
        headers = ("Content-Type: text/xml; charset=utf-8", *login.http)
        answer = exchange(self.port, request(envelope(operation, fields, login), headers=headers))
        if answer.code:  # a vendor's own words may name the sender that it does not know
            assert found_in(answer.content.decode().replace(SENDER, "")) == [], (operation, fields)
        return answer.code

    def metrics(self) -> str:
        return httpx.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False, timeout=PATIENCE).text


@contextmanager
def serving(kind: str, folder: Path, log_format: str) -> Iterator[Running]:
    demo = _DEMOS[kind]
    ledger = folder / "bridge.db"
    with serve_in_thread(build(kind, options=Options(accounts={VENDOR_USERNAME: VENDOR_PASSWORD}))) as sandbox:
        tables: dict[str, Any] = {
            "server": {"host": "127.0.0.1", "port": free_port()},
            "limits": {"free_login_failures": 1000},
            "log": {"level": "debug", "format": log_format},
            "ledger": {"url": f"sqlite:///{ledger}"},
            "vendors": {
                "main": {"kind": kind, "base_url": f"{sandbox.base_url}{demo.path}", "read_timeout_seconds": 1, **demo.settings}
            },
            "accounts": [
                {
                    "username": USERNAME,
                    "password": PASSWORD,
                    "credentials": {**demo.credentials, "username": VENDOR_USERNAME, "password": VENDOR_PASSWORD},
                }
            ],
        }
        environment = {f"BRIDGE_{name.upper()}": json.dumps(table) for name, table in tables.items()}
        with Program("serve", env=environment | {"PYTHONASYNCIODEBUG": "1"}) as program:
            port = int(program.wait_for(r"port\W+(\d+)")[1])
            vendor = Vendor(sandbox.base_url)
            try:
                yield Running(program, port, vendor, ledger)
            finally:
                vendor.close()


@contextmanager
def broken(ledger: Path) -> Iterator[None]:
    """A database that fails at every statement: its errors hold the statement and all its values."""
    with sqlite3.connect(ledger, timeout=PATIENCE, isolation_level=None) as database:
        database.execute("ALTER TABLE item RENAME TO hidden")
        try:
            yield
        finally:
            database.execute("ALTER TABLE hidden RENAME TO item")
    database.close()


def faults(vendor: Vendor) -> Iterator[str]:
    """Sets each fault of the sandbox for the next request; last, answers that repeat what the vendor was sent."""
    for fault in FAULTS:
        if fault not in ("answer", "refuse"):
            vendor.play(fault, seconds=2 if fault.startswith("timeout") else 0.1)
            yield fault
    words = f"{TEXT} {NUMBERS[0]} {VENDOR_USERNAME} {VENDOR_PASSWORD} {URL}"
    for status in (200, 400, 500):
        for body in ({"err": {"code": "ERR_X", "message": words}, "data": None}, {"status": "error", "error": words}, words):
            vendor.play("answer", status=status, body=json.dumps(body))
            yield f"{status}"


@pytest.mark.parametrize(("kind", "log_format"), list(zip(VENDORS, ("json", "console", "console", "json"), strict=True)))
def test_the_whole_program(kind: str, log_format: str, tmp_path: Path):
    with serving(kind, tmp_path, log_format) as running:
        right, wrong = logins(PASSWORD), logins(WRONG)
        codes = [running.call(operation, fields, right[0]) for operation, fields in GOOD]
        assert codes.count("") >= 7, codes
        for login in right[1:]:
            running.call(*GOOD[-1], login)
        for login, call in zip(wrong * 3, GOOD, strict=False):
            assert running.call(*call, login) == "ERR_UNAUTHORIZED_REQUEST"
        for operation, fields in REFUSED:
            running.call(operation, fields, right[0])
        for login in right[:2]:
            for each in no_calls(login):
                assert found_in(exchange(running.port, each).content.decode()) == []
        with broken(running.ledger):
            # sends without the customID of the first: it is taken
            codes = [
                running.call(operation, {k: v for k, v in fields.items() if k != "customID" or operation[:4] != "send"}, right[0])
                for operation, fields in GOOD
            ]
            assert codes[:5] == ["Fault"] * 5
        for number, _ in enumerate(faults(running.vendor)):
            repeated = exchange(
                running.port,
                request(envelope("sendSms", SMS | {"content": f"{TEXT} {number}"}, right[0])),
                timeout=PATIENCE,
            )
            assert not {PASSWORD, WRONG} & set(found_in(repeated.content.decode()))
        assert found_in(running.metrics()) == []
        assert "bridge" in running.metrics()
        assert running.program.stop() == 0
        output = running.program.output
        assert found_in(output) == []
        assert output.count("getUserCredit") > 4, output
        assert "Traceback" not in output


# what would print itself, were it ever printed


SECRET_NAMES = {
    *(
        "password",
        "password_hash",
        "text",
        "texts",
        "content",
        "msg",
        "number",
        "numbers",
        "invalid_numbers",
        "invalid_texts",
        "target",
        "keyword",
    ),
    *("url", "push_url", "custom_id", "custom_ids", "title", "body", "body_login", "header_logins", "username", "account"),
    *("message", "headers", "credentials", "apikey"),
}
# named so, but a count, a title of the operator's, a name of the schema, or a number of the ledger
HARMLESS = {
    *(("Parts", "number"), ("Sender", "title"), ("Numbers", "number"), ("Filters", "account"), ("Old", "account")),
    ("_Demo", "credentials"),  # of the sandbox, and printed for everybody
    *(
        ("NewPackage", "message"),
        ("Part", "message"),
        ("MappedAccount", "account"),
        ("Answer", "message"),
    ),  # values that are looked at by themselves
    ("WebUrl", "target"),  # str() of it is the URL; for its repr see tests/domain/test_address.py
}


class Anything:
    """Stands for whatever else a class holds."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __len__(self) -> int:
        return 0

    def __contains__(self, _: object) -> bool:
        return False

    def __repr__(self) -> str:
        return "anything"


def classes() -> Iterator[tuple[type, list[str]]]:
    """All that the bridge's own rooms keep values in, and their fields."""
    for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
        if any(part in module.name for part in (".sandbox", ".migrations", ".__main__")):
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if not inspect.isclass(kind) or kind.__module__ != module.name:
                continue
            if dataclasses.is_dataclass(kind):
                yield kind, [each.name for each in dataclasses.fields(kind)]
            elif issubclass(kind, Struct):
                yield kind, list(kind.__struct_fields__)
            elif issubclass(kind, tuple) and hasattr(kind, "_fields"):
                yield kind, list(kind._fields)
            elif issubclass(kind, BaseModel):
                yield kind, list(kind.model_fields)


def made(kind: type, values: dict[str, Any]) -> Any:
    if issubclass(kind, BaseModel):
        return kind.model_construct(**values)
    if dataclasses.is_dataclass(kind):
        value = object.__new__(kind)
        for name, each in values.items():
            object.__setattr__(value, name, each)
        return value
    return kind(**values)


@lru_cache
def telling() -> list[tuple[type, list[str], list[str]]]:
    found = []
    for kind, fields in classes():
        secret = [name for name in fields if name in SECRET_NAMES and (kind.__name__, name) not in HARMLESS]
        if secret:
            found.append((kind, fields, secret))
    return found


@pytest.mark.parametrize(("kind", "fields", "secret"), telling(), ids=[kind.__qualname__ for kind, _, _ in telling()])
def test_no_value_shows_what_it_holds(kind: type, fields: list[str], secret: list[str]):
    def value(name: str) -> Any:
        if name not in secret:
            return Anything()
        mark = f"http://x/Mark-{name}"
        return SecretStr(mark) if "SecretStr" in str(inspect.get_annotations(kind).get(name)) else mark

    shown = made(kind, {name: value(name) for name in fields})
    for text in (repr(shown), str(shown), f"{shown}", repr([shown]), repr({"a": shown})):
        assert found_in(text) == []


def test_settings_show_no_secret():
    for kind in VENDORS:
        demo = _DEMOS[kind]
        credentials = {**demo.credentials, "username": VENDOR_USERNAME, "password": VENDOR_PASSWORD}
        settings = Settings(
            vendors={
                "main": {"kind": kind, "base_url": "http://vendor.example/", "proxy": f"http://u:{TOKEN}@p:1", **demo.settings}
            },
            accounts=({"username": USERNAME, "password": PASSWORD, "credentials": credentials},),
            ledger={"url": f"postgresql://bridge:{HEADER}@db.example/bridge"},
        )
        made = compose(settings)
        for each in (
            settings,
            settings.model_copy(),
            *settings.accounts,
            *settings.vendors.values(),
            made,
            *made.accounts.values(),
        ):
            assert found_in(f"{each!r} {each}") == []


def raised(function: Callable[[], Any]) -> str:
    """All that a traceback would print of what it raises, and what a client or an operator reads of it."""
    try:
        function()
    except Exception as error:  # noqa: BLE001  # whatever it is
        words = [error.text(language) for language in Language] if isinstance(error, CallError) else [str(error)]
        return "\n".join((*traceback.format_exception(error), *words, repr(error)))
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("field", ["type", "content", "number", "numbers", "title", "customID", "pushSettings", "validity"])
@pytest.mark.parametrize("value", [TEXT, NUMBERS[0], {"url": [TOKEN]}, [TEXT, {"nr": [NUMBERS[0]]}], 10**400], ids=repr)
def test_errors_of_fields_show_none(field: str, value: Any):
    try:
        parse(SendSms, SMS | {field: value})
    except CallError:
        assert found_in(raised(lambda: parse(SendSms, SMS | {field: value}))) == []


@pytest.mark.parametrize(
    "lines",
    [
        f'[vendors.main]\nkind = "node"\nbase_url = "http://user:{TOKEN}@vendor.example/"',
        f'[vendors.main]\nkind = "node"\npreset = "nac"\n[[accounts]]\nusername = "{USERNAME}"\npassword = ["{PASSWORD}"]',
        f'[vendors.main]\nkind = "node"\npreset = "nac"\n[[accounts]]\nusername = "{USERNAME}"\npassword_hash = "{PASSWORD}"',
        f'[vendors.main]\nkind = "node"\npreset = "nac"\n[[accounts]]\nusername = "{USERNAME}"\npassword = "{PASSWORD}"\n'
        f'credentials = {{ username = "{VENDOR_USERNAME}", pass = "{VENDOR_PASSWORD}" }}',
        f'[vendors.main]\nkind = "node"\npreset = "nac"\nproxy = "socks://{TOKEN}"',
        f'[vendors.main]\nkind = "innomobil"\n[ledger]\nurl = "mysql://user:{TOKEN}@db.example/x"',
        f'[push]\nallow_hosts = ["http://{TOKEN}@host/"]\n[vendors.main]\nkind = "node"\npreset = "nac"',
    ],
)
def test_errors_of_settings_show_none(lines: str, tmp_path: Path):
    file = tmp_path / "bridge.toml"
    file.write_text(lines, encoding="utf-8")

    def start() -> None:
        settings = load(file)
        compose(settings)
        if settings.ledger is not None:
            from bridge.ledger.engine import parse_url  # noqa: PLC0415  # SQLAlchemy is large

            parse_url(settings.ledger.clear_url())

    text = raised(start)
    assert "SettingsError" in text
    assert found_in(text) == []


def test_a_validation_error_shows_no_input():
    def check() -> None:
        SendSms.model_validate(SMS | {"type": TEXT, "numbers": NUMBERS[0]})

    with pytest.raises(ValidationError):
        check()
    assert found_in(raised(check)) == []
    assert issubclass(SettingsError, Exception)
