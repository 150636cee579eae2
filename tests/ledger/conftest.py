"""An empty ledger for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import and_, select

from bridge.ledger.ledger import Ledger
from bridge.ledger.tables import SPAN, id_block, item, metadata, package
from bridge.ledger.values import Recorded
from tests.ledger.said import Open
from tests.postgres import Postgres
from tests.waiting import eventually


@pytest.fixture(scope="session")
def postgres_ledger(postgres: Postgres) -> str:
    """To be emptied: a new database takes long."""
    url = postgres.url_of(postgres.create())
    asyncio.run(Ledger.migrate(url))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    """A database without tables."""
    if database == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        return postgres.url_of(postgres.create())
    return f"sqlite:///{tmp_path}/bridge.db"


@pytest.fixture
def url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    """An empty ledger."""
    if database == "postgresql":
        found: str = request.getfixturevalue("postgres_ledger")
        # quicker than TRUNCATE
        Postgres(found).run("; ".join(f"DELETE FROM {table}" for table in ("package_search", *metadata.tables)))
        return found
    file = tmp_path / "bridge.db"
    shutil.copy(request.getfixturevalue("migrated_file"), file)
    return f"sqlite:///{file}"


@pytest.fixture
async def open_ledger(url: str) -> AsyncIterator[Open]:
    """Opens it once more, as another process does."""
    opened: list[Ledger] = []

    async def open_() -> Ledger:
        opened.append(await Ledger.open(url))
        return opened[-1]

    yield open_
    for ledger in opened:
        await ledger.close()


@pytest.fixture
async def ledger(open_ledger: Open) -> Ledger:
    return await open_ledger()


@pytest.fixture
async def other(open_ledger: Open) -> Ledger:
    """The same ledger, as another process has it."""
    return await open_ledger()


@pytest.fixture
def raw_word(ledger: Ledger) -> Callable[[Recorded], Awaitable[str | None]]:
    """What the vendor called the state of a package's first recipient: no word of the ledger tells yet."""

    async def read(recorded: Recorded) -> str | None:
        raw = select(item.c.raw).where(item.c.id == recorded.package_id * SPAN)
        return await ledger._store.read(lambda connection: connection.scalar(raw))

    return read


@pytest.fixture
def indexed(ledger: Ledger) -> Callable[[], Awaitable[None]]:
    """Waits until all that was recorded is in the search index: no word of the ledger tells."""
    late = select(package.c.id).join(id_block, and_(package.c.id >= id_block.c.indexed, package.c.id < id_block.c.finish)).limit(1)

    async def done() -> bool:
        return await ledger._store.read(lambda connection: connection.scalar(late)) is None

    return lambda: eventually(done)
