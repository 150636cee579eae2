"""CPU of recording and settling one-recipient packages, 32 in flight, and the time of one large package.

    python tests/bench/ledger_write.py URL [PACKAGES]

URL: sqlite:///FILE (of this run only) or postgresql://.. (a database of this run only).
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import time
from datetime import UTC, datetime, timedelta

import uvloop

from bridge.domain.message import Kind, Message
from bridge.domain.status import PackageState
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import Accepted, NewPackage, NewSubmission, SubmissionOutcome

IN_FLIGHT = 32
TEXT = "Merhaba, bu bir test mesajıdır, lütfen dikkate almayınız. {:06d}"


def package(at: int, recipients: int = 1) -> NewPackage:
    now = datetime.now(UTC)
    message = Message(
        kind=Kind.NORMAL,
        sender="BASLIK",
        numbers=tuple(f"90532{at % 1000:03d}{i:04d}" for i in range(recipients)),
        text=TEXT.format(at),
        validity_minutes=1440,
        accepted_at=now,
        custom_id=f"bench-{at}",
    )
    everyone = NewSubmission(range(recipients))
    due, end = now + timedelta(minutes=2), now + timedelta(days=1)
    return NewPackage("admin", "main", message, [everyone], 1, PackageState.SENDING, due, end)


async def send(ledger: Ledger, new: NewPackage) -> None:
    recorded = await ledger.record(new)
    now = datetime.now(UTC)
    outcomes = [SubmissionOutcome(id_, Accepted("12345"), now, now + timedelta(seconds=15)) for id_ in recorded.submission_ids]
    await ledger.settle(recorded.package_id, outcomes)


async def load(ledger: Ledger, numbers: list[int]) -> None:
    async def worker() -> None:
        while numbers:
            await send(ledger, package(numbers.pop()))

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


def composing(count: int) -> float:
    """CPU seconds that making the values themselves takes: not the ledger's."""
    start = time.process_time()
    for at in range(count):
        package(at)
    return time.process_time() - start


async def main() -> None:
    url, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    await Ledger.migrate(url)
    ledger = await Ledger.open(url)
    await load(ledger, list(range(10**9, 10**9 + 1000)))
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    for turn in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu, wall = time.process_time(), time.perf_counter()
        await load(ledger, list(range(turn * count, (turn + 1) * count)))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        own = composing(count)
        each = (cpu - own) / count * 1e6
        print(
            f"{each:6.1f} us CPU a package (composing apart: {own / count * 1e6:.1f}), "
            f"{count / wall:6.0f} a second, {grown} kB more"
        )
    for turn in range(3):
        new = package(2 * 10**9 + turn, 10_000)
        start = time.perf_counter()
        await send(ledger, new)
        print(f"{(time.perf_counter() - start) * 1e3:6.0f} ms a package of 10,000")
    await ledger.close()


uvloop.run(main())
