"""Opens the two databases, and tells their failures apart.

Facts:
- SQLite: FULL, for in WAL mode NORMAL loses the last commits when the power fails. The driver's own transactions begin late and as
  readers, which deadlocks writers; so it is set to autocommit and BEGIN is sent by hand, IMMEDIATE where something will be written.
- The file holds texts and numbers: it is made readable by its owner only.
- PostgreSQL: `jit` makes short queries slow. An answer that does not come within the limit counts as no database.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bridge.errors import SettingsError
from bridge.ledger.search import fold

__all__ = [
    "ANSWER_SECONDS",
    "KEY",
    "be_impatient",
    "is_conflict",
    "is_unavailable",
    "is_undone",
    "open_postgres",
    "open_sqlite",
    "parse_url",
    "patient",
    "what",
]

KEY = "ledger.url"
ANSWER_SECONDS = 10
_CONNECT_SECONDS = 5
_BUSY_MS = 5000
_BUSY_PAUSE_SECONDS = 0.02
_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    # pages: fewer and larger copies from the log into the file
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)
# kilobytes; the hot ends of all indices are some hundred pages
_WRITER_CACHE, _READER_CACHE = 16_384, 8192
# compiled ones that a connection keeps: an INSERT has one for each number of rows (`bridge.ledger.bulk`)
_STATEMENTS = 512
# SQLSTATE classes: connection lost, resources (disk full, too many connections), operator intervention, system error; and a standby
_UNAVAILABLE_STATES = ("08", "53", "57", "58", "25006")
# serialization failure, deadlock: the same once more may succeed
_CONFLICT_STATES = ("40001", "40P01")
# primary result codes of SQLite: BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB
_UNAVAILABLE_CODES = frozenset({5, 6, 7, 8, 10, 11, 13, 14, 26})
# of these, those after which nothing was written: BUSY, LOCKED, NOMEM, READONLY, FULL
_UNDONE_CODES = frozenset({5, 6, 7, 8, 13})
# libpq's names -> asyncpg's
_POSTGRES_OPTIONS: Mapping[str, str] = MappingProxyType({"sslmode": "ssl"})


def parse_url(url: str) -> URL:
    """Raises SettingsError unless it is sqlite:///FILE or postgresql://user:password@host/database."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise SettingsError(KEY, "must be sqlite:///FILE or postgresql://user:password@host/database") from None
    if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    if parsed.drivername == "postgresql" and parsed.database:
        query = {_POSTGRES_OPTIONS.get(name, name): value for name, value in parsed.query.items()}
        return parsed.set(drivername="postgresql+asyncpg", query=query)
    raise SettingsError(KEY, "must be sqlite:///FILE or postgresql://user:password@host/database")


def open_sqlite(url: URL, *, writing: bool, connections: int) -> Engine:
    """writing: every transaction takes the write lock when it begins. Raises SettingsError when the file cannot be made."""
    assert url.database
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise SettingsError(KEY, f"cannot be opened ({error.strerror})") from None
    arguments = {"isolation_level": None, "timeout": _BUSY_MS / 1000, "cached_statements": _STATEMENTS}
    engine = create_engine(url, connect_args=arguments, pool_size=connections, max_overflow=0)
    begin, cache = ("BEGIN IMMEDIATE", _WRITER_CACHE) if writing else ("BEGIN", _READER_CACHE)

    @event.listens_for(engine, "connect")
    def _connected(driver: sqlite3.Connection, _: object) -> None:
        driver.create_function("bridge_fold", 1, fold, deterministic=True)
        _use_wal(driver)
        for pragma in (*_PRAGMAS, f"PRAGMA cache_size = -{cache}"):
            driver.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(begin)  # a third of what exec_driver_sql takes

    return engine


def be_impatient(driver: sqlite3.Connection) -> None:
    """From now on a lock that another process holds is an error at once."""
    driver.execute("PRAGMA busy_timeout = 0")


@contextmanager
def patient(driver: sqlite3.Connection) -> Iterator[None]:
    """In this block, of an impatient connection, such a lock is waited for."""
    driver.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    try:
        yield
    finally:
        be_impatient(driver)


def _use_wal(driver: sqlite3.Connection) -> None:
    """Unlike all other statements, this one does not wait for processes that do the same."""
    end = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            driver.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_BUSY_PAUSE_SECONDS)
        else:
            return


def open_postgres(url: URL, *, connections: int, answer_seconds: float | None = ANSWER_SECONDS) -> AsyncEngine:
    """Connects only when used. answer_seconds: the most that one statement may take; None for no limit."""
    settings = {"application_name": "smsbridge", "jit": "off", "synchronous_commit": "on", "timezone": "UTC"}
    arguments: dict[str, Any] = {"server_settings": settings, "command_timeout": answer_seconds, "timeout": _CONNECT_SECONDS}
    return create_async_engine(
        url, connect_args=arguments, pool_size=connections, max_overflow=0, pool_pre_ping=False, pool_timeout=ANSWER_SECONDS
    )


def _origin(error: BaseException) -> Any:
    return error.orig if isinstance(error, exc.DBAPIError) else error


def is_unavailable(error: BaseException) -> bool:
    """Whether the database is the reason, and not what it was asked: gone, full, locked, broken."""
    if isinstance(error, OSError | asyncio.TimeoutError | exc.TimeoutError):
        return True
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    origin = _origin(error)
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _UNAVAILABLE_CODES
    state = getattr(origin, "sqlstate", None)
    return state is not None and str(state).startswith(_UNAVAILABLE_STATES)


def is_undone(error: BaseException) -> bool:
    """Whether a commit that failed so certainly did not happen: there was no room, or no lock, to write it."""
    origin = _origin(error)
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", 0)
        return code & 0xFF in _UNDONE_CODES or code == sqlite3.SQLITE_IOERR_WRITE
    return str(getattr(origin, "sqlstate", "")).startswith("53")


def is_conflict(error: BaseException) -> bool:
    """Whether another transaction was in the way, so that the same may succeed when done again."""
    return getattr(_origin(error), "sqlstate", None) in _CONFLICT_STATES


def what(error: BaseException) -> str:
    """The kind of failure in a few words, without data."""
    origin = _origin(error)
    name = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    return f"{type(origin).__name__} {name}" if name else type(origin).__name__
