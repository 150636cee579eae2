"""What vendors share about texts: which text goes out, and what to say when an encoding cannot carry it."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.domain.message import Message
from bridge.domain.text import carry
from bridge.errors import CallError, ErrorCode, Reason

__all__ = ["refuse_uncarried", "texts_by_number", "texts_of"]

UNCARRIED = Reason("content: encoding {encoding} bu metni taşıyamaz.", "content: encoding {encoding} cannot carry this text.")


def texts_of(message: Message) -> tuple[str, ...]:
    """Each distinct text of the message, as its encoding carries it."""
    written: Sequence[str | None] = (message.text,) if message.texts is None else message.texts
    return tuple(dict.fromkeys(carry(text or "", message.encoding).text for text in written))


def texts_by_number(message: Message) -> dict[str, list[str]]:
    """{text as its encoding carries it: its numbers}, in the order of the message."""
    groups: dict[str, list[str]] = {}
    texts = [message.text or ""] * len(message.numbers) if message.texts is None else message.texts
    for number, text in zip(message.numbers, texts, strict=True):
        groups.setdefault(carry(text, message.encoding).text, []).append(number)
    return groups


def refuse_uncarried(message: Message) -> None:
    """Raises CallError ERR_BAD_REQUEST when a text has characters that its encoding neither has nor has a nearest for."""
    written: Sequence[str | None] = (message.text,) if message.texts is None else message.texts
    if any(carry(text or "", message.encoding).lost for text in set(written)):
        raise CallError(ErrorCode.BAD_REQUEST, UNCARRIED, encoding=message.encoding.value)
