"""A PostgreSQL that goes away in the middle of a commit: nobody can know whether it happened."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack

import asyncpg

from tests.chaos.database import PostgresDatabase
from tests.chaos.gate import Gate
from tests.chaos.replica import Replica
from tests.chaos.scenery import configure, vendors
from tests.chaos.soap import Lost, call, text_of
from tests.waiting import PATIENCE, eventually

MESSAGE = {"type": 1, "sendingType": 0, "title": "Deneme", "sender": "BASLIK", "encoding": 1, "content": "Merhaba"}
MESSAGE |= {"number": "905321234510", "customID": "doubted"}
# the transaction that records the package in doubt waits for the test before it commits
_WAITS = """
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$;
    CREATE TRIGGER wait AFTER INSERT ON package FOR EACH ROW WHEN (NEW.custom_id = 'doubted') EXECUTE FUNCTION wait();
"""
_IS_WAITING = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'advisory'"
# on the server's disk, and waits for a standby that is not there
_IS_COMMITTING = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
# the background commits too; there it is SQLAlchemy's driver that writes it, with a semicolon
_RECORD_IS_COMMITTING = f"{_IS_COMMITTING} AND query = 'COMMIT'"


async def hold_commits(server, connection: asyncpg.Connection) -> asyncio.Task[None]:
    """Lets no commit be answered from now on; what was tried to see it. A reload alone is done some time later."""

    async def commit() -> None:
        with contextlib.suppress(asyncpg.PostgresError, OSError):  # the server's end
            while True:
                await probe.execute("SELECT pg_logical_emit_message(true, 'test', '')")

    await asyncio.to_thread(server.run, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    probe = await asyncpg.connect(server.url)
    probing = asyncio.create_task(commit())
    await eventually(lambda: connection.fetchval(_IS_COMMITTING))
    return probing


async def test_a_commit_without_an_answer(tmp_path, server):
    """The client is told that it is unknown; the record is withdrawn, nobody is sent to, and the customID is free."""
    async with AsyncExitStack() as stack:
        database = await asyncio.to_thread(PostgresDatabase, server)
        there = await stack.enter_async_context(vendors(["toplusms"]))
        gate: Gate = there.gates["toplusms"]
        config = configure(tmp_path, database.url, {"toplusms": ("toplusms", gate.port)})
        replica = await stack.enter_async_context(Replica("replica", config))
        await replica.ready()
        connection = await asyncpg.connect(database.url)
        await connection.execute(_WAITS)
        # a first one, so that what comes now commits nothing but its record
        assert text_of(await call(replica.port, "sendSms", "toplusms", **MESSAGE | {"customID": "first"}), "pkgID")
        await connection.execute("SELECT pg_advisory_lock(1)")
        doubted = asyncio.create_task(call(replica.port, "sendSms", "toplusms", **MESSAGE, seconds=PATIENCE))
        await eventually(lambda: connection.fetchval(_IS_WAITING))
        probing = await hold_commits(server, connection)
        await connection.execute("SELECT pg_advisory_unlock(1)")
        await eventually(lambda: connection.fetchval(_RECORD_IS_COMMITTING))
        await asyncio.to_thread(server.run, "ALTER SYSTEM RESET synchronous_standby_names")
        await database.restart("immediate", 0)
        await probing
        assert text_of(await doubted, "code") == "ERR_INTERNAL_SERVER"

        async def is_withdrawn() -> bool:
            return not any(row.custom_id == "doubted" for row in await database.rows())

        await eventually(is_withdrawn)
        assert (await there.taken())["toplusms"] == {MESSAGE["number"]: 1}

        async def answer() -> str | None:
            try:
                return text_of(await call(replica.port, "sendSms", "toplusms", **MESSAGE), "pkgID")
            except Lost:
                return None

        await eventually(answer)
        assert (await there.taken())["toplusms"] == {MESSAGE["number"]: 2}
        assert replica.deaths == []
