"""What is sent: one message to one or many recipients, already checked and normalised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from msgspec import Struct

__all__ = ["Encoding", "Kind", "Message", "Period", "PeriodType"]


class Kind(IntEnum):
    """SMS type. Source: Node API v1.8.3, "SMS Tipi"."""

    OTP = 0
    NORMAL = 1
    TCKN = 2  # recipients are national id numbers


class Encoding(IntEnum):
    """Character coding. Source: Node API v1.8.3, "Karakter Kodlaması"; vendor-made SDKs for what is on the air."""

    __hash__ = int.__hash__  # Enum's own is no C function

    ASCII = 0  # GSM 7-bit; Turkish letters are transliterated
    TURKISH = 1  # GSM 7-bit with the Turkish national single shift table
    UTF8 = 2  # UCS-2 on the air


class PeriodType(IntEnum):
    """How often a package is sent. Source: Node API v1.8.3, "Periyod Tipi"."""

    ONCE = 0  # in portions: `amount` recipients every `interval` minutes
    DAILY = 1
    WEEKLY = 2
    MONTHLY = 3
    YEARLY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """periodicSettings of a message."""

    type: PeriodType
    # recipients a portion, at least 1; only with ONCE
    amount: int | None = None
    # minutes between portions, at least 1; only with ONCE
    interval_minutes: int | None = None


class Message(Struct, frozen=True, gc=False, kw_only=True):
    """A message as vendors are given it."""

    kind: Kind
    # an alphanumeric title of the account
    sender: str
    # E.164 digits without "+" (90xxxxxxxxxx), or national ids when kind is TCKN; no pair of number and text twice
    numbers: tuple[str, ...]
    # one text for all; None when each recipient has its own
    text: str | None
    # as many as numbers, or None when all get `text`
    texts: tuple[str, ...] | None = None
    # recipients whose number is not valid, as the client wrote them (cut to 32 characters); they are not sent to
    invalid_numbers: tuple[str, ...] = ()
    # their texts, as `texts`
    invalid_texts: tuple[str, ...] | None = None
    # sendOtp, as opposed to sendSms with type 0
    otp_call: bool = False
    title: str | None = None
    encoding: Encoding = Encoding.ASCII
    validity_minutes: int
    # aware; when the bridge took it
    accepted_at: datetime
    # aware; None for at once
    send_at: datetime | None = None
    period: Period | None = None
    push_url: str | None = None
    commercial: bool | None = None
    custom_id: str | None = None
    # aware; refuse delivery when the SIM was changed after this
    trust_at: datetime | None = None

    def __repr__(self) -> str:  # texts and numbers never reach a log
        return f"<Message {self.kind.name} to {len(self.numbers)}>"
