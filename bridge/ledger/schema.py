"""Brings a database to the schema of this version."""

from __future__ import annotations

from sqlalchemy import Connection, text

from bridge.errors import SettingsError

__all__ = ["upgrade"]

# any number, the same in every process: replicas that start together wait for each other
_LOCK = 0x736D7362


def upgrade(connection: Connection, key: str) -> None:
    """Runs the missing migrations in the connection's transaction, which on SQLite has the write lock.

    key: the setting to name. Raises SettingsError when the database is of a newer version than the program.
    """
    # 0.2 s to import, and only at start
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", "bridge.ledger:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not known.issuperset(MigrationContext.configure(connection).get_current_heads()):
        raise SettingsError(key, "the database belongs to a newer version of the program")
    command.upgrade(config, "head")
