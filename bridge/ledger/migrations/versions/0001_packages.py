"""Packages, submissions, items; counts; search; pushes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT_SEARCH_SQLITE = (
    # no columnsize: only ranking needs it. contentless: the text is in `package`
    "CREATE VIRTUAL TABLE package_search USING fts5(body, content='', columnsize=0, tokenize='trigram case_sensitive 1')",
)
# a change of case and letters here makes the index wrong: then it is to be filled anew
TEXT_SEARCH_POSTGRES = (
    """
    CREATE FUNCTION bridge_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(translate(words, 'İIıŞşĞğÜüÖöÇç', 'iiissgguuoocc') COLLATE "C")
    """,
    """
    CREATE FUNCTION bridge_grams(account integer, folded text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5000 AS $$
    DECLARE
        letters text[] := string_to_array(folded, NULL);
        head text := account || ':';
        grams text[] := '{}';
    BEGIN
        FOR i IN 1 .. cardinality(letters) - 2 LOOP
            grams[i] := head || letters[i] || letters[i + 1] || letters[i + 2];
        END LOOP;
        RETURN grams;
    END $$
    """,
    'CREATE TABLE package_search (id bigint PRIMARY KEY, account integer NOT NULL, body text COLLATE "C" NOT NULL)',
    # a search also looks through what is not merged into the index yet: keep that small (kilobytes)
    "CREATE INDEX package_search_grams ON package_search "
    "USING gin (bridge_grams(account, body)) WITH (gin_pending_list_limit = 512)",
)


def upgrade() -> None:
    _names()
    _packages()
    _submissions()
    _counts()
    _pushes()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in TEXT_SEARCH_SQLITE if sqlite else TEXT_SEARCH_POSTGRES:
        op.execute(statement)


def _text(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _whole(
    name: str, kind: type[sa.types.TypeEngine[Any]], *, nullable: bool = False, default: str | None = None
) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, server_default=None if default is None else sa.text(default))


def _key() -> sa.Column[Any]:
    return sa.Column("id", BIG_KEY, primary_key=True, autoincrement=False)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _names() -> None:
    op.create_table(
        "account", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False, unique=True)
    )
    op.create_table("counter", sa.Column("name", sa.Text, primary_key=True), _whole("value", sa.BigInteger))
    op.create_table(
        "id_block",
        sa.Column("first", BIG_KEY, primary_key=True, autoincrement=False),
        _whole("finish", sa.BigInteger),
        _whole("indexed", sa.BigInteger),
    )


def _packages() -> None:
    op.create_table(
        "package",
        _key(),
        _whole("account", sa.Integer),
        _text("vendor", nullable=False),
        _text("uuid", nullable=False),
        _whole("public_id", sa.BigInteger, nullable=True),
        _text("custom_id"),
        _text("own_custom_id"),
        _whole("kind", sa.SmallInteger),
        _text("sender", nullable=False),
        _text("title"),
        _text("content"),
        _text("own_texts"),
        _whole("encoding", sa.SmallInteger),
        _whole("validity", sa.Integer),
        _whole("accepted_at", sa.BigInteger),
        _whole("sending_at", sa.BigInteger),
        _whole("scheduled", sa.SmallInteger),
        _whole("valid_until", sa.BigInteger),
        _text("extras"),
        _whole("periodic", sa.SmallInteger),
        _whole("state", sa.SmallInteger),
        _whole("shelf", sa.SmallInteger),
        _text("error"),
        _whole("submissions", sa.Integer),
        _whole("recipients", sa.Integer),
        _whole("total", sa.Integer),
        _whole("credit", sa.Integer),
        _whole("delivered", sa.Integer, default="0"),
        _whole("undelivered", sa.Integer),
        # room for the first change of state in the same page
        postgresql_with={"fillfactor": 85},
    )
    _partial("package_custom_id", "package", ["account", "custom_id"], "custom_id IS NOT NULL", unique=True)
    _partial("package_public_id", "package", ["account", "public_id"], "public_id IS NOT NULL")
    op.create_index("package_shelf", "package", ["account", "shelf", "sending_at", "id"])
    op.create_index("package_sender", "package", ["account", "sender", "shelf", "sending_at", "id"])


def _submissions() -> None:
    op.create_table(
        "submission",
        _key(),
        _whole("package_id", sa.BigInteger),
        _whole("state", sa.SmallInteger),
        _text("claim"),
        _text("content"),
        _whole("first", sa.Integer),
        _whole("last", sa.Integer),
        _whole("due_at", sa.BigInteger, nullable=True),
        _text("vendor_ref"),
        _text("code"),
        _text("message"),
        _whole("settled_at", sa.BigInteger, nullable=True),
        _whole("alone", sa.SmallInteger),
    )
    _partial("submission_due", "submission", ["due_at"], "due_at IS NOT NULL")
    _partial("submission_unknown", "submission", ["id"], "state = 4")
    op.create_table(
        "item",
        _key(),
        _whole("part", sa.Integer, nullable=True),
        _text("number", nullable=False),
        _text("content"),
        _whole("parts", sa.Integer),
        _whole("state", sa.SmallInteger, nullable=True),
        _text("error"),
        _text("raw"),
        _whole("reported_at", sa.BigInteger, nullable=True),
        postgresql_with={"fillfactor": 85},
    )


def _counts() -> None:
    op.create_table(
        "package_count",
        sa.Column("account", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sender", sa.Text, primary_key=True),
        sa.Column("shelf", sa.SmallInteger, primary_key=True, autoincrement=False),
        _whole("n", sa.Integer),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )


def _pushes() -> None:
    op.create_table(
        "push",
        sa.Column("id", BIG_KEY, primary_key=True),
        _whole("account", sa.Integer),
        _whole("package_id", sa.BigInteger),
        _text("url", nullable=False),
        _whole("created_at", sa.BigInteger),
        _whole("attempts", sa.Integer, default="0"),
        _whole("due_at", sa.BigInteger, nullable=True),
        _whole("delivered_at", sa.BigInteger, nullable=True),
        _text("error"),
    )
    _partial("push_due", "push", ["due_at"], "due_at IS NOT NULL")
    op.create_index("push_package", "push", ["package_id"])
