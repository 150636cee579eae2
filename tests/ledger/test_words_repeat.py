"""Packages that are sent again, and packages that are sent in portions: due, repeated once, stopped, cancelled."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.domain.message import Message, Period, PeriodType
from bridge.domain.query import PackageKey
from bridge.domain.status import ItemState, PackageState, SubmissionState
from bridge.ledger.ledger import Ledger
from bridge.ledger.taking import MOST_TRIES
from bridge.ledger.values import (
    Accepted,
    Cancelled,
    DuplicateCustomId,
    Kept,
    NewPackage,
    NewSubmission,
    Recorded,
    Refused,
    Unknown,
)
from tests.ledger.said import (
    ACCOUNT,
    MINUTE,
    NOW,
    OTHER,
    accept,
    at,
    item_states,
    new,
    numbers,
    outcome,
    package_of,
    record,
    states,
    update,
)

DAY = timedelta(days=1)
LEASE = 2 * MINUTE
DAILY = Period(type=PeriodType.DAILY)
PORTIONS = Period(type=PeriodType.ONCE, amount=1, interval_minutes=10)


async def daily(ledger: Ledger, first: datetime = NOW + DAY, **said: Any) -> Recorded:
    """A package that is sent every day, and was sent."""
    recorded = await record(ledger, period=DAILY, repeats=first, **said)
    await accept(ledger, recorded)
    return recorded


def child(**said: Any) -> NewPackage:
    return new(state=PackageState.WAITING, due_at=NOW, **said)


def key(recorded: Recorded) -> PackageKey:
    return PackageKey(uuid=recorded.uuid)


async def portions(ledger: Ledger, count: int = 3) -> Recorded:
    """A portion for each recipient, one every ten minutes."""
    submissions = [NewSubmission((place,), due_at=at(10 * place)) for place in range(count)]
    said = {"numbers": numbers(count), "submissions": submissions, "period": PORTIONS, "state": PackageState.WAITING}
    return await record(ledger, due_at=NOW, **said)


# repeats


async def test_a_repeat_is_taken_when_it_is_due(ledger: Ledger):
    sent = await daily(ledger)
    scheduled = await record(
        ledger, account=OTHER, period=Period(type=PeriodType.YEARLY), repeats=at(10), send_at=at(5), state=PackageState.WAITING
    )
    await record(ledger, period=DAILY)  # the vendor repeats it
    assert (await ledger.overview()).recurrences == 2
    assert await ledger.take_recurrences(at(9.99), 10, LEASE) == ()
    (due,) = await ledger.take_recurrences(at(10), 10, LEASE)
    assert due == (scheduled.package_id, OTHER, "main", PeriodType.YEARLY, at(5), at(10), 0)
    assert await ledger.take_recurrences(at(11.99), 10, LEASE) == ()
    assert await ledger.take_recurrences(at(12), 10, LEASE) == (due,)
    both = await ledger.take_recurrences(NOW + DAY, 10, LEASE)
    assert [each.package_id for each in both] == [scheduled.package_id, sent.package_id]
    assert both[1] == (sent.package_id, ACCOUNT, "main", PeriodType.DAILY, NOW, NOW + DAY, 0)
    assert [await ledger.take_recurrences(NOW + 2 * DAY, 1, LEASE) for _ in range(3)][2] == ()


async def test_a_repeat_is_a_package_of_its_own(ledger: Ledger):
    recorded = await daily(ledger)
    (due,) = await ledger.take_recurrences(NOW + DAY, 10, LEASE)
    repeated = await ledger.repeat(due.package_id, due.next_at, NOW + 2 * DAY, child(text="again"))
    assert repeated is not None
    assert await states(ledger, repeated) == (PackageState.WAITING, [SubmissionState.PENDING])
    assert (await package_of(ledger, repeated)).content == "again"
    assert [each.submission.id for each in (await ledger.take(NOW, 10, LEASE)).submissions] == list(repeated.submission_ids)
    assert await states(ledger, recorded) == (PackageState.SENT, [SubmissionState.ACCEPTED])
    assert await ledger.take_recurrences(NOW + 2 * DAY - MINUTE, 10, LEASE) == ()
    (second,) = await ledger.take_recurrences(NOW + 2 * DAY, 10, LEASE)
    assert (second.first_at, second.next_at, second.fired) == (NOW, NOW + 2 * DAY, 1)
    # one that was missed, and the last
    assert await ledger.repeat(due.package_id, second.next_at, NOW + 3 * DAY, None) is None
    (third,) = await ledger.take_recurrences(NOW + 3 * DAY, 10, LEASE)
    assert third.fired == 2
    assert await ledger.repeat(due.package_id, third.next_at, None, child()) is not None
    assert await ledger.take_recurrences(NOW + 99 * DAY, 10, LEASE) == ()
    found = await ledger.overview()
    assert (found.recurrences, found.stuck) == (0, 0)


async def test_many_repeat_and_one_does(ledger: Ledger, other: Ledger):
    packages = [await daily(ledger) for _ in range(5)]
    tries = [
        who.repeat(each.package_id, NOW + DAY, NOW + 2 * DAY, child(text=f"of {each.package_id}"))
        for each in packages
        for who in (ledger, other, ledger)
    ]
    repeated = [each for each in await asyncio.gather(*tries) if each is not None]
    assert len(repeated) == 5
    texts = {(await package_of(ledger, each)).content for each in repeated}
    assert texts == {f"of {each.package_id}" for each in packages}
    assert (await ledger.overview()).pending == 5


async def test_a_repeat_whose_custom_id_is_taken_changes_nothing(ledger: Ledger):
    recorded = await daily(ledger, custom_id="c-1")
    with pytest.raises(DuplicateCustomId):
        await ledger.repeat(recorded.package_id, NOW + DAY, NOW + 2 * DAY, child(custom_id="c-1"))
    assert await ledger.repeat(recorded.package_id, NOW + DAY, NOW + 2 * DAY, child(custom_id="c-2")) is not None


async def test_what_is_not_repeated(ledger: Ledger):
    recorded, plain = await daily(ledger), await record(ledger)
    assert await ledger.repeat(recorded.package_id, NOW + 2 * DAY, NOW + 3 * DAY, child()) is None
    assert await ledger.repeat(plain.package_id, NOW + DAY, NOW + 3 * DAY, child()) is None
    assert await ledger.repeat(1, NOW + DAY, NOW + 3 * DAY, child()) is None
    assert (await ledger.overview()).pending == 0
    for period in (None, PORTIONS):
        with pytest.raises(ValueError, match="period"):
            await record(ledger, repeats=NOW + DAY, period=period)


async def test_a_repeat_that_never_gets_on_is_given_up(ledger: Ledger):
    recorded = await daily(ledger, first=at(1))
    for turn in range(MOST_TRIES):
        assert await ledger.take_recurrences(at(1 + 2 * turn), 10, LEASE)
    assert await ledger.take_recurrences(at(20), 10, LEASE) == ()
    assert await ledger.take_recurrences(at(99), 10, LEASE) == ()
    found = await ledger.overview()
    assert (found.recurrences, found.stuck) == (0, 1)
    # it was only slow
    assert await ledger.repeat(recorded.package_id, at(1), at(50), child()) is not None
    found = await ledger.overview()
    assert (found.recurrences, found.stuck) == (1, 0)
    assert len(await ledger.take_recurrences(at(50), 10, LEASE)) == 1


async def test_cancelling_ends_the_repeats(ledger: Ledger):
    waiting = await record(ledger, period=DAILY, repeats=NOW + DAY, state=PackageState.WAITING)
    sent = await daily(ledger)
    sending = await record(ledger, period=DAILY, repeats=NOW + DAY)
    for each, state in ((waiting, PackageState.CANCELLED), (sent, PackageState.SENT), (sending, PackageState.SENDING)):
        assert await ledger.cancel(ACCOUNT, key(each)) is Cancelled.CANCELLED
        assert (await states(ledger, each))[0] is state
        assert await ledger.cancel(ACCOUNT, key(each)) is Cancelled.NOT_CHANGEABLE
        assert await ledger.repeat(each.package_id, NOW + DAY, NOW + 2 * DAY, child()) is None
    assert await ledger.take_recurrences(NOW + 9 * DAY, 10, LEASE) == ()
    assert (await ledger.overview()).recurrences == 0


async def test_what_was_refused_as_it_was_ordered_is_not_repeated(ledger: Ledger):
    ordered, later = [await record(ledger, period=DAILY, repeats=NOW + DAY) for _ in range(2)]
    for each in (ordered, later):
        await ledger.settle(each.package_id, [outcome(each.submission_ids[0], Refused("ERR_USER_CREDIT_REQUIRED"))])
    await ledger.settle(ordered.package_id, [], forget=True)
    assert [each.package_id for each in await ledger.take_recurrences(NOW + DAY, 10, LEASE)] == [later.package_id]


async def test_it_is_repeated_or_cancelled(ledger: Ledger, other: Ledger):
    packages = [await daily(ledger) for _ in range(8)]
    race = []
    for each in packages:
        race += [ledger.repeat(each.package_id, NOW + DAY, NOW + 2 * DAY, child()), other.cancel(ACCOUNT, key(each))]
    results = await asyncio.gather(*race)
    assert set(results[1::2]) == {Cancelled.CANCELLED}
    assert (await ledger.overview()).pending == sum(each is not None for each in results[::2])
    assert (await ledger.overview()).recurrences == 0


async def test_what_is_sent_again_is_not_purged(ledger: Ledger):
    recorded = await daily(ledger, accepted_at=NOW - 90 * DAY)
    await ledger.report(recorded.submission_ids[0], [update(numbers(1)[0], ItemState.DELIVERED)])
    other = await daily(ledger, accepted_at=NOW - 90 * DAY)
    await ledger.report(other.submission_ids[0], [update(numbers(1)[0], ItemState.DELIVERED)])
    await ledger.repeat(other.package_id, NOW + DAY, None, None)
    assert await ledger.purge(NOW - DAY) == 1
    assert await ledger.message_of_package(other.package_id) is None
    assert await ledger.cancel(ACCOUNT, key(recorded)) is Cancelled.CANCELLED
    assert await ledger.purge(NOW - DAY) == 1


async def test_the_message_of_a_package_is_the_one_that_was_recorded(ledger: Ledger):
    said: list[dict[str, Any]] = [
        {"numbers": numbers(3), "invalid_numbers": ("12",), "custom_id": "c-1", "period": DAILY, "push_url": "https://a.example"},
        {"numbers": numbers(3), "text": None, "texts": ("a", "b", "a"), "invalid_numbers": ("1",), "invalid_texts": ("c",)},
    ]
    submissions = [NewSubmission((0, 2), "a"), NewSubmission((1,), "b")]
    for each in said:
        package = new(**each, submissions=submissions, push=True, title="Başlık", send_at=at(5), state=PackageState.WAITING)
        recorded = await ledger.record(package)
        found = await ledger.message_of_package(recorded.package_id)
        assert isinstance(found, Message)
        assert found == package.message
    assert await ledger.message_of_package(1) is None


# portions


async def test_portions_are_due_one_after_the_other(ledger: Ledger):
    recorded = await portions(ledger)
    for place, id_ in enumerate(recorded.submission_ids):
        (taken,) = (await ledger.take(at(10 * place), 10, LEASE)).submissions
        assert taken.submission.id == id_
        assert await ledger.begin([id_], at(10 * place + 5)) == [id_]
        assert (await states(ledger, recorded))[0] is PackageState.SENDING
        message = await ledger.message(id_)
        assert message is not None
        assert message.numbers == numbers(3)[place : place + 1]
        state = await ledger.settle(recorded.package_id, [outcome(id_, Accepted(f"v-{place}"))])
        assert state is (PackageState.SENT if place == 2 else PackageState.SENDING)
        assert await ledger.take(at(10 * place + 1), 10, LEASE) == ((), ())
    for place, id_ in enumerate(recorded.submission_ids):
        await ledger.report(id_, [update(numbers(3)[place], ItemState.DELIVERED)])
    assert (await package_of(ledger, recorded)).statistics.delivered == 3
    assert (await states(ledger, recorded))[0] is PackageState.COMPLETED


SETTLED = [
    (Accepted("v"), PackageState.SENT, ItemState.SENT),
    (Refused("ERR_X"), PackageState.CANCELLED, ItemState.REJECTED),
    (Unknown("x"), PackageState.SENDING, ItemState.SENDING),
]


@pytest.mark.parametrize(("result", "state", "first"), SETTLED)
@pytest.mark.parametrize("before", [True, False])
async def test_the_rest_of_the_portions_is_cancelled(
    ledger: Ledger, result: Any, state: PackageState, first: ItemState, before: bool
):
    recorded = await portions(ledger)
    await ledger.begin(recorded.submission_ids[:1], at(5))
    settled = [outcome(recorded.submission_ids[0], result)]
    if before:
        await ledger.settle(recorded.package_id, settled)
    assert await ledger.cancel(ACCOUNT, key(recorded)) is Cancelled.CANCELLED
    assert await ledger.settle(recorded.package_id, settled) is state
    assert await item_states(ledger, recorded) == [first, ItemState.CANCELLED, ItemState.CANCELLED]
    assert (await states(ledger, recorded))[0] is state
    assert (await package_of(ledger, recorded)).statistics.credit == (first is not ItemState.REJECTED)
    assert await ledger.cancel(ACCOUNT, key(recorded)) is Cancelled.NOT_CHANGEABLE
    assert await ledger.begin(recorded.submission_ids, at(5)) == []


async def test_a_portion_that_comes_back_after_the_rest_was_cancelled(ledger: Ledger):
    recorded = await portions(ledger)
    await ledger.begin(recorded.submission_ids[:1], at(5))
    await ledger.cancel(ACCOUNT, key(recorded))
    assert await ledger.settle(recorded.package_id, [outcome(recorded.submission_ids[0], Kept())]) is PackageState.CANCELLED
    assert await states(ledger, recorded) == (PackageState.CANCELLED, [SubmissionState.CANCELLED] * 3)
    assert await ledger.take(at(99), 10, LEASE) == ((), ())


async def test_portions_that_were_reported_before_the_rest_was_cancelled(ledger: Ledger):
    for reported, state in ((ItemState.DELIVERED, PackageState.COMPLETED), (ItemState.REJECTED, PackageState.CANCELLED)):
        recorded = await portions(ledger)
        (first, *_) = recorded.submission_ids
        await ledger.begin([first], at(5))
        await ledger.settle(recorded.package_id, [outcome(first, Accepted("v"))])
        await ledger.report(first, [update(numbers(1)[0], reported)])
        assert await ledger.cancel(ACCOUNT, key(recorded)) is Cancelled.CANCELLED
        assert (await states(ledger, recorded))[0] is state


async def test_all_portions_or_none(ledger: Ledger):
    recorded = await portions(ledger)
    assert await ledger.cancel(ACCOUNT, key(recorded)) is Cancelled.CANCELLED
    assert await states(ledger, recorded) == (PackageState.CANCELLED, [SubmissionState.CANCELLED] * 3)
    done = await portions(ledger)
    await ledger.begin(done.submission_ids, at(5))
    assert await ledger.cancel(ACCOUNT, key(done)) is Cancelled.NOT_CHANGEABLE


async def test_a_portion_is_begun_or_cancelled(ledger: Ledger, other: Ledger):
    packages = [await portions(ledger) for _ in range(8)]
    race: list[Any] = []
    for each in packages:
        race += [ledger.begin(each.submission_ids[:1], at(5)), other.cancel(ACCOUNT, key(each))]
    results = await asyncio.gather(*race)
    for place, each in enumerate(packages):
        begun, cancelled = results[2 * place : 2 * place + 2]
        assert cancelled is Cancelled.CANCELLED
        first = SubmissionState.SENDING if begun else SubmissionState.CANCELLED
        assert (await states(ledger, each))[1] == [first, *[SubmissionState.CANCELLED] * 2]
