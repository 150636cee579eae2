"""Questions about one package, its items and submissions, and about what is open. Lists of packages: `bridge.ledger.listing`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import BigInteger, ColumnElement, Connection, Join, and_, func, literal, literal_column, or_, select

from bridge.domain.custom_id import of_part
from bridge.domain.message import Encoding, Kind, Message
from bridge.domain.operators import NUMBER_BLOCKS
from bridge.domain.package import PackageItem, Page
from bridge.domain.query import ItemsQuery, PackageKey
from bridge.domain.status import ITEM_OF, SubmissionState
from bridge.errors import CallError, ErrorCode
from bridge.ledger import extras
from bridge.ledger.filters import ALL_SHELVES, OPEN_SHELVES, Filters, Window, owned
from bridge.ledger.instant import from_ms, to_ms
from bridge.ledger.progress import items_of, state_of, with_only
from bridge.ledger.showing import shown_item
from bridge.ledger.tables import SPAN, account, item, package, submission
from bridge.ledger.values import OpenSubmission, StoredPackage, StoredSubmission
from bridge.ledger.walking import walk

__all__ = [
    "find",
    "list_items",
    "message_of",
    "message_of_package",
    "open_by_ids",
    "open_submissions",
    "package_row",
    "refs_of_others",
    "uncertain",
]

_UUID = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# as a partial index has it: a bound parameter would not find the index
_UNKNOWN = submission.c.state == literal_column(str(SubmissionState.UNKNOWN.value))
# packages of an account whose submissions are looked through
_NEWEST = Window(0, 1000)
_OF_SUBMISSION = submission.join(package, package.c.id == submission.c.package_id)


def package_row(connection: Connection, account_number: int, key: PackageKey) -> Any:
    """The account's package that fits all that the key gives, as a row with `only`; None when there is none.

    An id is first taken for one that the client was told (node's), then for the ledger's own.
    """
    conditions = [owned(account_number)]
    if key.custom_id is not None:
        conditions += [package.c.account == account_number, package.c.custom_id == key.custom_id]
    if key.uuid is not None:
        match = _UUID.fullmatch(key.uuid.lower())
        if not match:
            return None
        conditions += [package.c.id == int(match[1], 16), package.c.uuid == match[0]]
    if key.id is None:
        return connection.execute(with_only(package).where(*conditions)).one_or_none()
    told = and_(package.c.account == account_number, package.c.public_id == key.id)
    for named in (told, and_(package.c.id == key.id, package.c.public_id.is_(None))):
        row = connection.execute(with_only(package).where(*conditions, named).limit(1)).one_or_none()
        if row is not None:
            return row
    return None


def find(connection: Connection, account_number: int, name: str, key: PackageKey) -> StoredPackage | None:
    """A package with its submissions. name: the account's."""
    row = package_row(connection, account_number, key)
    if row is None:
        return None
    first = row.id * SPAN
    own = submission.c.id.between(first, first + SPAN - 1)
    submissions = connection.execute(select(submission).where(own).order_by(submission.c.id)).all()
    return StoredPackage(
        id=row.id,
        uuid=row.uuid,
        public_id=row.id if row.public_id is None else row.public_id,
        account=name,
        vendor=row.vendor,
        state=state_of(row),
        custom_id=row.own_custom_id if row.custom_id is None else row.custom_id,
        accepted_at=from_ms(row.accepted_at),
        sending_at=from_ms(row.sending_at),
        valid_until=from_ms(row.valid_until),
        recipients=row.recipients,
        submissions=tuple(_stored(each) for each in submissions),
    )


def _stored(row: Any) -> StoredSubmission:
    return StoredSubmission(
        id=row.id,
        package_id=row.package_id,
        state=SubmissionState(row.state),
        claim=row.claim,
        vendor_ref=row.vendor_ref,
        code=row.code,
        message=row.message,
        due_at=None if row.due_at is None else from_ms(row.due_at),
        settled_at=None if row.settled_at is None else from_ms(row.settled_at),
    )


def list_items(connection: Connection, account_number: int | None, query: ItemsQuery) -> Page[PackageItem]:
    """One page of a package's recipients, in the order of the call. Raises CallError ERR_SMS_PKG_NOT_FOUND."""
    found = None if account_number is None else package_row(connection, account_number, query.package)
    if found is None:
        raise CallError(ErrorCode.SMS_PKG_NOT_FOUND)
    conditions = [items_of(found.id), *_item_filters(query)]
    joined = item.outerjoin(submission, submission.c.id == literal(found.id * SPAN, BigInteger) + item.c.part)
    total = connection.scalar(select(func.count()).select_from(joined).where(*conditions)) or 0
    offset = query.page_index * query.page_size
    if total <= offset:
        return Page(total_record=total, rows=())
    rows = (
        select(item, submission.c.settled_at, submission.c.state.label("submission_state"), submission.c.code)
        .select_from(joined)
        .where(*conditions)
        .order_by(item.c.id)
        .limit(query.page_size)
        .offset(offset)
    )
    return Page(total_record=total, rows=tuple(shown_item(row, found) for row in connection.execute(rows)))


def _item_filters(query: ItemsQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.target:
        found.append(item.c.number.contains(query.target, autoescape=True))
    if query.operator is not None:
        blocks = NUMBER_BLOCKS.get(query.operator, ())
        found.append(or_(False, *(item.c.number.startswith(block) for block in blocks)))
    if query.state is not None:
        follows = [state.value for state, item_state in ITEM_OF.items() if item_state == query.state]
        found.append(or_(item.c.state == query.state, and_(item.c.state.is_(None), submission.c.state.in_(follows))))
    return found


def message_of(connection: Connection, submission_id: int) -> Message | None:
    """The message that a submission is: with its own recipients only. None when there is no such submission."""
    package_id = submission_id // SPAN
    row = connection.execute(
        select(package, submission.c.content.label("part_text"))
        .join(submission, submission.c.package_id == package.c.id)
        .where(submission.c.id == submission_id, package.c.id == package_id)
    ).one_or_none()
    if row is None:
        return None
    mine = [items_of(package_id), item.c.part == submission_id - package_id * SPAN]
    valid = _recipients(connection, mine)
    # a part of a package goes without them, as `bridge.operations.plan` has it
    invalid = (
        _recipients(connection, [items_of(package_id), item.c.part.is_(None)]) if row.submissions == 1 else _Recipients((), None)
    )
    message = _message(row, valid, invalid)
    message = replace(message, custom_id=of_part(message.custom_id, submission_id - package_id * SPAN))
    return message if row.part_text is None else replace(message, text=row.part_text, texts=None)


def refs_of_others(connection: Connection, submission_id: int, since: datetime) -> frozenset[int]:
    """The vendor's ids of the account's other messages since then with this one's sender and text, as far as they are numbers."""
    own = connection.execute(
        select(package.c.account, package.c.vendor, package.c.sender, package.c.content, submission.c.content.label("part_text"))
        .join(submission, submission.c.package_id == package.c.id)
        .where(submission.c.id == submission_id, package.c.id == submission_id // SPAN)
    ).one()
    first = package.c.id * literal_column(str(SPAN))
    text = own.content if own.part_text is None else own.part_text
    rows = connection.scalars(
        select(submission.c.vendor_ref)
        .select_from(package.join(submission, submission.c.id.between(first, first + literal_column(str(SPAN - 1)))))
        .where(package.c.account == own.account, package.c.sender == own.sender, package.c.shelf.in_(ALL_SHELVES))
        .where(package.c.sending_at >= to_ms(since), package.c.vendor == own.vendor, submission.c.id != submission_id)
        .where(func.coalesce(submission.c.content, package.c.content) == text, submission.c.vendor_ref.is_not(None))
    )
    return frozenset(int(ref) for ref in rows if ref.isdecimal())


def message_of_package(connection: Connection, package_id: int) -> Message | None:
    """The message of a package as it was recorded. None when there is no such package."""
    row = connection.execute(select(package).where(package.c.id == package_id)).one_or_none()
    if row is None:
        return None
    valid, invalid = (
        _recipients(connection, [items_of(package_id), sent]) for sent in (item.c.part.is_not(None), item.c.part.is_(None))
    )
    return _message(row, valid, invalid)


class _Recipients(NamedTuple):
    numbers: tuple[str, ...]
    texts: tuple[str, ...] | None

    def __repr__(self) -> str:  # numbers and texts never reach a log
        return f"<_Recipients {len(self.numbers)}>"


def _recipients(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> _Recipients:
    rows = connection.execute(select(item.c.number, item.c.content).where(*conditions).order_by(item.c.id)).all()
    texts = tuple(row.content for row in rows) if rows and rows[0].content is not None else None
    return _Recipients(tuple(row.number for row in rows), texts)


def _message(row: Any, valid: _Recipients, invalid: _Recipients) -> Message:
    return Message(
        kind=Kind(row.kind),
        sender=row.sender,
        numbers=valid.numbers,
        text=row.content,
        texts=valid.texts,
        invalid_numbers=invalid.numbers,
        invalid_texts=invalid.texts,
        title=row.title,
        encoding=Encoding(row.encoding),
        validity_minutes=row.validity,
        accepted_at=from_ms(row.accepted_at),
        send_at=from_ms(row.sending_at) if row.scheduled else None,
        custom_id=row.own_custom_id if row.custom_id is None else row.custom_id,
        **extras.load(row.extras),
    )


def open_submissions(
    connection: Connection, account_number: int | None, packages: Sequence[int] | None, due_before: datetime, limit: int
) -> tuple[OpenSubmission, ...]:
    """What is due, the longest first: to be sent, asked for a report, looked up, or left claimed by a process that is no more.

    account_number: None for all. packages: only of these (for what a client is about to be shown); None for all, of an account: for
    its newest that are open.
    """
    conditions = [submission.c.due_at <= to_ms(due_before)]
    if account_number is not None:
        conditions.append(owned(account_number))
        if packages is None:
            packages = walk(connection, Filters(account_number, shelves=OPEN_SHELVES), _NEWEST)
    if packages is None:
        return _open(connection, _OF_SUBMISSION, conditions, submission.c.due_at, limit)
    # by their ids: there can be many more due ones of others
    first = package.c.id * SPAN
    joined = package.join(submission, submission.c.id.between(first, first + (SPAN - 1)))
    return _open(connection, joined, [package.c.id.in_(packages), *conditions], submission.c.due_at, limit)


def uncertain(connection: Connection, account_number: int | None, limit: int) -> tuple[OpenSubmission, ...]:
    """Submissions whose outcome is unknown, the oldest first. account_number: None for all."""
    conditions = [_UNKNOWN]
    if account_number is not None:
        conditions.append(owned(account_number))
    return _open(connection, _OF_SUBMISSION, conditions, submission.c.id, limit)


def open_by_ids(connection: Connection, ids: Sequence[int]) -> tuple[OpenSubmission, ...]:
    """Submissions in the order of their ids; at most some thousand. Those that are not there are left out."""
    return _open(connection, _OF_SUBMISSION, [submission.c.id.in_(ids)], submission.c.id, len(ids))


def _open(
    connection: Connection, source: Join, conditions: Sequence[ColumnElement[bool]], order: ColumnElement[Any], limit: int
) -> tuple[OpenSubmission, ...]:
    query = (
        select(submission, account.c.name, package.c.vendor, package.c.valid_until)
        .select_from(source)
        .join(account, account.c.id == package.c.account)
        .where(*conditions)
        .order_by(order)
        .limit(limit)
    )
    return tuple(
        OpenSubmission(
            account=row.name,
            vendor=row.vendor,
            valid_until=from_ms(row.valid_until),
            submission=_stored(row),
            tries=row.tries,
        )
        for row in connection.execute(query)
    )
