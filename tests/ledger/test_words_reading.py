"""What is read: packages by every filter, items, one package, what is open, and nothing of another account."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

import pytest
from sqlalchemy import select

from bridge.domain.clock import ISTANBUL
from bridge.domain.custom_id import CustomIds
from bridge.domain.message import Encoding, Kind, Period, PeriodType
from bridge.domain.package import Package, Statistics
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.status import SHELVES, ItemState, PackageFilter, PackageState, SubmissionState, shelf_of
from bridge.errors import CallError, ErrorCode
from bridge.ledger import listing, walking
from bridge.ledger import numbers as ledger_numbers
from bridge.ledger.ledger import Ledger
from bridge.ledger.search import fold
from bridge.ledger.tables import id_block
from bridge.ledger.values import Accepted, Cancelled, Kept, NewSubmission, Recorded, Refused, Unknown
from tests.ledger.said import (
    ACCOUNT,
    MINUTE,
    NOW,
    OTHER,
    accept,
    at,
    item_states,
    numbers,
    outcome,
    package_of,
    record,
    states,
    stored,
    update,
)

Indexed = Callable[[], Awaitable[None]]
ALL = at(100_000)


async def listed(ledger: Ledger, account: str = ACCOUNT, **query: Any) -> list[str | None]:
    """uuids; the total is checked."""
    page = await ledger.packages(account, PackagesQuery(**query))
    assert page.total_record == len(page.rows)
    return [row.uuid for row in page.rows]


async def deliver(ledger: Ledger, recorded: Recorded, to: tuple[str, ...] = numbers(1)) -> None:
    await accept(ledger, recorded)
    await ledger.report(recorded.submission_ids[0], [update(number, ItemState.DELIVERED) for number in to])


# packages


async def test_a_package_as_it_is_shown(ledger: Ledger):
    recorded = await record(
        ledger,
        kind=Kind.OTP,
        custom_id="c-1",
        title="Başlık",
        text="Şifre 1",
        encoding=Encoding.TURKISH,
        numbers=numbers(2),
        parts=2,
        send_at=datetime(2026, 12, 31, 21, 0, tzinfo=UTC),
        state=PackageState.WAITING,
    )
    assert (await ledger.packages(ACCOUNT, PackagesQuery())).rows == (
        Package(
            id=recorded.package_id,
            custom_id="c-1",
            type=0,
            uuid=recorded.uuid,
            error=None,
            state=PackageState.WAITING,
            title="Başlık",
            content="Şifre 1",
            senders=("BASLIK",),
            encoding=1,
            validity=1440,
            statistics=Statistics(total=4, credit=4, r_count=2, delivered=0, undelivered=0),
            is_scheduled=1,
            sending_date="2027-01-01T00:00:00",
        ),
    )


async def test_the_newest_first(ledger: Ledger):
    times = [3, 1, 2, 2, 60 * 24 * 40, -5]
    made = [await record(ledger, accepted_at=at(minutes)) for minutes in times]
    wanted = [made[place].uuid for place in (4, 0, 3, 2, 1, 5)]
    assert await listed(ledger) == wanted
    pages = [await ledger.packages(ACCOUNT, PackagesQuery(page_index=index, page_size=4)) for index in range(4)]
    assert [page.total_record for page in pages] == [6] * 4
    assert [[row.uuid for row in page.rows] for page in pages] == [wanted[:4], wanted[4:], [], []]


async def test_by_ids(ledger: Ledger):
    made = [await record(ledger) for _ in range(4)]
    await ledger.settle(made[3].package_id, [outcome(made[3].submission_ids[0], Accepted("v"))], public_id=77)
    assert await listed(ledger, ids=(made[0].package_id, made[2].package_id, 5)) == [made[2].uuid, made[0].uuid]
    assert await listed(ledger, ids=(77, made[0].package_id, 77)) == [made[3].uuid, made[0].uuid]
    assert await listed(ledger, ids=(made[3].package_id,)) == []  # its client knows it as 77


async def test_by_custom_ids(ledger: Ledger):
    made = [await record(ledger, custom_id=f"c-{number}") for number in range(3)]
    assert await listed(ledger, custom_ids=("c-2", "c-0", "c-2", "c", "C-1")) == [made[2].uuid, made[0].uuid]
    both = await listed(ledger, custom_ids=("c-2", "c-1"), ids=(made[1].package_id, made[0].package_id))
    assert both == [made[1].uuid]


async def test_custom_ids_of_ours_are_not_shown(ledger: Ledger):
    own = CustomIds().new()
    recorded = await record(ledger, custom_id=own)
    assert (await package_of(ledger, recorded)).custom_id is None
    assert await listed(ledger, custom_ids=(own,)) == []
    assert (await stored(ledger, recorded)).custom_id == own


async def test_by_sender(ledger: Ledger):
    made = [await record(ledger, sender=sender) for sender in ("BASLIK", "BASLIK2", "BASLIK")]
    assert await listed(ledger, sender="BASLIK") == [made[2].uuid, made[0].uuid]
    assert await listed(ledger, sender="BASL") == []


async def test_by_dates(ledger: Ledger):
    # both ends belong to the range; a finish without seconds is its whole minute
    made = {seconds: await record(ledger, accepted_at=datetime(2026, 10, 14, 9, 30, tzinfo=UTC) + timedelta(seconds=seconds))
            for seconds in (-1, 0, 59.999, 60)}  # fmt: skip
    start = datetime(2026, 10, 14, 12, 30, tzinfo=ISTANBUL)
    assert await listed(ledger, start=start, finish=start) == [made[59.999].uuid, made[0].uuid]
    assert await listed(ledger, start=start) == [made[60].uuid, made[59.999].uuid, made[0].uuid]
    assert await listed(ledger, finish=start - MINUTE) == [made[-1].uuid]
    assert await listed(ledger, start=start, finish=start + timedelta(seconds=59)) == [made[0].uuid]
    assert await listed(ledger, start=start + MINUTE, finish=start) == []


async def test_by_status(ledger: Ledger):
    made = {}
    for name in ("queued", "sending", "sent", "delivered", "failed", "cancelled"):
        kept = name in {"queued", "cancelled"}
        made[name] = await record(ledger, state=PackageState.WAITING if kept else PackageState.SENDING)
    made["scheduled"] = await record(ledger, state=PackageState.WAITING, send_at=at(9))
    made["periodic"] = await record(ledger, state=PackageState.WAITING, period=Period(type=PeriodType.DAILY))
    await accept(ledger, made["sent"])
    await deliver(ledger, made["delivered"])
    await ledger.settle(made["failed"].package_id, [outcome(made["failed"].submission_ids[0], Refused("ERR_X"))])
    await ledger.cancel(ACCOUNT, PackageKey(id=made["cancelled"].package_id))
    found = {}
    for wanted in PackageFilter:
        uuids = await listed(ledger, status=wanted)
        found[wanted.name] = {name for name, each in made.items() if each.uuid in uuids}
    assert found == {
        "ALL": set(made),
        "QUEUED": {"queued"},
        "PROCESSING": {"sending", "sent"},
        "SCHEDULED": {"scheduled"},
        "PERIODIC": {"periodic"},
        "COMPLETED": {"delivered"},
        "CANCELLED": {"cancelled"},
        "FAILED": {"failed"},
    }


TEXTS = {
    "turkish": "Şifreniz: ÇĞİÖŞÜ çğıöşü",
    "plain": "SIFRENIZ hazir",
    "percent": "indirim %50_tl",
    "quote": 'dedi ki "evet"',
    "short": "ab",
    "emoji": "parti 🎉🎊🎈 var",
    "words": "OR NEAR(x) * -a",
}


KEYWORDS = {
    "şifre": {"turkish", "plain"},
    "SİFRENİZ": {"turkish", "plain"},
    "cgiosu CGI": {"turkish"},
    "%50": {"percent"},
    "50%": set(),
    "50_": {"percent"},
    "m__": set(),
    '"evet"': {"quote"},
    "ki evet": set(),
    "🎉🎊🎈": {"emoji"},
    "or near(x) *": {"words"},
    "* -a": {"words"},
    "yok": set(),
    # too short for the index
    "ab": {"short"},
    "%": {"percent"},
    "_": {"percent"},
    "🎊": {"emoji"},
    "x": {"words"},
    "\\": set(),
}


async def test_by_keyword(ledger: Ledger, indexed: Indexed):
    made = {name: (await record(ledger, text=text)).uuid for name, text in TEXTS.items()}
    for _ in range(2):  # from the texts themselves, and from the index
        for keyword, expected in KEYWORDS.items():
            wanted = [uuid for name, uuid in reversed(made.items()) if name in expected]
            assert await listed(ledger, keyword=keyword) == wanted, keyword
        await indexed()


async def test_every_letter_is_found(ledger: Ledger, indexed: Indexed):
    """As it is written, though index, text and keyword are made comparable in three places."""
    letters = [letter for letter in map(chr, range(0x20, 0x590)) if letter.isprintable()]
    recorded = await record(ledger, text="".join(letters))
    await indexed()
    for start in range(0, len(letters) - 8, 8):
        keyword = "".join(letters[start : start + 8])
        assert await listed(ledger, keyword=keyword) == [recorded.uuid], keyword


async def test_texts_that_are_indexed_together_stay_apart(ledger: Ledger, indexed: Indexed):
    """Of three accounts by turns, short and long, with what means something in JSON and in LIKE."""
    words = [
        'a "quoted" word',
        "C:\\new\\u0041",
        "line\nbreak\ttab",
        "{}[],:",
        "İĞÜŞ 🎊 100%_",
        "null",
        "0123",
        "uzun " * 500 + "son",
        "İ" * 2001,
    ]
    made = {
        (name, text): (await record(ledger, account=name, text=text)).uuid for text in words for name in ("one", "two", "three")
    }
    await indexed()
    for (name, text), uuid in made.items():
        assert await listed(ledger, name, keyword=text[-1000:]) == [uuid], text[:20]


async def test_own_texts_are_found(ledger: Ledger, indexed: Indexed):
    recorded = await record(ledger, numbers=numbers(3), text=None, texts=("ilk metin", "ikinci", "üçüncü"))
    for _ in range(2):
        for keyword in ("metin", "ikinci", "UCUNCU", "ci"):
            assert await listed(ledger, keyword=keyword) == [recorded.uuid]
        assert await listed(ledger, keyword="metin ikinci") == []
        await indexed()


@dataclass
class Row:
    """A package as the filters see it."""

    recorded: Recorded
    sender: str
    sending_at: datetime
    scheduled: bool
    periodic: bool
    text: str
    custom_id: str | None
    state: PackageState = PackageState.WAITING

    def fits(self, query: PackagesQuery) -> bool:
        shelf = shelf_of(self.state, scheduled=self.scheduled, periodic=self.periodic)
        finish = query.finish
        if finish is not None:
            finish += MINUTE if not finish.second and not finish.microsecond else timedelta(milliseconds=1)
        return (
            (not query.ids or self.recorded.package_id in query.ids)
            and (not query.custom_ids or self.custom_id in query.custom_ids)
            and (query.sender is None or self.sender == query.sender)
            and (query.keyword is None or fold(query.keyword) in fold(self.text))
            and (query.status is None or shelf in SHELVES[PackageFilter(query.status)])
            and (query.start is None or self.sending_at >= query.start)
            and (finish is None or self.sending_at < finish)
        )


async def fill(ledger: Ledger, count: int, chance: random.Random) -> list[Row]:
    """Packages of three days, in every state."""

    async def one(number: int) -> Row:
        # crowds in some minutes, and none for hours
        day, hour, minute = chance.randrange(3), chance.choice((0, 1, 2, 9, 23)), chance.choice((0, 1, 2, 59))
        when = datetime(2026, 10, 14, hour, minute, chance.choice((0, 0, 17)), tzinfo=UTC) + timedelta(days=day)
        kept, scheduled, periodic = chance.random() < 0.5, chance.random() < 0.3, chance.random() < 0.2
        said: dict[str, Any] = {
            "sender": chance.choice(("BASLIK", "SECOND", "THIRD")),
            "text": " ".join(chance.choices(("kargo", "şifre", "İndirim", "on", "x"), k=3)),
            "custom_id": f"c-{number}" if chance.random() < 0.5 else None,
        }
        steps = chance.randrange(4)
        recorded = await record(
            ledger,
            state=PackageState.WAITING if kept else PackageState.SENDING,
            accepted_at=when - timedelta(hours=1) if scheduled else when,
            send_at=when if scheduled else None,
            period=Period(type=PeriodType.WEEKLY) if periodic else None,
            **said,
        )
        row = Row(recorded, sending_at=when, scheduled=scheduled, periodic=periodic, **said)
        id_ = recorded.submission_ids[0]
        if kept and steps == 1:
            assert await ledger.cancel(ACCOUNT, PackageKey(id=recorded.package_id)) is Cancelled.CANCELLED
        if kept and steps == 2:
            await ledger.begin([id_], at(1))
        if not kept and steps == 1:
            await ledger.settle(recorded.package_id, [outcome(id_, chance.choice((Refused("ERR_X"), Unknown("x"), Kept())))])
        if not kept and steps == 2:
            await accept(ledger, recorded)
        if not kept and steps == 3:
            await deliver(ledger, recorded)
        row.state = (await stored(ledger, recorded)).state
        return row

    rows = await asyncio.gather(*(one(number) for number in range(count)))
    return sorted(rows, key=lambda row: (row.sending_at, row.recorded.package_id), reverse=True)


def questions(rows: list[Row], chance: random.Random) -> list[PackagesQuery]:
    """Every filter alone, and any of them together."""
    day = datetime(2026, 10, 15, tzinfo=UTC)
    sample = chance.sample(rows, len(rows) // 2)
    filters: dict[str, list[Any]] = {
        "ids": [tuple(row.recorded.package_id for row in sample)],
        "custom_ids": [tuple(row.custom_id for row in sample if row.custom_id)],
        "sender": ["SECOND", "NOBODY"],
        "keyword": ["KARGO", "sifre i", "x", "on"],
        "status": list(PackageFilter),
        "start": [day, day + timedelta(hours=1, minutes=1), day + timedelta(hours=9, seconds=18), day - timedelta(days=9)],
        "finish": [day, day + timedelta(hours=2, minutes=1), day + timedelta(hours=9, seconds=17), day + timedelta(days=9)],
    }
    found = [{}, *({name: each} for name, values in filters.items() for each in values)]
    found += [{name: chance.choice(filters[name]) for name in pair} for pair in combinations(filters, 2)]
    found += [{name: chance.choice(values) for name, values in filters.items() if chance.random() < 0.5} for _ in range(10)]
    return [PackagesQuery(**each) for each in found]


async def test_all_filters_against_a_model(ledger: Ledger, indexed: Indexed, monkeypatch: pytest.MonkeyPatch):
    chance = random.Random(20261014)  # the same every time
    rows = await fill(ledger, 80, chance)
    await record(ledger, account=OTHER, text="kargo şifre", custom_id="c-1")
    await indexed()
    wrong = []
    for many in (False, True):
        if many:  # the ways of a ledger with a million packages
            monkeypatch.setattr(walking, "_NEAR", 2)
            monkeypatch.setattr(walking, "_STEP", 13)
            monkeypatch.setattr(listing, "_FEW_HITS", 3)
            monkeypatch.setattr(listing, "_CHUNK", 7)
        for query in questions(rows, chance):
            expected = [row.recorded.uuid for row in rows if row.fits(query)]
            page, size = chance.choice(((0, 10), (1, 10), (2, 17), (0, 100)))
            got = await ledger.packages(ACCOUNT, replace(query, page_index=page, page_size=size))
            uuids = [row.uuid for row in got.rows]
            if (got.total_record, uuids) != (len(expected), expected[page * size : (page + 1) * size]):
                wrong.append((many, query, page, size, got.total_record, len(expected)))
    assert wrong == []


async def test_an_account_without_packages(ledger: Ledger):
    for query in (PackagesQuery(), PackagesQuery(ids=(1,)), PackagesQuery(keyword="abc"), PackagesQuery(start=NOW, finish=at(99))):
        page = await ledger.packages("nobody", query)
        assert (page.total_record, page.rows) == (0, ())


# items


async def test_items_as_they_are_shown(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(2), parts=2, sender="SENDER")
    (id_,) = recorded.submission_ids
    await ledger.settle(recorded.package_id, [outcome(id_, Accepted("v"), at(1))])
    await ledger.report(id_, [update(numbers(2)[1], ItemState.DELIVERED, "DELIVRD", at(60 * 24))])
    first, second = (await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=recorded.package_id)))).rows
    assert first.id is not None
    assert first.id != second.id
    assert (first.target, second.target) == numbers(2)
    assert (first.msg, first.error, first.credit, first.sender, first.set_state) == (None, None, 2, "SENDER", 3)
    assert (first.state, first.sending_date, first.delivery_date) == (ItemState.SENT, "2026-10-14T12:30:12", None)
    assert first.processing_date == "2026-10-14T12:31:12.345"
    assert (second.state, second.delivery_date) == (ItemState.DELIVERED, "2026-10-15T12:30:12")


async def test_items_by_target_operator_and_state(ledger: Ledger):
    targets = ("905301234567", "905421234567", "905051234567", "905551234568", "905121234568", "905600000000")
    recorded = await record(ledger, numbers=targets, invalid_numbers=("90530%",))
    (id_,) = recorded.submission_ids
    await accept(ledger, recorded)
    await ledger.report(id_, [update(targets[0], ItemState.DELIVERED), update(targets[4], ItemState.UNDELIVERED)])

    async def found(**filters: Any) -> list[str | None]:
        page = await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=recorded.package_id), **filters))
        assert page.total_record == len(page.rows)
        return [row.target for row in page.rows]

    everybody = [*targets, "90530%"]
    assert await found() == everybody
    assert await found(target="4568") == [targets[3], targets[4]]
    assert await found(target="%") == ["90530%"]
    assert await found(target="_") == []
    assert await found(operator=0) == [targets[0], "90530%"]
    assert await found(operator=1) == [targets[1]]
    assert await found(operator=2) == [targets[2], targets[3]]
    assert await found(operator=3) == [targets[4]]
    assert await found(operator=9) == []
    by_state = {state: await found(state=state) for state in ItemState}
    assert {state: rows for state, rows in by_state.items() if rows} == {
        ItemState.REJECTED: ["90530%"],
        ItemState.SENT: [targets[1], targets[2], targets[3], targets[5]],
        ItemState.DELIVERED: [targets[0]],
        ItemState.UNDELIVERED: [targets[4]],
    }
    assert await found(target="1234568", operator=2, state=ItemState.SENT) == [targets[3]]


async def test_items_by_the_state_of_their_submission(ledger: Ledger):
    cases = {
        None: ItemState.SENDING,
        Refused("ERR_X"): ItemState.REJECTED,
        Unknown("x"): ItemState.SENDING,
        Kept(): ItemState.WAITING,
    }
    for result, state in cases.items():
        recorded = await record(ledger)
        if result is not None:
            await ledger.settle(recorded.package_id, [outcome(recorded.submission_ids[0], result)])
        for each in ItemState:
            page = await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=recorded.package_id), state=each))
            assert [row.state for row in page.rows] == ([state] if each is state else []), (result, each)


async def test_pages_of_items(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(25))
    key = PackageKey(uuid=recorded.uuid)
    pages = [await ledger.items(ACCOUNT, ItemsQuery(package=key, page_index=index, page_size=10)) for index in range(4)]
    assert [page.total_record for page in pages] == [25] * 4
    assert [row.target for page in pages for row in page.rows] == list(numbers(25))
    assert [len(page.rows) for page in pages] == [10, 10, 5, 0]


async def test_items_of_no_package(ledger: Ledger):
    await record(ledger)
    for account, key in ((ACCOUNT, PackageKey(id=1)), (ACCOUNT, PackageKey(custom_id="c")), ("nobody", PackageKey(id=1))):
        with pytest.raises(CallError) as error:
            await ledger.items(account, ItemsQuery(package=key))
        assert error.value.code is ErrorCode.SMS_PKG_NOT_FOUND


# one package


async def test_find_by_every_key(ledger: Ledger):
    await record(ledger)
    recorded = await record(ledger, custom_id="c-1")
    every = {"id": recorded.package_id, "uuid": recorded.uuid, "custom_id": "c-1"}
    wrong = {"id": recorded.package_id + 1, "uuid": recorded.uuid[:-1] + "g", "custom_id": "c-2"}
    for size in (1, 2, 3):
        for names in combinations(every, size):
            right = {name: every[name] for name in names}
            found = await ledger.find(ACCOUNT, PackageKey(**right))
            assert found is not None
            assert found.uuid == recorded.uuid
            for name in names:
                assert await ledger.find(ACCOUNT, PackageKey(**right | {name: wrong[name]})) is None
    upper = await ledger.find(ACCOUNT, PackageKey(uuid=recorded.uuid.upper()))
    assert upper is not None


async def test_find_by_what_nobody_has(ledger: Ledger):
    await record(ledger)
    for uuid in ("", "x", "0" * 36, "ffffffff-ffff-8fff-bfff-ffffffffffff", "\x00"):
        assert await ledger.find(ACCOUNT, PackageKey(uuid=uuid)) is None
    for id_ in (0, -1, 2**31, 2**63 - 1):
        assert await ledger.find(ACCOUNT, PackageKey(id=id_)) is None
    for custom_id in ("", "bridge.", "ş", "a" * 1000):
        assert await ledger.find(ACCOUNT, PackageKey(custom_id=custom_id)) is None


# accounts


async def test_accounts_never_see_each_other(ledger: Ledger, indexed: Indexed):
    mine = await record(ledger, custom_id="mine", text="gizli metin", due_at=at(1))
    theirs = await record(ledger, account=OTHER, custom_id="theirs", text="baska metin", due_at=at(1))
    kept = await record(ledger, custom_id="kept", state=PackageState.WAITING)
    await ledger.settle(mine.package_id, [outcome(mine.submission_ids[0], Unknown("x"), NOW, at(1))], public_id=4711)
    keys = [
        PackageKey(id=mine.package_id),
        PackageKey(id=4711),
        PackageKey(id=kept.package_id),
        PackageKey(uuid=mine.uuid),
        PackageKey(custom_id="mine"),
        PackageKey(custom_id="kept"),
    ]
    await indexed()
    for stranger in (OTHER, "nobody", "", "ADMIN", "admin "):
        for key in keys:
            assert await ledger.find(stranger, key) is None
            assert await ledger.cancel(stranger, key) is Cancelled.NOT_FOUND
            with pytest.raises(CallError):
                await ledger.items(stranger, ItemsQuery(package=key))
    queries = [
        {},
        {"ids": (mine.package_id, 4711, kept.package_id, theirs.package_id)},
        {"custom_ids": ("mine", "kept", "theirs")},
        {"keyword": "metin"},
        {"keyword": "m"},
        {"sender": "BASLIK"},
        {"status": PackageFilter.PROCESSING},
        {"start": at(-9), "finish": at(9)},
    ]
    for query in queries:
        assert await listed(ledger, OTHER, **query) == [theirs.uuid]
        assert await listed(ledger, "nobody", **query) == []
    assert await listed(ledger, OTHER, keyword="gizli") == []
    for words in (
        ledger.open_submissions(OTHER, ALL, 9),
        ledger.open_submissions(OTHER, ALL, 9, [mine.package_id, theirs.package_id]),
    ):
        assert [(each.account, each.submission.package_id) for each in await words] == [(OTHER, theirs.package_id)]
    assert await ledger.open_submissions(OTHER, ALL, 9, [mine.package_id]) == ()
    assert await ledger.uncertain(OTHER, 9) == ()
    assert await ledger.uncertain("nobody", 9) == ()
    assert [each.account for each in await ledger.uncertain(ACCOUNT, 9)] == [ACCOUNT]
    assert await states(ledger, kept) == (PackageState.WAITING, [SubmissionState.PENDING])


async def test_two_accounts_may_have_the_same_public_id(ledger: Ledger):
    made = {account: await record(ledger, account=account) for account in (ACCOUNT, OTHER)}
    for each in made.values():
        await ledger.settle(each.package_id, [outcome(each.submission_ids[0], Accepted("v"))], public_id=5)
    for account, each in made.items():
        assert await listed(ledger, account, ids=(5,)) == [each.uuid]
        found = await ledger.find(account, PackageKey(id=5))
        assert found is not None
        assert found.uuid == each.uuid


# what is open


async def test_open_submissions(ledger: Ledger):
    sending = await record(ledger, due_at=at(5))
    waiting = await record(ledger, account=OTHER, state=PackageState.WAITING, due_at=at(3))
    sent, unknown, done = [await record(ledger) for _ in range(3)]
    await accept(ledger, sent, due_at=at(4))
    await ledger.settle(unknown.package_id, [outcome(unknown.submission_ids[0], Unknown("x"), NOW, at(2))])
    await deliver(ledger, done)

    async def due(minutes: float, limit: int = 9, account: str | None = None, packages: list[int] | None = None) -> list[int]:
        found = await ledger.open_submissions(account, at(minutes), limit, packages)
        assert all(earlier.submission.due_at <= later.submission.due_at for earlier, later in pairwise(found))
        return [each.submission.package_id for each in found]

    everything = [each.package_id for each in (unknown, waiting, sent, sending)]
    assert await due(5) == everything
    assert await due(4.9) == everything[:3]
    assert await due(1) == []
    assert await due(9, limit=2) == everything[:2]
    assert await due(9, account=OTHER) == [waiting.package_id]
    assert await due(9, packages=[done.package_id, sent.package_id, unknown.package_id]) == [unknown.package_id, sent.package_id]
    assert await due(9, packages=[]) == []
    (first, *_) = await ledger.open_submissions(None, at(3), 9)
    assert (first.account, first.vendor, first.valid_until) == (ACCOUNT, "main", at(1440))
    assert first.submission == (await stored(ledger, unknown)).submissions[0]


async def test_uncertain(ledger: Ledger):
    made = [await record(ledger, account=account) for account in (ACCOUNT, OTHER, ACCOUNT)]
    for each in made[::-1]:
        await ledger.settle(each.package_id, [outcome(each.submission_ids[0], Unknown("x"))])
    await record(ledger)
    ids = [each.submission_ids[0] for each in made]
    assert [each.submission.id for each in await ledger.uncertain(None, 9)] == ids
    assert [each.submission.id for each in await ledger.uncertain(None, 2)] == ids[:2]
    assert [each.submission.id for each in await ledger.uncertain(OTHER, 9)] == [ids[1]]


# purge


async def test_purge_takes_what_is_old_and_done(ledger: Ledger, indexed: Indexed):
    old = timedelta(days=90)
    made = {}
    for name in ("delivered", "failed", "sent", "unknown"):
        made[name] = await record(ledger, accepted_at=NOW - old, custom_id=name, text="eski metin")
    for name in ("cancelled", "waiting"):
        made[name] = await record(ledger, accepted_at=NOW - old, custom_id=name, text="eski metin", state=PackageState.WAITING)
    made["new"] = await record(ledger, custom_id="new", text="yeni metin")
    await deliver(ledger, made["delivered"])
    await deliver(ledger, made["new"])
    await accept(ledger, made["sent"], due_at=at(1))
    for name, result in (("failed", Refused("ERR_X")), ("unknown", Unknown("x"))):
        await ledger.settle(made[name].package_id, [outcome(made[name].submission_ids[0], result)])
    await ledger.cancel(ACCOUNT, PackageKey(custom_id="cancelled"))
    await indexed()

    assert await ledger.purge(NOW - old) == 0  # not before that
    assert await ledger.purge(NOW - old + MINUTE) == 3
    assert await ledger.purge(NOW - old + MINUTE) == 0
    left = ("new", "waiting", "unknown", "sent")
    assert await listed(ledger) == [made[name].uuid for name in left]
    assert await listed(ledger, keyword="metin") == [made[name].uuid for name in left]
    assert await listed(ledger, keyword="eski") == [made[name].uuid for name in left[1:]]
    assert await listed(ledger, start=NOW - old - MINUTE, finish=NOW - old + MINUTE) == [made[name].uuid for name in left[1:]]
    assert await listed(ledger, status=PackageFilter.COMPLETED) == [made["new"].uuid]
    for name in ("delivered", "failed", "cancelled"):
        assert await ledger.message(made[name].submission_ids[0]) is None
        assert await ledger.find(ACCOUNT, PackageKey(uuid=made[name].uuid)) is None
        await record(ledger, custom_id=name)  # free again
    assert await item_states(ledger, made["sent"]) == [ItemState.SENT]


async def test_purge_goes_on_where_it_stopped(ledger: Ledger):
    for minutes in range(7):
        account = OTHER if minutes % 2 else ACCOUNT
        recorded = await record(ledger, account=account, accepted_at=at(minutes), numbers=numbers(3))
        await deliver(ledger, recorded, numbers(3))
    removed = [await ledger.purge(at(99), limit=3) for _ in range(4)]
    assert removed == [3, 3, 1, 0]
    assert await listed(ledger) == await listed(ledger, OTHER) == []


async def test_what_was_purged_before_it_was_indexed(ledger: Ledger, indexed: Indexed):
    for text in ("birinci", "ikinci"):
        await deliver(ledger, await record(ledger, text=text))
    await ledger.purge(at(1))
    last = await record(ledger, text="ikinci kez")
    await indexed()
    assert await listed(ledger, keyword="ikinci") == [last.uuid]
    assert await listed(ledger, keyword="birinci") == []


async def test_what_is_left_of_a_block_of_ids_waits_for_no_index(ledger: Ledger, indexed: Indexed, monkeypatch: pytest.MonkeyPatch):
    """Searches look at each block that is not indexed to its end: these must not become more and more."""
    monkeypatch.setattr(ledger_numbers, "_BLOCK", 4)
    for _ in range(3):
        # three of four ids: the next three are of another block
        made = await asyncio.gather(*(record(ledger, text="metin") for _ in range(3)))
        await indexed()
    assert len(await listed(ledger, keyword="metin")) == 9
    blocks = await ledger._store.read(lambda connection: connection.execute(select(id_block)).all())
    assert blocks == [(made[0].package_id, made[0].package_id + 4, made[0].package_id + 3)]


async def test_portions_are_shown_as_one_package(ledger: Ledger):
    portions = [NewSubmission(range(1)), NewSubmission(range(1, 3), due_at=at(30))]
    recorded = await record(
        ledger, numbers=numbers(3), submissions=portions, state=PackageState.WAITING, period=Period(type=PeriodType.ONCE, amount=1)
    )
    assert await listed(ledger, status=PackageFilter.PERIODIC) == [recorded.uuid]
    await ledger.begin(recorded.submission_ids[:1], at(5))
    assert await ledger.settle(recorded.package_id, [outcome(recorded.submission_ids[0], Accepted("v"))]) is PackageState.SENDING
    assert await item_states(ledger, recorded) == [ItemState.SENT, ItemState.WAITING, ItemState.WAITING]
    assert await listed(ledger, status=PackageFilter.PROCESSING) == [recorded.uuid]
