"""Brings a database to the schema of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from bridge.errors import SettingsError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["upgrade", "versions"]

Versions = tuple[str | None, str]
"""The schema that a database has, None for an empty one; and the schema of this version of the program."""

# any number, the same in every process: replicas that start together wait for each other
_LOCK = 0x736D7362


def upgrade(connection: Connection, key: str) -> Versions:
    """Runs the missing migrations in the connection's transaction, which on SQLite has the write lock. What `versions` said before.

    key: the setting to name. Raises SettingsError when the database is of a newer version than the program.
    """
    from alembic import command  # noqa: PLC0415  # 0.2 s, and only at start

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found = versions(connection, key)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return found


def versions(connection: Connection, key: str) -> Versions:
    """What the database has and what the program wants. key and errors: as for `upgrade`."""
    from alembic.migration import MigrationContext  # noqa: PLC0415  # as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # as above

    scripts = ScriptDirectory.from_config(_config())
    found = MigrationContext.configure(connection).get_current_revision()
    if found not in {None, *(script.revision for script in scripts.walk_revisions())}:
        raise SettingsError(key, "the database belongs to a newer version of the program")
    return found, str(scripts.get_current_head())


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415  # as above

    config = Config()
    config.set_main_option("script_location", "bridge.ledger:migrations")
    config.set_main_option("path_separator", "os")
    return config
