"""One run: bridges, vendors and a database; load and chaos; then quiet, and the oracle's judgement."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import asyncpg

from bridge.domain.status import SubmissionState
from tests.chaos import oracle
from tests.chaos.database import Database, PostgresDatabase, SqliteDatabase
from tests.chaos.events import SERVING, Event, Stage, plan
from tests.chaos.gate import Gate
from tests.chaos.load import Load
from tests.chaos.oracle import Findings, Row, judge
from tests.chaos.replica import Replica
from tests.chaos.scenery import READ_SECONDS, Vendors, configure, vendors
from tests.chaos.soap import Lost, call, items_of
from tests.postgres import Postgres

__all__ = ["Result", "run"]

# packages
_ENOUGH = 20
# at most, on average
_SECONDS_A_KILL = 6
_OPEN = {SubmissionState.PENDING, SubmissionState.SENDING}


@dataclass
class Result:
    """What a run showed. Counts are of this run."""

    database: str
    seed: int
    seconds: float
    kills: int = 0
    stops: int = 0
    outages: int = 0
    db_restarts: int = 0
    disks_full: int = 0
    packages: int = 0
    acknowledged: int = 0
    refused: int = 0
    no_answer: int = 0
    recipients: int = 0
    unknown: int = 0
    settled_after_seconds: float = 0
    folder: str = ""
    findings: Findings = field(default_factory=Findings)

    def __str__(self) -> str:
        found = self.findings
        return (
            f"{self.database}: {self.kills} kills, {self.stops} stops, {self.outages} vendor outages, {self.db_restarts} database "
            f"restarts, {self.disks_full} full disks; packages {self.packages}: {self.acknowledged} acknowledged, "
            f"{self.refused} refused, {self.no_answer} without an answer, {self.unknown} unknown; {self.recipients} recipients: "
            f"{len(found.lost)} lost, {len(found.twice)} twice, {len(found.untrue)} untrue; "
            f"settled in {self.settled_after_seconds:.0f} s; seed {self.seed}"
        )


class Run:
    """What is running, and what happens to it."""

    def __init__(self, stage: Stage, random: Random, replicas: Sequence[Replica], there: Vendors, database: Database) -> None:
        self._stage, self._random = stage, random
        self._replicas, self._vendors, self._database = replicas, there, database
        self._frozen: set[int] = set()
        self.counts: Counter[str] = Counter()

    async def chaos(self) -> None:
        """All events of the plan, each at its time."""
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for event in plan(self._random, self._stage):
                await asyncio.sleep(max(0.0, start + event.at - time.monotonic()))
                group.create_task(self._happen(event))
        while self.counts["kill"] < self._stage.seconds / _SECONDS_A_KILL:  # those meant for a frozen process were left out
            place = self._random.randrange(len(self._replicas))
            await self._happen(Event(0, "kill", place, self._random.uniform(0, 1), SERVING))

    async def _happen(self, event: Event) -> None:
        if isinstance(event.target, int):
            await self._to_process(event, self._replicas[event.target])
        elif event.kind == "restart":
            assert isinstance(self._database, PostgresDatabase)
            self.counts["restart"] += 1
            await self._database.restart(event.detail, event.seconds)
        else:
            self.counts["outage"] += 1
            await self._to_vendor(event, self._vendors.gates[str(event.target)])

    async def _to_process(self, event: Event, replica: Replica) -> None:
        if event.detail == SERVING:
            await replica.ready()
            await asyncio.sleep(event.seconds)
        if event.target in self._frozen:  # it is to last
            return
        if event.kind.startswith("kill"):
            self.counts["kill"] += (event.kind == "kill worker" and replica.kill_worker()) or replica.kill()
            return
        self.counts[event.kind] += 1
        if event.kind == "orderly":
            replica.terminate()
        if event.kind == "full":
            replica.limit_files(0)
            await asyncio.sleep(event.seconds)
            replica.limit_files(resource.RLIM_INFINITY)
        elif event.kind == "stop":
            assert isinstance(event.target, int)
            self._frozen |= {event.target} if event.seconds > READ_SECONDS else set()
            replica.freeze()
            await asyncio.sleep(event.seconds)
            replica.resume()
            self._frozen.discard(event.target)

    async def _to_vendor(self, event: Event, gate: Gate) -> None:
        if event.kind == "fault":
            await self._vendors.play(str(event.target), event.detail, count=event.count, seconds=event.seconds)
        elif event.kind == "refuse":
            await gate.refuse()
            await asyncio.sleep(event.seconds)
            await gate.admit()
        else:
            held = gate.requests if event.kind == "hold requests" else gate.answers
            held.clear()
            await asyncio.sleep(event.seconds)
            held.set()

    async def settled(self, seconds: float, *, look_ups: bool) -> float:
        """Waits until nothing is under way; the seconds that it took. look_ups: and what can be found out is.

        After the limit it returns all the same: the oracle sees what is left.
        """
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            with contextlib.suppress(OSError, sqlite3.Error, asyncpg.PostgresError):  # it is not there yet
                states = await self._database.states()
                if not any(states[each] for each in _OPEN) and not (look_ups and await self._unsettled()):
                    break
            await asyncio.sleep(1)
        return time.monotonic() - start

    async def _unsettled(self) -> list[Row]:
        """What a look-up is still to prove: at node, which knows every customID. Elsewhere not everything can be found."""
        return [row for row in await self._database.rows() if row.submission == SubmissionState.UNKNOWN and row.vendor == "node"]

    async def shown(self, packages: Sequence[oracle.Package]) -> dict[str, dict[str, int]]:
        """Of every acknowledged package, what getSmsPackages and getSmsPackageItems say: {id: {number: state}}. Raises Lost."""
        by_vendor: dict[str, list[str]] = {}
        for package in packages:
            by_vendor.setdefault(package.vendor, []).extend(dict.fromkeys(package.told(oracle.ACKNOWLEDGED)))
        found: dict[str, dict[str, int]] = {}
        gate = asyncio.Semaphore(4)

        async def ask(vendor: str, id_: str) -> None:
            async with gate:
                answer = await self._ask("getSmsPackageItems", vendor, pkgID=id_, pageSize=1000)
                found[id_] = {row["target"]: int(row["state"]) for row in items_of(answer)}

        for vendor, ids in by_vendor.items():
            await asyncio.gather(*(ask(vendor, id_) for id_ in ids))
            for some in (ids[at : at + 100] for at in range(0, len(ids), 100)):
                listed = {row["id"] for row in items_of(await self._ask("getSmsPackages", vendor, ids=some, pageSize=100))}
                found |= {id_: {} for id_ in some if id_ not in listed}
        return found

    async def _ask(self, operation: str, vendor: str, **fields: Any) -> bytes:
        return await call(self._random.choice(self._replicas).port, operation, vendor, **fields)


async def run(
    name: str,
    folder: Path,
    *,
    seed: int,
    seconds: float,
    kinds: Sequence[str],
    server: Postgres | None = None,
    workers: int = 1,
    clients: int = 6,
    pause: float = 0.25,
    limit: float = 150,
    look_ups: bool = False,
) -> Result:
    """Makes the folder. Chaos begins, and ends, with bridges that acknowledge messages: how many in between depends on the machine.

    server: three replicas on it; None: one on SQLite. limit: seconds for settling. look_ups: as in `settled`; then there are
    messages in portions too.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    result = Result(name, seed, seconds, folder=str(folder))
    random = Random(seed)
    database: Database = SqliteDatabase(folder) if server is None else await asyncio.to_thread(PostgresDatabase, server)
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(vendors(kinds))
        config = configure(folder, database.url, {kind: (kind, gate.port) for kind, gate in there.gates.items()})
        replicas: list[Replica] = []
        for place in range(1 if server is None else 3):
            replicas.append(await stack.enter_async_context(Replica(f"replica{place}", config, workers=workers, random=random)))
            await replicas[-1].ready()
        stage = Stage(seconds, len(replicas), workers, tuple(kinds), server is not None)
        running = Run(stage, random, replicas, there, database)
        load = Load(random, replicas, kinds, portions=look_ups)
        loading = asyncio.create_task(load.run(clients, pause))
        await load.acknowledged(_ENOUGH)
        await running.chaos()
        await there.calm()
        await load.acknowledged(_ENOUGH)
        load.stop()
        await loading
        for replica in replicas:
            await replica.ready()
        result.settled_after_seconds = await running.settled(limit, look_ups=look_ups)
        (folder / "unsettled.json").write_text(json.dumps([await database.rest(), await database.processes()], indent=1))
        try:
            shown = await running.shown(load.packages)
        except Lost as lost:
            shown = {}
            result.findings.untrue.append(f"a query was not answered after all was quiet: {lost}")
        for replica in replicas:
            await replica.stop()
        rows, taken = await database.rows(), await there.taken()
    _judge(result, running, load.packages, rows, (taken, shown))
    result.findings.untrue += [death for replica in replicas for death in replica.deaths]
    (folder / "result.json").write_text(json.dumps(asdict(result), indent=1))
    return result


def _judge(
    result: Result,
    running: Run,
    packages: Sequence[oracle.Package],
    rows: Sequence[Row],
    evidence: tuple[Mapping[str, Counter[str]], Mapping[str, Mapping[str, int]]],
) -> None:
    """Writes everything into the result. evidence: what vendors took, and what was shown."""
    found = judge(packages, rows, *evidence)
    for kind in ("lost", "twice", "untrue"):
        getattr(result.findings, kind).extend(getattr(found, kind))
    counts = running.counts
    result.kills, result.stops, result.outages = counts["kill"], counts["stop"], counts["outage"]
    result.db_restarts, result.disks_full = counts["restart"], counts["full"]
    result.packages = len(packages)
    result.recipients = sum(len(package.numbers) for package in packages)
    result.acknowledged = sum(bool(package.told(oracle.ACKNOWLEDGED)) for package in packages)
    result.refused = sum({answer.what for answer in package.answers} == {oracle.REFUSED} for package in packages)
    result.no_answer = sum({answer.what for answer in package.answers} <= {oracle.LOST} for package in packages)
    result.unknown = len({row.package_id for row in rows if row.submission == SubmissionState.UNKNOWN})
