"""The limit of messages a second that a vendor account has: shared by all processes, through the ledger."""

from __future__ import annotations

from datetime import datetime

from bridge.ledger.ledger import Ledger
from bridge.operations.backend import Account

__all__ = ["Pace"]


class Pace:
    """Gives out slots, in the order of asking."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def slot(self, account: Account, count: int, now: datetime) -> datetime | None:
        """When so many vendor messages may go; None when they may at once. Raises LedgerUnavailable."""
        backend = account.backend
        if backend.rate is None:
            return None
        # two usernames of the bridge may be one account of the vendor
        name = f"{backend.name}/{getattr(account.credentials, 'username', account.username)}"
        when = await self._ledger.reserve(name, backend.rate, count, now)
        return when if when > now else None
