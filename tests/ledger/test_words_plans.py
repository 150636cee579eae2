"""No question reads a table from one end to the other: the databases themselves say how they would answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy import update as update_table

from bridge.domain.message import Period, PeriodType
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.status import ItemState, PackageFilter, PackageState
from bridge.ledger import listing, walking
from bridge.ledger.database import PostgresDatabase, SqliteDatabase
from bridge.ledger.instant import to_ms
from bridge.ledger.ledger import Ledger
from bridge.ledger.tables import item, package, process, submission
from bridge.ledger.values import Accepted, Recorded, Unknown
from tests.ledger.said import ACCOUNT, NOW, OTHER, accept, at, new, numbers, outcome, record, update
from tests.postgres import Postgres

Ask = Callable[[Awaitable[Any]], Awaitable[list[str]]]
Statement = tuple[str, Any]
# a table, or an index, of which every row is looked at; but some indices have only what is asked for
ONLY_THESE = "submission_(unknown|stuck|pending)|push_(dead|due)|recurrence_(due|stuck)"
TABLES = "package|submission|item|push|recurrence"
SQLITE_SCAN = re.compile(rf"SCAN ({TABLES})\b(?! USING (COVERING )?INDEX ({ONLY_THESE}))")
POSTGRES_SCAN = re.compile(rf"Seq Scan on ({TABLES})\b(?!_)")
# a few rows PostgreSQL reads in no other way
CROWDED_SCAN = re.compile(r"Seq Scan on (submission|push|recurrence)\b(?!_)")
EXPLAINED = ("SELECT", "WITH", "UPDATE", "DELETE")
DAY = timedelta(days=1)
LEASE = timedelta(minutes=2)
WAITING = 100_000

PACKAGES = {
    "no filter": PackagesQuery(),
    "page 3": PackagesQuery(page_index=2),
    "ids": PackagesQuery(ids=(1_500_000_003, 4711, 1_500_000_700)),
    "customIDs": PackagesQuery(custom_ids=tuple(f"c-{number}" for number in range(20))),
    "ids and customIDs": PackagesQuery(ids=(1_500_000_003,), custom_ids=("c-3",)),
    "sender": PackagesQuery(sender="SENDER3"),
    "start": PackagesQuery(start=NOW - 3 * DAY),
    "finish": PackagesQuery(finish=NOW - 3 * DAY),
    "dates": PackagesQuery(start=NOW - 3 * DAY, finish=NOW - DAY),
    "within an hour": PackagesQuery(start=at(-30), finish=at(-15)),
    "sender and dates": PackagesQuery(sender="SENDER3", start=NOW - 3 * DAY, finish=NOW - DAY),
    "keyword": PackagesQuery(keyword="zeytin"),
    "keyword of none": PackagesQuery(keyword="yokboyle"),
    "keyword and sender": PackagesQuery(keyword="zeytin", sender="SENDER3"),
    "keyword and dates": PackagesQuery(keyword="zeytin", start=NOW - 3 * DAY, finish=NOW - DAY),
    "keyword and ids": PackagesQuery(keyword="zeytin", ids=(1_500_000_003,)),
    "all": PackagesQuery(
        ids=(1_500_000_003,), custom_ids=("c-3",), keyword="zeytin", sender="SENDER3", status=2, start=NOW - 3 * DAY, finish=NOW
    ),
    **{f"status {each.name}": PackagesQuery(status=each) for each in PackageFilter},
    "status and sender": PackagesQuery(status=PackageFilter.PROCESSING, sender="SENDER3"),
    "status and dates": PackagesQuery(status=PackageFilter.PROCESSING, start=NOW - 3 * DAY, finish=NOW),
}


def engines_of(ledger: Ledger) -> list[Engine]:
    """What reading and writing go through."""
    store: Any = ledger._store
    return [store._readers, store._writers] if isinstance(store, SqliteDatabase) else [store._engine.sync_engine]


@pytest.fixture
async def ask(ledger: Ledger) -> AsyncIterator[Ask]:
    """Asks; the database's plans for each statement that was asked."""
    asked: list[Statement] = []

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if not many:
            asked.append((statement, parameters))

    for engine in engines_of(ledger):
        event.listen(engine, "before_cursor_execute", remember)

    def plan(connection: Connection, statement: str, parameters: Any) -> str:
        word = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        return "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(f"{word} {statement}", parameters))

    async def plans(words: Awaitable[Any]) -> list[str]:
        asked.clear()
        await words
        found = []
        for statement, parameters in [each for each in asked if each[0].lstrip().startswith(EXPLAINED)]:
            found.append(
                statement + "\n" + await ledger._store.read(lambda connection, s=statement, p=parameters: plan(connection, s, p))
            )
        assert found
        return found

    yield plans
    for engine in engines_of(ledger):
        event.remove(engine, "before_cursor_execute", remember)


def scans(plans: list[str], postgres: re.Pattern[str] = POSTGRES_SCAN) -> list[str]:
    return [plan for plan in plans if SQLITE_SCAN.search(plan) or postgres.search(plan)]


@pytest.fixture
async def filled(ledger: Ledger, url: str, request: pytest.FixtureRequest) -> list[Recorded]:
    """A few thousand packages of a week, in several states."""

    def one(number: int) -> Any:
        kept = number % 7 == 0
        return new(
            account=OTHER if number % 3 == 0 else ACCOUNT,
            state=PackageState.WAITING if kept else PackageState.SENDING,
            sender=f"SENDER{number % 5}",
            text=f"sipariş {number} {'zeytin' if number % 300 == 1 else 'kargoda'}",
            custom_id=f"c-{number}" if number % 2 else None,
            accepted_at=NOW - number * timedelta(minutes=3),
            due_at=NOW + number * timedelta(seconds=1),
        )

    made = await asyncio.gather(*(ledger.record(one(number)) for number in range(2000)))
    settled = []
    for number, each in enumerate(made):
        if number % 7 and number % 50:
            result = Unknown("x") if number % 400 == 1 else Accepted("v")
            due_at = NOW + number * timedelta(seconds=1)
            public_id = 4711 + number if number % 10 == 1 else None
            settled.append(ledger.settle(each.package_id, [outcome(each.submission_ids[0], result, NOW, due_at)], public_id))
    await asyncio.gather(*settled)
    await request.getfixturevalue("indexed")()
    if isinstance(ledger._store, PostgresDatabase):
        await asyncio.to_thread(Postgres(url).run, "VACUUM ANALYZE")
    return made


async def test_no_question_scans_a_table(ledger: Ledger, filled: list[Recorded], ask: Ask, monkeypatch: pytest.MonkeyPatch):
    wrong = {}
    for many in (False, True):
        if many:  # the ways of a ledger with a million packages
            monkeypatch.setattr(walking, "_NEAR", 20)
            monkeypatch.setattr(listing, "_FEW_HITS", 5)
        for name, query in PACKAGES.items():
            wrong[name] = scans(await ask(ledger.packages(ACCOUNT, query)))
    each = filled[4]
    keys = {
        "id": PackageKey(id=each.package_id),
        "public id": PackageKey(id=4712),
        "uuid": PackageKey(uuid=each.uuid),
        "customID": PackageKey(custom_id="c-1"),
    }
    for name, key in keys.items():
        wrong[f"find by {name}"] = scans(await ask(ledger.find(ACCOUNT, key)))
        wrong[f"items by {name}"] = scans(await ask(ledger.items(ACCOUNT, ItemsQuery(package=key))))
    items = ItemsQuery(package=PackageKey(id=each.package_id), target="12", operator=2, state=ItemState.SENT)
    wrong["items"] = scans(await ask(ledger.items(ACCOUNT, items)))
    wrong["message"] = scans(await ask(ledger.message(each.submission_ids[0])))
    wrong["open"] = scans(await ask(ledger.open_submissions(None, at(0.1), 50)))
    wrong["open of an account"] = scans(await ask(ledger.open_submissions(ACCOUNT, at(0.1), 50)))
    some = [each.package_id for each in filled[:50]]
    wrong["open of packages"] = scans(await ask(ledger.open_submissions(ACCOUNT, at(0.1), 50, some)))
    wrong["uncertain"] = scans(await ask(ledger.uncertain(None, 50)))
    wrong["uncertain of an account"] = scans(await ask(ledger.uncertain(ACCOUNT, 50)))
    assert not any(wrong.values()), "\n\n".join(f"{name}: {plan}" for name, plans in wrong.items() for plan in plans)


@pytest.fixture
async def crowd(ledger: Ledger, url: str) -> Recorded:
    """Much that waits for later, and much that is over; one package of which everything is due. Nothing but that is looked at."""
    later = to_ms(NOW + DAY)
    recorded = await record(ledger, period=Period(type=PeriodType.DAILY), repeats=NOW, push_url="https://a.example", push=True)
    await accept(ledger, recorded, due_at=NOW)
    await ledger.report(recorded.submission_ids[0], [update(numbers(1)[0], ItemState.DELIVERED)], NOW)
    waiting = await record(ledger, state=PackageState.WAITING, due_at=NOW)
    crowd = "WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {})"
    few = f"CASE n % 100 WHEN 0 THEN {later} + n END"
    rows = [
        f"""INSERT INTO submission (id, package_id, state, claim, first, last, due_at, alone)
            {crowd.format(WAITING)} SELECT n, 0, CASE n % 3 WHEN 2 THEN 4 ELSE n % 3 END, 'x', 0, 0, {later} + n, 1 FROM many""",
        f"""INSERT INTO push (account, package_id, url, created_at, delivered_at, due_at)
            {crowd.format(WAITING // 10)} SELECT 1, n, '', 0, {later} + n, {few} FROM many""",
        f"""INSERT INTO recurrence (package_id, type, first_at, next_at, due_at)
            {crowd.format(WAITING // 10)} SELECT n, 1, 0, {few}, {few} FROM many""",
    ]
    for each in rows:
        await ledger._store.change(lambda connection, each=each: connection.exec_driver_sql(each))
    if isinstance(ledger._store, PostgresDatabase):
        await asyncio.to_thread(Postgres(url).run, "VACUUM ANALYZE")
    return waiting


async def test_the_background_looks_at_nothing_that_waits_for_later(ledger: Ledger, other: Ledger, crowd: Recorded, ask: Ask):
    await other.alive()
    await ledger._store.change(lambda connection: connection.execute(update_table(process).values(seen_at=0)))
    words = {
        "take": lambda: ledger.take(NOW, 50, LEASE),
        "begin": lambda: ledger.begin(crowd.submission_ids, NOW + LEASE),
        "postpone": lambda: ledger.postpone(crowd.submission_ids, NOW),
        "abandon": lambda: ledger.abandon(NOW),
        "take_recurrences": lambda: ledger.take_recurrences(NOW, 50, LEASE),
        "take_pushes": lambda: ledger.take_pushes(NOW, 50, LEASE),
        "push_content": lambda: ledger.push_content(1),
        "pushed": lambda: ledger.pushed(1, NOW),
        "prune": lambda: ledger.prune(NOW + DAY / 2),
        "cancel": lambda: ledger.cancel(ACCOUNT, PackageKey(id=crowd.package_id)),
        "overview": ledger.overview,
        "message_of_package": lambda: ledger.message_of_package(crowd.package_id),
    }
    plans = {name: [plan for plan in await ask(word()) if "id_block" not in plan] for name, word in words.items()}  # the indexer's
    wrong = {name: scans(each, CROWDED_SCAN) for name, each in plans.items()}
    assert not any(wrong.values()), "\n\n".join(f"{name}: {plan}" for name, each in wrong.items() for plan in each)
    for name, index in (("take", "submission_due"), ("take_recurrences", "recurrence_due"), ("take_pushes", "push_due")):
        assert index in plans[name][0], plans[name][0]
    assert "submission_due" in plans["abandon"][0]
    assert "submission_due" in plans["abandon"][2]


async def test_a_scan_would_be_seen(ledger: Ledger, ask: Ask):
    for table in (package, submission, item):
        everything = select(table)
        assert scans(await ask(ledger._store.read(lambda connection, query=everything: connection.execute(query).all())))
