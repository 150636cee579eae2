"""Brings the ledger up to date with the vendor: reports of recipients, and look-ups of sends whose outcome is unknown."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from bridge.domain.capability import Feature
from bridge.domain.clock import Clock
from bridge.domain.message import Message
from bridge.domain.query import PackageKey
from bridge.domain.status import FINAL_ITEMS, ItemState, SubmissionState
from bridge.errors import CallError, TransportError
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import CLAIM, Accepted, ItemUpdate, Kept, StoredSubmission, SubmissionOutcome
from bridge.operations.backend import Account
from bridge.outbound.driver import Timing
from bridge.vendors.contract import ItemReport

__all__ = ["Refresher"]

# (age of the send, pause before the next report)
_REPORT_PAUSES = (
    (timedelta(minutes=1), timedelta(seconds=15)),
    (timedelta(minutes=5), timedelta(seconds=30)),
    (timedelta(minutes=15), timedelta(minutes=1)),
    (timedelta(hours=1), timedelta(minutes=2)),
    (timedelta(hours=6), timedelta(minutes=5)),
)
_LONGEST_PAUSE = timedelta(minutes=10)
# a last report, and then recipients without one are timed out. Source: Node API v1.8.3, item state 5
_AFTER_VALIDITY = timedelta(minutes=60)
# after its validity a vendor may still list a message late; then nobody looks any more
_LAST_LOOK_UP = timedelta(days=1)
# a look-up that finds nothing proves something only when the vendor had the time to list it
_PROOF_AFTER = timedelta(minutes=2)
# messages of such an age may stand in a vendor's list beside the one that is looked for
_NEIGHBOURS = timedelta(days=2)
# submissions that one query asks the vendor for
_MOST = 50


class Refresher:
    """Asks vendors what became of submissions, and tells the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock, seconds: float) -> None:
        """seconds: how long a client's query waits for the vendor at most."""
        self._ledger, self._clock, self._seconds = ledger, clock, seconds

    async def package(self, account: Account, key: PackageKey, timing: Timing) -> None:
        """Refreshes one package before it is shown."""
        stored = await self._ledger.find(account.username, key)
        if stored is not None and stored.vendor == account.backend.name:
            due = sorted((each.due_at, each.id, each) for each in stored.submissions if each.due_at is not None)
            await self._within_limit(account, [each for _, _, each in due[:_MOST]], stored.valid_until, timing)

    async def stale(self, account: Account, timing: Timing) -> None:
        """Refreshes what of the account is due before a list of packages is shown."""
        due = await self._ledger.open_submissions(account.username, self._clock(), _MOST)
        own = [entry for entry in due if entry.vendor == account.backend.name]
        if own:
            latest = max(entry.valid_until for entry in own)
            await self._within_limit(account, [entry.submission for entry in own], latest, timing)

    async def look(self, account: Account, submission: StoredSubmission, valid_until: datetime, timing: Timing) -> None:
        """One submission: its report when it was accepted, a look-up when its outcome is unknown. No answer changes nothing."""
        if submission.due_at is None:
            return
        try:
            if submission.state is SubmissionState.ACCEPTED:
                await self._report(account, submission, valid_until, timing)
            elif submission.state is SubmissionState.UNKNOWN:
                await self._find(account, submission, valid_until, timing)
        except (TransportError, CallError):
            await self._no_answer(submission, valid_until)

    async def _no_answer(self, submission: StoredSubmission, valid_until: datetime) -> None:
        """Asks again later, but not for ever: who never had a report is timed out in the end."""
        now = self._clock()
        message = await self._ledger.message(submission.id) if now >= valid_until + _LAST_LOOK_UP else None
        if message is None or submission.state is not SubmissionState.ACCEPTED:
            await self._ledger.postpone([submission.id], self._next(submission))
        else:
            await self._ledger.report(submission.id, _last_updates(message, (), now), None)

    async def _within_limit(
        self, account: Account, submissions: Iterable[StoredSubmission], valid_until: datetime, timing: Timing
    ) -> None:
        """All at once. Who asks does not wait longer than the limit: the ledger answers with what it has."""
        looks = asyncio.gather(*(self.look(account, submission, valid_until, timing) for submission in submissions))
        try:
            async with asyncio.timeout(self._seconds):
                await looks
        except TimeoutError:
            return

    async def _report(self, account: Account, submission: StoredSubmission, valid_until: datetime, timing: Timing) -> None:
        vendor, message = account.backend.vendor, await self._ledger.message(submission.id)
        if message is None or submission.vendor_ref is None:
            return
        reports: tuple[ItemReport, ...] = ()
        again = over_at = valid_until + _AFTER_VALIDITY
        if Feature.REPORTS in vendor.features:
            exchange = vendor.report(int(submission.vendor_ref), message, account.credentials)
            reports = await account.backend.outbound.run(exchange, timing)
            again = self._next(submission)
        now = self._clock()
        over = now >= over_at
        updates = _last_updates(message, reports, now) if over else [_update(report, now) for report in reports]
        await self._ledger.report(submission.id, updates, None if over else again)

    async def _find(self, account: Account, submission: StoredSubmission, valid_until: datetime, timing: Timing) -> None:
        vendor, message = account.backend.vendor, await self._ledger.message(submission.id)
        if message is None or Feature.LOOK_UP not in vendor.features or self._clock() >= valid_until + _LAST_LOOK_UP:
            await self._ledger.postpone([submission.id], None)  # it stays unknown, and the operator is shown it
            return
        sent = _as_sent(message, submission)
        others = await self._ledger.refs_of_others(submission.id, sent.accepted_at - _NEIGHBOURS)
        found = await account.backend.outbound.run(vendor.find(sent, account.credentials, others), timing)
        now = self._clock()
        if found is not None:
            due_at = now + _REPORT_PAUSES[0][1]  # also at a vendor that keeps packages: the client knows only the ledger's id
            outcome = SubmissionOutcome(submission.id, Accepted(str(found)), now, due_at)
        elif Feature.CUSTOM_ID in vendor.features and self._age(submission) >= _PROOF_AFTER:
            # the vendor knows the customID or it does not: certainly not taken, so it may be sent; the same customID guards it
            outcome = SubmissionOutcome(submission.id, Kept(), now, now)
        else:
            await self._ledger.postpone([submission.id], self._next(submission))
            return
        await self._ledger.settle(submission.package_id, [outcome])

    def _age(self, submission: StoredSubmission) -> timedelta:
        return self._clock() - submission.settled_at if submission.settled_at else timedelta()

    def _next(self, submission: StoredSubmission) -> datetime:
        age = self._age(submission)
        return self._clock() + next((pause for limit, pause in _REPORT_PAUSES if age < limit), _LONGEST_PAUSE)


def _as_sent(message: Message, submission: StoredSubmission) -> Message:
    """The message with the time at which the vendor got it, where the bridge held it: vendors' lists are by time."""
    if submission.settled_at is None or (message.send_at is None and message.period is None):
        return message
    return replace(message, accepted_at=submission.settled_at - CLAIM, send_at=None, period=None)


def _update(report: ItemReport, now: datetime) -> ItemUpdate:
    state = None if report.state is None else ItemState(report.state)
    return ItemUpdate(report.number, state, report.raw, report.at or now, report.text)


def _last_updates(message: Message, reports: Sequence[ItemReport], now: datetime) -> list[ItemUpdate]:
    """Everybody of whom nothing final is said is timed out; the ledger leaves alone who is final already."""
    updates = [_update(report, now) for report in reports]
    updates = [each if each.state in FINAL_ITEMS else each._replace(state=ItemState.TIMED_OUT, at=now) for each in updates]
    silent = Counter(message.numbers) - Counter(report.number for report in reports)
    return updates + [ItemUpdate(number, ItemState.TIMED_OUT, "", now) for number in silent.elements()]
