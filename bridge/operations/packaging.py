"""What the ledger is told of a message: its parts, their times, and what is to follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from bridge.domain.capability import Feature
from bridge.domain.message import Message, Period, PeriodType
from bridge.domain.period import following, portions
from bridge.domain.status import PackageState
from bridge.errors import CallError, ErrorCode, Reason
from bridge.ledger.values import CLAIM, NewPackage, NewSubmission
from bridge.operations.backend import Account
from bridge.operations.plan import Part, plan

__all__ = ["is_portioned", "new_package", "parts_of"]

_SENDING, _WAITING = PackageState.SENDING, PackageState.WAITING
# what is to be sent later than this is a mistake
_LONGEST = timedelta(days=366)
_MISSING = Reason("Eksik alan: {field}.", "{field} is missing.")
_TOO_LONG = Reason("Gönderim bir yıldan uzun sürer: {field}.", "The sending would take longer than a year: {field}.")


# to make one costs more than to add it
_minutes = lru_cache(maxsize=64)(lambda count: timedelta(minutes=count))


def is_portioned(account: Account, message: Message) -> bool:
    """Whether the bridge sends it in portions, in its vendor's place."""
    period = _supplied(account, message)
    return period is not None and period.type is PeriodType.ONCE


def _supplied(account: Account, message: Message) -> Period | None:
    """The period that the bridge runs in its vendor's place."""
    return None if message.period is None or Feature.PERIODIC in account.backend.vendor.features else message.period


def parts_of(account: Account, message: Message) -> tuple[Part, ...]:
    """The vendor messages of a package. Raises CallError ERR_BAD_REQUEST for periodicSettings that make no portions."""
    limits = account.backend.vendor.limits
    if not is_portioned(account, message):
        return plan(message, limits)
    period, start = message.period, message.send_at or message.accepted_at
    assert period is not None
    for name, value in (("amount", period.amount), ("interval", period.interval_minutes)):
        if value is None:
            raise CallError(ErrorCode.BAD_REQUEST, _MISSING, field=f"periodicSettings.{name}")
    everyone = range(len(message.numbers))
    try:
        chosen = portions(everyone, start, period)
        too_long = chosen[-1][1] - start > _LONGEST
    except OverflowError:
        too_long = True
    if too_long:
        raise CallError(ErrorCode.BAD_REQUEST, _TOO_LONG, field="periodicSettings.interval")
    return plan(message, limits, chosen)


def new_package(
    account: Account, message: Message, parts: Sequence[Part], due_at: datetime | None, *, paced: bool = False
) -> NewPackage:
    """A package to be recorded.

    due_at: when the background sends it, for what is not sent at once; parts with a time of their own have that.
    paced: due_at is its slot under a rate limit.
    """
    vendor = account.backend.vendor
    start = message.send_at or message.accepted_at
    times = [part.due_at for part in parts if part.due_at is not None]
    several = message.texts is not None and not vendor.limits.own_texts
    return NewPackage(
        account=account.username,
        vendor=account.backend.name,
        message=message,
        submissions=[NewSubmission(part.positions, part.message.text if several else None, part.due_at) for part in parts],
        parts=_lengths(account, message),
        state=_SENDING if due_at is None else _WAITING,
        due_at=message.accepted_at + CLAIM if due_at is None else due_at,
        valid_until=(max(times) if times else start) + _minutes(message.validity_minutes),
        repeats=_first_repeat(account, message, start),
        push=message.push_url is not None and Feature.PUSH not in vendor.features,
        paced=paced,
    )


def _lengths(account: Account, message: Message) -> int | list[int]:
    """Short messages that each recipient's text takes; one number when all have one text."""
    vendor = account.backend.vendor
    if message.texts is None:
        return vendor.parts(message.text or "", message.encoding)
    measured = {text: vendor.parts(text, message.encoding) for text in set(message.texts)}
    return [measured[text] for text in message.texts]


def _first_repeat(account: Account, message: Message, start: datetime) -> datetime | None:
    period = _supplied(account, message)
    return None if period is None or period.type is PeriodType.ONCE else following(start, period.type, start)
