"""The accounts and messages of the simulated vendor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from bridge.sandbox.contract import Taken
from bridge.sandbox.isobil.message import Item, Message, Packet
from bridge.sandbox.isobil.options import IsobilOptions
from bridge.sandbox.isobil.refusal import Refusal
from bridge.sandbox.isobil.requests import Credential
from bridge.sandbox.isobil.rules import Draft

__all__ = ["Account", "Store"]


@dataclass
class Account:
    """One user of the vendor, with what is his alone."""

    name: str
    credit: int
    messages: dict[int, Message] = field(default_factory=dict)

    def message(self, message_id: int) -> Message:
        if message_id not in self.messages:
            raise Refusal("not_found", f"MessageID {message_id}")
        return self.messages[message_id]


class Store:
    """All accounts. Every method runs without a pause, so whatever it checks and takes is one step (credit)."""

    def __init__(self, options: IsobilOptions) -> None:
        self.accounts = {name: Account(name, options.credit) for name in options.accounts}
        self._message_ids = count(options.first_message_id)
        self._packet_ids = count(options.first_packet_id)

    def account(self, credential: Credential, options: IsobilOptions) -> Account:
        """The account that the credential proves."""
        known = options.accounts.get(credential.username) == credential.password
        if not known or credential.system_code != options.system_code:
            raise Refusal("credential")
        return self.accounts[credential.username]

    def take(self, account: Account, draft: Draft, now: datetime, packet_size: int) -> Message:
        """Take a message, or refuse it and take nothing."""
        if draft.credit > account.credit:
            raise Refusal("credit")
        message = Message(
            id=next(self._message_ids),
            account=account.name,
            service_id=draft.service_id,
            sender=draft.sender,
            created=now,
            due=draft.scheduled_for or now,
            scheduled=draft.scheduled_for is not None,
            packets=self._packets(draft.items, packet_size),
        )
        account.credit -= draft.credit
        account.messages[message.id] = message
        return message

    def sent(self) -> Iterator[Taken]:
        messages = [message for account in self.accounts.values() for message in account.messages.values()]
        for message in sorted(messages, key=lambda message: message.id):
            for item in message.items:
                yield Taken(message.account, item.number, item.text, str(message.id))

    def _packets(self, items: tuple[Item, ...], size: int) -> tuple[Packet, ...]:
        starts = range(0, len(items), size)
        return tuple(Packet(next(self._packet_ids), items[start : start + size]) for start in starts)
