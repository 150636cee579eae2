"""A PostgreSQL that goes away in the middle of a commit: nobody can know whether it happened."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import asyncpg

from tests.chaos.database import PostgresDatabase
from tests.chaos.gate import Gate
from tests.chaos.replica import Replica
from tests.chaos.scenery import configure, vendors
from tests.chaos.soap import Lost, call, text_of

MESSAGE = {"type": 1, "sendingType": 0, "title": "Deneme", "sender": "BASLIK", "encoding": 1, "content": "Merhaba"}
MESSAGE |= {"number": "905321234510", "customID": "doubted"}
_PATIENCE = 120


async def is_committing(database: PostgresDatabase) -> bool:
    """Whether a record's commit is on the server's disk, and waits for a standby that is not there.

    The background commits too; there it is SQLAlchemy's driver that writes it, with a semicolon.
    """
    connection = await asyncpg.connect(database.url)
    try:
        return bool(
            await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'")
        )
    finally:
        await connection.close()


async def until(reached) -> None:
    end = time.monotonic() + _PATIENCE
    while not await reached():
        assert time.monotonic() < end
        await asyncio.sleep(0.1)


async def test_a_commit_without_an_answer(tmp_path, server):
    """The client is told that it is unknown; the record is withdrawn, nobody is sent to, and the customID is free."""
    async with AsyncExitStack() as stack:
        database = await asyncio.to_thread(PostgresDatabase, server)
        there = await stack.enter_async_context(vendors(["toplusms"]))
        gate: Gate = there.gates["toplusms"]
        config = configure(tmp_path, database.url, {"toplusms": ("toplusms", gate.port)})
        replica = await stack.enter_async_context(Replica("replica", config))
        await replica.ready()
        # a first one, so that what comes now commits nothing but its record
        assert text_of(await call(replica.port, "sendSms", "toplusms", **MESSAGE | {"customID": "first"}), "pkgID")
        await asyncio.to_thread(server.run, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
        doubted = asyncio.create_task(call(replica.port, "sendSms", "toplusms", **MESSAGE, seconds=_PATIENCE))
        await until(lambda: is_committing(database))
        await asyncio.to_thread(server.run, "ALTER SYSTEM RESET synchronous_standby_names")
        await database.restart("immediate", 0)
        assert text_of(await doubted, "code") == "ERR_INTERNAL_SERVER"

        async def is_withdrawn() -> bool:
            return not any(row.custom_id == "doubted" for row in await database.rows())

        await until(is_withdrawn)
        assert (await there.taken())["toplusms"] == {MESSAGE["number"]: 1}

        async def answer() -> str | None:
            try:
                return text_of(await call(replica.port, "sendSms", "toplusms", **MESSAGE), "pkgID")
            except Lost:
                return None

        await until(answer)
        assert (await there.taken())["toplusms"] == {MESSAGE["number"]: 2}
        assert replica.deaths == []
