"""The job that looks at one vendor message: sends what was kept or held, asks for a report, looks up what is unknown.

It re-reads the row and moves it by compare-and-set, so that a job that comes late, twice or never does no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from msgspec.structs import replace

from bridge.domain.clock import Clock
from bridge.domain.status import SubmissionState
from bridge.errors import ErrorCode
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import CLAIM, PACED, OpenSubmission, Refused, SubmissionOutcome
from bridge.operations.backend import Account
from bridge.operations.pace import TOO_LATE, Pace
from bridge.operations.recorded import Submitter
from bridge.operations.refresh import Refresher
from bridge.outbound.driver import Timing

__all__ = ["Submissions"]

# of accounts or vendors that the configuration no longer has
_STRAY = timedelta(minutes=10)
# of a process' jobs: one that hangs does not keep the others from theirs
_OF_ONE_VENDOR = 32
_BUSY, _BUSY_REPORT = timedelta(seconds=3), timedelta(seconds=30)
_EXPIRED = Refused(ErrorCode.SYSTEM_MAINTENANCE, "not sent before its validity ended")


class Submissions:
    """Gets submissions on."""

    def __init__(self, ledger: Ledger, clock: Clock, submitter: Submitter, refresher: Refresher) -> None:
        self._ledger, self._clock, self._submitter, self._refresher = ledger, clock, submitter, refresher
        self._pace = Pace(ledger)
        # {username: account} of the configuration; what belongs to others is left alone
        self.accounts: Mapping[str, Account] = {}
        self._running: Counter[str] = Counter()

    async def look(self, submission_id: int) -> None:
        """Does what is to be done now. Raises LedgerUnavailable; the vendor's failures are an outcome."""
        due = await self._ledger.open_one(submission_id)
        if due is None:
            return
        account = self.accounts.get(due.account)
        if account is None or account.backend.name != due.vendor:
            await self._ledger.postpone([submission_id], self._clock() + _STRAY)
        elif self._running[due.vendor] >= _OF_ONE_VENDOR:
            pause = _BUSY if due.submission.state is SubmissionState.PENDING else _BUSY_REPORT
            await self._ledger.postpone([submission_id], self._clock() + pause)
        else:
            self._running[due.vendor] += 1
            try:
                await self._do(account, due)
            finally:
                self._running[due.vendor] -= 1

    async def _do(self, account: Account, due: OpenSubmission) -> None:
        if due.submission.state is SubmissionState.PENDING:
            await self._submit(account, due)
        else:
            await self._refresher.look(account, due.submission, due.valid_until, Timing())

    async def _submit(self, account: Account, due: OpenSubmission) -> None:
        now, submission = self._clock(), due.submission
        expired = now >= due.valid_until
        if submission.claim != PACED and not expired:
            slot = await self._pace.slot(account, 1, now, due.valid_until)
            if slot is TOO_LATE:
                slot = due.valid_until  # then it has expired
            if slot is not None:
                await self._ledger.pace(submission.id, slot)
                return
        # before it is claimed: a claim without an outcome would be an unknown one
        message = await self._ledger.message(submission.id)
        assert message is not None  # a submission has a package
        if not await self._ledger.begin([submission.id], now + CLAIM):
            return  # cancelled, or another process was faster
        if expired:
            outcome = SubmissionOutcome(submission.id, _EXPIRED, now)
        else:
            if message.send_at is not None and message.send_at <= now:  # vendors refuse a date in the past
                message = replace(message, send_at=None)
            outcome = await self._submitter.submit(account, message, submission.id, Timing(), held=True)
        await self._ledger.settle(submission.package_id, [outcome])
