"""What the operations answer behind their Status, with the keys and the order of the document's samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from bridge.sandbox.isobil import dates
from bridge.sandbox.isobil.message import FINAL, Item, Message, Pace, Packet
from bridge.sandbox.isobil.options import IsobilOptions
from bridge.sandbox.isobil.refusal import Refusal
from bridge.sandbox.isobil.requests import PacketKey, Search
from bridge.sandbox.isobil.store import Account

__all__ = ["View"]

LAST_DAYS = timedelta(days=3)
OVER: Mapping[int, int] = MappingProxyType(
    {2: 1, 3: 10, 4: 20, 5: 50, 6: 100, 7: 200, 8: 500, 9: 1000, 10: 5000, 11: 10000, 12: 50000, 13: 100000}
)
COUNTED = ("Delivered", "Undelivered", "Expired", "Scheduled")
SUMMED = ("SingleCount", "Count", *COUNTED)


class View(NamedTuple):
    """An account as it shows at one moment."""

    account: Account
    options: IsobilOptions
    now: datetime

    @property
    def pace(self) -> Pace:
        return Pace.of(self.options)

    def user_account(self) -> dict[str, Any]:
        """Source: GetUserAccount"""
        shown = {"CompanyName": "Örnek İletişim A.Ş.", "LastName": "Yılmaz", "Name": "Ayşe"}
        return {"UserAccount": shown | {"Account": self.options.account_type, "Credit": self.account.credit}}

    def services(self, *, tckn: bool) -> dict[str, Any]:
        """Source: GetServices"""
        items = [
            {"ServiceName": name, "ServiceID": service_id}
            for service_id, name in self.options.services.items()
            if (service_id in self.options.tckn_services) == tckn
        ]
        return {"Services": self._counted(items)}

    def senders(self, service_id: int) -> dict[str, Any]:
        """Source: GetSenders"""
        if service_id not in self.options.services:
            raise Refusal("service", f"ServiceID {service_id}")
        return {"Senders": self._counted([{"Sender": sender} for sender in self.options.senders_of(service_id)])}

    def report(self, message: Message) -> dict[str, Any]:
        """Source: Query"""
        return {"Report": self._counted([self._packet(message, packet) for packet in message.packets])}

    def detail(self, key: PacketKey) -> dict[str, Any]:
        """Source: QueryDetail"""
        message = self.account.message(key.message_id)
        packet = message.packet(key.packet_id)
        if packet is None:
            raise Refusal("not_found", f"PacketID {key.packet_id}")
        states = self._states(message, packet.items)
        items = [
            {"MSISDN": item.number, "State": self.options.states[state]} for item, state in zip(packet.items, states, strict=True)
        ]
        return {"Report": {"Item": self._listed(items)}}

    def scheduled(self, message: Message) -> dict[str, Any]:
        """Source: QueryScheduled"""
        if not message.scheduled:
            raise Refusal("not_found", f"ScheduledMessageID {message.id}")
        state = "waiting" if self.now < message.due else "sent"
        return {
            "Criterion": {
                "Process": self.options.scheduled_states[state],
                "ServiceID": message.service_id,
                "Sender": message.sender,
                "Message": message.text,
                "ScheduledDeliveryDate": dates.shown(message.due),
            }
        }

    def found(self, search: Search) -> dict[str, Any]:
        """Source: QueryMulti. Newest first."""
        begin, end = self._range(search)
        items = [
            self._message(message)
            for message in reversed(self.account.messages.values())
            if begin <= message.due.replace(microsecond=0) and (end is None or message.due.replace(microsecond=0) <= end)
            if _matches(message, search)
        ]
        sums = {name: sum(item[name] for item in items) for name in SUMMED}
        return {"Report": {"Item": self._listed(items), "ReportCount": len(items)} | sums}

    def _range(self, search: Search) -> tuple[datetime, datetime | None]:
        """Whole seconds, both ends included. Without a begin the last three days, without an end what is to come too."""
        begin, end = dates.given(search.begin_date, "BeginDate"), dates.given(search.end_date, "EndDate")
        if begin is not None and end is not None and end < begin:
            raise Refusal("date", "BeginDate, EndDate")
        return begin or self.now - LAST_DAYS, end

    def _packet(self, message: Message, packet: Packet) -> dict[str, Any]:
        counts = self._counts(message, packet.items)
        changed = packet.last_change(message.due, self.now, self.pace)
        return {
            "PackedID": packet.id,
            "Count": counts["Count"],
            "Delivered": counts["Delivered"],
            "Expired": counts["Expired"],
            "Undelivered": counts["Undelivered"],
            "Completed": int(not counts["Scheduled"]),
            "UpdateDate": dates.shown(changed or message.created),
        }

    def _message(self, message: Message) -> dict[str, Any]:
        items = list(message.items)
        shown = {
            "MessageID": message.id,
            "Message": message.text,
            "Sender": message.sender,
            "SendDate": dates.shown(message.due),
            "Statu": self.options.message_states[_state_of_all(self._states(message, items))],
            "ServiceID": message.service_id,
            "Username": message.account,
            "SingleCount": len(items),
        }
        return shown | self._counts(message, items)

    def _states(self, message: Message, items: Iterable[Item]) -> list[str]:
        pace, elapsed = self.pace, self.now - message.due
        return [pace.state(item, elapsed) for item in items]

    def _counts(self, message: Message, items: Sequence[Item]) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for item, state in zip(items, self._states(message, items), strict=True):
            counts[state.capitalize() if state in FINAL else "Scheduled"] += item.parts if self.options.count_parts else 1
        return {"Count": counts.total()} | {name: counts[name] for name in COUNTED}

    def _counted(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Item": self._listed(items), "Count": len(items)}

    def _listed(self, items: list[dict[str, Any]]) -> Any:
        return items[0] if self.options.single_item_as_object and len(items) == 1 else items


def _state_of_all(states: Sequence[str]) -> str:
    if all(state in FINAL for state in states):
        return "completed"
    return "waiting" if set(states) == {"waiting"} else "sending"


def _matches(message: Message, search: Search) -> bool:
    word = (search.message or "").casefold()
    return (
        search.service_id in {0, message.service_id}
        and (search.sender or "").casefold() in message.sender.casefold()
        and any(word in item.text.casefold() for item in message.items)
        and _in_class(sum(1 for _ in message.items), search.limit)
    )


def _in_class(count: int, limit: int) -> bool:
    return count > OVER[limit] if limit in OVER else count == limit
