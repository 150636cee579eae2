"""The part of the composition root that stands on a ledger. Imported only when there is one: SQLAlchemy is large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Self

from bridge.domain.clock import Clock, SystemClock
from bridge.errors import LedgerUnavailable, SettingsError
from bridge.jobs.dispatcher import Dispatcher
from bridge.jobs.push import Pusher
from bridge.jobs.queue import install
from bridge.jobs.submissions import Submissions
from bridge.jobs.work import Work
from bridge.ledger.ledger import Ledger
from bridge.metrics.metrics import Metrics
from bridge.operations.backend import Account, UseCase
from bridge.operations.recorded import RecordedSend, Submitter
from bridge.operations.refresh import Refresher
from bridge.operations.stored import StoredCancel, StoredItems, StoredPackages
from bridge.outbound.guard import Guard
from bridge.settings import LedgerSettings

__all__ = ["Recording"]


@contextmanager
def _named() -> Iterator[None]:
    """Says which setting it is when the database does not answer at a start."""
    try:
        yield
    except LedgerUnavailable as error:
        raise SettingsError("ledger.url", f"the database cannot be used ({error.what})") from None


class Recording:
    """An open ledger, the use cases over it, and the background."""

    def __init__(self, ledger: Ledger, settings: LedgerSettings, clock: Clock, metrics: Metrics | None = None) -> None:
        """Use `open`."""
        self._metrics = metrics or Metrics()
        self.ledger, self.settings, self._clock = ledger, settings, clock
        self._submitter = Submitter(clock, keep=settings.when_unreachable == "keep")
        self._refresher = Refresher(ledger, clock, settings.query_seconds)
        keep = None if settings.keep_days is None else timedelta(days=settings.keep_days)
        self._pusher = Pusher(ledger, clock, self._metrics)
        self.work = Work(ledger, clock, Submissions(ledger, clock, self._submitter, self._refresher), self._pusher, keep)
        self._dispatcher: Dispatcher | None = None

    @classmethod
    async def open(cls, settings: LedgerSettings, metrics: Metrics | None = None) -> Self:
        """Migrates, where that is not the operator's to do, and opens. Raises SettingsError when the database cannot be used.

        metrics: where the background counts.
        """
        url = settings.clear_url()
        with _named():
            found, wanted = await (Ledger.migrate(url) if settings.migrate == "auto" else Ledger.versions(url))
        if settings.migrate == "manual" and found != wanted:
            words = f"the tables have version {found or 'none'} and need {wanted}"
            raise SettingsError("ledger.migrate", f"{words}: run smsbridge migrate --config FILE first")
        return cls(await Ledger.open(url, first_id=settings.first_package_id), settings, SystemClock(), metrics)

    @staticmethod
    async def migrate(settings: LedgerSettings) -> tuple[str | None, str]:
        """Brings all tables up to date, the queue's too; the versions as of `Ledger.migrate`. Raises SettingsError."""
        url = settings.clear_url()
        with _named():
            versions = await Ledger.migrate(url)
            ledger = await Ledger.open(url)
            try:
                if ledger.file is None:
                    async with ledger.driver_connection() as driver:
                        await install(driver)
            finally:
                await ledger.close()
        return versions

    @staticmethod
    async def versions(settings: LedgerSettings) -> tuple[str | None, str]:
        """The version of the tables, None where there are none, and this program's. Raises SettingsError."""
        with _named():
            return await Ledger.versions(settings.clear_url())

    def over(self, cases: Mapping[str, UseCase], guard: Guard) -> dict[str, UseCase]:
        """The use cases with a ledger, from those without. guard: of URLs that clients want to be told at."""
        ledger, refresher = self.ledger, self._refresher
        sends = ("sendOtp", "sendSms")
        return {
            **cases,
            **{name: RecordedSend(cases[name], ledger, self._clock, self._submitter, guard) for name in sends},
            "getSmsPackages": StoredPackages(cases["getSmsPackages"], ledger, refresher),
            "getSmsPackageItems": StoredItems(cases["getSmsPackageItems"], ledger, refresher),
            "cancelSmsPackage": StoredCancel(cases["cancelSmsPackage"], ledger, refresher),
        }

    async def announce(self) -> None:
        """Says that this process lives; before it sends anything, so that what it leaves is found. Raises SettingsError."""
        with _named():
            await self.ledger.alive()

    def start(self) -> None:
        """Starts the background; what it may do depends on `use`."""
        self._dispatcher = self.dispatcher()
        self._dispatcher.start()

    def use(self, accounts: Mapping[str, Account], guard: Guard) -> None:
        """The accounts that the background acts for, and whom it may tell, from now on."""
        self.work.use(accounts)
        self._pusher.use(guard, accounts)

    def dispatcher(self) -> Dispatcher:
        """The background; it does not run yet."""
        return Dispatcher(self.ledger, self._clock, self.work, self._metrics)

    async def waiting(self) -> dict[str, object]:
        """What waits, by name, for metrics. Raises LedgerUnavailable."""
        return dict((await self.ledger.overview())._asdict())

    async def close(self, seconds: float = 0) -> None:
        """Ends the background, with so much time for what it has in hand, then the ledger."""
        if self._dispatcher is not None:
            await self._dispatcher.stop(seconds)
        await self._pusher.close()
        await self.ledger.close()
