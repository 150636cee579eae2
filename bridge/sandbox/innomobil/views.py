"""Results with the document's keys and types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from bridge.sandbox.clock import ISTANBUL
from bridge.sandbox.innomobil.options import InnomobilOptions
from bridge.sandbox.innomobil.queries import ReportsQuery
from bridge.sandbox.innomobil.refusal import Refusal
from bridge.sandbox.sends import Account, Fate, Message, Send, local_text

__all__ = ["View", "retyped"]

WAITING, FAILED, DELIVERED = "1", "2", "3"
STATUSES: Mapping[Fate, str] = MappingProxyType(
    {Fate.WAITING: WAITING, Fate.SENT: WAITING, Fate.FAILED: FAILED, Fate.DELIVERED: DELIVERED}
)
REPORT_ID = re.compile(r"m([0-9]{1,18})k([0-9]{1,9})s([0-9]{1,9})")
POSTPAID = -1
NUMERIC = frozenset({"messageid", "count", "kredi", "status", "smscount", "gsmcount", "statusok", "statuswait", "statusfail"})


class View(NamedTuple):
    """An account as it is at one time."""

    account: Account
    now: datetime
    options: InnomobilOptions

    @property
    def balance(self) -> int:
        return POSTPAID if self.options.postpaid else self.account.credit

    def of_send(self, send: Send, *, multi: bool) -> dict[str, Any]:
        """Source: sections 6 and 10; their samples differ in types."""
        form = self.options.messageid_form
        listed = form == "list" or (form == "document" and multi)
        return {
            "messageid": [str(send.id)] if listed else str(send.id),
            "count": str(sum(message.credit for message in send.messages)),
            "kredi": self.balance if multi else str(self.balance),
        }

    def report(self, message_id: int, *, detailed: bool) -> list[dict[str, Any]]:
        """Source: section 7."""
        send = self.account.sends.get(message_id)
        if send is None:
            raise Refusal("message")
        return [entry | (self._name(entry["gsm"]) if detailed else {}) for entry in self._entries(send)]

    def report_by_id(self, report_ids: Iterable[str]) -> list[dict[str, Any]]:
        """Source: section 8, whose first entry has `gms` where the others have `gsm`."""
        entries = [entry for each in report_ids for entry in self._found(each)]
        if not entries:
            raise Refusal("empty")
        first = entries[0]
        return [{"gms": first.pop("gsm")} | first, *entries[1:]]

    def reports(self, query: ReportsQuery) -> list[dict[str, Any]]:
        """Source: section 13."""
        start = query.sdate or self.now.astimezone(ISTANBUL).replace(hour=0, minute=0, second=0, microsecond=0)
        finish = query.fdate or self.now
        lines = [
            self._line(send, message)
            for send in sorted(self.account.sends.values(), key=lambda send: (send.due, send.id))
            if send.scheduled == bool(query.tip) and start <= send.due.replace(microsecond=0) <= finish
            for message in send.messages
            if query.alfanumerik in {None, "", message.sender}
        ]
        size = self.options.page_size
        page = lines[(query.page - 1) * size : query.page * size]
        if not page:
            raise Refusal("empty")
        return page

    def _entries(self, send: Send) -> Iterator[dict[str, Any]]:
        for place, message in enumerate(send.messages):
            for serial in range(len(message.numbers)):
                yield self._entry(send, place, serial)

    def _entry(self, send: Send, place: int, serial: int) -> dict[str, Any]:
        number = send.messages[place].numbers[serial]
        return {"gsm": number, "reportid": f"m{send.id}k{place}s{serial}", "status": self._status(send, number)}

    def _found(self, report_id: str) -> list[dict[str, Any]]:
        """None or one."""
        match = REPORT_ID.fullmatch(report_id)
        if match is None:
            return []
        message_id, place, serial = map(int, match.groups())
        try:
            return [self._entry(self.account.sends[message_id], place, serial)]
        except LookupError:
            return []

    def _name(self, number: str) -> dict[str, str]:
        if number not in self.options.phone_book:
            return {}
        name, surname = self.options.phone_book[number]
        return {"adi": name, "soyadi": surname}

    def _line(self, send: Send, message: Message) -> dict[str, Any]:
        statuses = [self._status(send, number) for number in message.numbers]
        return {
            "messageid": str(send.id),
            "datetime": local_text(send.due),
            "sender": message.sender,
            "text": message.text,
            "smscount": str(message.credit),
            "gsmcount": str(len(message.numbers)),
            "statusok": str(statuses.count(DELIVERED)),
            "statuswait": str(statuses.count(WAITING)),
            "statusfail": str(statuses.count(FAILED)),
        }

    def _status(self, send: Send, number: str) -> str:
        return STATUSES[send.fate(number, self.now, self.options)]


def retyped(result: Any, json_types: str) -> Any:
    """A result with its numbers as option json_types wants them."""
    return result if json_types == "document" else _each_number(result, str if json_types == "strings" else int)


def _each_number(result: Any, convert: Callable[[Any], object]) -> Any:
    if isinstance(result, dict):
        return {key: _converted(value, convert) if key in NUMERIC else value for key, value in result.items()}
    if isinstance(result, list):
        return [_each_number(each, convert) if isinstance(each, dict) else each for each in result]
    return convert(result)


def _converted(value: Any, convert: Callable[[Any], object]) -> object:
    return [convert(each) for each in value] if isinstance(value, list) else convert(value)
