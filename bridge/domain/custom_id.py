"""The customID that the bridge gives a send whose client gave none, so that an uncertain send can be looked up."""

from __future__ import annotations

import re
import secrets
from hashlib import blake2b
from itertools import count

__all__ = ["CustomIds", "is_ours", "of_part"]

_OURS = re.compile(r"bridge\.[0-9a-f]{24}\.[0-9]+")


class CustomIds:
    """Makes ids that no other process and no client uses. One a process, made after the process was started."""

    def __init__(self) -> None:
        self._prefix = f"bridge.{secrets.token_hex(12)}"
        self._numbers = count(1)

    def new(self) -> str:
        """Letters, digits and dots only, as vendors allow."""
        return f"{self._prefix}.{next(self._numbers)}"


def is_ours(custom_id: str) -> bool:
    """Whether the bridge made it: then clients do not see it."""
    return custom_id.startswith("bridge.") and _OURS.fullmatch(custom_id) is not None


def of_part(custom_id: str | None, place: int) -> str | None:
    """The id of one of several vendor messages of a package: vendors take each id once. The first has the package's own."""
    if custom_id is None or not place:
        return custom_id
    return f"bridge.{blake2b(custom_id.encode(), digest_size=12).hexdigest()}.{place}"
