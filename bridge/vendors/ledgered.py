"""Base of the vendors that keep no packages in the words of the bridge: the ledger answers the questions that they cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, NoReturn

from bridge.domain.capability import Feature
from bridge.domain.http import Exchange
from bridge.domain.message import Encoding, Kind, Message
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.text import Alphabet, carry, measure_in
from bridge.errors import OutcomeUnknown
from bridge.vendors.contract import ItemReport
from bridge.vendors.texts import alike, carried_texts, same

__all__ = ["Ledgered"]

# how far the vendor's clock may be from ours
_CLOCK_SKEW = timedelta(minutes=10)
# after its validity no message is sent; the day is for whoever was late all the same
_LATEST = timedelta(days=1)
# each costs a report
_MOST_CANDIDATES = 50
_TCKN_LENGTH = 11


class Ledgered:
    """What such a vendor need not say: operations outside its `features` are never called."""

    features: ClassVar[frozenset[Feature]]
    keeps_packages: ClassVar[bool] = False

    def alphabet(self, text: str) -> Alphabet:
        """How the vendor is told to code a text, as its encoding carries it."""
        raise NotImplementedError

    def parts(self, text: str, encoding: Encoding) -> int:
        carried = carry(text, encoding).text
        return measure_in(carried, self.alphabet(carried)).number

    def find(self, message: Message, credentials: Any, others: Collection[int] = ()) -> Any:
        return self._lacks(Feature.LOOK_UP)

    def report(self, sent: int, message: Message, credentials: Any) -> Exchange[tuple[ItemReport, ...]]:
        return self._lacks(Feature.REPORTS)

    def cancel(self, package: PackageKey, credentials: Any) -> Any:
        return self._lacks(Feature.CANCEL)

    def packages(self, query: PackagesQuery, credentials: Any) -> Any:
        return self._lacks(Feature.PACKAGES)

    def items(self, query: ItemsQuery, credentials: Any) -> Any:
        return self._lacks(Feature.ITEMS)

    def _lacks(self, feature: Feature) -> NoReturn:
        raise NotImplementedError(feature.title)

    # `find` by time, sender and text. None lets the message be sent a second time: it is only said of what certainly is not there.

    def _window(self, message: Message) -> tuple[datetime, datetime]:
        """From when to when the vendor may have taken a message. Raises OutcomeUnknown for one that lists do not show as it is."""
        if message.texts is not None:
            raise OutcomeUnknown("lists do not show a message of several texts")
        if message.period is not None:
            raise OutcomeUnknown("a repeated message is not known by its time")
        start = max(message.accepted_at, message.send_at or message.accepted_at)
        return start - _CLOCK_SKEW, start + timedelta(minutes=message.validity_minutes) + _LATEST

    def _confirmed(self, listed: Iterable[tuple[int, str]], message: Message, credentials: Any) -> Exchange[int | None]:
        """That of the listed messages (id, text; without those known to be others') which is this one; None when none can be.

        A text that is sent to many people one by one is in the list many times: the recipients decide.
        Raises OutcomeUnknown when it cannot be told.
        """
        text = carried_texts(message)[0]
        candidates = {sent: shown for sent, shown in listed if alike(text, shown)}
        if len(candidates) > _MOST_CANDIDATES:
            raise OutcomeUnknown("too many messages could be it")
        found = []
        for sent, shown in candidates.items():
            reports = yield from self.report(sent, message, credentials)
            if not _went_to({report.number for report in reports}, message):
                continue
            if not same(text, shown):
                raise OutcomeUnknown("a message with a similar text could be it")
            found.append(sent)
        if len(found) > 1:
            raise OutcomeUnknown("more than one message could be it")
        return found[0] if found else None


def _went_to(numbers: set[str], message: Message) -> bool:
    """Whether these are the message's recipients. Raises OutcomeUnknown for some of them, none, and numbers that are not whole."""
    of_ids = message.kind is Kind.TCKN
    if not all(number.isdecimal() and (len(number) == _TCKN_LENGTH or not of_ids) for number in numbers):
        raise OutcomeUnknown("the vendor does not show to whom a message went that could be it")
    if numbers < set(message.numbers):
        raise OutcomeUnknown("a message to some of the recipients could be it")
    return numbers == set(message.numbers)
