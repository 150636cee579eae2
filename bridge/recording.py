"""The part of the composition root that stands on a ledger. Imported only when there is one: SQLAlchemy is large."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Self

from bridge.domain.clock import Clock, SystemClock
from bridge.jobs.sweep import Sweeper
from bridge.ledger.ledger import Ledger
from bridge.operations.backend import Account, UseCase
from bridge.operations.recorded import RecordedSend, Submitter
from bridge.operations.refresh import Refresher
from bridge.operations.stored import StoredCancel, StoredItems, StoredPackages
from bridge.settings import LedgerSettings

__all__ = ["Recording"]


class Recording:
    """An open ledger, the use cases over it, and the background."""

    def __init__(self, ledger: Ledger, settings: LedgerSettings, clock: Clock) -> None:
        """Use `open`."""
        self.ledger, self.settings, self._clock = ledger, settings, clock
        self._submitter = Submitter(clock, keep=settings.when_unreachable == "keep")
        self._refresher = Refresher(ledger, clock, settings.query_seconds)
        self._sweeping: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, settings: LedgerSettings) -> Self:
        """Migrates and opens. Raises SettingsError when the database cannot be used."""
        url = settings.url.get_secret_value()
        await Ledger.migrate(url)
        return cls(await Ledger.open(url, first_id=settings.first_package_id), settings, SystemClock())

    def over(self, cases: Mapping[str, UseCase]) -> dict[str, UseCase]:
        """The use cases with a ledger, from those without."""
        ledger, refresher = self.ledger, self._refresher
        return {
            **cases,
            **{name: RecordedSend(cases[name], ledger, self._clock, self._submitter) for name in ("sendOtp", "sendSms")},
            "getSmsPackages": StoredPackages(cases["getSmsPackages"], ledger, refresher),
            "getSmsPackageItems": StoredItems(cases["getSmsPackageItems"], ledger, refresher),
            "cancelSmsPackage": StoredCancel(cases["cancelSmsPackage"], ledger, refresher),
        }

    async def sweep(self, accounts: Mapping[str, Account]) -> None:
        """Starts the background, anew if it runs: for these accounts."""
        await self._stop()
        self._sweeping = asyncio.create_task(self.sweeper(accounts).run(), name="sweeper")

    def sweeper(self, accounts: Mapping[str, Account]) -> Sweeper:
        """The background for these accounts; it does not run yet."""
        return Sweeper(self.ledger, self._clock, self._submitter, self._refresher, accounts)

    async def waiting(self) -> dict[str, object]:
        """What waits, by name, for metrics. Raises LedgerUnavailable."""
        return dict((await self.ledger.overview())._asdict())

    async def close(self) -> None:
        """Ends the background, then the ledger."""
        await self._stop()
        await self.ledger.close()

    async def _stop(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
            self._sweeping = None
