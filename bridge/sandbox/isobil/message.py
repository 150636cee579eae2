"""A message with its packets, and what state its numbers are in at a given time.

Strategy: nothing is stored that time changes. States follow from the date of the message and from the last digit of each number:

    9   cannot be delivered
    8   nobody reports it (sent), until it expires
    any other is delivered
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.sandbox.isobil.options import IsobilOptions

__all__ = ["FINAL", "Item", "Message", "Pace", "Packet"]

WAITING, SENT, DELIVERED, UNDELIVERED, EXPIRED = "waiting", "sent", "delivered", "undelivered", "expired"
FINAL = frozenset({DELIVERED, UNDELIVERED, EXPIRED})
SILENT = "8"
FATES = {"9": UNDELIVERED, SILENT: EXPIRED}


@dataclass(frozen=True)
class Item:
    """One message to one number (or national id)."""

    number: str
    text: str
    parts: int


@dataclass(frozen=True)
class Pace:
    """How long after its time a message is sent, is reported, and has expired."""

    sent: timedelta
    reported: timedelta
    expired: timedelta

    @classmethod
    def of(cls, options: IsobilOptions) -> Pace:
        seconds = options.sent_after_seconds, options.reported_after_seconds, options.expired_after_seconds
        return cls(*(timedelta(seconds=each) for each in seconds))

    def until_final(self, item: Item) -> timedelta:
        return self.expired if item.number.endswith(SILENT) else self.reported

    def state(self, item: Item, elapsed: timedelta) -> str:
        if elapsed < self.sent:
            return WAITING
        if elapsed < self.until_final(item):
            return SENT
        return FATES.get(item.number[-1], DELIVERED)


@dataclass(frozen=True)
class Packet:
    """Some of a message's numbers."""

    id: int
    items: tuple[Item, ...]

    def last_change(self, due: datetime, now: datetime, pace: Pace) -> datetime | None:
        """When one of its numbers last came into another state; None before the first time."""
        moments = {due + pace.sent} | {due + pace.until_final(item) for item in self.items}
        return max((moment for moment in moments if moment <= now), default=None)


@dataclass(frozen=True, kw_only=True)
class Message:
    """One send. `due`: its scheduled time, else that of its making."""

    id: int
    account: str
    service_id: int
    sender: str
    created: datetime
    due: datetime
    scheduled: bool
    packets: tuple[Packet, ...]

    @property
    def items(self) -> Iterator[Item]:
        for packet in self.packets:
            yield from packet.items

    @property
    def text(self) -> str:
        """The first one, where numbers have texts of their own."""
        return next(self.items).text

    def packet(self, packet_id: int) -> Packet | None:
        return next((packet for packet in self.packets if packet.id == packet_id), None)
