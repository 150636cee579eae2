"""settle, begin, abandon, postpone, cancel and report: what may follow what, and who wins where several want the same."""

from __future__ import annotations

import asyncio
from itertools import product

import pytest

from bridge.domain.package import Statistics
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.status import ItemState, PackageFilter, PackageState, SubmissionState
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import Accepted, Cancelled, Kept, NewSubmission, Recorded, Refused, StoredSubmission, Unknown
from tests.ledger.said import (
    ACCOUNT,
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

TWO = [NewSubmission(range(2)), NewSubmission(range(2, 3))]
ALL = at(10_000)


async def only(ledger: Ledger, recorded: Recorded) -> StoredSubmission:
    (submission,) = (await stored(ledger, recorded)).submissions
    return submission


async def settle(ledger: Ledger, recorded: Recorded, *results: object) -> PackageState:
    """One result for each submission."""
    outcomes = [outcome(id_, result) for id_, result in zip(recorded.submission_ids, results, strict=True)]
    return await ledger.settle(recorded.package_id, outcomes)


async def shelves(ledger: Ledger) -> dict[str, int]:
    """How many packages each filter finds, but for those that find none; the counted and the listed are the same."""
    found = {}
    for wanted in PackageFilter:
        page = await ledger.packages(ACCOUNT, PackagesQuery(status=wanted))
        assert page.total_record == len(page.rows)
        found[wanted.name] = page.total_record
    return {name: count for name, count in found.items() if count}


# settle


async def test_accepted(ledger: Ledger):
    recorded = await record(ledger)
    (id_,) = recorded.submission_ids
    state = await ledger.settle(recorded.package_id, [outcome(id_, Accepted("v-9"), at(1), at(5))])
    assert state is PackageState.SENT
    submission = await only(ledger, recorded)
    assert (submission.state, submission.vendor_ref) == (SubmissionState.ACCEPTED, "v-9")
    assert (submission.settled_at, submission.due_at, submission.claim) == (at(1), at(5), ledger.token)
    assert await states(ledger, recorded) == (PackageState.SENT, [SubmissionState.ACCEPTED])
    assert await item_states(ledger, recorded) == [ItemState.SENT]
    assert (await package_of(ledger, recorded)).state == PackageState.SENT
    assert await shelves(ledger) == {"ALL": 1, "PROCESSING": 1}


async def test_refused(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(2), due_at=at(3))
    assert await settle(ledger, recorded, Refused("ERR_USER_CREDIT_REQUIRED", "kredi yok")) is PackageState.FAILED
    submission = await only(ledger, recorded)
    assert submission.state is SubmissionState.REFUSED
    assert (submission.code, submission.message, submission.due_at) == ("ERR_USER_CREDIT_REQUIRED", "kredi yok", None)
    shown = await package_of(ledger, recorded)
    assert (shown.state, shown.error) == (PackageState.FAILED, "ERR_USER_CREDIT_REQUIRED kredi yok")
    assert shown.statistics == Statistics(total=2, credit=0, r_count=2, delivered=0, undelivered=2)
    rows = (await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=recorded.package_id)))).rows
    assert {(row.state, row.error, row.credit) for row in rows} == {(ItemState.REJECTED, "ERR_USER_CREDIT_REQUIRED", 0)}
    assert await shelves(ledger) == {"ALL": 1, "FAILED": 1}


async def test_unknown(ledger: Ledger):
    recorded = await record(ledger)
    (id_,) = recorded.submission_ids
    state = await ledger.settle(recorded.package_id, [outcome(id_, Unknown("read: timeout"), at(1), at(2))])
    assert state is PackageState.SENDING
    submission = await only(ledger, recorded)
    assert (submission.state, submission.message) == (SubmissionState.UNKNOWN, "read: timeout")
    assert (submission.due_at, submission.claim) == (at(2), ledger.token)
    assert await item_states(ledger, recorded) == [ItemState.SENDING]
    assert [each.submission.id for each in await ledger.uncertain(None, 10)] == [id_]


async def test_kept(ledger: Ledger):
    recorded = await record(ledger)
    assert await settle(ledger, recorded, Kept()) is PackageState.WAITING
    submission = await only(ledger, recorded)
    assert (submission.state, submission.claim, submission.due_at) == (SubmissionState.PENDING, None, NOW)
    assert await item_states(ledger, recorded) == [ItemState.WAITING]
    assert await shelves(ledger) == {"ALL": 1, "QUEUED": 1}
    # and once more
    assert await ledger.begin(recorded.submission_ids, at(6)) == list(recorded.submission_ids)
    await ledger.settle(recorded.package_id, [outcome(recorded.submission_ids[0], Kept(), at(1), at(8))])
    assert (await only(ledger, recorded)).due_at == at(8)


async def test_a_package_taken_in_part(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(3), submissions=TWO)
    first, second = recorded.submission_ids
    assert await ledger.settle(recorded.package_id, [outcome(first, Accepted("v-1"))]) is PackageState.SENDING
    assert await states(ledger, recorded) == (PackageState.SENDING, [SubmissionState.ACCEPTED, SubmissionState.SENDING])
    assert await ledger.settle(recorded.package_id, [outcome(second, Refused("ERR_X"))]) is PackageState.SENT
    assert await item_states(ledger, recorded) == [ItemState.SENT, ItemState.SENT, ItemState.REJECTED]
    shown = await package_of(ledger, recorded)
    assert shown.error is None  # the items tell
    assert shown.statistics == Statistics(total=3, credit=2, r_count=3, delivered=0, undelivered=1)


async def test_outcomes_of_two_submissions(ledger: Ledger):
    cases = {
        (Accepted("1"), Accepted("2")): PackageState.SENT,
        (Refused("ERR_X"), Refused("ERR_Y")): PackageState.FAILED,
        (Accepted("1"), Unknown("x")): PackageState.SENDING,
        (Accepted("1"), Kept()): PackageState.SENDING,
        (Kept(), Kept()): PackageState.WAITING,
        (Kept(), Refused("ERR_X")): PackageState.WAITING,
        (Refused("ERR_X"), Unknown("x")): PackageState.SENDING,
    }
    for results, expected in cases.items():
        recorded = await record(ledger, numbers=numbers(3), submissions=TWO)
        assert await settle(ledger, recorded, *results) is expected, results
        assert (await states(ledger, recorded))[0] is expected, results


RESULTS = (Accepted("late"), Refused("ERR_LATE", "late"), Unknown("late"), Kept())
# a first outcome -> what may correct it
TRUTHS = {
    Accepted("v-1"): (),
    Refused("ERR_X", "no"): (),
    Unknown("read: timeout"): (Accepted, Refused, Kept),
    # not submitted by anybody then: only that it never will be
    Kept(): (Refused,),
}


async def test_a_late_outcome_corrects_only_the_unknown(ledger: Ledger):
    becomes = {Accepted: PackageState.SENT, Refused: PackageState.FAILED, Kept: PackageState.WAITING}
    for first, late in product(TRUTHS, RESULTS):
        recorded = await record(ledger)
        await settle(ledger, recorded, first)
        before = await stored(ledger, recorded)
        returned = await settle(ledger, recorded, late)
        after = await stored(ledger, recorded)
        assert returned is after.state, (first, late)
        if isinstance(late, TRUTHS[first]):
            assert returned is becomes[type(late)], (first, late)
            assert after.submissions[0].state is not before.submissions[0].state
        else:
            assert after == before, (first, late)


async def test_the_public_id_is_the_one_that_is_shown(ledger: Ledger):
    recorded, refused = await record(ledger), await record(ledger)
    (id_,) = recorded.submission_ids
    await ledger.settle(recorded.package_id, [outcome(id_, Accepted("777"))], public_id=777)
    await ledger.settle(refused.package_id, [outcome(refused.submission_ids[0], Unknown("x"))], public_id=778)
    for public_id, each in ((777, recorded), (778, refused)):
        found = await ledger.find(ACCOUNT, PackageKey(id=public_id))
        assert found is not None
        assert (found.id, found.public_id) == (each.package_id, public_id)
        assert (await package_of(ledger, each)).id == public_id
    # the client was never told its own
    assert await ledger.find(ACCOUNT, PackageKey(id=recorded.package_id)) is None


async def test_settlements_that_are_wrong_fail_alone(ledger: Ledger):
    good = [await record(ledger) for _ in range(3)]
    gone = ledger.settle(1, [outcome(1_000_000, Accepted("x"))])
    foreign = ledger.settle(good[0].package_id, [outcome(good[1].submission_ids[0], Refused("ERR_X"))])
    results = await asyncio.gather(*(accept(ledger, each) for each in good), gone, foreign, return_exceptions=True)
    assert results[:3] == [PackageState.SENT] * 3
    assert [type(each) for each in results[3:]] == [LookupError, LookupError]
    for each in good:
        assert await states(ledger, each) == (PackageState.SENT, [SubmissionState.ACCEPTED])


async def test_the_same_outcome_twice_at_once(ledger: Ledger, other: Ledger):
    recorded = await record(ledger)
    (id_,) = recorded.submission_ids
    refs = [f"v-{number}" for number in range(6)]
    settled = [
        each.settle(recorded.package_id, [outcome(id_, Accepted(ref))]) for each, ref in zip([ledger, other] * 3, refs, strict=True)
    ]
    assert set(await asyncio.gather(*settled)) == {PackageState.SENT}
    ref = (await only(ledger, recorded)).vendor_ref
    assert ref in refs
    assert await settle(ledger, recorded, Accepted("later")) is PackageState.SENT
    assert (await only(ledger, recorded)).vendor_ref == ref


async def test_two_processes_settle_the_parts_of_one_package(ledger: Ledger, other: Ledger):
    # neither may overwrite what the other made of the package
    packages = [await record(ledger, numbers=numbers(3), submissions=TWO) for _ in range(8)]
    settled = []
    for recorded, (place, who) in product(packages, enumerate((ledger, other))):
        settled.append(who.settle(recorded.package_id, [outcome(recorded.submission_ids[place], Accepted(f"v-{place}"))]))
    await asyncio.gather(*settled)
    for each in packages:
        assert await states(ledger, each) == (PackageState.SENT, [SubmissionState.ACCEPTED] * 2)


# begin and abandon


async def test_begin_claims_what_is_pending(ledger: Ledger):
    recorded = await record(ledger, state=PackageState.WAITING)
    assert await ledger.begin(recorded.submission_ids, at(4)) == list(recorded.submission_ids)
    submission = await only(ledger, recorded)
    assert (submission.state, submission.claim, submission.due_at) == (SubmissionState.SENDING, ledger.token, at(4))
    assert (await states(ledger, recorded))[0] is PackageState.SENDING
    assert await item_states(ledger, recorded) == [ItemState.SENDING]
    assert await shelves(ledger) == {"ALL": 1, "PROCESSING": 1}
    assert await ledger.begin(recorded.submission_ids, at(5)) == []
    assert (await only(ledger, recorded)).due_at == at(4)
    assert await ledger.begin([], at(5)) == []


async def test_nothing_that_was_submitted_begins_again(ledger: Ledger):
    for result in RESULTS[:3]:
        recorded = await record(ledger)
        await settle(ledger, recorded, result)
        before = await only(ledger, recorded)
        assert await ledger.begin(recorded.submission_ids, at(5)) == []
        assert await only(ledger, recorded) == before


async def test_only_one_of_two_processes_begins(ledger: Ledger, other: Ledger):
    packages = [await record(ledger, state=PackageState.WAITING) for _ in range(12)]
    ids = [each.submission_ids[0] for each in packages]
    claims = [who.begin([id_], at(5)) for id_ in ids for who in (ledger, other)]
    won = await asyncio.gather(*claims, ledger.begin(ids, at(5)), other.begin(reversed(ids), at(5)))
    assert sorted(id_ for each in won for id_ in each) == ids
    tokens = {(await only(ledger, each)).claim for each in packages}
    assert tokens <= {ledger.token, other.token}


async def test_abandoned_claims_become_unknown(ledger: Ledger, other: Ledger):
    stale, alive = await record(other, due_at=at(1)), await record(ledger, due_at=at(9))
    waiting = await record(ledger, state=PackageState.WAITING, due_at=at(1))
    sent = await record(ledger)
    await accept(ledger, sent, due_at=at(1))
    assert await ledger.abandon(at(1)) == []  # not stale before that
    assert await ledger.abandon(at(2)) == list(stale.submission_ids)
    submission = await only(ledger, stale)
    assert (submission.state, submission.claim) == (SubmissionState.UNKNOWN, other.token)
    assert submission.due_at == at(2)
    assert [each.submission.id for each in await ledger.uncertain(None, 9)] == list(stale.submission_ids)
    assert await ledger.begin(stale.submission_ids, at(5)) == []
    assert (await only(ledger, alive)).state is SubmissionState.SENDING
    assert (await only(ledger, waiting)).state is SubmissionState.PENDING
    assert (await only(ledger, sent)).state is SubmissionState.ACCEPTED
    assert await ledger.abandon(at(2)) == []
    # the process was alive after all
    assert await settle(other, stale, Accepted("v-1")) is PackageState.SENT
    assert (await only(ledger, stale)).vendor_ref == "v-1"


async def test_abandon_takes_the_oldest_first(ledger: Ledger):
    packages = [await record(ledger, due_at=at(minute)) for minute in (3, 1, 2)]
    assert await ledger.abandon(at(5), limit=2) == [packages[1].submission_ids[0], packages[2].submission_ids[0]]
    assert await ledger.abandon(at(5), limit=2) == list(packages[0].submission_ids)


async def test_a_claim_is_abandoned_or_settled(ledger: Ledger, other: Ledger):
    packages = [await record(ledger, due_at=at(1)) for _ in range(10)]
    await asyncio.gather(*(accept(ledger, each) for each in packages), *(other.abandon(at(2), limit=3) for _ in range(4)))
    for each in packages:
        assert await states(ledger, each) == (PackageState.SENT, [SubmissionState.ACCEPTED])


# postpone


async def test_postpone(ledger: Ledger):
    made = {}
    for name, result in (("accepted", Accepted("1")), ("unknown", Unknown("x")), ("kept", Kept()), ("refused", Refused("ERR_X"))):
        made[name] = await record(ledger)
        due = None if name == "refused" else at(1)
        await ledger.settle(made[name].package_id, [outcome(made[name].submission_ids[0], result, NOW, due)])
    made["sending"] = await record(ledger, due_at=at(1))
    made["done"] = await record(ledger)
    await accept(ledger, made["done"])
    await ledger.postpone([id_ for each in made.values() for id_ in each.submission_ids], at(30))
    dues = {name: (await only(ledger, each)).due_at for name, each in made.items()}
    assert dues == {
        "accepted": at(30),
        "unknown": at(30),
        "kept": at(30),
        "refused": None,
        "sending": at(1),  # when its claim is stale
        "done": None,  # nobody wanted to look again
    }
    await ledger.postpone(made["accepted"].submission_ids, None)
    assert (await only(ledger, made["accepted"])).due_at is None
    await ledger.postpone([], at(1))


# cancel


async def test_cancel(ledger: Ledger):
    recorded = await record(
        ledger,
        state=PackageState.WAITING,
        numbers=numbers(3),
        submissions=TWO,
        send_at=at(60),
        invalid_numbers=("1",),
    )
    key = PackageKey(id=recorded.package_id)
    assert await shelves(ledger) == {"ALL": 1, "SCHEDULED": 1}
    assert await ledger.cancel(ACCOUNT, key) is Cancelled.CANCELLED
    assert await states(ledger, recorded) == (PackageState.CANCELLED, [SubmissionState.CANCELLED] * 2)
    assert await item_states(ledger, recorded) == [ItemState.CANCELLED] * 3 + [ItemState.REJECTED]
    assert await shelves(ledger) == {"ALL": 1, "CANCELLED": 1}
    assert (await package_of(ledger, recorded)).statistics.credit == 0
    assert await ledger.open_submissions(None, ALL, 10) == ()
    assert await ledger.cancel(ACCOUNT, key) is Cancelled.NOT_CHANGEABLE
    assert await ledger.begin(recorded.submission_ids, at(5)) == []


async def test_cancel_by_every_key(ledger: Ledger):
    for names in (("id",), ("uuid",), ("custom_id",), ("id", "uuid", "custom_id")):
        custom_id = "-".join(names)
        recorded = await record(ledger, state=PackageState.WAITING, custom_id=custom_id)
        every = {"id": recorded.package_id, "uuid": recorded.uuid.upper(), "custom_id": custom_id}
        assert await ledger.cancel(ACCOUNT, PackageKey(**{name: every[name] for name in names})) is Cancelled.CANCELLED, names
        assert (await states(ledger, recorded))[0] is PackageState.CANCELLED


async def test_what_was_submitted_is_not_cancelled(ledger: Ledger):
    for result in (None, *RESULTS[:3]):
        recorded = await record(ledger)
        if result is not None:
            await settle(ledger, recorded, result)
        before = await stored(ledger, recorded)
        assert await ledger.cancel(ACCOUNT, PackageKey(id=recorded.package_id)) is Cancelled.NOT_CHANGEABLE
        assert await stored(ledger, recorded) == before


async def test_what_was_submitted_in_part_is_not_cancelled(ledger: Ledger):
    recorded = await record(ledger, state=PackageState.WAITING, numbers=numbers(3), submissions=TWO)
    await ledger.begin(recorded.submission_ids[:1], at(5))
    assert await ledger.cancel(ACCOUNT, PackageKey(id=recorded.package_id)) is Cancelled.NOT_CHANGEABLE
    assert (await states(ledger, recorded))[1] == [SubmissionState.SENDING, SubmissionState.PENDING]


async def test_a_kept_package_is_cancelled(ledger: Ledger):
    recorded = await record(ledger)
    await settle(ledger, recorded, Kept())
    assert await ledger.cancel(ACCOUNT, PackageKey(id=recorded.package_id)) is Cancelled.CANCELLED


async def test_cancelling_what_is_not_there(ledger: Ledger):
    recorded = await record(ledger, state=PackageState.WAITING, custom_id="c-1")
    keys = [PackageKey(id=1), PackageKey(uuid="x"), PackageKey(uuid=f"0{recorded.uuid[1:]}"), PackageKey(custom_id="c")]
    # of one package all that is given must be true
    keys += [PackageKey(id=recorded.package_id, custom_id="c"), PackageKey(uuid=recorded.uuid, id=1)]
    for key in keys:
        assert await ledger.cancel(ACCOUNT, key) is Cancelled.NOT_FOUND, key
    for account in (OTHER, "", "ADMIN"):
        assert await ledger.cancel(account, PackageKey(id=recorded.package_id)) is Cancelled.NOT_FOUND
    assert (await states(ledger, recorded))[0] is PackageState.WAITING


async def test_a_package_is_cancelled_or_begun(ledger: Ledger, other: Ledger):
    packages = [await record(ledger, state=PackageState.WAITING, numbers=numbers(3), submissions=TWO) for _ in range(12)]
    race = []
    for place, each in enumerate(packages):
        first, second = (ledger, other) if place % 2 else (other, ledger)
        race += [first.begin(each.submission_ids, at(5)), second.cancel(ACCOUNT, PackageKey(id=each.package_id))]
    results = await asyncio.gather(*race)
    for place, each in enumerate(packages):
        begun, cancelled = results[2 * place : 2 * place + 2]
        if cancelled is Cancelled.CANCELLED:
            assert begun == []
            assert await states(ledger, each) == (PackageState.CANCELLED, [SubmissionState.CANCELLED] * 2)
        else:
            assert (begun, cancelled) == (list(each.submission_ids), Cancelled.NOT_CHANGEABLE)
            assert await states(ledger, each) == (PackageState.SENDING, [SubmissionState.SENDING] * 2)


# report


async def test_a_report_moves_package_and_statistics(ledger: Ledger):
    first, second, third = numbers(3)
    recorded = await record(ledger, numbers=numbers(3), parts=2)
    (id_,) = recorded.submission_ids
    await accept(ledger, recorded, due_at=at(1))

    state = await ledger.report(id_, [update(first, ItemState.DELIVERED, "DELIVRD", at(2))], at(5))
    assert state is PackageState.PARTLY_REPORTED
    assert (await only(ledger, recorded)).due_at == at(5)
    shown = await package_of(ledger, recorded)
    assert shown.state == PackageState.PARTLY_REPORTED
    assert shown.statistics == Statistics(total=6, credit=6, r_count=3, delivered=1, undelivered=0)

    rest = [update(second, ItemState.UNDELIVERED), update(third, ItemState.REJECTED)]
    assert await ledger.report(id_, rest, at(9)) is PackageState.COMPLETED
    assert (await only(ledger, recorded)).due_at is None
    shown = await package_of(ledger, recorded)
    assert shown.statistics == Statistics(total=6, credit=4, r_count=3, delivered=1, undelivered=2)
    rows = (await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=recorded.package_id)))).rows
    assert [row.state for row in rows] == [ItemState.DELIVERED, ItemState.UNDELIVERED, ItemState.REJECTED]
    assert [row.delivery_date for row in rows] == ["2026-10-14T12:32:12", None, None]
    assert await shelves(ledger) == {"ALL": 1, "COMPLETED": 1}


async def test_everybody_rejected(ledger: Ledger):
    recorded = await record(ledger)
    await accept(ledger, recorded)
    reported = await ledger.report(recorded.submission_ids[0], [update(numbers(1)[0], ItemState.REJECTED)])
    assert reported is PackageState.REJECTED
    assert await shelves(ledger) == {"ALL": 1, "FAILED": 1}


FINAL = (ItemState.REJECTED, ItemState.DELIVERED, ItemState.UNDELIVERED, ItemState.TIMED_OUT)


async def test_an_item_never_goes_back(ledger: Ledger):
    for first in FINAL:
        recorded = await record(ledger)
        (id_,) = recorded.submission_ids
        await accept(ledger, recorded)
        await ledger.report(id_, [update(numbers(1)[0], first)])
        before = await package_of(ledger, recorded)
        for then in (*ItemState, None):
            await ledger.report(id_, [update(numbers(1)[0], then, "later", at(1))])
            assert await item_states(ledger, recorded) == [first]
        assert await package_of(ledger, recorded) == before


async def test_a_sent_item_is_not_waiting_again(ledger: Ledger):
    recorded = await record(ledger)
    await accept(ledger, recorded)
    for then in (ItemState.WAITING, ItemState.SENDING, ItemState.CANCELLED):
        assert await ledger.report(recorded.submission_ids[0], [update(numbers(1)[0], then)]) is PackageState.SENT
        assert await item_states(ledger, recorded) == [ItemState.SENT]


async def test_an_unknown_word_is_kept_and_moves_nothing(ledger: Ledger, raw_word):
    recorded = await record(ledger)
    (id_,) = recorded.submission_ids
    await accept(ledger, recorded, due_at=at(1))
    assert await ledger.report(id_, [update(numbers(1)[0], None, "BUFFERED", at(1))], at(3)) is PackageState.SENT
    assert await item_states(ledger, recorded) == [ItemState.SENT]
    assert await raw_word(recorded) == "BUFFERED"
    assert (await only(ledger, recorded)).due_at == at(3)
    assert await ledger.report(id_, [update(numbers(1)[0], ItemState.DELIVERED, "DELIVRD")]) is PackageState.COMPLETED
    assert await raw_word(recorded) == "DELIVRD"


async def test_strangers_are_passed_over(ledger: Ledger):
    recorded = await record(ledger, invalid_numbers=("12",))
    await accept(ledger, recorded)
    updates = [update("905550000000", ItemState.DELIVERED), update("12", ItemState.DELIVERED)]
    assert await ledger.report(recorded.submission_ids[0], updates) is PackageState.SENT
    assert await item_states(ledger, recorded) == [ItemState.SENT, ItemState.REJECTED]


async def test_a_report_is_of_one_submission(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(3), submissions=TWO)
    await accept(ledger, recorded)
    everybody = [update(number, ItemState.DELIVERED) for number in numbers(3)]
    assert await ledger.report(recorded.submission_ids[0], everybody) is PackageState.PARTLY_REPORTED
    assert await item_states(ledger, recorded) == [ItemState.DELIVERED, ItemState.DELIVERED, ItemState.SENT]


async def test_a_number_twice_is_told_apart_by_its_text(ledger: Ledger):
    (number,) = numbers(1)
    recorded = await record(ledger, numbers=(number, number), text=None, texts=("bir", "iki"))
    (id_,) = recorded.submission_ids
    await accept(ledger, recorded)
    await ledger.report(id_, [update(number, ItemState.DELIVERED, text="iki")])
    assert await item_states(ledger, recorded) == [ItemState.SENT, ItemState.DELIVERED]
    # where the vendor does not say which: one each
    state = await ledger.report(id_, [update(number, ItemState.UNDELIVERED), update(number, ItemState.DELIVERED)])
    assert state is PackageState.COMPLETED
    assert await item_states(ledger, recorded) == [ItemState.UNDELIVERED, ItemState.DELIVERED]


async def test_a_report_proves_that_the_unknown_was_taken(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(2))
    (id_,) = recorded.submission_ids
    await settle(ledger, recorded, Unknown("read: timeout"))
    state = await ledger.report(id_, [update(numbers(2)[0], ItemState.DELIVERED)], at(5))
    assert state is PackageState.PARTLY_REPORTED
    assert await states(ledger, recorded) == (PackageState.PARTLY_REPORTED, [SubmissionState.ACCEPTED])
    assert await ledger.uncertain(None, 5) == ()
    # so it is not refused any more
    assert await settle(ledger, recorded, Refused("ERR_X")) is PackageState.PARTLY_REPORTED


async def test_a_report_without_words_proves_nothing(ledger: Ledger):
    recorded = await record(ledger)
    await settle(ledger, recorded, Unknown("read: timeout"))
    assert await ledger.report(recorded.submission_ids[0], [], at(5)) is PackageState.SENDING
    assert (await only(ledger, recorded)).state is SubmissionState.UNKNOWN


async def test_a_report_may_come_before_the_outcome(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(2), due_at=at(1))
    (id_,) = recorded.submission_ids
    assert await ledger.report(id_, [update(numbers(2)[0], ItemState.DELIVERED)]) is PackageState.SENDING
    submission = await only(ledger, recorded)
    assert (submission.state, submission.due_at) == (SubmissionState.SENDING, at(1))
    assert await accept(ledger, recorded) is PackageState.PARTLY_REPORTED
    assert (await states(ledger, recorded))[0] is PackageState.PARTLY_REPORTED
    assert await item_states(ledger, recorded) == [ItemState.DELIVERED, ItemState.SENT]


async def test_a_full_report_may_come_before_the_outcome(ledger: Ledger):
    recorded = await record(ledger)
    assert await ledger.report(recorded.submission_ids[0], [update(numbers(1)[0], ItemState.DELIVERED)]) is PackageState.COMPLETED
    assert await accept(ledger, recorded) is PackageState.COMPLETED
    assert await states(ledger, recorded) == (PackageState.COMPLETED, [SubmissionState.ACCEPTED])


async def test_a_report_on_what_was_not_sent_is_passed_over(ledger: Ledger):
    for result in (Kept(), Refused("ERR_X")):
        recorded = await record(ledger)
        before = await settle(ledger, recorded, result)
        assert await ledger.report(recorded.submission_ids[0], [update(numbers(1)[0], ItemState.DELIVERED)]) is before
        assert (await states(ledger, recorded))[0] is before


async def test_a_report_on_nothing(ledger: Ledger):
    recorded = await record(ledger)
    for id_ in (recorded.submission_ids[0] + 1, 1):
        with pytest.raises(LookupError):
            await ledger.report(id_, [update(numbers(1)[0], ItemState.DELIVERED)])


async def test_reports_of_two_processes_on_one_package(ledger: Ledger, other: Ledger):
    recorded = await record(ledger, numbers=numbers(20))
    await accept(ledger, recorded)
    (id_,) = recorded.submission_ids
    reports = [
        who.report(id_, [update(number, ItemState.DELIVERED)])
        for number, who in zip(numbers(20), [ledger, other] * 10, strict=True)
    ]
    await asyncio.gather(*reports)
    shown = await package_of(ledger, recorded)
    assert (shown.state, shown.statistics.delivered) == (PackageState.COMPLETED, 20)
    assert await shelves(ledger) == {"ALL": 1, "COMPLETED": 1}
