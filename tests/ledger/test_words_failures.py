"""Other versions, other processes, processes that are killed, and databases that go away and come back."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, text

from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.status import ItemState, PackageState, SubmissionState
from bridge.errors import LedgerInDoubt, LedgerUnavailable, SettingsError
from bridge.ledger import engine, writer
from bridge.ledger.database import SqliteDatabase
from bridge.ledger.ledger import Ledger
from bridge.ledger.tables import metadata
from bridge.ledger.values import DuplicateCustomId, Recorded, Unknown
from tests.ledger.other_process import OtherProcess
from tests.ledger.said import ACCOUNT, Open, accept, at, numbers, outcome, record, states, stored, update
from tests.postgres import Postgres, postgres_or_skip
from tests.waiting import eventually

T = TypeVar("T")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does not wait long for a lock, and soon tries again."""
    monkeypatch.setattr(engine, "_BUSY_MS", 50)
    monkeypatch.setattr(writer, "_RETRY", 0.05)


async def total(ledger: Ledger) -> int:
    return (await ledger.packages(ACCOUNT, PackagesQuery())).total_record


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


# versions


async def test_migrating_twice_changes_nothing(empty_url: str):
    await Ledger.migrate(empty_url)
    ledger = await Ledger.open(empty_url)
    recorded = await record(ledger)
    await ledger.close()
    await Ledger.migrate(empty_url)
    ledger = await Ledger.open(empty_url)
    assert await states(ledger, recorded) == (PackageState.SENDING, [SubmissionState.SENDING])
    await ledger.close()


async def test_migrating_at_the_same_time(empty_url: str):
    await asyncio.gather(*(Ledger.migrate(empty_url) for _ in range(3)))
    ledger = await Ledger.open(empty_url)
    await record(ledger)
    await ledger.close()


async def test_a_newer_schema_is_refused(ledger: Ledger, url: str):
    def version(name: str) -> Callable[[Connection], Any]:
        return lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = :name"), {"name": name})

    known = await ledger._store.read(lambda connection: connection.scalar(text("SELECT version_num FROM alembic_version")))
    await ledger._store.change(version("9999"))
    try:
        with pytest.raises(SettingsError, match="newer") as error:
            await Ledger.migrate(url)
        assert error.value.key == "ledger.url"
    finally:
        await ledger._store.change(version(known))


async def test_the_migrations_make_the_tables(ledger: Ledger):
    def differences(connection: Connection) -> list[Any]:
        def ours(name: str | None, kind: str, _parents: Any) -> bool:
            return kind != "table" or not (name or "").startswith("package_search")

        return compare_metadata(MigrationContext.configure(connection, opts={"include_name": ours}), metadata)

    assert await ledger._store.read(differences) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql://host",
        "mysql://host/db",
        "postgresql+psycopg://host/db",
    ],
)
async def test_no_url(url: str):
    for word in (Ledger.migrate, Ledger.open):
        with pytest.raises(SettingsError) as error:
            await word(url)
        assert error.value.key == "ledger.url"


async def test_a_file_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError):
        await Ledger.migrate(f"sqlite:///{tmp_path}/file/bridge.db")


async def test_the_file_is_its_owners(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/new/bridge.db"
    await Ledger.migrate(url)
    assert stat.S_IMODE(file_of(url).stat().st_mode) == 0o600


async def test_a_file_that_is_no_database(tmp_path: Path):
    (tmp_path / "bridge.db").write_bytes(b"text" * 5000)
    with pytest.raises(LedgerUnavailable):
        await Ledger.migrate(f"sqlite:///{tmp_path}/bridge.db")


# processes


@pytest.fixture
async def process(url: str) -> AsyncIterator[OtherProcess]:
    with await asyncio.to_thread(OtherProcess, url) as started:
        yield started


async def test_two_processes_want_the_same_custom_ids(ledger: Ledger, process: OtherProcess):
    wanted = [f"c-{number}" for number in range(40)]
    process.say(wanted)
    # in the opposite order
    results = await asyncio.gather(*(record(ledger, custom_id=each) for each in wanted[::-1]), return_exceptions=True)
    theirs = await asyncio.to_thread(process.hear)
    assert all(isinstance(each, Recorded | DuplicateCustomId) for each in results)
    won = [(custom_id, each) for custom_id, each in zip(wanted[::-1], results, strict=True) if isinstance(each, Recorded)]
    mine = {custom_id: each.package_id for custom_id, each in won}
    assert not mine.keys() & theirs.keys()
    assert mine.keys() | theirs.keys() == set(wanted)
    page = await ledger.packages(ACCOUNT, PackagesQuery())
    assert page.total_record == 40
    assert {row.custom_id: row.id for row in page.rows} == mine | theirs


async def test_what_a_killed_process_leaves(ledger: Ledger, process: OtherProcess):
    process.say(["c-1", "c-2"])
    got = await asyncio.to_thread(process.hear)
    process.kill()
    for custom_id, package_id in got.items():
        found = await ledger.find(ACCOUNT, PackageKey(custom_id=custom_id))
        assert found is not None
        (submission,) = found.submissions
        assert (found.id, found.state, submission.state) == (package_id, PackageState.SENDING, SubmissionState.SENDING)
        assert submission.claim == process.token != ledger.token
    ids = sorted(each.submission.id for each in await ledger.open_submissions(None, at(1), 9))
    assert len(ids) == 2
    # it may have been sent: nobody sends it again
    assert await ledger.begin(ids, at(5)) == []
    assert sorted(await ledger.abandon(at(2))) == ids
    assert await ledger.begin(ids, at(5)) == []
    assert [each.submission.state for each in await ledger.uncertain(ACCOUNT, 9)] == [SubmissionState.UNKNOWN] * 2
    assert await total(ledger) == 2


# a database that goes away


@only_sqlite
async def test_a_file_that_another_holds(impatient: None, open_ledger: Open, url: str):
    ledger = await open_ledger()
    sent, waiting = await record(ledger), await record(ledger, state=PackageState.WAITING)
    words: list[Callable[[], Awaitable[Any]]] = [
        lambda: asyncio.gather(*(record(ledger, custom_id=f"c-{number}") for number in range(5))),
        lambda: accept(ledger, sent),
        lambda: ledger.begin(waiting.submission_ids, at(5)),
        lambda: ledger.cancel(ACCOUNT, PackageKey(id=waiting.package_id)),
        lambda: ledger.report(sent.submission_ids[0], [update(numbers(1)[0], ItemState.DELIVERED)]),
        lambda: ledger.abandon(at(99)),
        lambda: ledger.purge(at(99)),
    ]
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        for word in words:
            with pytest.raises(LedgerUnavailable):
                await word()
        # whoever reads is not in the way
        assert await states(ledger, sent) == (PackageState.SENDING, [SubmissionState.SENDING])
        holder.execute("ROLLBACK")
    # the outcome was kept, and is written without being told again; nothing else is
    await eventually(lambda: is_sent(ledger, sent))
    assert await states(ledger, waiting) == (PackageState.WAITING, [SubmissionState.PENDING])
    assert await total(ledger) == 2
    await record(ledger, custom_id="c-1")


async def is_sent(ledger: Ledger, recorded: Recorded) -> bool:
    try:
        return (await stored(ledger, recorded)).state is PackageState.SENT
    except LedgerUnavailable:
        return False


@only_sqlite
async def test_a_full_disk(impatient: None, open_ledger: Open, url: str, monkeypatch: pytest.MonkeyPatch):
    with closing(sqlite3.connect(file_of(url))) as file:
        (pages,) = file.execute("PRAGMA page_count").fetchone()
    monkeypatch.setattr(engine, "_PRAGMAS", (*engine._PRAGMAS, f"PRAGMA max_page_count = {pages + 40}"))
    ledger = await open_ledger()
    large = "ş" * 2000
    made = []
    with pytest.raises(LedgerUnavailable) as error:
        for _ in range(100):
            made.append(await record(ledger, text=large))
            await ledger.settle(made[-1].package_id, [outcome(made[-1].submission_ids[0], Unknown("x"))])
            await ledger.report(made[-1].submission_ids[0], [update(numbers(1)[0], ItemState.DELIVERED)])
    assert "FULL" in error.value.what
    assert len(made) > 5
    assert (await ledger.packages(ACCOUNT, PackagesQuery(page_size=1000))).rows[-1].content == large
    # there is room again
    assert await ledger.purge(at(1)) > 5
    assert await ledger.message((await record(ledger, text=large)).submission_ids[0])


async def test_a_package_whose_commit_is_in_doubt_is_withdrawn(impatient: None, ledger: Ledger):
    """Its client is told that nobody knows."""
    store: Any = ledger._store
    committed = []

    def lose_the_answer(connection: Connection) -> None:
        doubted = connection.execute(text("SELECT id FROM package WHERE custom_id = 'doubt'")).scalar()
        if doubted and not committed:
            committed.append(doubted)
            connection.connection.dbapi_connection.commit()
            raise OSError

    watched = store._writers if isinstance(store, SqliteDatabase) else store._engine.sync_engine
    event.listen(watched, "commit", lose_the_answer)
    with pytest.raises(LedgerInDoubt):
        await record(ledger, custom_id="doubt")
    (package_id,) = committed

    async def gone() -> bool:
        return await ledger.find(ACCOUNT, PackageKey(custom_id="doubt")) is None

    await eventually(gone)
    assert await total(ledger) == 0
    assert await ledger.message(package_id * 1_000_000) is None
    again = await record(ledger, custom_id="doubt")
    assert again.package_id != package_id


async def patiently(word: Callable[[], Awaitable[T]]) -> T:
    """Until the database is there again; it fails in no other way."""
    found: list[T] = []

    async def answered() -> bool:
        try:
            found.append(await word())
        except LedgerUnavailable:
            return False
        return True

    await eventually(answered)
    return found[0]


@only_postgres
async def test_connections_that_are_cut(impatient: None, ledger: Ledger, url: str):
    sent = await record(ledger)
    await states(ledger, sent)
    # waits until they are gone
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    await asyncio.to_thread(Postgres(url).run, f"SELECT pg_terminate_backend(pid, 10000) {others}")
    with pytest.raises(LedgerUnavailable):
        await accept(ledger, sent)
    await eventually(lambda: is_sent(ledger, sent))
    await patiently(lambda: record(ledger))
    assert await patiently(lambda: total(ledger)) == 2


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """One that may be stopped."""
    with postgres_or_skip() as server:
        yield server


async def test_a_server_that_is_stopped(impatient: None, own_server: Postgres):
    url = own_server.url_of(await asyncio.to_thread(own_server.create))
    await Ledger.migrate(url)
    ledger = await Ledger.open(url)
    try:
        sent, waiting = await record(ledger), await record(ledger, state=PackageState.WAITING)
        await asyncio.to_thread(own_server.server.stop)
        words: list[Callable[[], Awaitable[Any]]] = [
            lambda: record(ledger, custom_id="c-1"),
            lambda: accept(ledger, sent),
            lambda: ledger.begin(waiting.submission_ids, at(5)),
            lambda: total(ledger),
            lambda: ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=sent.package_id))),
            lambda: ledger.open_submissions(None, at(99), 9),
            ledger.overview,
            lambda: Ledger.migrate(url),
        ]
        for _ in range(2):
            for word in words:
                with pytest.raises(LedgerUnavailable):
                    await word()
        await asyncio.to_thread(own_server.server.ensure_postgres_running)
        await eventually(lambda: is_sent(ledger, sent))
        await patiently(lambda: record(ledger, custom_id="c-1"))
        assert await patiently(lambda: total(ledger)) == 3
        assert await states(ledger, waiting) == (PackageState.WAITING, [SubmissionState.PENDING])
    finally:
        await ledger.close()
