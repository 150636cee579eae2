"""What a request to send has to be like. Pure: from fields to a message, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from bridge.sandbox.sends import Message, local_moment, usable
from bridge.sandbox.text import ASCII, ENGLISH, TURKISH, TURKISH_ALPHABET, mangled, parts
from bridge.sandbox.toplusms.options import ToplusmsOptions
from bridge.sandbox.toplusms.refusal import Refusal

__all__ = ["Draft", "draft_of_form", "draft_of_url"]

TEN_DIGITS = re.compile(r"[1-9][0-9]{9}")
LEADING = re.compile(r"^(0{0,2}90|0)(?=[1-9][0-9]{9}$)")
SENDING_DATE = "%Y-%m-%d %H:%M:%S"


class Encoding(NamedTuple):
    """What the air interface does with a text."""

    alphabet: frozenset[str]
    scheme: int


ENCODINGS: Mapping[str, Encoding] = MappingProxyType(
    {"en": Encoding(ENGLISH, ASCII), "tr": Encoding(TURKISH_ALPHABET, TURKISH)},
)


class Draft(NamedTuple):
    """A message that keeps all rules which concern nothing but itself."""

    message: Message
    scheduled_for: datetime | None = None


def draft_of_form(fields: Mapping[str, str], options: ToplusmsOptions) -> Draft:
    """Source: POST sms/send/normal"""
    numbers = [number.strip() for number in re.split(r"[,\r\n]+", _required(fields, "numbers"))]
    message = _message(fields, _required(fields, "caption"), [number for number in numbers if number], options)
    return Draft(message, _sending_date(fields.get("senddate", "")))


def draft_of_url(fields: Mapping[str, str], options: ToplusmsOptions) -> Draft:
    """Source: sms/send. The numbers may be of any form; there is no schedule."""
    numbers = [LEADING.sub("", re.sub(r"[^0-9]", "", number)) for number in _required(fields, "numbers").split(",")]
    return Draft(_message(fields, _required(fields, "title"), numbers, options))


def _message(fields: Mapping[str, str], sender: str, numbers: list[str], options: ToplusmsOptions) -> Message:
    encoding = ENCODINGS.get(_required(fields, "encoding"))
    if encoding is None:
        raise Refusal("parameter", "encoding: en, tr")
    text = mangled(_required(fields, "message"), encoding.alphabet)
    if sender not in options.senders:
        raise Refusal("caption")
    valid: Callable[[str], object] = TEN_DIGITS.fullmatch
    right = usable(numbers, valid, options)
    if not right:
        raise Refusal("numbers")
    return Message(sender, text, parts(text, encoding.scheme), right)


def _required(fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise Refusal("parameter", name)
    return fields[name]


def _sending_date(text: str) -> datetime | None:
    if not text:
        return None
    moment = local_moment(text, SENDING_DATE)
    if moment is None:
        raise Refusal("parameter", "senddate: Y-m-d H:i:s")
    return moment
