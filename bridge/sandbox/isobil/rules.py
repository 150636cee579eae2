"""What a request to send has to be like. Pure: from fields to a draft of the message, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bridge.sandbox.isobil import dates
from bridge.sandbox.isobil.message import Item
from bridge.sandbox.isobil.options import IsobilOptions
from bridge.sandbox.isobil.refusal import Refusal
from bridge.sandbox.isobil.requests import Header, MultiRequest, SubmitRequest
from bridge.sandbox.isobil.text import as_sent, parts_of

__all__ = ["Draft", "draft_of"]

NUMBER = re.compile(r"(90)?5[0-9]{9}")  # the document has ten digits, v5's client 90 before them
CITIZEN = re.compile(r"[0-9]{11}")  # the document's own examples, 00000000001, have no right checksum


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message that keeps all rules which concern nothing but itself."""

    service_id: int
    sender: str
    items: tuple[Item, ...]
    scheduled_for: datetime | None

    @property
    def credit(self) -> int:
        return sum(item.parts for item in self.items)


def draft_of(request: SubmitRequest | MultiRequest, now: datetime, options: IsobilOptions, *, tckn: bool) -> Draft:
    """tckn: the numbers are national ids."""
    header = request.header
    _check_service(header, options, tckn=tckn)
    return Draft(
        service_id=header.service_id,
        sender=header.sender,
        scheduled_for=_scheduled_for(header.scheduled_delivery_date, now),
        items=_items(_pairs(request), request.data_coding, CITIZEN if tckn else NUMBER),
    )


def _check_service(header: Header, options: IsobilOptions, *, tckn: bool) -> None:
    if header.service_id not in options.services or (header.service_id in options.tckn_services) != tckn:
        raise Refusal("service", f"ServiceID {header.service_id}")
    if header.sender not in options.senders_of(header.service_id):
        raise Refusal("sender", header.sender)


def _scheduled_for(text: str | None, now: datetime) -> datetime | None:
    moment = dates.given(text, "ScheduledDeliveryDate")
    if moment is not None and moment < now.replace(microsecond=0):
        raise Refusal("date", "ScheduledDeliveryDate: geçmiş tarih")
    return moment


def _pairs(request: SubmitRequest | MultiRequest) -> list[tuple[str, str]]:
    if isinstance(request, SubmitRequest):
        return [(number, request.message) for number in request.to]
    return [(envelope.to, envelope.message) for envelope in request.envelopes.envelope]


def _items(pairs: Iterable[tuple[str, str]], coding: str, valid: re.Pattern[str]) -> tuple[Item, ...]:
    items = tuple(_item(number, text, coding) for number, text in pairs if valid.fullmatch(number))
    if not items:
        raise Refusal("number")
    return items


def _item(number: str, text: str, coding: str) -> Item:
    arriving = as_sent(text, coding)
    return Item(number, arriving, parts_of(arriving, coding))
