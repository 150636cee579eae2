"""What a request to send has to be like. Pure: from parameters to a draft of the package, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from bridge.sandbox.node import dates
from bridge.sandbox.node.options import NodeOptions
from bridge.sandbox.node.queries import CreateQuery, OtpQuery, Periodic, SendQuery
from bridge.sandbox.node.refusal import Refusal, bad_request
from bridge.sandbox.tckn import is_tckn

__all__ = ["Draft", "Recipient", "draft_of_otp", "draft_of_sms"]

OTP, NORMAL, TCKN = 0, 1, 2
SINGLE, MANY, EACH = 0, 1, 2
VALIDITIES = {OTP: (3, 6), NORMAL: (60, 1440), TCKN: (60, 1440)}  # minutes; the longest is the default
TURKISH_NUMBER = re.compile(r"90[0-9]{10}")
INVALID = "ERR_INVALID_NUMBER"
OTP_TITLE = "OTP"


class Recipient(NamedTuple):
    """One number as it came, its own text in an N-N send, and what is wrong with it."""

    target: str
    text: str | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A package that keeps all rules which concern nothing but itself."""

    type: int
    sender: str
    title: str
    content: str
    encoding: int
    validity: int
    recipients: tuple[Recipient, ...]
    custom_id: str | None
    push_url: str | None
    scheduled_for: datetime | None = None
    periodic: Periodic | None = None
    by_otp_call: bool = False


def draft_of_otp(query: OtpQuery, options: NodeOptions) -> Draft:
    """Source: POST /sms/create-otp"""
    if query.trust_date is not None and dates.parse(query.trust_date, dates.SECONDS) is None:
        raise bad_request("trustDate: yyyy-MM-dd HH:mm:ss")
    return Draft(
        type=OTP,
        title=OTP_TITLE,
        by_otp_call=True,
        recipients=_recipients(OTP, [_single(query)], query.content, options),
        **_common(query, OTP),
    )


def draft_of_sms(query: CreateQuery, now: datetime, options: NodeOptions) -> Draft:
    """Source: POST /sms/create"""
    if query.periodic is not None and query.periodic.period_type == 0 and None in (query.periodic.interval, query.periodic.amount):
        raise bad_request("periodicSettings: periodType 0 needs interval and amount")
    return Draft(
        type=query.type,
        title=query.title,
        recipients=_recipients(query.type, _entries(query), query.content, options),
        scheduled_for=_sending_date(query.sending_date, now),
        periodic=query.periodic,
        **_common(query, query.type),
    )


def _common(query: SendQuery, kind: int) -> dict[str, Any]:
    return {
        "sender": query.sender,
        "content": query.content,
        "encoding": query.encoding or 0,
        "validity": _validity(query.validity, kind),
        "custom_id": query.custom_id,
        "push_url": query.push.url if query.push else None,
    }


def _validity(minutes: int | None, kind: int) -> int:
    shortest, longest = VALIDITIES[kind]
    if minutes is None:
        return longest
    if not shortest <= minutes <= longest:
        raise bad_request(f"validity: {shortest}..{longest}")
    return minutes


def _sending_date(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    moment = dates.parse(text, dates.MINUTES)
    if moment is None or moment < now:
        raise Refusal("ERR_INVALID_SMS_SENDING_DATE")
    return moment


def _single(query: SendQuery) -> Any:
    if query.number is None:
        raise bad_request("number: Field required")
    return query.number


def _entries(query: CreateQuery) -> list[Any]:
    """The recipients as they came: numbers, or objects with a text each."""
    if query.sending_type == SINGLE:
        return [_single(query)]
    if query.numbers is None:
        raise bad_request("numbers: Field required")
    for entry in query.numbers:
        if isinstance(entry, dict) != (query.sending_type == EACH or "cfs" in _keys(entry)):
            raise bad_request("numbers: sendingType 1 takes numbers, sendingType 2 takes objects {nr, msg}")
    return query.numbers


def _keys(entry: object) -> frozenset[str]:
    return frozenset(entry) if isinstance(entry, dict) else frozenset()


def _recipients(kind: int, entries: list[Any], content: str, options: NodeOptions) -> tuple[Recipient, ...]:
    if len(entries) > options.max_recipients:
        raise Refusal("ERR_REQUEST_PARAM_LIMIT", f"numbers: en fazla {options.max_recipients}")
    recipients = tuple(_read_recipients(kind, entries, content))
    if all(recipient.error for recipient in recipients):
        raise Refusal("ERR_EMPTY_SMS_PACKAGE")
    return recipients


def _read_recipients(kind: int, entries: list[Any], content: str) -> Iterator[Recipient]:
    valid = is_tckn if kind == TCKN else TURKISH_NUMBER.fullmatch
    for entry in entries:
        number, text = (entry.get("nr"), _own_text(entry, content)) if isinstance(entry, dict) else (entry, None)
        if isinstance(number, bool) or not isinstance(number, str | int):
            raise bad_request("numbers: string | int")
        target = str(number)
        yield Recipient(target, text, None if valid(target) else INVALID)


def _own_text(entry: dict[str, Any], content: str) -> str:
    """msg; or, for a send with custom fields, the content with the fields filled in."""
    fields = entry.get("cfs")
    if isinstance(fields, dict) and "msg" not in entry:
        for name, value in fields.items():
            content = content.replace(name, str(value))
        return content
    text = entry.get("msg")
    if not isinstance(text, str) or not text:
        raise bad_request("numbers: msg")
    return text
