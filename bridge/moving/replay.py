"""Sends recorded requests again, with a login that is valid, and compares the answers with those that were recorded.

Facts:
- Numbers in a recording are made up, but they may be somebody's: what sends or cancels is left out unless it is asked for.
- Answers are masked like the recorded ones before they are compared, so that like is compared with like and nothing is shown.
- A recorded login is masked. A call that was refused for its login is refused again with the masked one; all others get the
  one that is given. Ids of packages that were sent here replace those that were recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from bridge.errors import TransportError
from bridge.moving.answers import Answer, compare_answers, read_answer
from bridge.moving.contract import Contract, compare_contracts, read_contract
from bridge.moving.difference import Difference, Level, Report
from bridge.moving.http import PER_HOP, Client, Headers, Message, Target
from bridge.moving.markup import Value, rewrite
from bridge.moving.mask import Masker
from bridge.moving.pairs import Pair, read_pairs
from bridge.moving.probes import Login
from bridge.soap.body import media
from bridge.soap.wsdl import generate

__all__ = ["Terms", "replay"]

_ACTS = frozenset({"sendSms", "sendOtp", "cancelSmsPackage"})
_IDS = frozenset({"pkgID", "id", "ids"})
_OURS = PER_HOP | {"host", "content-length", "expect"}


class Terms(NamedTuple):
    """How a recording is replayed."""

    login: Login | None = None  # in place of the recorded ones
    sends: bool = False  # also what sends and cancels


async def replay(client: Client, folder: Path, to: Target, terms: Terms) -> Report:
    """Sends every recorded request to `to`, one after the other.

    Raises SettingsError when the folder holds no recording, TransportError when the server cannot be reached at the first request.
    """
    run = _Replay(client, to, terms.login, Report(str(folder), str(to)))
    for pair in read_pairs(folder):
        if pair.answer is None:
            run.report.note(pair.name, "no answer was recorded")
        elif pair.operation in _ACTS and not terms.sends:
            run.report.note(pair.name, "sends or cancels; left out")
        elif b"that are no XML" in pair.request.body[:100]:
            run.report.note(pair.name, "the request's body was not recorded")
        else:
            await run.send(pair, pair.answer)
    return run.report


class _Replay:
    """What is known while a recording is replayed."""

    def __init__(self, client: Client, to: Target, login: Login | None, report: Report) -> None:
        self._client, self._to, self._login = client, to, login
        self.report = report
        self._masker = Masker()
        self._ids: dict[str, str] = {}  # recorded package id -> the one that it has here
        contract = read_contract(generate())
        assert contract is not None
        self._contract: Contract = contract

    async def send(self, pair: Pair, recorded: Message) -> None:
        """One request; what differs goes into the report."""
        then = read_answer(recorded)
        login = None if then.code == "ERR_UNAUTHORIZED_REQUEST" and then.message.status == 200 else self._login
        try:
            got = await self._client.send(
                pair.method, self._to, self._to.path + pair.query, self._headers(pair.request, login), self._body(pair, login)
            )
        except TransportError as error:
            if not self.report.calls:
                raise type(error)(f"{self._to}: {error.what}") from None
            self.report.add(pair.name, [Difference(Level.BREAKING, "http", "an answer", "none", error.what)])
            return
        if (contract := read_contract(recorded.body)) is not None:
            self._compare_wsdl(pair.name, contract, got)
        else:
            self._compare(pair, then, got)

    def _compare_wsdl(self, name: str, old: Contract, got: Message) -> None:
        self._contract, new = old, read_contract(got.body)
        lost = Difference(Level.BREAKING, "wsdl", "a WSDL", "none", "clients that read it while they run stop")
        self.report.add(name, [lost] if new is None else compare_contracts(old, new))

    def _compare(self, pair: Pair, then: Answer, got: Message) -> None:
        now = read_answer(got)
        path = "{*}result/{*}data/{*}pkgID"
        before, after = then.first(path), now.first(path)
        if before and after:
            self._ids[before] = after
        masked = read_answer(self._masker.message(got))
        self.report.add(pair.name, compare_answers(then, masked, self._contract, pair.request.body))

    def _headers(self, request: Message, login: Login | None) -> Headers:
        kept = [pair for pair in request.headers if pair[0].lower() not in _OURS]
        if login is None:
            return tuple(kept)
        return tuple((name, login.basic if _is_basic(name, value) else value) for name, value in kept)

    def _body(self, pair: Pair, login: Login | None) -> bytes | None:
        body = pair.request.body
        if not body:
            return None if pair.method in {"GET", "HEAD"} else b""
        charset = media((pair.request.header("content-type") or "").encode("latin-1"))[1]
        return rewrite(body, charset, lambda value: self._value(value, login)) or body

    def _value(self, value: Value, login: Login | None) -> str:
        if login is not None and (given := login.fields.get(value.field.lower())) is not None:
            return given if value.is_literal else escape(given)
        if value.field in _IDS:
            return self._ids.get(value.raw.strip(), value.raw)
        return value.raw


def _is_basic(name: str, value: str) -> bool:
    return name.lower() == "authorization" and value.lower().startswith("basic ")
