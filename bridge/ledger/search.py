"""Packages by a part of their text.

Facts:
- To find any part of a text, an index holds its runs of three letters (trigrams). Some 60 of them cost more than all the rest of
  recording a package. So packages are put into the index later, many at a time (`index_some`), which is three times cheaper;
  `id_block` knows which are not yet, and a search looks at these one by one.
- SQLite has trigrams in FTS5; with positions, so that it finds exactly the texts with the keyword. Its row ids are the account
  times 2**32 plus the package's id: a search reads one account only. What is put into it makes a segment, and segments are merged:
  of eight (migration 0003) in place of four, and with twice as many packages in each, a third cheaper.
- PostgreSQL has them in the extension pg_trgm, which not every server may have; an index of arrays (GIN) of trigrams that begin
  with the account's number needs no extension, and reads one account only, too.
- A keyword of one or two letters has no trigram: the account's packages are looked at one by one, however many there are.

Letters are compared without case, and Turkish ones as their nearest ASCII letters ("SIFRE" finds "Şifre"): old programs write both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    column,
    delete,
    func,
    literal_column,
    select,
    table,
    text,
    union_all,
    update,
)

from bridge.ledger.filters import owned
from bridge.ledger.recording import TEXT_SEPARATOR
from bridge.ledger.tables import id_block, package

__all__ = ["LEAST", "fold", "forget", "has_text", "hits", "index_some", "some"]

LEAST: Final = 3
"""Letters of a keyword that the index can find."""
_SHIFT: Final = 2**32
# letters of a text that is folded together with others
_SHORT: Final = 2000
_NEAREST: Final = tuple(zip("İIıŞşĞğÜüÖöÇç", "iiissgguuoocc", strict=True))
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

# on SQLite the virtual table itself is what MATCH compares
_SEARCH = table("package_search", column("rowid", BigInteger), column("package_search", Text))
_GRAMS = table("package_search", column("id", BigInteger), column("account", Integer), column("body", Text))
# packages that are not in the index
_LATE = and_(package.c.id >= id_block.c.indexed, package.c.id < id_block.c.finish)
_BODY = func.coalesce(package.c.content, "") + TEXT_SEPARATOR + func.coalesce(package.c.own_texts, "")


def _folded(words: str) -> str:
    """`fold` in the SQL of SQLite, whose lower() knows ASCII alone. words: an expression.

    The connection's function bridge_fold takes half the time, but is Python's: at each text a thread would wait for a busy event
    loop.
    """
    nearest = words
    for letter, plain in _NEAREST:
        nearest = f"replace({nearest}, '{letter}', '{plain}')"
    is_ascii = f"length({words}) = length(CAST({words} AS BLOB))"
    return f"CASE WHEN {is_ascii} THEN lower({words}) ELSE lower({nearest}) END"


_TEXT: Final = "(coalesce(content, '') || {} || coalesce(own_texts, ''))"
_RANGE: Final = "FROM package WHERE id >= :start AND id < :finish"
_INTO: Final = "INSERT INTO package_search"


def _index_sqlite() -> str:
    """Folds the texts of all packages at once, as one JSON text: a third of the time. Long ones would not fit into memory.

    In the order of the row ids: for a smaller one than the last, the index writes all that it has gathered since.
    """
    row, words = f"account * {_SHIFT} + id", _TEXT.format("char(30)")
    short = f"coalesce(length(content), 0) + coalesce(length(own_texts), 0) <= {_SHORT}"
    together = f"SELECT json_group_object({row}, {words}) AS words {_RANGE} AND {short}"
    return (
        f"{_INTO} (rowid, body) "  # noqa: S608  # words of our own
        f"SELECT CAST(key AS INTEGER) AS row, value FROM json_each((SELECT {_folded('words')} FROM ({together}))) "
        f"UNION ALL SELECT {row}, {_folded(words)} {_RANGE} AND NOT {short} ORDER BY row"
    )


_INDEX: Final = {
    "sqlite": text(_index_sqlite()),
    "postgresql": text(f"{_INTO} (id, account, body) SELECT id, account, bridge_fold{_TEXT.format('chr(30)')} {_RANGE}"),
}
_FORGET_SQLITE: Final = text("INSERT INTO package_search (package_search, rowid, body) VALUES ('delete', :row, :body)")


def fold(words: str) -> str:
    """Letters as they are compared. The database's function bridge_fold does the same."""
    if not words.isascii():
        for letter, nearest in _NEAREST:  # a quarter of the time that str.translate takes
            words = words.replace(letter, nearest)
    return words.lower() if words.isascii() else words.translate(_LOWER)


def index_some(connection: Connection, some: int) -> int:
    """Puts at most `some` packages into the index; how many. In a transaction of its own."""
    late = select(package.c.id, id_block.c.first).join(id_block, _LATE)
    late = late.order_by(id_block.c.first, package.c.id).limit(some).with_for_update(of=id_block, skip_locked=True)
    found = late.subquery()
    blocks = select(found.c.first, func.min(found.c.id).label("start"), func.max(found.c.id).label("last"), func.count().label("n"))
    rows = connection.execute(blocks.group_by(found.c.first)).all()
    for first, start, last, _ in rows:
        finish = last + 1
        connection.execute(_INDEX[connection.dialect.name], {"start": start, "finish": finish})
        connection.execute(update(id_block).where(id_block.c.first == first).values(indexed=finish))
        # a block that is used up has nothing more to tell
        connection.execute(delete(id_block).where(id_block.c.first == first, id_block.c.finish == finish))
    return sum(row.n for row in rows)


def forget(connection: Connection, packages: Sequence[Any]) -> None:
    """Takes packages out of the index. packages: rows of `package`."""
    ids = [row.id for row in packages]
    if connection.dialect.name != "sqlite":
        connection.execute(delete(_GRAMS).where(_GRAMS.c.id.in_(ids)))
        return
    late = set(connection.scalars(select(package.c.id).join(id_block, _LATE).where(package.c.id.in_(ids))))
    # an index without texts of its own has to be told what it forgets
    gone = [
        {"row": row.account * _SHIFT + row.id, "body": fold(f"{row.content or ''}{TEXT_SEPARATOR}{row.own_texts or ''}")}
        for row in packages
        if row.id not in late
    ]
    if gone:
        connection.execute(_FORGET_SQLITE, gone)


def has_text(keyword: str) -> ColumnElement[bool]:
    """The condition that a package's text has the keyword, looking at the text itself."""
    return func.bridge_fold(_BODY, type_=Text).contains(fold(keyword), autoescape=True)


def hits(connection: Connection, account: int, keyword: str) -> FromClause:
    """The ids of the account's packages whose text has the keyword, in a column `id`, to select from. keyword: of LEAST letters."""
    late = select(package.c.id).join(id_block, _LATE).where(owned(account), has_text(keyword))
    return union_all(_indexed(connection, account, keyword), late).cte("hits").prefix_with("MATERIALIZED")


def some(connection: Connection, account: int, keyword: str, limit: int) -> int:
    """How many packages the index has for the keyword, counted up to the limit."""
    found = _indexed(connection, account, keyword).limit(limit).subquery()
    return connection.scalar(select(func.count()).select_from(found)) or 0


def _indexed(connection: Connection, account: int, keyword: str) -> Select[Any]:
    wanted = fold(keyword)
    if connection.dialect.name == "sqlite":
        least = account * _SHIFT
        phrase = '"{}"'.format(wanted.replace('"', '""'))
        conditions = [_SEARCH.c.package_search.match(phrase), _SEARCH.c.rowid.between(least, least + _SHIFT - 1)]
        return select((_SEARCH.c.rowid - literal_column(str(least), BigInteger)).label("id")).where(*conditions)
    grams = func.bridge_grams(_GRAMS.c.account, _GRAMS.c.body).op("@>")(func.bridge_grams(account, wanted))
    return select(_GRAMS.c.id).where(grams, _GRAMS.c.body.contains(wanted, autoescape=True))
