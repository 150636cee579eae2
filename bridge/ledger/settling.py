"""From held to sent: claims, outcomes, and cancelling. Every change of state is a compare-and-set.

Strategy: nearly all settlements are one submission that was accepted. A batch of these takes one statement; when a row is not as
it expects it, `Crossed` is raised and each settlement of the batch is done by itself, looking at its rows first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from bridge.domain.status import PackageState, SubmissionState, may_follow
from bridge.ledger import extras, pushing, recurring
from bridge.ledger.bulk import BulkUpdate
from bridge.ledger.bulk import Row as BulkRow
from bridge.ledger.instant import to_ms
from bridge.ledger.progress import follow, lock
from bridge.ledger.tables import SPAN, item, package, submission
from bridge.ledger.values import CLAIM, PACED, Accepted, Cancelled, Kept, Refused, Settlement, SubmissionOutcome, Unknown

__all__ = [
    "ACCEPT",
    "GOT_ON",
    "NAME",
    "Crossed",
    "accepted_row",
    "begin",
    "cancel",
    "named_rows",
    "postpone",
    "release",
    "settle",
    "settle_all",
]

ACCEPT = BulkUpdate(
    submission,
    ("vendor_ref", "settled_at", "due_at", "id"),
    also=f"state = {SubmissionState.ACCEPTED.value}",
    where=f"submission.state = {SubmissionState.SENDING.value} AND submission.alone = 1",
    blank={"due_at": "0"},
)
NAME = BulkUpdate(package, ("public_id", "id"))
# what an outcome makes of its submission
_BECOMES: dict[type, SubmissionState] = {
    Accepted: SubmissionState.ACCEPTED,
    Refused: SubmissionState.REFUSED,
    Unknown: SubmissionState.UNKNOWN,
    Kept: SubmissionState.PENDING,
}

GOT_ON: Final[Mapping[str, object]] = MappingProxyType({"tries": 0, "stuck_at": None})
"""Columns of a submission with which something was done. One that is being sent has them already: `ACCEPT` need not set them."""


class Crossed(Exception):
    """Raised when the rows are not as a batch expects them: roll back, and settle one by one."""


def settle_all(connection: Connection, settlements: Sequence[Settlement], token: str) -> list[PackageState]:
    """Settles packages in the connection's transaction; the state of each. token: of the process that settles.

    Raises Crossed, LookupError for a package that does not exist, sqlite3.Error or sqlalchemy.exc.DBAPIError.
    """
    rows = [accepted_row(each) for each in settlements]
    accepted = [row for row in rows if row is not None]
    if ACCEPT.run(connection, accepted) != len(accepted):
        raise Crossed
    NAME.run(connection, named_rows([each for each, row in zip(settlements, rows, strict=True) if row is not None]))
    return [
        PackageState.SENT if row is not None else settle(connection, each, token)
        for each, row in zip(settlements, rows, strict=True)
    ]


def accepted_row(settlement: Settlement) -> BulkRow | None:
    """Its row for ACCEPT; None unless it says of one submission that it was accepted."""
    if len(settlement.outcomes) != 1:
        return None
    outcome = settlement.outcomes[0]
    result, due_at = outcome.result, outcome.due_at
    if not isinstance(result, Accepted):
        return None
    return result.vendor_ref, to_ms(outcome.at), 0 if due_at is None else to_ms(due_at), outcome.submission_id


def named_rows(settlements: Iterable[Settlement]) -> list[BulkRow]:
    """Rows for NAME, of those whose client is told another id."""
    return [(each.public_id, each.package_id) for each in settlements if each.public_id is not None]


def settle(connection: Connection, settlement: Settlement, token: str) -> PackageState:
    """Settles one package, whatever state it is in; its state then. What may not follow the present state changes nothing.

    token: of the process that settles. Raises as settle_all, but for Crossed.
    """
    locked = lock(connection, settlement.package_id)
    refusal, kept = None, False
    for outcome in settlement.outcomes:
        if not _apply(connection, locked.id, outcome, token):
            continue
        if isinstance(outcome.result, Refused):
            refusal = f"{outcome.result.code} {outcome.result.message}".strip()
            mine = (item.c.part == outcome.submission_id - locked.id * SPAN) & item.c.state.is_(None)
            pushing.tell(connection, locked, mine, to_ms(outcome.at))
        kept = kept or isinstance(outcome.result, Kept)
    if kept and locked.submissions > 1:
        _cancel_rest(connection, locked.id)
    changed = {} if settlement.public_id is None else {"public_id": settlement.public_id}
    state = follow(connection, locked, **changed)
    # of a package that was taken in part, the items tell what failed
    if state is PackageState.FAILED and refusal is not None:
        connection.execute(update(package).where(package.c.id == locked.id).values(error=refusal))
    if settlement.forget:
        release(connection, locked.id)
    return state


def _cancel_rest(connection: Connection, package_id: int) -> None:
    """What was on its way when the other portions were cancelled, and comes back, is not sent later."""
    cancelled = _of(package_id, SubmissionState.CANCELLED)
    if connection.scalar(select(submission.c.id).where(*cancelled).limit(1)) is not None:
        _cancel(connection, package_id)


def _of(package_id: int, state: SubmissionState) -> list[ColumnElement[bool]]:
    """The conditions that a submission is one of the package's in that state."""
    first = package_id * SPAN
    return [submission.c.id.between(first, first + SPAN - 1), submission.c.state == state.value]


def _cancel(connection: Connection, package_id: int) -> int:
    """Cancels what is pending; how many."""
    values = {**GOT_ON, "state": SubmissionState.CANCELLED.value, "due_at": None}
    pending = _of(package_id, SubmissionState.PENDING)
    return connection.execute(update(submission).where(*pending).values(**values)).rowcount


def _apply(connection: Connection, package_id: int, outcome: SubmissionOutcome, token: str) -> bool:
    """Whether the outcome changed its submission."""
    query = select(submission).where(submission.c.id == outcome.submission_id, submission.c.package_id == package_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise LookupError("no such submission")
    then = _BECOMES[type(outcome.result)]
    if not may_follow(then, SubmissionState(row.state)) or _is_overtaken(row, outcome, token):
        return False
    values = {**_values(outcome), **GOT_ON, "state": then.value}
    connection.execute(update(submission).where(submission.c.id == row.id).values(**values))
    return True


def _is_overtaken(row: Row[Any], outcome: SubmissionOutcome, token: str) -> bool:
    """Whether "not taken" comes from an earlier call than the latest, of which it says nothing.

    Then another process has begun it again, or this one, when its outcome had to wait for the database.
    """
    if isinstance(outcome.result, Accepted):
        return False
    is_other: bool = row.claim != token
    if row.state == SubmissionState.UNKNOWN:
        # a look-up's "not there" is for all calls
        return is_other and isinstance(outcome.result, Refused)
    begun_later: bool = row.due_at is not None and row.due_at > to_ms(outcome.at + CLAIM)
    return row.state == SubmissionState.SENDING and (is_other or begun_later)


def _values(outcome: SubmissionOutcome) -> dict[str, object]:
    """Columns of the submission."""
    at, due_at = to_ms(outcome.at), None if outcome.due_at is None else to_ms(outcome.due_at)
    match outcome.result:
        case Accepted(vendor_ref):
            return {"vendor_ref": vendor_ref, "code": None, "message": None, "settled_at": at, "due_at": due_at}
        case Refused(code, message):
            return {"code": code, "message": message, "settled_at": at, "due_at": None}
        case Unknown(what):
            return {"message": what, "settled_at": at, "due_at": due_at}
        case Kept():
            return {"claim": None, "message": None, "settled_at": None, "due_at": at if due_at is None else due_at}


def begin(connection: Connection, submission_ids: Iterable[int], token: str, stale_at: datetime) -> list[int]:
    """Claims pending submissions for a process; the ids that it now has, and nobody else.

    stale_at: when another process may take the claim for one of a process that is no more.
    """
    won = []
    by_package: dict[int, list[int]] = {}
    for id_ in sorted(submission_ids):
        by_package.setdefault(id_ // SPAN, []).append(id_)
    for package_id, ids in by_package.items():
        locked = lock(connection, package_id)
        pending = submission.c.state == SubmissionState.PENDING.value
        rows = connection.execute(select(submission).where(submission.c.id.in_(ids), pending).with_for_update()).all()
        for row in rows:
            values = {**GOT_ON, "state": SubmissionState.SENDING.value, "claim": token, "due_at": to_ms(stale_at)}
            connection.execute(update(submission).where(submission.c.id == row.id).values(**values))
            won.append(row.id)
        if rows:
            follow(connection, locked)
    return won


def postpone(connection: Connection, submission_ids: Sequence[int], due_at: datetime | None) -> None:
    """Sets when to look at open submissions again; None: never. Those in flight and those that are settled for good stay."""
    wanted = [submission.c.due_at.is_not(None), submission.c.stuck_at.is_not(None)]
    open_states = [SubmissionState.PENDING.value, SubmissionState.ACCEPTED.value, SubmissionState.UNKNOWN.value]
    chosen = [submission.c.id.in_(submission_ids), submission.c.state.in_(open_states), or_(*wanted)]
    connection.execute(update(submission).where(*chosen).values(due_at=None if due_at is None else to_ms(due_at), **GOT_ON))


def pace(connection: Connection, submission_id: int, due_at: datetime) -> None:
    """Gives a pending submission its slot under a rate limit."""
    pending = [submission.c.id == submission_id, submission.c.state == SubmissionState.PENDING.value]
    connection.execute(update(submission).where(*pending).values(due_at=to_ms(due_at), claim=PACED, **GOT_ON))


def cancel(connection: Connection, package_id: int) -> Cancelled:
    """Cancels a package of which nothing was submitted; of one in portions, those that were not. It is not sent again.

    Wins or loses against `begin` as a whole. What was submitted stays as it is.
    """
    locked = lock(connection, package_id)
    stopped = bool(locked.periodic) and recurring.stop(connection, package_id)
    pending = _of(package_id, SubmissionState.PENDING)
    held = connection.scalar(select(func.count()).select_from(submission).where(*pending))
    if held == locked.submissions or (held and extras.in_portions(locked.extras)):
        _cancel(connection, package_id)
        follow(connection, locked)
        return Cancelled.CANCELLED
    return Cancelled.CANCELLED if stopped else Cancelled.NOT_CHANGEABLE


def release(connection: Connection, package_id: int) -> None:
    """Forgets a failed package as far as its client goes: its customID is free, it is neither pushed nor sent again."""
    failed = (package.c.id == package_id) & (package.c.state == PackageState.FAILED.value)
    if connection.scalar(select(package.c.id).where(failed).with_for_update()) is None:
        return
    named = failed & package.c.custom_id.is_not(None)
    connection.execute(update(package).where(named).values(own_custom_id=package.c.custom_id, custom_id=None))
    pushing.forget(connection, package_id)
    recurring.stop(connection, package_id)
