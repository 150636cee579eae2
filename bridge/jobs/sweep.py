"""The background: looks at what is due in the ledger, once a second.

Every step re-reads the row and moves it by compare-and-set, so that several processes may sweep the same ledger, and a process
may die anywhere: what it had claimed turns up again when its claim has gone stale, and is called unknown, never sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.domain.clock import Clock
from bridge.domain.status import SubmissionState
from bridge.errors import BridgeError, ErrorCode
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import OpenSubmission, Refused, SubmissionOutcome, Unknown
from bridge.log import get_logger
from bridge.operations.backend import Account
from bridge.operations.packaging import CLAIM
from bridge.operations.recorded import Submitter
from bridge.operations.refresh import Refresher
from bridge.outbound.driver import Timing

__all__ = ["Sweeper"]

log = get_logger("bridge.jobs")

_PAUSE_SECONDS = 1.0
_AFTER_FAILURE_SECONDS = 5.0
_AT_ONCE = 16
_MOST = 200
# submissions of accounts or vendors that the configuration no longer has
_STRAY = timedelta(minutes=10)


class Sweeper:
    """Does what is due, until it is cancelled."""

    def __init__(
        self, ledger: Ledger, clock: Clock, submitter: Submitter, refresher: Refresher, accounts: Mapping[str, Account]
    ) -> None:
        """accounts: {username: account} of the configuration; what belongs to others is left alone."""
        self._ledger, self._clock, self._submitter, self._refresher = ledger, clock, submitter, refresher
        self._accounts = accounts
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Sweeps for ever. What fails is logged and tried again."""
        while True:
            pause = _PAUSE_SECONDS
            try:
                await self.sweep()
            except Exception:  # the background has nobody to tell, and must not end
                log.exception("sweep failed")
                pause = _AFTER_FAILURE_SECONDS
            await asyncio.sleep(pause)

    async def sweep(self) -> None:
        """Does once what is due now."""
        now = self._clock()
        abandoned = await self._ledger.abandon(now)
        if abandoned:
            log.warning("sends of a dead process: their outcome is unknown", submissions=len(abandoned))
        if not self._accounts:  # pass-through: only a client's own call has the credentials to do anything
            return
        due = await self._ledger.open_submissions(None, now, _MOST)
        await asyncio.gather(*map(self._guarded, due))

    async def _guarded(self, due: OpenSubmission) -> None:
        async with self._gate:
            try:
                await self._do(due)
            except BridgeError as error:
                log.warning("background step failed", submission=due.submission.id, error=type(error).__name__)

    async def _do(self, due: OpenSubmission) -> None:
        account = self._accounts.get(due.account)
        if account is None or account.backend.name != due.vendor:
            await self._ledger.postpone([due.submission.id], self._clock() + _STRAY)
        elif due.submission.state is SubmissionState.PENDING:
            await self._submit(account, due)
        else:
            await self._refresher.look(account, due.submission, due.valid_until, Timing())

    async def _submit(self, account: Account, due: OpenSubmission) -> None:
        now, submission = self._clock(), due.submission
        if not await self._ledger.begin([submission.id], now + CLAIM):
            return  # cancelled, or another process was faster
        if now >= due.valid_until:
            expired = Refused(ErrorCode.SYSTEM_MAINTENANCE, "not sent before its validity ended")
            outcome = SubmissionOutcome(submission.id, expired, now)
        else:
            message = await self._ledger.message(submission.id)
            assert message is not None  # a submission has a package
            if message.send_at is not None and message.send_at <= now:  # vendors refuse a date in the past
                message = replace(message, send_at=None)
            outcome = _doubted(await self._submitter.submit(account, message, submission.id, Timing()), now)
        await self._ledger.settle(submission.package_id, [outcome])


def _doubted(outcome: SubmissionOutcome, now: datetime) -> SubmissionOutcome:
    """A vendor that has the customID already got it from a process that was thought dead: a look-up finds it."""
    if isinstance(outcome.result, Refused) and outcome.result.code == ErrorCode.SMS_PKG_CUSTOM_ID_DUPLICATION:
        return SubmissionOutcome(outcome.submission_id, Unknown("the vendor has its customID"), now, now)
    return outcome
