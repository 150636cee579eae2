"""Packages by a part of their text.

Facts:
- To find any part of a text, an index holds its runs of three letters (trigrams). Some 60 of them cost more than all the rest of
  recording a package. So packages are put into the index later, many at a time (`index_some`), which is three times cheaper; until
  then they stand in `unindexed`, and a search looks at these one by one.
- SQLite has trigrams in FTS5; with positions, so that it finds exactly the texts with the keyword. Its row ids are the account
  times 2**32 plus the package's id: a search reads one account only.
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
    column,
    delete,
    func,
    literal_column,
    select,
    table,
    text,
    union_all,
)

from bridge.ledger.recording import TEXT_SEPARATOR
from bridge.ledger.tables import package, unindexed

__all__ = ["LEAST", "fold", "forget", "has_text", "hits", "index_some", "some"]

LEAST: Final = 3
"""Letters of a keyword that the index can find."""
_SHIFT: Final = 2**32
_FOLD: Final = str.maketrans("İIıŞşĞğÜüÖöÇçABCDEFGHJKLMNOPQRSTUVWXYZ", "iiissgguuooccabcdefghjklmnopqrstuvwxyz")

# on SQLite the virtual table itself is what MATCH compares
_SEARCH = table("package_search", column("rowid", BigInteger), column("package_search", Text))
_GRAMS = table("package_search", column("id", BigInteger), column("account", Integer), column("body", Text))
_BODY = func.coalesce(package.c.content, "") + TEXT_SEPARATOR + func.coalesce(package.c.own_texts, "")

_FIRST = "SELECT package_id FROM unindexed ORDER BY package_id LIMIT :some"
_INDEX_SQLITE = (
    text(
        f"INSERT INTO package_search (rowid, body) SELECT account * {_SHIFT} + id, "  # noqa: S608  # words of our own
        "bridge_fold(coalesce(content, '') || char(30) || coalesce(own_texts, '')) "
        f"FROM ({_FIRST}) AS first JOIN package ON package.id = first.package_id"
    ),
    text(f"DELETE FROM unindexed WHERE package_id IN ({_FIRST})"),  # noqa: S608  # as above
)
_FORGET_SQLITE = text("INSERT INTO package_search (package_search, rowid, body) VALUES ('delete', :row, :body)")
_INDEX_POSTGRES = text(
    f"WITH taken AS (DELETE FROM unindexed WHERE package_id IN ({_FIRST} FOR UPDATE SKIP LOCKED) RETURNING package_id) "  # noqa: S608
    "INSERT INTO package_search (id, account, body) SELECT package.id, package.account, "
    "bridge_fold(coalesce(content, '') || chr(30) || coalesce(own_texts, '')) "
    "FROM taken JOIN package ON package.id = taken.package_id"
)


def fold(words: str) -> str:
    """Letters as they are compared. The database's function bridge_fold does the same."""
    return words.translate(_FOLD)


def index_some(connection: Connection, some: int) -> int:
    """Puts at most `some` packages into the index, the oldest first; how many. In a transaction of its own."""
    if connection.dialect.name == "sqlite":
        insert, delete = _INDEX_SQLITE
        connection.execute(insert, {"some": some})
        return connection.execute(delete, {"some": some}).rowcount
    return connection.execute(_INDEX_POSTGRES, {"some": some}).rowcount


def forget(connection: Connection, packages: Sequence[Any]) -> None:
    """Takes packages out of the index. packages: rows of `package`, unchanged since they were recorded but for their state."""
    ids = [row.id for row in packages]
    late = set(connection.scalars(select(unindexed.c.package_id).where(unindexed.c.package_id.in_(ids))))
    if connection.dialect.name != "sqlite":
        connection.execute(delete(_GRAMS).where(_GRAMS.c.id.in_(ids)))
        return
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
    late = select(unindexed.c.package_id.label("id")).join(package, package.c.id == unindexed.c.package_id)
    late = late.where(package.c.account == account, has_text(keyword))
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
