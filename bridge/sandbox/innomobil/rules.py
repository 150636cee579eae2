"""What a message has to be like."""

from __future__ import annotations

import re

from bridge.sandbox.innomobil.options import InnomobilOptions
from bridge.sandbox.innomobil.queries import MessageQuery
from bridge.sandbox.innomobil.refusal import Refusal
from bridge.sandbox.sends import Message, usable
from bridge.sandbox.tckn import is_tckn
from bridge.sandbox.text import ASCII, UTF8, parts

__all__ = ["message_of"]

LONGEST_SENDER = 11
MOST_PARTS = 4
NATIONAL_IDS = 8
TURKISH_NUMBER = re.compile(r"90[0-9]{10}")


def message_of(query: MessageQuery, gate: int, options: InnomobilOptions) -> Message:
    """Source: section 2. Raises Refusal."""
    if len(query.sender) > LONGEST_SENDER:
        raise Refusal("sender_length")
    if query.sender not in options.senders:
        raise Refusal("sender")
    size = parts(query.text, UTF8 if query.utf8 else ASCII)
    if size > MOST_PARTS:
        raise Refusal("text_length")
    numbers = usable(query.gsm, is_tckn if gate == NATIONAL_IDS else TURKISH_NUMBER.fullmatch, options)
    if not numbers:
        raise Refusal("number")
    return Message(query.sender, query.text, size, numbers)
