"""The background: leases, live processes, pushes, repeats, rates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("submission", sa.Column("tries", sa.SmallInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("submission", sa.Column("stuck_at", sa.BigInteger, nullable=True))
    _partial("submission_stuck", "submission", ["id"], "stuck_at IS NOT NULL")
    _partial("submission_pending", "submission", ["due_at"], "state = 0")
    op.add_column("item", sa.Column("push", sa.BigInteger, nullable=True))
    _partial("push_dead", "push", ["id"], "due_at IS NULL AND delivered_at IS NULL")
    _partial("push_delivered", "push", ["delivered_at"], "delivered_at IS NOT NULL")
    op.create_table("process", sa.Column("token", sa.Text, primary_key=True), sa.Column("seen_at", sa.BigInteger, nullable=False))
    op.create_table(
        "recurrence",
        sa.Column("package_id", BIG_KEY, primary_key=True, autoincrement=False),
        sa.Column("type", sa.SmallInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=True),
        sa.Column("fired", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("tries", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("due_at", sa.BigInteger, nullable=True),
    )
    _partial("recurrence_due", "recurrence", ["due_at"], "due_at IS NOT NULL")
    _partial("recurrence_stuck", "recurrence", ["package_id"], "due_at IS NULL AND next_at IS NOT NULL")
    op.create_table("rate", sa.Column("name", sa.Text, primary_key=True), sa.Column("free_at", sa.BigInteger, nullable=False))


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
