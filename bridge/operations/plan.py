"""How a package becomes vendor messages: one, or several when it is larger or more varied than the vendor takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from bridge.domain.custom_id import of_part
from bridge.domain.message import Message
from bridge.vendors.contract import SendLimits

__all__ = ["Part", "plan"]


class Part(NamedTuple):
    """One vendor message of a package."""

    # which of the package's recipients, as indices into Message.numbers
    positions: Sequence[int]
    message: Message


def plan(message: Message, limits: SendLimits) -> tuple[Part, ...]:
    """The vendor messages of a package, in the order of its recipients; each recipient is in exactly one.

    Recipients with an invalid number are in none.
    """
    everyone = range(len(message.numbers))
    if message.texts is None or limits.own_texts:
        groups: Iterable[Sequence[int]] = (everyone,)
    else:
        by_text: dict[str, list[int]] = {}
        for position, text in enumerate(message.texts):
            by_text.setdefault(text, []).append(position)
        groups = by_text.values()
    spans = [group[first : first + limits.recipients] for group in groups for first in range(0, len(group), limits.recipients)]
    return tuple(_part(message, positions, place, limits.own_texts) for place, positions in enumerate(spans))


def _part(message: Message, positions: Sequence[int], place: int, own_texts: bool) -> Part:
    if len(positions) == len(message.numbers) and (message.texts is None or own_texts):
        return Part(positions, message)
    numbers = tuple(message.numbers[position] for position in positions)
    texts = message.texts and tuple(message.texts[position] for position in positions)
    text = message.text
    if texts is not None and not own_texts:
        text, texts = texts[0], None
    changed = replace(message, numbers=numbers, text=text, texts=texts, invalid_numbers=(), invalid_texts=None)
    return Part(positions, replace(changed, custom_id=of_part(message.custom_id, place)))
