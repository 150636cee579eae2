"""sendSms and sendOtp with a ledger: first the record, then the vendor, then the outcome, then the answer.

- No byte goes to the vendor, and no answer to the client, before the package with its recipients is committed.
- Accepted or refused: committed, then answered. Unknown: answered with the package's id, looked up a little later, and never sent
  again by itself. Not reachable: kept (setting: refused), and sent by the background while it is valid.
- What the vendor cannot hold until its time (sendingDate), the bridge holds.
- A process that is killed leaves the claim behind; whoever finds it stale calls the outcome unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from bridge.domain.capability import Feature
from bridge.domain.clock import Clock
from bridge.domain.custom_id import is_ours
from bridge.domain.message import Message
from bridge.domain.status import PackageState
from bridge.errors import CallError, ErrorCode, LedgerInDoubt, LedgerUnavailable, NotSent, OutcomeUnknown, Reason
from bridge.ledger.ledger import Ledger
from bridge.ledger.tables import SPAN
from bridge.ledger.values import (
    Accepted,
    Kept,
    Recorded,
    Refused,
    SubmissionOutcome,
    Unknown,
)
from bridge.log import get_logger
from bridge.operations.backend import UNREACHABLE, UNSUPPORTED, Account, UseCase, need, prove
from bridge.operations.pace import TOO_LATE, Pace, spread
from bridge.operations.packaging import is_portioned, new_package, parts_of
from bridge.operations.plan import Part
from bridge.operations.send import features_of, lacks_something
from bridge.outbound.driver import Timing
from bridge.outbound.guard import Guard

__all__ = ["RecordedSend", "Submitter"]

log = get_logger("bridge.send")

# what the bridge supplies where the vendor lacks it
SUPPLIED = frozenset({Feature.CUSTOM_ID, Feature.SCHEDULE, Feature.PERIODIC, Feature.PUSH})
# of that, what is done when the client is no longer there: only with credentials of the bridge's own
_LATER = SUPPLIED - {Feature.CUSTOM_ID}
# what the operator may have dropped, as Message has it
_DROPPED = {
    Feature.PERIODIC: "period",
    Feature.PUSH: "push_url",
    Feature.TRUST_DATE: "trust_at",
    Feature.COMMERCIAL: "commercial",
}
_TOO_MANY = Reason(
    "{vendor} için saniyelik gönderim sınırı dolu; mesaj alınmadı.",
    "The limit of messages a second for {vendor} is used up; the message was not taken.",
)
UNATTENDED = Reason(
    "{vendor} bu özelliği desteklemiyor: {field}. Köprü bunu yalnızca kendi tanıdığı hesaplar ([[accounts]]) için yapabilir.",
    "{vendor} does not support {field}. The bridge can do it only for accounts that it has itself ([[accounts]]).",
)
IN_DOUBT = Reason(
    "Kayıt sırasında veritabanı kesildi; mesajın alınıp alınmadığı bilinmiyor. Yeniden göndermeden önce paket listesine bakın.",
    "The database went away during the recording; whether the message was taken is unknown. Look at the package list before "
    "sending again.",
)
_WAITING = PackageState.WAITING
# vendor messages of one package that are on their way at once
_AT_ONCE = 8
# a package of more would keep its client waiting, and its claims: the background sends it
_MOST_PARTS = 50
# when the background looks at a submission again
FIRST_REPORT = timedelta(seconds=15)
FIRST_LOOK = timedelta(seconds=5)
RETRY = timedelta(seconds=30)


class Submitter:
    """Gives vendor messages to the vendor and says what became of each."""

    def __init__(self, clock: Clock, *, keep: bool) -> None:
        """keep: what cannot be sent for now is kept, to be sent later; else it is refused."""
        self._clock = clock
        self._keep = keep

    async def submit(
        self, account: Account, message: Message, submission_id: int, timing: Timing, *, held: bool = False
    ) -> SubmissionOutcome:
        """Sends one vendor message, once. held: nobody else has used its customID since the bridge took it."""
        backend = account.backend
        try:
            vendor_id = await backend.outbound.run(backend.vendor.send(message, account.credentials), timing)
        except NotSent:
            now = self._clock()
            if self._keep and account.lasting:
                return SubmissionOutcome(submission_id, Kept(), now, now + RETRY)
            return SubmissionOutcome(submission_id, self._unreachable(account), now)
        except CallError as error:  # the vendor's refusal, or its adapter's before a byte was sent
            now = self._clock()
            if error.code != ErrorCode.SMS_PKG_CUSTOM_ID_DUPLICATION or not (held or is_ours(message.custom_id or "")):
                return SubmissionOutcome(submission_id, Refused(error.code, error.message), now)
            # it has it from a process that was thought dead: a look-up finds it
            return SubmissionOutcome(submission_id, Unknown("the vendor has its customID"), now, now)
        except Exception as error:  # noqa: BLE001  # a fault of ours too may come after the request went out
            now = self._clock()
            return SubmissionOutcome(submission_id, Unknown(_told(error, submission_id, backend.name)), now, now + FIRST_LOOK)
        now = self._clock()
        return SubmissionOutcome(submission_id, Accepted(str(vendor_id)), now, now + FIRST_REPORT)

    @staticmethod
    def _unreachable(account: Account) -> Refused:
        return Refused(ErrorCode.SYSTEM_MAINTENANCE, UNREACHABLE.en.format(vendor=account.backend.vendor.kind))


def _told(error: Exception, submission_id: int, vendor: str) -> str:
    """Logs an outcome that is unknown; what the ledger has of it. In an except block."""
    package = submission_id // SPAN
    if isinstance(error, OutcomeUnknown):
        log.warning("outcome unknown", package=package, vendor=vendor, what=error.what)
        return error.what
    log.exception("outcome unknown", package=package, vendor=vendor)
    return f"internal error ({type(error).__name__})"


class RecordedSend:
    """sendSms or sendOtp over the ledger."""

    def __init__(self, case: UseCase, ledger: Ledger, clock: Clock, submitter: Submitter, guard: Guard) -> None:
        """case: the use case without a ledger; it checks the fields. guard: of URLs that the bridge itself would push to."""
        self._case, self._ledger, self._clock, self._submitter, self._guard = case, ledger, clock, submitter, guard
        self._pace = Pace(ledger)

    def prepare(self, values: Mapping[str, Any]) -> Message:
        message: Message = self._case.prepare(values)
        return message

    async def run(self, account: Account, prepared: Message, timing: Timing) -> int:
        """Records and sends; returns the package id.

        Raises CallError: ERR_BAD_REQUEST before anything is recorded for what the vendor and the bridge lack,
        ERR_SMS_PKG_CUSTOM_ID_DUPLICATION, ERR_SYSTEM_MAINTENANCE when nothing could be recorded, ERR_INTERNAL_SERVER when nobody
        knows whether it was, or the vendor's refusal of all.
        """
        backend = account.backend
        vendor = backend.vendor
        if lacks_something(vendor.features):
            supplied = SUPPLIED if account.lasting else SUPPLIED - _LATER
            for feature in features_of(prepared):
                if feature not in supplied:
                    need(account, feature, UNATTENDED if feature in _LATER else UNSUPPORTED)
        if backend.ignored:
            prepared = _without(prepared, backend.ignored - vendor.features)
        if prepared.push_url is not None:
            self._check_url(account, prepared.push_url)
        vendor.check(prepared)
        await prove(account, timing)
        parts = parts_of(account, prepared)
        due_at = _held_until(account, prepared, len(parts))
        slot = None
        if due_at is None and backend.rate is not None:
            slot = await self._slot(account, prepared, len(parts))
        if slot is not None:
            parts = spread(account, parts, slot)
        new = new_package(account, prepared, parts, due_at or slot, paced=slot is not None)
        try:
            recorded = await self._ledger.record(new)
        except LedgerInDoubt:
            raise CallError(ErrorCode.INTERNAL_SERVER, IN_DOUBT) from None
        if new.state is _WAITING:
            return recorded.package_id
        return await self._send(account, parts, recorded, timing)

    async def _slot(self, account: Account, message: Message, count: int) -> datetime | None:
        """When it may be sent under the vendor's rate limit; None for at once. Raises CallError when that would be too late."""
        now = message.accepted_at
        latest = now + timedelta(minutes=message.validity_minutes, seconds=-1) if account.lasting else now
        slot = await self._pace.slot(account, count, now, latest)
        if slot is TOO_LATE:
            raise CallError(ErrorCode.SYSTEM_MAINTENANCE, _TOO_MANY, vendor=account.backend.vendor.kind)
        return slot

    async def _send(self, account: Account, parts: Sequence[Part], recorded: Recorded, timing: Timing) -> int:
        if len(parts) == 1:
            outcomes = [await self._submitter.submit(account, parts[0].message, recorded.submission_ids[0], timing)]
        else:
            outcomes = await self._submit_all(account, parts, recorded, timing)
        public_id = self._public_id(account, outcomes)
        if public_id is not None:  # the vendor itself is asked when the client asks: nothing to poll for
            outcomes = [SubmissionOutcome(outcomes[0].submission_id, outcomes[0].result, outcomes[0].at)]
        refusals = [outcome.result for outcome in outcomes if isinstance(outcome.result, Refused)]
        refused = len(refusals) == len(outcomes)
        try:
            state = await self._ledger.settle(recorded.package_id, outcomes, public_id, forget=refused)
        except LedgerUnavailable:  # it keeps the outcome and writes it when it can: what the vendor said stays true
            state = PackageState.FAILED
        if refused and state is PackageState.FAILED:  # else another process went on with it meanwhile
            raise CallError(refusals[0].code, message=refusals[0].message)
        return public_id or recorded.package_id

    def _check_url(self, account: Account, url: str) -> None:
        """Raises CallError ERR_BAD_REQUEST for a URL that the bridge would never push to. Those of vendors are theirs to judge."""
        if Feature.PUSH not in account.backend.vendor.features:
            objection = self._guard.objection(url)
            if objection is not None:
                raise CallError(ErrorCode.BAD_REQUEST, objection, field="pushSettings.url")

    async def _submit_all(
        self, account: Account, parts: Sequence[Part], recorded: Recorded, timing: Timing
    ) -> list[SubmissionOutcome]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(part: Part, submission_id: int) -> SubmissionOutcome:
            async with gate:
                return await self._submitter.submit(account, part.message, submission_id, timing)

        return await asyncio.gather(*map(one, parts, recorded.submission_ids))

    @staticmethod
    def _public_id(account: Account, outcomes: Sequence[SubmissionOutcome]) -> int | None:
        """A vendor that keeps packages itself is asked by its own ids: clients are given those."""
        if not account.backend.vendor.keeps_packages or len(outcomes) != 1:
            return None
        result = outcomes[0].result
        return int(result.vendor_ref) if isinstance(result, Accepted) else None


def _held_until(account: Account, message: Message, parts: int) -> datetime | None:
    """When the background sends it first; None when it is sent at once."""
    if is_portioned(account, message) or (parts > _MOST_PARTS and account.lasting):
        return message.send_at or message.accepted_at
    return None if message.send_at is None or Feature.SCHEDULE in account.backend.vendor.features else message.send_at


def _without(message: Message, ignored: Iterable[Feature]) -> Message:
    """The message as if what is ignored had not been asked for: so it is also recorded, looked up and listed."""
    nothing: dict[str, Any] = {name: None for feature in ignored if (name := _DROPPED.get(feature))}
    return replace(message, **nothing) if nothing else message
