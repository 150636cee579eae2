"""What simulators share whose vendors know sends and the numbers in them, and no more: accounts, credit, and fates in time.

Strategy: nothing is stored that time changes. What has become of a message follows from when it was due and from the last digit
of its number:

    9   is reported as failed
    8   is never reported: it waits for ever
    any other is delivered
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import count
from typing import Generic, NamedTuple, TypeVar

from bridge.errors import SettingsError
from bridge.sandbox.clock import ISTANBUL, Clock
from bridge.sandbox.contract import Options, Taken

__all__ = ["Account", "Book", "Fate", "Message", "Send", "SendOptions", "SendSimulator", "local_moment", "local_text", "usable"]

UNREACHABLE, SILENT = "9", "8"
FIRST_USER_ID = 1122


@dataclass(frozen=True, kw_only=True)
class SendOptions(Options):
    """Options of a vendor of sends.

    first_id: of the first send. refuse_invalid_numbers: refuse a send with any wrong number; else wrong numbers are left out of
    it, and only a send without a right one is refused.
    """

    first_id: int = 1
    refuse_invalid_numbers: bool = False


class Fate(Enum):
    """What has become of a message to one number."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"


class Message(NamedTuple):
    """One text to some numbers. parts: that the text takes."""

    sender: str
    text: str
    parts: int
    numbers: tuple[str, ...]

    @property
    def credit(self) -> int:
        return self.parts * len(self.numbers)


@dataclass(frozen=True, kw_only=True)
class Send:
    """What one request sent. due: its scheduled time, else that of its making."""

    id: int
    account: str
    due: datetime
    scheduled: bool
    messages: tuple[Message, ...]

    def sent_at(self, options: Options) -> datetime:
        return self.due + timedelta(seconds=options.sent_after_seconds)

    def reported_at(self, options: Options) -> datetime:
        return self.due + timedelta(seconds=options.reported_after_seconds)

    def fate(self, number: str, now: datetime, options: Options) -> Fate:
        if now < self.sent_at(options) or number.endswith(SILENT):
            return Fate.WAITING
        if now < self.reported_at(options):
            return Fate.SENT
        return Fate.FAILED if number.endswith(UNREACHABLE) else Fate.DELIVERED


@dataclass
class Account:
    """One user of the vendor, with what is his alone."""

    name: str
    user_id: int
    credit: int
    sends: dict[int, Send] = field(default_factory=dict)


class Book:
    """All accounts and their sends."""

    def __init__(self, options: SendOptions) -> None:
        self.accounts = {
            name: Account(name, user_id, options.credit) for user_id, name in enumerate(options.accounts, FIRST_USER_ID)
        }
        self._ids = count(options.first_id)

    def take(self, account: Account, messages: Sequence[Message], now: datetime, scheduled_for: datetime | None) -> Send:
        """Take a send and what it costs. A scheduled time that has passed counts as none."""
        later = scheduled_for is not None and scheduled_for > now
        due = scheduled_for if scheduled_for is not None and later else now
        send = Send(id=next(self._ids), account=account.name, due=due, scheduled=later, messages=tuple(messages))
        account.sends[send.id] = send
        account.credit -= sum(message.credit for message in messages)
        return send

    def sent(self) -> Iterator[Taken]:
        sends = [send for account in self.accounts.values() for send in account.sends.values()]
        for send in sorted(sends, key=lambda send: send.id):
            for message in send.messages:
                for number in message.numbers:
                    yield Taken(send.account, number, message.text, str(send.id))


OptionsOfVendor = TypeVar("OptionsOfVendor", bound=SendOptions)


class SendSimulator(Generic[OptionsOfVendor]):
    """What of `bridge.sandbox.contract.Simulator` is the same for every vendor of sends: all but its `app`."""

    def __init__(self, options: OptionsOfVendor, clock: Clock | None) -> None:
        self._first_options = self.options = options
        self.clock = clock or Clock()
        self.book = Book(options)

    def reset(self) -> None:
        self.clock.reset()
        self.options = self._first_options
        self.book = Book(self.options)

    def sent(self) -> Iterable[Taken]:
        return self.book.sent()

    def set_credit(self, account: str, credit: int) -> None:
        if account not in self.book.accounts:
            raise SettingsError("account", f"there are {', '.join(self.book.accounts)}")
        self.book.accounts[account].credit = credit

    def set_option(self, name: str, value: object) -> None:
        self.options = self.options.with_changed(name, value)


def usable(numbers: Sequence[str], valid: Callable[[str], object], options: SendOptions) -> tuple[str, ...]:
    """The numbers that a send goes to. None at all: it has to be refused."""
    right = tuple(number for number in numbers if valid(number))
    return () if options.refuse_invalid_numbers and len(right) < len(numbers) else right


def local_moment(text: str, form: str) -> datetime | None:
    """A date in the time of Istanbul, or None when it is not exactly of that form (strptime alone takes "2020-1-5 9:00:00")."""
    try:
        moment = datetime.strptime(text, form).replace(tzinfo=ISTANBUL)
    except ValueError:
        return None
    return moment.astimezone(UTC) if f"{moment:{form}}" == text else None


def local_text(moment: datetime) -> str:
    """`2014-08-21 17:00:52`"""
    return f"{moment.astimezone(ISTANBUL):%Y-%m-%d %H:%M:%S}"
