"""New packages to rows: a batch of packages in one transaction."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from sqlalchemy import Connection, select

from bridge.domain.custom_id import is_ours
from bridge.domain.message import PeriodType
from bridge.domain.status import ItemState, PackageState, SubmissionState, shelf_of
from bridge.ledger import counting, extras
from bridge.ledger.bulk import BulkInsert, Row, run_together
from bridge.ledger.instant import to_ms
from bridge.ledger.numbers import PackageNumbers
from bridge.ledger.tables import SPAN, item, package, recurrence, submission
from bridge.ledger.values import PACED, DuplicateCustomId, NewPackage, NewSubmission, Recorded

__all__ = ["INVALID_NUMBER", "OWN_TEXTS_LIMIT", "PACKAGES", "TEXT_SEPARATOR", "Batch", "record", "to_rows"]

INVALID_NUMBER = "INVALID_NUMBER"
"""Error word of a recipient whose number is none."""
TEXT_SEPARATOR = "\x1e"
"""Between the texts of `own_texts`: no XML text can hold it."""
OWN_TEXTS_LIMIT = 16_384
"""Characters of recipients' own texts that keywords are looked for in: the index would cost more than the send."""

_SENDING, _PENDING = SubmissionState.SENDING.value, SubmissionState.PENDING.value
_AT_ONCE = PackageState.SENDING
PACKAGES = BulkInsert(
    package,
    (
        "id",
        "account",
        "vendor",
        "uuid",
        "custom_id",
        "own_custom_id",
        "kind",
        "sender",
        "title",
        "content",
        "own_texts",
        "encoding",
        "validity",
        "accepted_at",
        "sending_at",
        "scheduled",
        "valid_until",
        "extras",
        "periodic",
        "state",
        "shelf",
        "submissions",
        "recipients",
        "total",
        "credit",
        "undelivered",
    ),
    blank=dict.fromkeys(("custom_id", "own_custom_id", "title", "own_texts", "extras"), "''"),
    conflict="ON CONFLICT (account, custom_id) WHERE custom_id IS NOT NULL DO NOTHING",
)
_SUBMISSIONS = BulkInsert(
    submission,
    ("id", "package_id", "state", "claim", "content", "first", "last", "due_at", "alone"),
    blank=dict.fromkeys(("claim", "content"), "''"),
)
_ITEMS = BulkInsert(item, ("id", "part", "number", "content", "parts"), blank={"content": "''"})
_RECURRENCES = BulkInsert(recurrence, ("package_id", "type", "first_at", "next_at", "due_at"))
_INVALID_ITEMS = BulkInsert(item, ("id", "number", "content", "parts", "state", "error"), blank={"content": "''"})


class Batch:
    """Packages as rows of the tables. Plain tuples and one pass: this is what a send costs most of.

    A plus makes a plain int of a bool or an enumeration's member: the driver is slow to bind these.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        self.recorded: list[Recorded] = []
        self.packages: list[Row] = []
        self.submissions: list[Row] = []
        self.items: list[Row] = []
        self.invalid_items: list[Row] = []
        self.recurrences: list[Row] = []
        self.changes: list[counting.Change] = []

    def add(self, numbers: PackageNumbers, new: NewPackage) -> None:
        """Raises ValueError for submissions that do not cover the recipients, or repeats without a period."""
        package_id, uuid, account = numbers
        message, submissions, first_id = new.message, new.submissions, package_id * SPAN
        scheduled, periodic = message.send_at is not None, message.period is not None
        shelf = shelf_of(new.state, scheduled=scheduled, periodic=periodic)
        accepted_at = to_ms(message.accepted_at)
        sending_at = accepted_at if message.send_at is None else to_ms(message.send_at)
        valid, invalid = len(message.numbers), len(message.invalid_numbers)
        total = new.parts * valid if isinstance(new.parts, int) else sum(new.parts)
        custom_id = message.custom_id or ""
        own = custom_id and is_ours(custom_id)
        self.recorded.append(Recorded(package_id, uuid, range(first_id, first_id + len(submissions))))
        # in the order of the columns of PACKAGES
        self.packages.append(
            (
                package_id,
                account,
                new.vendor,
                uuid,
                "" if own else custom_id,
                custom_id if own else "",
                +message.kind,
                message.sender,
                message.title or "",
                message.text,
                _own_texts(message.texts) if message.texts else "",
                +message.encoding,
                message.validity_minutes,
                accepted_at,
                sending_at,
                +scheduled,
                to_ms(new.valid_until),
                extras.dump(message, push=new.push),
                +periodic,
                +new.state,
                shelf,
                len(submissions),
                valid + invalid,
                total,
                total,
                invalid,
            )
        )
        self._add_submissions(new, package_id)
        self._add_items(new, first_id)
        if message.invalid_numbers:
            self.invalid_items += _invalid_items(new, first_id)
        if new.repeats is not None:
            self.recurrences.append(_recurrence(new, package_id, sending_at))
        self.changes.append((account, message.sender, shelf, sending_at, 1))

    def _add_submissions(self, new: NewPackage, package_id: int) -> None:
        """In the order of the columns of _SUBMISSIONS."""
        sending = new.state is _AT_ONCE
        state, claim = (_SENDING, self._token) if sending else (_PENDING, PACED if new.paced else "")
        due_at, id_ = to_ms(new.due_at), package_id * SPAN
        alone = +(len(new.submissions) == 1)
        for each in new.submissions:
            due = due_at if each.due_at is None else to_ms(each.due_at)
            positions = each.positions
            self.submissions.append((id_, package_id, state, claim, each.text or "", positions[0], positions[-1], due, alone))
            id_ += 1

    def _add_items(self, new: NewPackage, first_id: int) -> None:
        """In the order of the columns of _ITEMS."""
        message, count = new.message, len(new.message.numbers)
        if count == 1 and isinstance(new.parts, int):  # most packages
            self.items.append((first_id, 0, message.numbers[0], message.texts[0] if message.texts else "", new.parts))
            return
        texts = message.texts or ("",) * count
        parts = (new.parts,) * count if isinstance(new.parts, int) else new.parts
        ids = range(first_id, first_id + count)
        self.items += zip(ids, _places(new.submissions, count), message.numbers, texts, parts, strict=True)

    @property
    def rest(self) -> list[tuple[BulkInsert, Sequence[Row]]]:
        """All but the packages; the counts last, for other processes wait for these."""
        return [
            (_SUBMISSIONS, self.submissions),
            (_ITEMS, self.items),
            (_INVALID_ITEMS, self.invalid_items),
            (_RECURRENCES, self.recurrences),
            (counting.COUNTS, counting.sums(self.changes)),
        ]

    def keep(self, ids: Container[int]) -> None:
        """Drops the packages that are not among these, but for `recorded`."""
        self.changes = [change for change, row in zip(self.changes, self.packages, strict=True) if row[0] in ids]
        self.submissions = [row for row in self.submissions if row[1] in ids]
        self.items = [row for row in self.items if row[0] // SPAN in ids]
        self.invalid_items = [row for row in self.invalid_items if row[0] // SPAN in ids]
        self.recurrences = [row for row in self.recurrences if row[0] in ids]


def to_rows(packages: Iterable[tuple[PackageNumbers, NewPackage]], token: str) -> Batch:
    """Arguments and errors as `record`."""
    batch = Batch(token)
    for numbers, new in packages:
        batch.add(numbers, new)
    return batch


def record(
    connection: Connection, packages: Iterable[tuple[PackageNumbers, NewPackage]], token: str
) -> list[Recorded | DuplicateCustomId]:
    """Writes the packages in the connection's transaction; says of each what became of it.

    token: claims what is submitted at once.
    Raises sqlite3.Error or sqlalchemy.exc.DBAPIError, and ValueError for submissions that do not cover the recipients.
    """
    batch = to_rows(packages, token)
    written = PACKAGES.run(connection, batch.packages)
    results: list[Recorded | DuplicateCustomId] = [*batch.recorded]
    if written < len(results):
        ids = [row[0] for row in batch.packages]
        fresh = set(connection.scalars(select(package.c.id).where(package.c.id.in_(ids))))
        batch.keep(fresh)
        results = [each if each.package_id in fresh else DuplicateCustomId() for each in batch.recorded]
    run_together(connection, batch.rest)
    return results


def _own_texts(texts: Iterable[str]) -> str:
    """The distinct texts, as far as they are searched."""
    chosen, room = [], OWN_TEXTS_LIMIT
    for text in dict.fromkeys(texts):
        chosen.append(text[:room])
        room -= len(text) + 1
        if room <= 0:
            break
    return TEXT_SEPARATOR.join(chosen)


def _invalid_items(new: NewPackage, first_id: int) -> list[Row]:
    """In the order of the columns of _INVALID_ITEMS. They stand behind the valid ones."""
    message, count = new.message, len(new.message.invalid_numbers)
    ids = range(first_id + len(message.numbers), first_id + len(message.numbers) + count)
    texts = message.invalid_texts or ("",) * count
    rejected = (0, ItemState.REJECTED.value, INVALID_NUMBER)
    return [(*row, *rejected) for row in zip(ids, message.invalid_numbers, texts, strict=True)]


def _recurrence(new: NewPackage, package_id: int, first_at: int) -> Row:
    """In the order of the columns of _RECURRENCES."""
    period = new.message.period
    if period is None or period.type is PeriodType.ONCE or new.repeats is None:
        raise ValueError("a package without a period is not repeated")
    next_at = to_ms(new.repeats)
    return package_id, period.type.value, first_at, next_at, next_at


def _places(submissions: Sequence[NewSubmission], count: int) -> list[int]:
    """Of each valid recipient, the place of its submission."""
    if len(submissions) == 1 and len(submissions[0].positions) == count:
        return [0] * count
    places: list[int | None] = [None] * count
    for place, each in enumerate(submissions):
        for position in each.positions:
            places[position] = place
    found = [place for place in places if place is not None]
    if len(found) < count:
        raise ValueError("a recipient is in no submission")
    return found
