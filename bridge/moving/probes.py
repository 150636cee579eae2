"""The calls by which two servers are compared. None of them costs anything or changes anything.

Facts:
- A send that must be refused has no recipient that could be one: a server that overlooks what else is wrong has nobody to send to.
- A package that is to be cancelled is named by a uuid that nobody has.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from bridge.moving.contract import Contract
from bridge.moving.http import Headers
from bridge.soap.contract import NAMESPACE
from bridge.soap.writer import SOAP11, SOAP12, write_call

__all__ = ["Login", "Probe", "call", "probes", "refused_sends"]

_NOBODY = "1"  # no telephone number anywhere
_NO_PACKAGE = "00000000-0000-4000-8000-000000000000"
_DAYS = 30


class Login(NamedTuple):
    """Whose calls these are."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "<Login>"

    @property
    def fields(self) -> dict[str, str]:
        return {"username": self.username, "password": self.password}

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"


class Probe(NamedTuple):
    """One request, the same for both servers."""

    name: str
    method: str
    query: str  # behind the path, with its "?"
    headers: Headers
    body: bytes | None

    def __repr__(self) -> str:
        return f"<Probe {self.name}>"


def call(name: str, operation: str, fields: Mapping[str, Any], contract: Contract) -> Probe:
    """A call of an operation, as the server's own WSDL wants it. fields: as for `write_call`."""
    action = contract.actions.get(operation, operation)
    body = write_call(operation, fields).replace(
        f'"{NAMESPACE}"'.encode(), f'"{escape(contract.namespace or NAMESPACE, {chr(34): "&quot;"})}"'.encode()
    )
    return _post(name, body, (("SOAPAction", f'"{action}"'),))


def _post(name: str, body: bytes, more: Headers = (), content_type: bytes = SOAP11.content_type) -> Probe:
    return Probe(name, "POST", "", (("Content-Type", content_type.decode()), *more), body)


def probes(login: Login | None, contract: Contract, now: datetime) -> Iterator[Probe]:
    """All that need no answer to an earlier one. login: None leaves out what needs one. now: in the old server's time zone."""
    if login is not None:
        yield from _with_login(login.fields, contract, now)
    yield call("no credentials", "getUserCredit", {}, contract)
    credit = call("unknown operation", "getUserCredit", {}, contract)
    assert credit.body is not None
    yield credit._replace(body=credit.body.replace(b"getUserCredit", b"getNothingAtAll"), headers=credit.headers[:1])
    yield _post("not XML", b"this is no XML")
    yield _post("empty body", b"")
    yield Probe("GET without ?wsdl", "GET", "", (), None)


def _with_login(known: dict[str, str], contract: Contract, now: datetime) -> Iterator[Probe]:
    yield call("getUserCredit", "getUserCredit", known, contract)
    yield call("getSmsSenders", "getSmsSenders", known, contract)
    yield call("getSmsPackages", "getSmsPackages", {**known, "pageIndex": 0, "pageSize": 10}, contract)
    dates = {"startDate": f"{now - timedelta(days=_DAYS):%Y-%m-%d %H:%M}", "finishDate": f"{now:%Y-%m-%d %H:%M}"}
    yield call("getSmsPackages by dates", "getSmsPackages", {**known, **dates, "pageSize": 10}, contract)
    yield call("getSmsPackages by status", "getSmsPackages", {**known, "status": 5, "pageSize": 10}, contract)
    yield call("getSmsPackages by unknown id", "getSmsPackages", {**known, "ids": [1]}, contract)
    yield call("getSmsPackageItems of no package", "getSmsPackageItems", {**known, "uuid": _NO_PACKAGE}, contract)
    yield call("cancelSmsPackage of no package", "cancelSmsPackage", {**known, "uuid": _NO_PACKAGE}, contract)
    wrong = {**known, "password": secrets.token_hex(8)}
    yield call("wrong password", "getUserCredit", wrong, contract)
    soap11 = call("SOAP 1.2", "getUserCredit", known, contract)
    assert soap11.body is not None
    body = soap11.body.replace(SOAP11.envelope.encode(), SOAP12.envelope.encode())
    yield _post("SOAP 1.2", body, content_type=SOAP12.content_type)


def refused_sends(login: Login, contract: Contract, sender: str) -> Iterator[Probe]:
    """Sends that must be refused. sender: one that both servers know, so that it is not what they refuse."""
    text = {"title": "Deneme", "content": "Deneme", "encoding": 0, "sender": sender}
    yield call("sendSms without a required field", "sendSms", {**login.fields, **text}, contract)
    sms = {**login.fields, "type": 1, "sendingType": 0, **text, "number": _NOBODY}
    yield call("sendSms to no valid number", "sendSms", sms, contract)
    yield call("sendSms in the past", "sendSms", {**sms, "sendingDate": "2020-01-01 00:00"}, contract)
