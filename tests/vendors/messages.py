"""A message to change, for the tables of vendors that keep no packages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bridge.domain.message import Encoding, Kind, Message

__all__ = ["MORNING", "TCKN", "message", "otp"]

MORNING = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)  # 09:30 in Istanbul, unix 1795329000
TCKN = "10000000146"


def message(**changes: Any) -> Message:
    """One text to one number, with changes."""
    return Message(
        **{
            "kind": Kind.NORMAL,
            "sender": "BASLIK",
            "title": "Deneme",
            "numbers": ("905445554433",),
            "text": "Mesaj metni",
            "encoding": Encoding.ASCII,
            "validity_minutes": 1440,
            "accepted_at": MORNING,
            # of the bridge's own making: these vendors have no field for it
            "custom_id": "bridge.0123456789abcdef01234567.1",
        }
        | changes
    )


def otp(**changes: Any) -> Message:
    return message(**({"kind": Kind.OTP, "otp_call": True, "text": "Kodunuz: 123456", "validity_minutes": 6} | changes))
