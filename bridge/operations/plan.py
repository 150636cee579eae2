"""How a package becomes vendor messages: one, or several when it is larger or more varied than the vendor takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from bridge.domain.custom_id import of_part
from bridge.domain.message import Message
from bridge.vendors.contract import SendLimits

__all__ = ["Part", "plan"]


class Part(Struct, frozen=True, gc=False):
    """One vendor message of a package."""

    # which of the package's recipients, as indices into Message.numbers
    positions: Sequence[int]
    message: Message
    # when it is sent, where the package is sent in portions
    due_at: datetime | None = None


Portion = tuple[Sequence[int], datetime | None]
"""Recipients (their positions), and when they are sent to."""


def plan(message: Message, limits: SendLimits, portions: Sequence[Portion] | None = None) -> tuple[Part, ...]:
    """The vendor messages of a package, in the order of its recipients; each recipient is in exactly one.

    portions: of recipients, where they are not sent to at once. Recipients with an invalid number are in no part.
    """
    chosen = portions or ((range(len(message.numbers)), None),)
    positions, due_at = chosen[0]
    if len(chosen) == 1 and len(positions) <= limits.recipients and (message.texts is None or limits.own_texts):
        return (Part(positions, message, due_at),)  # most packages are one message, as they are
    spans = [(span, due_at) for positions, due_at in chosen for span in _spans(message, positions, limits)]
    return tuple(replace(_part(message, span, place, limits.own_texts), due_at=due) for place, (span, due) in enumerate(spans))


def _spans(message: Message, positions: Sequence[int], limits: SendLimits) -> Iterator[Sequence[int]]:
    """The positions as the vendor takes them: not too many, and of one text where it takes but one."""
    if message.texts is None or limits.own_texts:
        groups: Iterable[Sequence[int]] = (positions,)
    else:
        by_text: dict[str, list[int]] = {}
        for position in positions:
            by_text.setdefault(message.texts[position], []).append(position)
        groups = by_text.values()
    for group in groups:
        for first in range(0, len(group), limits.recipients):
            yield group[first : first + limits.recipients]


def _part(message: Message, positions: Sequence[int], place: int, own_texts: bool) -> Part:
    numbers = tuple(message.numbers[position] for position in positions)
    texts = message.texts and tuple(message.texts[position] for position in positions)
    text = message.text
    if texts is not None and not own_texts:
        text, texts = texts[0], None
    changed = replace(message, numbers=numbers, text=text, texts=texts, invalid_numbers=(), invalid_texts=None)
    return Part(positions, replace(changed, custom_id=of_part(message.custom_id, place)))
