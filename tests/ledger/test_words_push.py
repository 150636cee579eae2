"""Pushes: who is told what became of recipients, when, and how often; and the rate that all processes share."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bridge.domain.status import ItemState, PackageState
from bridge.ledger import pushing
from bridge.ledger.ledger import Ledger
from bridge.ledger.tables import push
from bridge.ledger.values import Accepted, DuePush, NewSubmission, PushContent, PushItem, Recorded, Refused
from tests.ledger.said import ACCOUNT, MINUTE, NOW, OTHER, accept, at, numbers, outcome, record, update

URL = "https://hooks.example.com/?token=geheim"
LEASE = 2 * MINUTE
SECOND = timedelta(seconds=1)


async def sent(ledger: Ledger, count: int = 3, **said: Any) -> Recorded:
    """A package whose client wants pushes."""
    recorded = await record(ledger, numbers=numbers(count), push_url=URL, push=True, **said)
    await accept(ledger, recorded)
    return recorded


async def reported(ledger: Ledger, recorded: Recorded, *places: int, state: ItemState | None = ItemState.DELIVERED) -> None:
    everybody = numbers(max(places) + 1)
    updates = [update(everybody[place], state, moment=at(place)) for place in places]
    await ledger.report(recorded.submission_ids[0], updates)


async def pushes(ledger: Ledger, minutes: float = 5) -> tuple[DuePush, ...]:
    return await ledger.take_pushes(at(minutes), 100, LEASE)


async def told(ledger: Ledger, each: DuePush) -> PushContent:
    found = await ledger.push_content(each.id)
    assert found is not None
    return found


async def rows(ledger: Ledger) -> int:
    return len(await ledger._store.read(lambda connection: list(connection.scalars(select(push.c.id)))))


async def test_a_report_is_pushed(ledger: Ledger):
    recorded = await sent(ledger, parts=2, account=OTHER, invalid_numbers=("1",))
    assert await pushes(ledger) == ()  # that it was sent, its client knows
    await reported(ledger, recorded, 0, 2)
    (due,) = await pushes(ledger)
    assert (due.package_id, due.account, due.url, due.attempts) == (recorded.package_id, OTHER, URL, 1)
    first = recorded.package_id * 1_000_000
    items = (
        PushItem(first, numbers(3)[0], ItemState.DELIVERED, at(0)),
        PushItem(first + 2, numbers(3)[2], ItemState.DELIVERED, at(2)),
    )
    assert await told(ledger, due) == (recorded.package_id, PackageState.PARTLY_REPORTED, 6, 2, 1, items)
    assert "geheim" not in repr(due)
    assert numbers(1)[0] not in repr(items)
    await ledger.pushed(due.id, at(5))
    assert await ledger.push_content(due.id) is None
    assert await pushes(ledger, 99) == ()


async def test_what_nobody_is_told(ledger: Ledger):
    plain = await record(ledger, push_url=URL)  # the vendor pushes
    without = await record(ledger, push=True)
    for each in (plain, without):
        await accept(ledger, each)
        await reported(ledger, each, 0)
    recorded = await sent(ledger)
    await reported(ledger, recorded, 0, state=None)  # a word that nobody knows
    await reported(ledger, recorded, 0, state=ItemState.SENT)
    await ledger.report(recorded.submission_ids[0], [update("905550000000", ItemState.DELIVERED)])
    assert await pushes(ledger) == ()
    await reported(ledger, recorded, 0)
    (due,) = await pushes(ledger)
    await reported(ledger, recorded, 0)  # the same again
    assert await pushes(ledger) == ()
    assert len((await told(ledger, due)).items) == 1


async def test_changes_join_a_push_that_was_not_tried(ledger: Ledger):
    recorded, other = await sent(ledger, 4), await sent(ledger)
    await reported(ledger, recorded, 0)
    await reported(ledger, recorded, 1)
    await reported(ledger, other, 0)
    first, second = sorted(await pushes(ledger), key=lambda each: each.package_id)
    assert [len((await told(ledger, each)).items) for each in (first, second)] == [2, 1]
    # it is on its way: what comes now is another's
    await reported(ledger, recorded, 2, 3)
    (third,) = await pushes(ledger)
    assert [each.at for each in (await told(ledger, third)).items] == [at(2), at(3)]
    assert [each.at for each in (await told(ledger, first)).items] == [at(0), at(1)]
    assert (await told(ledger, first)).state is PackageState.COMPLETED  # as it is when it is told


async def test_retries_and_the_end_of_them(ledger: Ledger):
    recorded = await sent(ledger)
    await reported(ledger, recorded, 0)
    (due,) = await pushes(ledger)
    assert (await ledger.overview()).pushes == 1
    await ledger.push_failed(due.id, "HTTP 500", at(20))
    assert await pushes(ledger, 19.9) == ()
    (again,) = await pushes(ledger, 20)
    assert (again.id, again.attempts) == (due.id, 2)
    (later,) = await pushes(ledger, 22)  # its process died
    assert later.attempts == 3
    await ledger.push_failed(due.id, "timeout", None)
    assert await pushes(ledger, 9999) == ()
    found = await ledger.overview()
    assert (found.pushes, found.dead_pushes) == (0, 1)
    # the next one is not dead
    await reported(ledger, recorded, 1)
    (fresh,) = await pushes(ledger)
    assert (fresh.attempts, len((await told(ledger, fresh)).items)) == (1, 1)
    await ledger.pushed(fresh.id, at(6))
    await ledger.push_failed(fresh.id, "late", at(7))  # by a process that was slow
    assert await pushes(ledger, 9999) == ()
    assert (await ledger.overview()).dead_pushes == 1


async def test_a_push_that_kills_its_process_is_given_up(ledger: Ledger):
    await reported(ledger, await sent(ledger), 0)
    for turn in range(pushing.MOST_ATTEMPTS):
        assert len(await pushes(ledger, 2 * turn)) == 1
    assert await pushes(ledger, 99) == ()
    assert (await ledger.overview()).dead_pushes == 1


async def test_refusals_of_the_background_are_pushed(ledger: Ledger):
    two = [NewSubmission(range(2)), NewSubmission(range(2, 3))]
    said = {"numbers": numbers(3), "submissions": two, "push_url": URL, "push": True, "state": PackageState.WAITING}
    recorded = await record(ledger, **said)
    await ledger.begin(recorded.submission_ids, at(5))
    first, second = recorded.submission_ids
    results = [outcome(first, Refused("ERR_X"), at(3)), outcome(second, Accepted("v"), at(4))]
    await ledger.settle(recorded.package_id, results)
    (due,) = await pushes(ledger)
    found = await told(ledger, due)
    assert [(each.number, each.state, each.at) for each in found.items] == [
        (number, ItemState.REJECTED, at(3)) for number in numbers(2)
    ]
    assert (found.total, found.delivered, found.undelivered, found.state) == (3, 0, 2, PackageState.SENT)


async def test_a_refusal_that_was_the_answer_is_not_pushed(ledger: Ledger):
    recorded = await record(ledger, push_url=URL, push=True, custom_id="c-1")
    await ledger.settle(recorded.package_id, [outcome(recorded.submission_ids[0], Refused("ERR_X"))])
    await ledger.settle(recorded.package_id, [], forget=True)
    assert await pushes(ledger) == ()
    alive = await sent(ledger)
    await reported(ledger, alive, 0)
    await ledger.settle(alive.package_id, [], forget=True)
    assert len(await pushes(ledger)) == 1


async def test_a_push_tells_the_id_that_the_client_knows(ledger: Ledger):
    recorded = await record(ledger, push_url=URL, push=True)
    await ledger.settle(recorded.package_id, [outcome(recorded.submission_ids[0], Accepted("777"))], public_id=777)
    await reported(ledger, recorded, 0)
    (due,) = await pushes(ledger)
    assert (await told(ledger, due)).package_id == 777


async def test_what_a_push_has_no_room_for(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pushing, "MOST_ITEMS", 4)
    recorded = await sent(ledger, 10)
    await reported(ledger, recorded, *range(10))
    seen: list[str] = []
    for minutes in (5, 6, 7):
        (due,) = await pushes(ledger, minutes)
        found = await told(ledger, due)
        assert await told(ledger, due) == found
        seen += [each.number for each in found.items]
        await ledger.pushed(due.id, at(minutes))
    assert seen == list(numbers(10))
    assert await pushes(ledger, 99) == ()


async def test_processes_take_disjoint_pushes(ledger: Ledger, other: Ledger):
    for _ in range(20):
        await reported(ledger, await sent(ledger, 1), 0)
    got = await asyncio.gather(*(who.take_pushes(at(5), 4, LEASE) for who in (ledger, other) * 6))
    ids = [each.id for taken in got for each in taken]
    assert len(ids) == len(set(ids))
    assert len(ids) + len(await pushes(ledger)) == 20


async def test_reports_that_come_while_pushes_are_taken(ledger: Ledger, other: Ledger):
    recorded = await sent(ledger, 12)
    reports = [reported(ledger, recorded, place) for place in range(12)]
    results = await asyncio.gather(*reports, *(other.take_pushes(at(99), 9, LEASE) for _ in range(12)))
    taken = [each for found in results[12:] for each in found] + list(await pushes(ledger, 99))
    items = [each.number for due in taken for each in (await told(ledger, due)).items]
    assert sorted(items) == list(numbers(12))


async def test_pushes_go_with_their_package_or_when_they_are_old(ledger: Ledger):
    old, kept = await sent(ledger, 1, accepted_at=NOW - timedelta(days=90)), await sent(ledger, 3)
    await reported(ledger, old, 0)
    assert await ledger.purge(NOW - timedelta(days=1)) == 0  # somebody is still to be told
    (due,) = await pushes(ledger, 1)
    await ledger.pushed(due.id, at(1))
    assert await ledger.purge(NOW - timedelta(days=1)) == 1
    assert await rows(ledger) == 0
    for place in range(3):
        await reported(ledger, kept, place)
        (due,) = await pushes(ledger, 5 + place)
        if place < 2:
            await ledger.pushed(due.id, at(5 + place))
    assert await ledger.prune(at(5)) == 0
    assert await ledger.prune(at(6), limit=1) == 1
    assert await ledger.prune(at(99)) == 1
    assert await rows(ledger) == 1  # nobody took it yet
    assert await ledger.push_content(due.id) is not None
    assert await ledger.push_content(999_999) is None
    assert due.account == ACCOUNT


# reserve


async def test_a_second_at_once_and_then_at_the_rate(ledger: Ledger, other: Ledger):
    got = [await who.reserve("main admin", 4, 1, NOW) for who in (ledger, other) * 4]
    assert got[:4] == [NOW] * 4
    assert got[4:] == [NOW + place * SECOND / 4 for place in (1, 2, 3, 4)]
    assert await ledger.reserve("another", 4, 1, NOW) == NOW
    # after a pause a second's worth again, not more
    later = NOW + 100 * SECOND
    assert [await ledger.reserve("main admin", 4, 2, later) for _ in range(3)] == [later, later, later + SECOND / 2]


async def test_more_than_a_second_allows(ledger: Ledger):
    assert await ledger.reserve("main", 10, 50, NOW) == NOW
    assert await ledger.reserve("main", 10, 50, NOW) == NOW + 5 * SECOND
    assert await ledger.reserve("main", 10, 1, NOW) == NOW + 9.1 * SECOND


async def test_many_ask_at_once_and_no_slot_is_given_twice(ledger: Ledger, other: Ledger):
    asked = [who.reserve("main", 1000, 1, NOW) for who in (ledger, other) for _ in range(30)]
    first = await ledger.reserve("main", 1000, 1000, NOW)
    assert first == NOW
    got = await asyncio.gather(*asked)
    assert sorted(got) == [NOW + place * SECOND / 1000 for place in range(1, 61)]
    # those that asked first come first
    assert got[:30] == sorted(got[:30])


@pytest.mark.parametrize("per_second", [0, -1, float("nan")])
async def test_no_rate(ledger: Ledger, per_second: float):
    with pytest.raises(ValueError, match="per_second"):
        await ledger.reserve("main", per_second, 1, NOW)


async def test_a_slow_rate_and_a_fast_one(ledger: Ledger):
    assert [await ledger.reserve("slow", 0.1, 1, NOW) for _ in range(3)] == [NOW + place * SECOND for place in (0, 10, 20)]
    assert [await ledger.reserve("fast", 3000, 1500, NOW) for _ in range(4)] == [NOW, NOW, NOW + SECOND / 2, NOW + SECOND]
