"""The search index on SQLite merges eight segments at a time: with the four that FTS5 takes by itself, it writes far more."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO package_search (package_search, rank) VALUES ('automerge', 8)")
