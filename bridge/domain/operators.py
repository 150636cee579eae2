"""Which operator a Turkish mobile number belongs to, by the block it was given out from.

Numbers move between operators and keep their digits, so this says who gave the number out, not who serves it today. No vendor but
node knows better.

Source: Node API v1.8.3, "Operatörler"; the blocks: Information and Communication Technologies Authority (BTK), numbering plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["NUMBER_BLOCKS"]

NUMBER_BLOCKS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        0: ("9053",),  # Turkcell
        1: ("9054",),  # Vodafone
        2: ("9050", "9055"),  # Türk Telekom
        3: ("9051",),  # Netgsm
    }
)
"""Operator -> how its numbers begin, as E.164 digits without "+"."""
