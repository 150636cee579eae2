"""A disk without room: what cannot be recorded is refused, and not sent."""

from __future__ import annotations

import resource
from contextlib import AsyncExitStack

from tests.chaos.database import SqliteDatabase
from tests.chaos.replica import Replica
from tests.chaos.scenery import configure, vendors
from tests.chaos.soap import call, text_of

MESSAGE = {"type": 1, "sendingType": 0, "title": "Deneme", "sender": "BASLIK", "encoding": 1, "content": "Merhaba"}
BEFORE, MEANWHILE, AFTER = "905321234510", "905321234520", "905321234530"


async def test_a_full_disk(tmp_path):
    """It is refused as what can be tried again later, and later it can."""
    async with AsyncExitStack() as stack:
        database = SqliteDatabase(tmp_path)
        there = await stack.enter_async_context(vendors(["toplusms"]))
        config = configure(tmp_path, database.url, {"toplusms": ("toplusms", there.gates["toplusms"].port)})
        replica = await stack.enter_async_context(Replica("replica", config))
        await replica.ready()

        async def send(number: str) -> bytes:
            return await call(replica.port, "sendSms", "toplusms", seconds=120, **MESSAGE, number=number, customID=number)

        assert text_of(await send(BEFORE), "pkgID")
        replica.limit_files(0)
        assert text_of(await send(MEANWHILE), "code") == "ERR_SYSTEM_MAINTENANCE"
        assert text_of(await send(MEANWHILE), "code") == "ERR_SYSTEM_MAINTENANCE"
        replica.limit_files(resource.RLIM_INFINITY)
        assert text_of(await send(AFTER), "pkgID")
        assert text_of(await send(MEANWHILE), "pkgID")
        assert (await there.taken())["toplusms"] == {BEFORE: 1, MEANWHILE: 1, AFTER: 1}
        assert {row.number for row in await database.rows()} == {BEFORE, MEANWHILE, AFTER}
        assert replica.deaths == []
