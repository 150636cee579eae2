"""What vendors share about texts: which text goes out, what to say when an encoding cannot carry it, and how to know it again."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from bridge.domain.message import Message
from bridge.domain.text import carry
from bridge.errors import CallError, ErrorCode, Reason

__all__ = ["alike", "carried_texts", "refuse_uncarried", "same", "texts_by_number"]

UNCARRIED = Reason("content: encoding {encoding} bu metni taşıyamaz.", "content: encoding {encoding} cannot carry this text.")
# letters that a Turkish one becomes when it is transliterated, and all that is neither letter nor digit of ASCII
_CHANGEABLE = re.compile("[^a-z0-9]|[cgiosu]")
# " B038", which platforms add; see bridge.domain.text
_OPERATORS_CODE = re.compile("b[0-9]{3}$")


def carried_texts(message: Message) -> list[str]:
    """The text of each recipient, as the message's encoding carries it."""
    if message.texts is None:
        return [carry(message.text or "", message.encoding).text] * len(message.numbers)
    return [carry(text, message.encoding).text for text in message.texts]


def texts_by_number(message: Message) -> dict[str, list[str]]:
    """{text as its encoding carries it: its numbers}, in the order of the message."""
    groups: dict[str, list[str]] = {}
    for number, text in zip(message.numbers, carried_texts(message), strict=True):
        groups.setdefault(text, []).append(number)
    return groups


def refuse_uncarried(message: Message) -> None:
    """Raises CallError ERR_BAD_REQUEST when a text has characters that its encoding neither has nor has a nearest for."""
    written: Sequence[str | None] = (message.text,) if message.texts is None else message.texts
    if any(carry(text or "", message.encoding).lost for text in set(written)):
        raise CallError(ErrorCode.BAD_REQUEST, UNCARRIED, encoding=message.encoding.value)


def alike(ours: str, theirs: str) -> bool:
    """Whether a vendor's list may mean our text by theirs, whatever it cut off or added."""
    mine, shown = _skeleton(ours), _skeleton(theirs)
    return mine.startswith(shown) or shown.startswith(mine)


def same(ours: str, theirs: str) -> bool:
    """Whether a vendor's list surely means our text by theirs: transliterated or escaped at most, an operator's code added."""
    mine, shown = _skeleton(ours), _OPERATORS_CODE.sub("", _skeleton(theirs))
    return ours == theirs or (mine == shown != "")


def _skeleton(text: str) -> str:
    """What lists leave of a text: they transliterate, replace what they lack, and escape."""
    return _CHANGEABLE.sub("", html.unescape(text).lower())
