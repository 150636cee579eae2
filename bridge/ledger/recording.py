"""New packages to rows: a batch of packages in one transaction."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from bridge.domain.custom_id import is_ours
from bridge.domain.status import ItemState, PackageState, SubmissionState, shelf_of
from bridge.ledger import counting, extras
from bridge.ledger.bulk import BulkInsert
from bridge.ledger.counting import Change
from bridge.ledger.instant import to_ms
from bridge.ledger.tables import SPAN, item, package, submission
from bridge.ledger.values import DuplicateCustomId, NewPackage, NewSubmission, Recorded

__all__ = ["INVALID_NUMBER", "OWN_TEXTS_LIMIT", "TEXT_SEPARATOR", "Numbered", "record"]

INVALID_NUMBER = "INVALID_NUMBER"
"""Error word of a recipient whose number is none."""
TEXT_SEPARATOR = "\x1e"
"""Between the texts of `own_texts`: no XML text can hold it."""
OWN_TEXTS_LIMIT = 16_384
"""Characters of recipients' own texts that keywords are looked for in: the index would cost more than the send."""

Row = tuple[Any, ...]

_SENDING, _PENDING = SubmissionState.SENDING.value, SubmissionState.PENDING.value
_PACKAGES = BulkInsert(
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
    ("id", "package_id", "state", "claim", "content", "first", "last", "due_at"),
    blank=dict.fromkeys(("claim", "content"), "''"),
)
_ITEMS = BulkInsert(item, ("id", "part", "number", "content", "parts"), blank={"content": "''"})
_INVALID_ITEMS = BulkInsert(item, ("id", "number", "content", "parts", "state", "error"), blank={"content": "''"})


class Numbered(NamedTuple):
    """A package with the numbers that it got."""

    id: int
    account: int
    new: NewPackage


class _Rows(NamedTuple):
    """One package as rows of the tables."""

    recorded: Recorded
    package: Row
    submissions: list[Row]
    items: list[Row]
    invalid_items: list[Row]
    change: Change


def record(connection: Connection, packages: Sequence[Numbered], token: str) -> list[Recorded | DuplicateCustomId]:
    """Writes the packages in the connection's transaction; says of each what became of it.

    token: claims what is submitted at once.
    Raises sqlite3.Error or sqlalchemy.exc.DBAPIError, and ValueError for submissions that do not cover the recipients.
    """
    batch = [_rows(each, token) for each in packages]
    written = _PACKAGES.run(connection, [rows.package for rows in batch])
    fresh = batch if written == len(batch) else _without_duplicates(connection, batch)
    _SUBMISSIONS.run(connection, [row for rows in fresh for row in rows.submissions])
    _ITEMS.run(connection, [row for rows in fresh for row in rows.items])
    _INVALID_ITEMS.run(connection, [row for rows in fresh for row in rows.invalid_items])
    counting.apply(connection, [rows.change for rows in fresh])
    if fresh is batch:
        return [rows.recorded for rows in batch]
    there = {rows.recorded.package_id for rows in fresh}
    return [rows.recorded if rows.recorded.package_id in there else DuplicateCustomId() for rows in batch]


def _without_duplicates(connection: Connection, batch: list[_Rows]) -> list[_Rows]:
    ids = [rows.recorded.package_id for rows in batch]
    there = set(connection.scalars(select(package.c.id).where(package.c.id.in_(ids))))
    return [rows for rows in batch if rows.recorded.package_id in there]


def _rows(numbered: Numbered, token: str) -> _Rows:
    id_, account, new = numbered
    message = new.message
    first_id = id_ * SPAN
    shelf = shelf_of(new.state, scheduled=message.send_at is not None, periodic=message.period is not None)
    accepted_at = to_ms(message.accepted_at)
    sending_at = accepted_at if message.send_at is None else to_ms(message.send_at)
    uuid = _uuid(id_)
    return _Rows(
        Recorded(id_, uuid, range(first_id, first_id + len(new.submissions))),
        _package(new, (id_, account, new.vendor, uuid), accepted_at, (sending_at, shelf)),
        _submissions(new, id_, token),
        _items(new, first_id),
        _invalid_items(new, first_id) if message.invalid_numbers else [],
        Change(account, message.sender, shelf, sending_at, 1),
    )


def _package(new: NewPackage, head: Row, accepted_at: int, place: tuple[int, int]) -> Row:
    """In the order of the columns of _PACKAGES. head: the first of them. place: sending_at and shelf."""
    message, custom_id = new.message, new.message.custom_id
    own = custom_id is not None and is_ours(custom_id)
    invalid = len(message.invalid_numbers)
    total = new.parts * len(message.numbers) if isinstance(new.parts, int) else sum(new.parts)
    return (
        *head,
        "" if own or custom_id is None else custom_id,
        custom_id if own else "",
        message.kind.value,
        message.sender,
        message.title or "",
        message.text,
        _own_texts(message.texts) if message.texts else "",
        message.encoding.value,
        message.validity_minutes,
        accepted_at,
        place[0],
        int(message.send_at is not None),
        to_ms(new.valid_until),
        extras.dump(message),
        int(message.period is not None),
        new.state.value,
        place[1],
        len(new.submissions),
        len(message.numbers) + invalid,
        total,
        total,
        invalid,
    )


class _Random:
    """Hexadecimal digits from the system, some at a time: asking for each few costs more than they do."""

    def __init__(self) -> None:
        self._digits = ""
        self._at = 0

    def take(self, count: int) -> str:
        if self._at + count > len(self._digits):
            self._digits, self._at = os.urandom(8192).hex(), 0
        self._at += count
        return self._digits[self._at - count : self._at]


_random = _Random()


def _uuid(package_id: int) -> str:
    """Version 8 (RFC 9562, 5.8): its first 32 bits are the id, so that no index is needed to find it; 88 bits are random."""
    digits = _random.take(22)
    return f"{package_id:08x}-{digits[:4]}-8{digits[4:7]}-8{digits[7:10]}-{digits[10:]}"


def _own_texts(texts: Iterable[str]) -> str:
    """The distinct texts, as far as they are searched."""
    chosen, room = [], OWN_TEXTS_LIMIT
    for text in dict.fromkeys(texts):
        chosen.append(text[:room])
        room -= len(text) + 1
        if room <= 0:
            break
    return TEXT_SEPARATOR.join(chosen)


def _submissions(new: NewPackage, package_id: int, token: str) -> list[Row]:
    """In the order of the columns of _SUBMISSIONS."""
    sending = new.state is PackageState.SENDING
    state, claim = (_SENDING, token) if sending else (_PENDING, "")
    due_at, first_id = to_ms(new.due_at), package_id * SPAN
    rows = []
    for place, (positions, text, own_due_at) in enumerate(new.submissions):
        due = due_at if own_due_at is None else to_ms(own_due_at)
        rows.append((first_id + place, package_id, state, claim, text or "", positions[0], positions[-1], due))
    return rows


def _items(new: NewPackage, first_id: int) -> list[Row]:
    """In the order of the columns of _ITEMS."""
    message, count = new.message, len(new.message.numbers)
    if count == 1 and isinstance(new.parts, int):  # most packages
        return [(first_id, 0, message.numbers[0], message.texts[0] if message.texts else "", new.parts)]
    texts = message.texts or ("",) * count
    parts = (new.parts,) * count if isinstance(new.parts, int) else new.parts
    ids = range(first_id, first_id + count)
    return list(zip(ids, _places(new.submissions, count), message.numbers, texts, parts, strict=True))


def _invalid_items(new: NewPackage, first_id: int) -> list[Row]:
    """In the order of the columns of _INVALID_ITEMS. They stand behind the valid ones."""
    message, count = new.message, len(new.message.invalid_numbers)
    ids = range(first_id + len(message.numbers), first_id + len(message.numbers) + count)
    texts = message.invalid_texts or ("",) * count
    rejected = (0, ItemState.REJECTED.value, INVALID_NUMBER)
    return [(*row, *rejected) for row in zip(ids, message.invalid_numbers, texts, strict=True)]


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
