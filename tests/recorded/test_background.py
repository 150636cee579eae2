"""The background as it runs by itself: what is due is done without a call, by one process on a file and by all on a server."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from bridge.domain.status import SubmissionState
from bridge.jobs import dispatcher, submissions
from bridge.jobs.dispatcher import LEASE
from bridge.jobs.lock import FileLock
from bridge.jobs.queue import SUBMISSION
from bridge.ledger import processes
from bridge.outbound.guard import Guard
from tests.log_capture import captured_log
from tests.recorded.rig import NUMBERS
from tests.waiting import eventually

DATABASES = pytest.mark.parametrize(("kind", "database"), [("innomobil", "sqlite"), ("innomobil", "postgresql")], indirect=True)
FILE = pytest.mark.parametrize("kind", ["innomobil"], indirect=True)
SERVER = pytest.mark.parametrize(("kind", "database"), [("innomobil", "postgresql")], indirect=True)
ONCE = [(NUMBERS[0], "Merhaba")]


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_FEED_SECONDS", "_RETRY_SECONDS", "_ALIVE_SECONDS"):
        monkeypatch.setattr(dispatcher, name, 0.05)


@asynccontextmanager
async def running(*rigs: Any):
    for rig in rigs:
        rig.recording.use(rig.bridge.accounts, Guard())
        rig.recording.start()
    try:
        yield
    finally:
        for rig in rigs:
            await rig.recording._dispatcher.stop(10)


async def kept(rig: Any, count: int = 1) -> list[int]:
    """Packages that are due in half a minute."""
    with rig.unreachable():
        return [(await rig.send(number=number)).id for number in NUMBERS[:count]]


@DATABASES
async def test_what_is_due_is_done(rig):
    await kept(rig)
    async with running(rig):
        await asyncio.sleep(0.3)
        assert rig.sends() == []
        rig.advance(30)
        await eventually(lambda: is_accepted(rig))
        assert rig.sends() == ONCE
        rig.advance(30)
        await eventually(lambda: delivered(rig))
    assert rig.sends() == ONCE


@DATABASES
async def test_two_processes_do_each_thing_once(rig_with):
    rig, twin = await rig_with(), await rig_with()
    ids = await kept(rig, 7)
    async with running(rig, twin):
        rig.advance(30)
        await eventually(lambda: len(rig.sends()) >= len(ids))
        await asyncio.sleep(0.3)
    assert sorted(number for number, _ in rig.sends()) == sorted(NUMBERS)


@DATABASES
async def test_of_one_vendor_only_so_many_are_in_hand_at_once(rig, monkeypatch):
    """Else one that hangs would have all places; what finds none comes again soon."""
    monkeypatch.setattr(submissions, "_OF_ONE_VENDOR", 2)
    await kept(rig, 5)
    for seconds, sent in ((30, 2), (2, 2), (1, 4), (3, 5)):
        await rig.sweep(seconds)
        assert len(rig.sends()) == sent
    assert sorted(number for number, _ in rig.sends()) == sorted(NUMBERS[:5])


@SERVER
async def test_nothing_is_sent_while_the_clock_is_wrong(rig, monkeypatch):
    """Of this machine, by the database's, which on a file is the same; it goes on when it is right."""
    told, behind = b"this machine's clock is wrong", 60
    monkeypatch.setattr(processes, "time", SimpleNamespace(time=lambda: time.time() - behind))
    await kept(rig)
    with captured_log() as log:
        async with running(rig):
            await eventually(lambda: told in log.getvalue())
            rig.advance(30)
            await asyncio.sleep(0.3)
            assert rig.sends() == []
            behind = 20
            await eventually(lambda: is_accepted(rig))
    assert rig.sends() == ONCE
    assert log.getvalue().count(told) == 1


@FILE
async def test_of_a_file_one_process_dispatches_and_another_takes_over(rig_with):
    rig, twin = await rig_with(), await rig_with()
    lock = FileLock(rig.ledger.file.with_name(f"{rig.ledger.file.name}.jobs"))
    with lock:
        assert lock.acquire()
        await kept(rig)
        rig.advance(30)
        async with running(rig, twin):
            await asyncio.sleep(0.5)
            assert rig.sends() == []
            lock.__exit__(None, None, None)
            await eventually(lambda: rig.sends() == ONCE)
            # the one that has it now goes, the other stays
            await (rig if rig.recording._dispatcher._queue else twin).recording._dispatcher.stop(10)
            await kept(rig)
            rig.advance(30)
            await eventually(lambda: len(rig.sends()) == 2)


@SERVER
async def test_a_server_that_goes_away_and_comes_back(rig, ledger_url):
    async with running(rig):
        await eventually(lambda: rig.recording._dispatcher._queue is not None)
        for _ in range(3):
            await terminate(ledger_url)
            await eventually(lambda: is_kept(rig))
            rig.advance(30)
            await eventually(lambda: rig.sends() == ONCE)
            rig.vendor.reset()


async def is_accepted(rig: Any) -> bool:
    return (await rig.submission()).state is SubmissionState.ACCEPTED


async def delivered(rig: Any) -> bool:
    return (await rig.recorded())[0].statistics.delivered == 1


async def terminate(url: str) -> None:
    """All connections of the database end, as by a restart."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()


async def is_kept(rig: Any) -> bool:
    """Whether a send could be recorded; what could not was refused."""
    with rig.unreachable():
        answer = await rig.send()
    assert answer.code in ("", "ERR_SYSTEM_MAINTENANCE")
    return not answer.code


@FILE
async def test_a_job_that_fails_again_and_again_is_given_up(rig, monkeypatch):
    (package_id,) = await kept(rig)
    tried = []

    async def fails(key: int) -> None:
        tried.append(key)
        raise ZeroDivisionError

    monkeypatch.setitem(rig.recording.work.handlers, SUBMISSION, fails)
    async with running(rig):
        rig.advance(30)
        for count in range(1, 6):
            # the queue forgets a job a moment after it was done
            await eventually(lambda count=count: len(tried) == count and not rig.recording._dispatcher._queue._queries._jobs)
            rig.advance(LEASE.total_seconds() + 1)
        await eventually(lambda: is_stuck(rig))
    assert len(tried) == 5
    assert (await rig.stored(package_id)).state.name == "WAITING"
    assert rig.sends() == []


async def is_stuck(rig: Any) -> bool:
    return (await rig.ledger.overview()).stuck == 1
