"""The limit of messages a second that a vendor account has: shared by all processes, through the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from bridge.ledger.ledger import Ledger
from bridge.operations.backend import Account
from bridge.operations.plan import Part

__all__ = ["TOO_LATE", "Pace", "spread"]

TOO_LATE: Final = datetime.max.replace(tzinfo=UTC)
"""No slot in time: none was taken."""


class Pace:
    """Gives out slots, in the order of asking."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def slot(self, account: Account, count: int, now: datetime, latest: datetime) -> datetime | None:
        """When the first of so many vendor messages may go; None when all may at once; TOO_LATE when it would be after `latest`.

        Raises LedgerUnavailable.
        """
        backend = account.backend
        if backend.rate is None:
            return None
        # two usernames of the bridge may be one account of the vendor
        name = f"{backend.name}/{getattr(account.credentials, 'username', account.username)}"
        when = await self._ledger.reserve(name, backend.rate, count, now, latest)
        if when is None:
            return TOO_LATE
        return when if when > now or count > max(1.0, backend.rate) else None


def spread(account: Account, parts: Sequence[Part], first: datetime) -> tuple[Part, ...]:
    """Parts of one package one after the other, at the account's pace."""
    rate = account.backend.rate
    if rate is None or len(parts) == 1:
        return tuple(parts)
    return tuple(replace(part, due_at=first + timedelta(seconds=place / rate)) for place, part in enumerate(parts))
