"""What may have become of every recipient, judged from three sources: what clients were told, the ledger, and what vendors took.

Strategy: a recipient's number belongs to one package alone, so that "nobody twice" can be counted at the vendor. What the ledger
says of a recipient allows a range of counts there; what a client was told must agree with both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.domain.status import ItemState, SubmissionState

__all__ = ["Answer", "Findings", "Package", "Row", "judge"]

ACKNOWLEDGED, REFUSED, DUPLICATE, LOST, FAULT = "acknowledged", "refused", "duplicate", "lost", "fault"
CANCELLED, NOT_CHANGEABLE = "cancelled", "not changeable"


class Answer(NamedTuple):
    """What one call was told. what: ACKNOWLEDGED .. FAULT. detail: the package's id, the code, or how the connection was lost."""

    what: str
    detail: str = ""


@dataclass
class Package:
    """One message of a client, with the answers to each of its attempts."""

    vendor: str
    # E.164
    numbers: tuple[str, ...]
    custom_id: str | None = None
    answers: list[Answer] = field(default_factory=list)
    # of cancelSmsPackage: CANCELLED, NOT_CHANGEABLE, LOST, or None when it was not called
    cancel: str | None = None

    def told(self, what: str) -> list[str]:
        """The details of such answers."""
        return [answer.detail for answer in self.answers if answer.what == what]


class Row(NamedTuple):
    """One recipient in the ledger. item: what is reported of it, or None; submission: None for a number that is none."""

    package_id: int
    public_id: int | None
    vendor: str
    # also of a call that was refused, whose customID is free again: a call that came meanwhile was a duplicate
    custom_id: str | None
    number: str
    item: int | None
    submission: int | None
    # the vendor's id; at node the client's too, also when the process died before it was written as public_id
    vendor_ref: str | None = None

    @property
    def taken(self) -> tuple[int, int]:
        """How often the vendor took it, at least and at most, if the ledger says the truth."""
        if self.item is not None:
            return _OF_ITEM[ItemState(self.item)]
        assert self.submission is not None  # a recipient without a submission has a state
        return _OF_SUBMISSION[SubmissionState(self.submission)]


_OF_ITEM = {
    ItemState.CANCELLED: (0, 0),
    ItemState.REJECTED: (0, 0),
    ItemState.WAITING: (0, 0),
    ItemState.SENDING: (0, 1),
    ItemState.SENT: (1, 1),
    ItemState.DELIVERED: (1, 1),
    ItemState.UNDELIVERED: (1, 1),
    ItemState.TIMED_OUT: (0, 1),
}
_OF_SUBMISSION = {
    SubmissionState.PENDING: (0, 0),
    SubmissionState.SENDING: (0, 1),
    SubmissionState.ACCEPTED: (1, 1),
    SubmissionState.REFUSED: (0, 0),
    SubmissionState.UNKNOWN: (0, 1),
    SubmissionState.CANCELLED: (0, 0),
}
# where nothing is to follow any more; UNKNOWN is the truth where nobody can find out
_ENDS = {SubmissionState.ACCEPTED, SubmissionState.REFUSED, SubmissionState.UNKNOWN, SubmissionState.CANCELLED, None}


@dataclass
class Findings:
    """What is wrong, by kind: each a line that names numbers of the test's own."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.twice or self.untrue)

    def __str__(self) -> str:
        kinds = {"LOST": self.lost, "TWICE": self.twice, "UNTRUE": self.untrue}
        return "\n".join(f"{kind} {line}" for kind, lines in kinds.items() for line in lines[:20])


def judge(
    told: Sequence[Package],
    ledger: Iterable[Row],
    taken: Mapping[str, Counter[str]],
    shown: Mapping[str, Mapping[str, int]],
) -> Findings:
    """Everything that contradicts "nothing lost, nothing twice, and nothing but the truth".

    told: all messages of the clients, each with numbers of its own. taken: {vendor: {number: how often}}.
    shown: {id that a client was told: {number: state}}, as getSmsPackageItems answers once all is quiet.
    """
    findings = Findings()
    rows: dict[str, list[Row]] = {}
    for row in ledger:
        rows.setdefault(row.number, []).append(row)
    for package in told:
        own = [row for number in package.numbers for row in rows.get(number, ())]
        findings.twice += _twice(package, taken[package.vendor])
        findings.lost += _lost(package, own, shown)
        findings.untrue += [*_untrue_ledger(package, rows, taken[package.vendor]), *_untrue_answers(package, own, taken, shown)]
    strangers = {number for of_vendor in taken.values() for number in of_vendor} - {nr for each in told for nr in each.numbers}
    findings.untrue += [f"{number}: taken, but nobody asked for it" for number in sorted(strangers)]
    return findings


def _twice(package: Package, taken: Counter[str]) -> Iterator[str]:
    for number in package.numbers:
        if taken[number] > 1:
            yield f"{number} at {package.vendor}: taken {taken[number]} times; {package.answers}"


def _lost(package: Package, rows: Sequence[Row], shown: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """An acknowledged package has its recipients in the ledger and in the answers, and comes to an end."""
    for id_ in package.told(ACKNOWLEDGED):
        recorded = {row.number for row in rows if id_ in {str(row.package_id), str(row.public_id), row.vendor_ref}}
        for number in sorted(set(package.numbers) - recorded):
            yield f"{number}: acknowledged as {id_}, not in the ledger"
        for number in sorted(set(package.numbers) - shown.get(id_, {}).keys()):
            yield f"{number}: acknowledged as {id_}, not among its items"
    if package.told(DUPLICATE) and not any(row.custom_id == package.custom_id for row in rows):
        yield f"{package.numbers[0]}: its customID was called a duplicate, but the ledger has no such package"
    for row in rows:
        if row.submission not in _ENDS and row.item is None:
            yield f"{row.number}: package {row.package_id} was left in {SubmissionState(row.submission).name}"


def _untrue_ledger(package: Package, rows: Mapping[str, Sequence[Row]], taken: Counter[str]) -> Iterator[str]:
    for number in package.numbers:
        ranges = [row.taken for row in rows.get(number, ())]
        least, most = sum(least for least, _ in ranges), sum(most for _, most in ranges)
        count, may_be_called_back = taken[number], package.vendor == "node" and _is_cancelled(rows.get(number, ()))
        if not least <= count <= max(most, may_be_called_back):
            states = [(row.package_id, row.item, row.submission) for row in rows.get(number, ())]
            yield f"{number} at {package.vendor}: taken {count} times, the ledger has {states}; {package.answers}"


def _is_cancelled(rows: Sequence[Row]) -> bool:
    """At node a scheduled message is taken, and cancelled there."""
    return any(row.submission == SubmissionState.CANCELLED or row.item == ItemState.CANCELLED for row in rows)


def _untrue_answers(
    package: Package, rows: Sequence[Row], taken: Mapping[str, Counter[str]], shown: Mapping[str, Mapping[str, int]]
) -> Iterator[str]:
    name, count = package.numbers[0], max(taken[package.vendor][number] for number in package.numbers)
    whats = [answer.what for answer in package.answers]
    if set(whats) == {REFUSED} and count:
        yield f"{name}: refused, but taken; {package.answers}"
    if DUPLICATE in whats and whats[0] == DUPLICATE:
        yield f"{name}: its first call was called a duplicate"
    if len(set(package.told(ACKNOWLEDGED))) > 1:
        yield f"{name}: one customID, several ids: {package.told(ACKNOWLEDGED)}"
    if whats.count(ACKNOWLEDGED) > 1 and package.custom_id:
        yield f"{name}: its customID was taken a second time"
    for text in package.told(FAULT):
        yield f"{name}: a client got a Fault: {text}"
    states = {state for id_ in package.told(ACKNOWLEDGED) for state in shown.get(id_, {}).values()}
    if package.cancel == CANCELLED and not states <= {ItemState.CANCELLED, ItemState.REJECTED}:
        yield f"{name}: cancelled, but shown as {states}"
    if package.cancel == CANCELLED and package.vendor != "node" and count:
        yield f"{name}: cancelled, but taken"
    if package.cancel == NOT_CHANGEABLE and ItemState.CANCELLED in states:
        yield f"{name}: not changeable, but cancelled"
    if any(row.vendor != package.vendor for row in rows):
        yield f"{name}: recorded for another vendor"
