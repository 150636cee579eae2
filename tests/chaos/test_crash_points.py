"""kill -9 at each instant that matters, in one process: what it had in hand comes to the right end without help.

Each point is a vendor of its own behind a gate of its own, so that one kill hits all of them. On SQLite the process is started
again, on PostgreSQL another one is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.clock import ISTANBUL
from bridge.domain.status import SubmissionState
from tests.chaos.database import Database, PostgresDatabase, SqliteDatabase
from tests.chaos.gate import HOST, Gate
from tests.chaos.oracle import Row
from tests.chaos.replica import Replica
from tests.chaos.scenery import Vendors, configure, vendors
from tests.chaos.soap import Lost, call, text_of
from tests.postgres import Postgres
from tests.waiting import eventually

# with a look-up that proves that there is nothing, with one that does not, with none
KINDS = ("node", "isobil", "toplusms")
# where the process is when it dies
UNREACHED, ASKED, LATE, TAKEN, ANSWERED, UNRECORDED, HELD = POINTS = (
    "unreached",  # recorded; the connection to the vendor is being made
    "asked",  # the request is on its way, and never arrives
    "late",  # the request is on its way, and arrives after the death
    "taken",  # the vendor has taken it; its answer is on its way
    "answered",  # the answer is there; the outcome is being written
    "unrecorded",  # the record is being written
    "held",  # until its sendingDate, which comes after the death
)
VENDORS = {f"{kind}-{point}": kind for kind in KINDS for point in POINTS}
NUMBERS = {name: f"9053212345{place:02}" for place, name in enumerate(VENDORS, 10)}
# longer than all that happens before the kill, so that no time-out comes first
_PATIENCE_OF_BRIDGE = 600
# seconds; only ever waited for when a test fails, but for the 30 after which the bridge takes a process for dead
_PATIENCE = 200


@contextlib.contextmanager
def unconnectable() -> Iterator[int]:
    """A port where connections are neither made nor refused: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


class Scene:
    """A victim, who is to survive it, and all the gates."""

    def __init__(self, victim: Replica, survivor: Replica, there: Vendors, gates: Mapping[str, Gate], database: Database) -> None:
        self.victim, self.survivor = victim, survivor
        self._vendors, self.gates, self.database = there, gates, database

    async def send(self, name: str, port: int, **fields: Any) -> bytes:
        message = {"type": 1, "sendingType": 0, "title": "Deneme", "sender": "BASLIK", "encoding": 1, "content": name}
        return await call(
            port, "sendSms", name, seconds=_PATIENCE, **message, number=NUMBERS[name], customID=name.upper(), **fields
        )

    async def begin(self, names: list[str]) -> list[asyncio.Task[None]]:
        """Clients that are not going to get an answer."""

        async def client(name: str) -> None:
            with pytest.raises(Lost):
                await self.send(name, self.victim.port)

        return [asyncio.create_task(client(name)) for name in names]

    async def states(self) -> dict[str, SubmissionState]:
        rows: list[Row] = await self.database.rows()
        return {row.vendor: SubmissionState(row.submission) for row in rows if row.submission is not None}

    async def taken(self) -> Counter[str]:
        """By name: which number it is tells whose it is."""
        numbers = sum((await self._vendors.taken()).values(), Counter())
        return Counter({name: numbers[number] for name, number in NUMBERS.items() if numbers[number]})


def of(*points: str) -> list[str]:
    return [name for name in VENDORS if name.partition("-")[2] in points]


@contextlib.asynccontextmanager
async def scene(folder: Path, server: Postgres | None) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        database: Database = SqliteDatabase(folder) if server is None else await asyncio.to_thread(PostgresDatabase, server)
        there = await stack.enter_async_context(vendors(KINDS))
        nowhere = stack.enter_context(unconnectable())
        gates = {name: await stack.enter_async_context(Gate(there.ports[kind])) for name, kind in VENDORS.items()}
        ports = {name: (kind, nowhere if name in of(UNREACHED) else gates[name].port) for name, kind in VENDORS.items()}
        config = configure(folder, database.url, ports, _PATIENCE_OF_BRIDGE)
        victim = survivor = await stack.enter_async_context(Replica("victim", config))
        if server is not None:
            survivor = await stack.enter_async_context(Replica("survivor", config))
        for replica in {victim, survivor}:
            await replica.ready()
        # who serves has said so: else what it leaves would be found only when its claims are stale
        assert len(await database.processes()) == len({victim, survivor})
        yield Scene(victim, survivor, there, gates, database)


async def bring_to_the_points(on: Scene) -> list[asyncio.Task[None]]:
    """Every message is where the name of its vendor says, but for what needs a locked database."""
    for name in of(ASKED, LATE):
        on.gates[name].requests.clear()
    for name in of(TAKEN, ANSWERED):
        on.gates[name].answers.clear()
    soon = datetime.now(ISTANBUL) + timedelta(seconds=12)
    for name in of(HELD):
        answer = await on.send(name, on.victim.port, sendingDate=f"{soon:%Y-%m-%d %H:%M:%S}")
        assert text_of(answer, "pkgID"), answer
    clients = await on.begin(of(UNREACHED, ASKED, LATE, TAKEN, ANSWERED))

    async def there() -> bool:
        states = await on.states()
        asked, answered = of(ASKED, LATE), of(TAKEN, ANSWERED)
        begun = all(states.get(name) is SubmissionState.SENDING for name in of(UNREACHED, ASKED, LATE, TAKEN, ANSWERED))
        return begun and all(on.gates[name].asked for name in asked) and all(on.gates[name].answered for name in answered)

    await eventually(there, _PATIENCE)
    return clients


async def kill_and_go_on(on: Scene) -> None:
    clients = await bring_to_the_points(on)
    async with on.database.locked():
        for name in of(ANSWERED):
            on.gates[name].answers.set()
        clients += await on.begin(of(UNRECORDED))
        # a call that writes nothing is answered: so the process has also seen what came before
        (asked, *_) = of(HELD)
        assert text_of(await call(on.victim.port, "getUserCredit", asked), "credit")
        on.victim.kill()
        await asyncio.gather(*clients)
    for name in of(ASKED):
        on.gates[name].drop()
    for name in of(ASKED, LATE):
        on.gates[name].requests.set()
    for name in of(TAKEN):
        on.gates[name].answers.set()
    await on.survivor.ready()


def right_ends() -> dict[str, SubmissionState]:
    """Of each message that was recorded."""
    found = dict.fromkeys(of(UNREACHED, ASKED), SubmissionState.UNKNOWN)  # node proves after two minutes that it has none
    found |= dict.fromkeys(of(LATE, TAKEN, ANSWERED, HELD), SubmissionState.ACCEPTED)
    return found | {f"toplusms-{point}": SubmissionState.UNKNOWN for point in (LATE, TAKEN, ANSWERED)}  # it has no look-up


async def killed(folder: Path, server: Postgres | None) -> None:
    """Kills at every point, and looks for the right ends."""
    async with scene(folder, server) as on:
        await kill_and_go_on(on)
        wanted = right_ends()

        async def reached() -> bool:
            return await on.states() == wanted

        with contextlib.suppress(AssertionError):  # below it is said in more words
            await eventually(reached, _PATIENCE)
        assert await on.states() == wanted
        assert await on.taken() == Counter(of(LATE, TAKEN, ANSWERED, HELD))
        for name in VENDORS:
            answer = await on.send(name, on.survivor.port)
            if name in of(UNRECORDED):
                assert text_of(answer, "pkgID"), name
            else:
                assert text_of(answer, "code") == "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION", name
        assert await on.taken() == Counter(of(LATE, TAKEN, ANSWERED, HELD, UNRECORDED))
        assert on.victim.deaths == on.survivor.deaths == []


async def _on_both(folder: Path, server: Postgres | None) -> dict[str, BaseException | None]:
    """At once: most of it is waiting."""
    there = {"sqlite": None} if server is None else {"sqlite": None, "postgresql": server}
    runs = {}
    for name, each in there.items():
        place = folder / name
        await asyncio.to_thread(place.mkdir)
        runs[name] = killed(place, each)
    return dict(zip(runs, await asyncio.gather(*runs.values(), return_exceptions=True), strict=True))


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory, server_or_none: Postgres | None) -> dict[str, BaseException | None]:
    """By database, what was wrong."""
    return asyncio.run(_on_both(tmp_path_factory.mktemp("killed"), server_or_none))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_at_every_point(ends, database):
    """Taken once or not at all, and told so; what was on its way is looked up, and never sent again."""
    if database not in ends:
        pytest.skip("PostgreSQL does not start")
    if (wrong := ends[database]) is not None:
        raise wrong
