"""Light batches (`bridge.ledger.light`): how they end when something is not as expected, and when the database fails."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.query import PackageKey, PackagesQuery
from bridge.domain.status import PackageState, SubmissionState
from bridge.errors import LedgerInDoubt
from bridge.ledger import writer
from bridge.ledger.commit import Committer
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import DuplicateCustomId, Unknown
from tests.ledger.said import ACCOUNT, accept, outcome, record, states
from tests.waiting import eventually

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Driver:
    """A driver's connection of which one method is another."""

    def __init__(self, driver: Any, name: str, method: Callable[[Any], Any]) -> None:
        self._driver, self._name = driver, name
        self._method = method(getattr(driver, name))

    def __getattr__(self, name: str) -> Any:
        return self._method if name == self._name else getattr(self._driver, name)


@pytest.fixture
async def warm(ledger: Ledger) -> Ledger:
    """It has its connection, numbers and the account: the first batch of a process is never light."""
    await record(ledger)
    return ledger


@pytest.fixture
def heavy(warm: Ledger, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The batches from now on that are not light."""
    found: list[object] = []
    commit = Committer.commit

    def noted(self: Committer, connection: Any, batch: Any, results: Any) -> None:
        found.append(batch)
        commit(self, connection, batch, results)

    monkeypatch.setattr(Committer, "commit", noted)
    return found


def lose_the_answer(ledger: Ledger) -> None:
    """The next batch is committed, and nobody hears of it."""
    hot: Any = ledger._store._writer  # type: ignore[attr-defined]  # of both
    driver = hot._driver

    def committed(commit: Callable[[], None]) -> Callable[[], None]:
        def method() -> None:
            hot._driver = driver
            commit()
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error

        return method

    def answered(execute: Callable[[str], Any]) -> Callable[[str], Any]:
        async def method(statement: str) -> None:
            await execute(statement)
            if statement == "COMMIT":
                hot._driver = driver
                raise ConnectionResetError

        return method

    is_file = isinstance(driver, sqlite3.Connection)
    hot._driver = Driver(driver, "commit", committed) if is_file else Driver(driver, "execute", answered)


async def test_sends_are_light(warm: Ledger, heavy: list[object]):
    sent = await asyncio.gather(*(record(warm, custom_id=f"c-{number}") for number in range(20)))
    await asyncio.gather(*(accept(warm, each) for each in sent))
    assert not heavy
    for each in sent:
        assert await states(warm, each) == (PackageState.SENT, [SubmissionState.ACCEPTED])


async def test_what_is_not_accepted_is_not_light(warm: Ledger, heavy: list[object]):
    one, two = await record(warm), await record(warm)
    await asyncio.gather(warm.settle(one.package_id, [outcome(one.submission_ids[0], Unknown("x"))]), accept(warm, two))
    assert len(heavy) == 1
    assert await states(warm, one) == (PackageState.SENDING, [SubmissionState.UNKNOWN])
    assert await states(warm, two) == (PackageState.SENT, [SubmissionState.ACCEPTED])


async def test_a_custom_id_that_is_there_spoils_no_other(warm: Ledger, heavy: list[object]):
    await record(warm, custom_id="c")
    assert not heavy
    words = (record(warm, custom_id=name) for name in ("a", "c", "b", "b"))
    a, c, b, twice = await asyncio.gather(*words, return_exceptions=True)
    assert heavy
    assert isinstance(c, DuplicateCustomId)
    assert isinstance(twice, DuplicateCustomId)
    assert not isinstance(a, BaseException)
    assert not isinstance(b, BaseException)
    assert (await warm.packages(ACCOUNT, PackagesQuery())).total_record == 4


async def test_an_outcome_that_crosses_another_spoils_no_other(warm: Ledger, heavy: list[object]):
    one, two = await record(warm), await record(warm)
    await accept(warm, one)
    assert not heavy
    await asyncio.gather(accept(warm, one), accept(warm, two), record(warm, custom_id="c"))
    assert heavy
    assert await states(warm, one) == await states(warm, two) == (PackageState.SENT, [SubmissionState.ACCEPTED])
    assert (await warm.packages(ACCOUNT, PackagesQuery())).total_record == 4


async def test_a_text_that_cannot_be_stored_spoils_no_other(warm: Ledger):
    bad, good = await asyncio.gather(record(warm, text="\ud800"), record(warm), return_exceptions=True)
    assert isinstance(bad, Exception)
    assert not isinstance(good, BaseException)
    assert await states(warm, good) == (PackageState.SENDING, [SubmissionState.SENDING])


async def test_a_light_batch_in_doubt_is_withdrawn(warm: Ledger, monkeypatch: pytest.MonkeyPatch):
    """Its client is told that nobody knows; what was settled with it stays settled."""
    monkeypatch.setattr(writer, "_RETRY", 0.05)
    sent = await record(warm)
    lose_the_answer(warm)
    doubted, settled = await asyncio.gather(record(warm, custom_id="doubt"), accept(warm, sent), return_exceptions=True)
    assert isinstance(doubted, LedgerInDoubt)
    assert settled is not None

    async def gone() -> bool:
        return await warm.find(ACCOUNT, PackageKey(custom_id="doubt")) is None

    await eventually(gone)
    assert await states(warm, sent) == (PackageState.SENT, [SubmissionState.ACCEPTED])
    assert (await warm.packages(ACCOUNT, PackagesQuery())).total_record == 2
    await record(warm, custom_id="doubt")


@only_sqlite
async def test_the_event_loop_does_not_wait_for_another_process(warm: Ledger, url: str):
    hot: Any = warm._store._writer  # type: ignore[attr-defined]  # SQLite's
    # for no lock: it is the thread that waits
    assert hot._driver.execute("PRAGMA busy_timeout").fetchone() == (0,)
    with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        waits = asyncio.create_task(record(warm))
        # turns of the loop in which the record waits, and this test does not
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert not waits.done()
        holder.execute("ROLLBACK")
    assert await states(warm, await waits) == (PackageState.SENDING, [SubmissionState.SENDING])
