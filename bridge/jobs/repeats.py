"""Packages that are sent again every day, week, month or year, for vendors that cannot do that.

Facts:
- The first time is the package itself. Each repeat is a package of its own, with its own id, reports and pushes.
- A repeat that is missed by more than its validity, for the bridge was down, is left out: nobody wants last week's greeting today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from bridge.domain.clock import Clock
from bridge.domain.custom_id import CustomIds
from bridge.domain.message import Message
from bridge.domain.period import following
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import DueRecurrence, NewPackage
from bridge.log import get_logger
from bridge.operations.backend import Account
from bridge.operations.packaging import new_package, parts_of

__all__ = ["Repeats"]

log = get_logger("bridge.jobs")

_AT_ONCE = 100


class Repeats:
    """Records what is to be sent again now; the ledger then has it sent."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._custom_ids = CustomIds()
        # {username: account} of the configuration
        self.accounts: Mapping[str, Account] = {}

    async def run(self, lease: timedelta) -> None:
        """Does what is due. lease: after it, what was not done is due again."""
        now = self._clock()
        for due in await self._ledger.take_recurrences(now, _AT_ONCE, lease):
            child = await self._child(due, now)
            recorded = await self._ledger.repeat(due.package_id, due.next_at, _next(due, now), child)
            if recorded is not None:
                log.info("sent again", package=due.package_id, repeat=recorded.package_id)

    async def _child(self, due: DueRecurrence, now: datetime) -> NewPackage | None:
        """The package to be recorded; None when this time is left out."""
        account, message = self.accounts.get(due.account), await self._ledger.message_of_package(due.package_id)
        if account is None or message is None or account.backend.name != due.vendor:
            log.warning("not sent again: its account is no longer configured", package=due.package_id)
            return None
        if now - due.next_at > timedelta(minutes=message.validity_minutes):
            log.warning("not sent again: its time was missed", package=due.package_id)
            return None
        again = _again(message, now, self._custom_ids.new())
        return new_package(account, again, parts_of(account, again), now)


def _again(message: Message, now: datetime, custom_id: str) -> Message:
    """The message as if it were sent once, now, to those whose number is valid."""
    once = replace(message, accepted_at=now, send_at=None, period=None, custom_id=custom_id)
    return replace(once, invalid_numbers=(), invalid_texts=None)


def _next(due: DueRecurrence, now: datetime) -> datetime | None:
    try:
        return following(due.first_at, due.type, max(now, due.next_at))
    except OverflowError:  # behind the year 9999
        return None
