"""The tables of the ledger, for SQLAlchemy Core. `migrations` makes them; a test compares the two.

Facts:
- Times are epoch milliseconds in UTC, but for `rate`.
- A package's items and submissions have ids that follow from its own (SPAN times the package's id, plus a position): so all of a
  package's rows lie together, are found by the primary key alone, and every id is known before anything is written.
- An account is a number here: it leads every index, and numbers are shorter than names. Names are in `account`.
- `shelf` stands for the filters that find a package (`bridge.domain.status.shelf_of`). It changes less often than `state`, so that
  recording and settling a send touch the indices once.
- Counting a million rows is slow, so `package_count` holds how many packages stand on each shelf: in all, and of each day and hour.
- On SQLite `package_search` is a full text index, on PostgreSQL a table with an index of trigrams; see `bridge.ledger.search`.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, MetaData, SmallInteger, Table, Text, text

__all__ = [
    "SPAN",
    "account",
    "counter",
    "id_block",
    "item",
    "metadata",
    "package",
    "package_count",
    "process",
    "push",
    "rate",
    "recurrence",
    "submission",
]

SPAN: Final = 1_000_000
"""Ids that each package has for its items, and for its submissions. `limits.recipients` cannot be more."""

metadata = MetaData()
# SQLite makes only a column of exactly this type the table's own key
KEY: Final = BigInteger().with_variant(Integer, "sqlite")


def _partial(name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False) -> None:
    """An index of the rows that fit a condition alone."""
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

# what hands out ids in blocks; `value` is the first that was not handed out
counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# the blocks of package ids that were handed out. A process uses its block in order, so that of a block's packages those before
# `indexed` are in package_search, and the others are not
id_block = Table(
    "id_block",
    metadata,
    Column("first", KEY, primary_key=True, autoincrement=False),
    # the first id behind it
    Column("finish", BigInteger, nullable=False),
    Column("indexed", BigInteger, nullable=False),
)

package = Table(
    "package",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("account", Integer, nullable=False),
    # NAME of [vendors.NAME]
    Column("vendor", Text, nullable=False),
    # its first eight digits are the id, so that it is found without an index
    Column("uuid", Text, nullable=False),
    # what the client was told in place of the id: node's own
    Column("public_id", BigInteger),
    Column("custom_id", Text),
    # the bridge's, where the client gave none; clients never see it
    Column("own_custom_id", Text),
    Column("kind", SmallInteger, nullable=False),
    Column("sender", Text, nullable=False),
    Column("title", Text),
    # null where each recipient has a text of its own
    Column("content", Text),
    # of recipients with texts of their own: the distinct ones, a line each, as far as they are searched
    Column("own_texts", Text),
    Column("encoding", SmallInteger, nullable=False),
    # minutes
    Column("validity", Integer, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    # the sendingDate, else the same as accepted_at; packages are listed by it
    Column("sending_at", BigInteger, nullable=False),
    Column("scheduled", SmallInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    # what few messages have, as JSON (`bridge.ledger.extras`); null for none
    Column("extras", Text),
    Column("periodic", SmallInteger, nullable=False),
    # of a package that is being sent as one submission: SENDING, also when that was accepted (`bridge.ledger.progress.state_of`)
    Column("state", SmallInteger, nullable=False),
    Column("shelf", SmallInteger, nullable=False),
    Column("error", Text),
    Column("submissions", Integer, nullable=False),
    Column("recipients", Integer, nullable=False),
    # parts of all recipients
    Column("total", Integer, nullable=False),
    # parts of the recipients that were not rejected
    Column("credit", Integer, nullable=False),
    Column("delivered", Integer, nullable=False, server_default=text("0")),
    Column("undelivered", Integer, nullable=False),
)
_partial("package_custom_id", package.c.account, package.c.custom_id, unique=True, where=package.c.custom_id.is_not(None))
# not unique: that node gives an id once is node's promise
_partial("package_public_id", package.c.account, package.c.public_id, where=package.c.public_id.is_not(None))
Index("package_shelf", package.c.account, package.c.shelf, package.c.sending_at, package.c.id)
Index("package_sender", package.c.account, package.c.sender, package.c.shelf, package.c.sending_at, package.c.id)

# messages to the vendor: one or several of a package. Its id is the package's times SPAN, plus its place.
submission = Table(
    "submission",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("package_id", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    # the process that sends it or sent it
    Column("claim", Text),
    # its text where the package has several and the vendor takes one
    Column("content", Text),
    # positions of its first and last recipient
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    # when to look at it again: pending, to send it; sending, when its claim has gone stale; else for a report or a look-up
    Column("due_at", BigInteger),
    Column("vendor_ref", Text),
    # the vendor's refusal, or what is unknown
    Column("code", Text),
    Column("message", Text),
    Column("settled_at", BigInteger),
    # 1: it is the package's only one, and nothing was reported of it before it was settled
    Column("alone", SmallInteger, nullable=False),
    # how often the background took it since it last got on
    Column("tries", SmallInteger, nullable=False, server_default=text("0")),
    # given up: every process that took it died
    Column("stuck_at", BigInteger),
)
_partial("submission_due", submission.c.due_at, where=submission.c.due_at.is_not(None))
_partial("submission_unknown", submission.c.id, where=submission.c.state == text("4"))
_partial("submission_stuck", submission.c.id, where=submission.c.stuck_at.is_not(None))
_partial("submission_pending", submission.c.due_at, where=submission.c.state == text("0"))

# recipients. Its id is the package's times SPAN, plus its position: the valid ones, then the invalid ones
item = Table(
    "item",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    # place of its submission; null for a recipient that is not sent to
    Column("part", Integer),
    Column("number", Text, nullable=False),
    # its own text
    Column("content", Text),
    Column("parts", Integer, nullable=False),
    # null while it is as far as its submission (`bridge.domain.status.ITEM_OF`)
    Column("state", SmallInteger),
    Column("error", Text),
    # the vendor's own word
    Column("raw", Text),
    Column("reported_at", BigInteger),
    # the push that tells what became of it
    Column("push", BigInteger),
)

# level 0: all; 1: of a day; 2: of an hour. bucket: days or hours since the epoch, by sending_at
package_count = Table(
    "package_count",
    metadata,
    Column("account", Integer, primary_key=True, autoincrement=False),
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("sender", Text, primary_key=True),
    Column("shelf", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# deliveries to clients' pushSettings
push = Table(
    "push",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("account", Integer, nullable=False),
    Column("package_id", BigInteger, nullable=False),
    Column("url", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # when to try; null once it was delivered or given up
    Column("due_at", BigInteger),
    Column("delivered_at", BigInteger),
    Column("error", Text),
)
_partial("push_due", push.c.due_at, where=push.c.due_at.is_not(None))
Index("push_package", push.c.package_id)
_DEAD = push.c.due_at.is_(None) & push.c.delivered_at.is_(None)
_partial("push_dead", push.c.id, where=_DEAD)
_partial("push_delivered", push.c.delivered_at, where=push.c.delivered_at.is_not(None))

# processes that live: what another one claimed is unknown
process = Table(
    "process",
    metadata,
    Column("token", Text, primary_key=True),
    # by the clock of the database
    Column("seen_at", BigInteger, nullable=False),
)

# packages that are sent again: every day, week, month or year
recurrence = Table(
    "recurrence",
    metadata,
    Column("package_id", KEY, primary_key=True, autoincrement=False),
    # PeriodType
    Column("type", SmallInteger, nullable=False),
    # when the package itself is sent; the repeats are counted from there
    Column("first_at", BigInteger, nullable=False),
    # when the next repeat is to be sent; null when it was stopped
    Column("next_at", BigInteger),
    # repeats so far, with those that were missed
    Column("fired", Integer, nullable=False, server_default=text("0")),
    Column("tries", SmallInteger, nullable=False, server_default=text("0")),
    # next_at, or when the process that took it is thought dead; null when it was stopped or given up
    Column("due_at", BigInteger),
)
_GIVEN_UP = recurrence.c.due_at.is_(None) & recurrence.c.next_at.is_not(None)
_partial("recurrence_stuck", recurrence.c.package_id, where=_GIVEN_UP)
_partial("recurrence_due", recurrence.c.due_at, where=recurrence.c.due_at.is_not(None))

# vendor accounts with a limit of messages per second
rate = Table(
    "rate",
    metadata,
    Column("name", Text, primary_key=True),
    # microseconds: when all that was asked for would have gone at an even pace
    Column("free_at", BigInteger, nullable=False),
)
