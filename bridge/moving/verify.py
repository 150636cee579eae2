"""Holds a new server against an old one: the same requests to both, and what differs in what they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bridge.errors import OutcomeUnknown, TransportError
from bridge.moving.answers import Answer, compare_answers, read_answer
from bridge.moving.contract import Contract, compare_contracts, read_contract
from bridge.moving.difference import Difference, Level, Report
from bridge.moving.http import Client, Message, Target
from bridge.moving.probes import Login, Probe, call, probes, refused_sends
from bridge.soap.wsdl import generate

__all__ = ["Plan", "Sms", "verify"]

_ISTANBUL = ZoneInfo("Europe/Istanbul")  # the platform's own


class Sms(NamedTuple):
    """A message that is really sent, once by each server."""

    number: str
    sender: str
    text: str

    def __repr__(self) -> str:
        return "<Sms>"


class Plan(NamedTuple):
    """What is compared."""

    login: Login | None = None  # the same for both, as an old program has it; None: only what needs none
    sms: Sms | None = None  # sent when given
    ignore: Sequence[str] = ()  # patterns, as of file names: calls to leave out, and places whose differences are not told


async def verify(client: Client, old: Target, new: Target, plan: Plan) -> Report:
    """Compares two servers. Raises TransportError, with which of the two in its words, when one cannot be reached."""
    login, sms = plan.login, plan.sms
    run = _Run(client, old, new, plan.ignore)
    contract = await run.compare_wsdl()
    for probe in probes(login, contract, datetime.now(_ISTANBUL)):
        await run.compare(probe, contract)
    if login is not None:
        for probe in refused_sends(login, contract, run.sender):
            await run.compare(probe, contract)
        await run.compare_items(login, contract)
        if sms is not None:
            fields = {"type": 1, "sendingType": 0, "title": "Deneme", "content": sms.text, "number": sms.number}
            sent = {**login.fields, **fields, "encoding": 1, "sender": sms.sender}
            await run.compare(call("sendSms", "sendSms", sent, contract), contract)
    return run.report


class _Run:
    """One comparison."""

    def __init__(self, client: Client, old: Target, new: Target, ignore: Sequence[str]) -> None:
        self._client, self._old, self._new, self._ignore = client, old, new, ignore
        self.report = Report(str(old), str(new))
        self._seen: dict[str, tuple[Answer, Answer]] = {}

    async def compare_wsdl(self) -> Contract:
        """Compares the WSDLs; returns the contract to go by: the old server's, or else the published one."""
        probe = Probe("WSDL", "GET", "?wsdl", (), None)
        old, new = await asyncio.gather(*(self._first(name, target, probe) for name, target in self._both()))
        before, after = (read_contract(_plain(each)) for each in (old, new))
        published = read_contract(generate())
        assert published is not None
        if self._is_left_out(probe.name):
            return before or published
        if before is None:
            self.report.note(probe.name, "the old server has none; the published one stands in its place")
        elif after is None:
            lost = Difference(Level.BREAKING, "wsdl", "a WSDL", "none", "clients that read it while they run stop")
            self._add(probe.name, [lost])
        else:
            self._add(probe.name, [*compare_contracts(before, after), *_compare_kinds(old, new)])
            if not (before.is_whole and after.is_whole):
                self.report.note(probe.name, "what it imports from other addresses")
        return before or published

    @property
    def sender(self) -> str:
        """A title that both list, or else the old server's first; a word where it lists none."""
        path = "{*}result/{*}data/{*}list/*/{*}title"
        titles = [answer.all(path) for answer in self._seen.get("getSmsSenders", ())]
        old, new = titles if len(titles) == 2 else ([], [])
        return next((title for title in old if title in new), old[0] if old else "DENEME")

    async def compare(self, probe: Probe, contract: Contract) -> None:
        """The same request to both."""
        await self._compare(probe, probe, contract)

    async def compare_items(self, login: Login, contract: Contract) -> None:
        """The newest package that each lists, by its own id."""
        name = "getSmsPackageItems"
        ids = [answer.first("{*}result/{*}data/{*}list/*/{*}id") for answer in self._seen.get("getSmsPackages", ())]
        if len(ids) < 2 or not all(ids):
            if not self._is_left_out(name):
                self.report.note(name, "one of the two lists no package")
            return
        asked = [call(name, name, {**login.fields, "pkgID": each, "pageSize": 10}, contract) for each in ids]
        await self._compare(asked[0], asked[1], contract)

    async def _compare(self, one: Probe, other: Probe, contract: Contract) -> None:
        if self._is_left_out(one.name):
            return
        got = await asyncio.gather(self._send(self._old, one), self._send(self._new, other), return_exceptions=True)
        messages: list[Message] = []
        for (name, _), message in zip(self._both(), got, strict=True):
            if isinstance(message, Message):
                messages.append(message)
            elif isinstance(message, TransportError):
                self._unanswered(one.name, name, message, both=any(isinstance(each, Message) for each in got))
            else:
                raise message
        if len(messages) == 2:
            self._compare_messages(one, messages[0], messages[1], contract)

    def _compare_messages(self, probe: Probe, old: Message, new: Message, contract: Contract) -> None:
        name, answers = probe.name, (read_answer(old), read_answer(new))
        self._add(name, list(compare_answers(*answers, contract, probe.body)))
        self._seen[name] = answers
        if answers[0].has_rows != answers[1].has_rows and None not in (answers[0].has_rows, answers[1].has_rows):
            self.report.note(name, f"rows, for the {'new' if answers[0].has_rows else 'old'} server lists none")

    def _unanswered(self, call_: str, which: str, error: TransportError, *, both: bool) -> None:
        if which == "new" and both:
            self._add(call_, [Difference(Level.BREAKING, "http", "an answer", "none", f"the new server: {error.what}")])
        else:
            self.report.note(call_, f"the {which} server: {error.what}")

    def _add(self, call_: str, differences: list[Difference]) -> None:
        self.report.add(call_, [each for each in differences if not any(fnmatchcase(each.where, mask) for mask in self._ignore)])

    def _is_left_out(self, name: str) -> bool:
        return any(fnmatchcase(name, mask) for mask in self._ignore)

    def _both(self) -> tuple[tuple[str, Target], tuple[str, Target]]:
        return ("old", self._old), ("new", self._new)

    async def _first(self, which: str, target: Target, probe: Probe) -> Message:
        try:
            return await self._send(target, probe)
        except TransportError as error:
            raise type(error)(f"the {which} server, {target}: {error.what}") from None

    async def _send(self, target: Target, probe: Probe) -> Message:
        return await self._client.send(probe.method, target, target.path + probe.query, probe.headers, probe.body)


def _compare_kinds(old: Message, new: Message) -> Iterator[Difference]:
    before, after = ((each.header("content-type") or "").partition(";")[0].lower() for each in (old, new))
    if before != after:
        yield Difference(Level.HARMLESS, "wsdl/content-type", before, after, "generators look at the document")


def _plain(message: Message) -> bytes:
    try:
        return message.plain(32 * 1024 * 1024) if message.status == 200 else b""
    except OutcomeUnknown:
        return b""
