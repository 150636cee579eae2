"""record: what is on disk then, who gets which id, and who gets a customID that several want."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from msgspec.structs import replace

from bridge.domain.custom_id import CustomIds, of_part
from bridge.domain.message import Encoding, Kind, Message, Period, PeriodType
from bridge.domain.package import Statistics
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.domain.status import ItemState, PackageState, SubmissionState
from bridge.ledger import settling
from bridge.ledger.ledger import Ledger
from bridge.ledger.numbers import FIRST_ID
from bridge.ledger.values import DuplicateCustomId, NewSubmission, Recorded, Refused
from tests.ledger.said import (
    ACCOUNT,
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
    stored,
)

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def winners(results: list[object]) -> list[Recorded]:
    """The others must have lost for the customID's sake."""
    assert all(isinstance(each, Recorded | DuplicateCustomId) for each in results), results
    return [each for each in results if isinstance(each, Recorded)]


async def test_a_package_is_what_was_said(ledger: Ledger):
    recorded = await record(ledger, custom_id="c-1", numbers=numbers(3), parts=2, due_at=at(7))
    found = await stored(ledger, recorded)
    (submission,) = found.submissions
    assert (found.id, found.public_id, found.uuid) == (recorded.package_id, recorded.package_id, recorded.uuid)
    assert (found.account, found.vendor, found.custom_id, found.recipients) == (ACCOUNT, "main", "c-1", 3)
    assert (found.accepted_at, found.sending_at, found.valid_until) == (NOW, NOW, at(1440))
    assert found.state is PackageState.SENDING
    assert [submission.id] == list(recorded.submission_ids)
    assert (submission.package_id, submission.state, submission.claim) == (
        recorded.package_id,
        SubmissionState.SENDING,
        ledger.token,
    )
    assert submission.due_at == at(7)
    assert submission.vendor_ref is submission.code is submission.message is submission.settled_at is None


async def test_ids_begin_at_the_start_and_are_given_once(ledger: Ledger, other: Ledger):
    first = await record(ledger)
    rest = await asyncio.gather(*(record(each) for each in [ledger, other] * 20))
    assert first.package_id == FIRST_ID
    ids = [each.package_id for each in (first, *rest)]
    assert len(set(ids)) == len(ids)
    assert max(ids) < 2**31
    uuids = {each.uuid for each in (first, *rest)}
    assert len(uuids) == len(ids)
    assert all(UUID.fullmatch(uuid) for uuid in uuids)
    submissions = [id_ for each in (first, *rest) for id_ in each.submission_ids]
    assert len(set(submissions)) == len(ids)


async def test_the_first_id_is_a_setting(url: str):
    ledger = await Ledger.open(url, first_id=7_000_000)
    try:
        assert (await record(ledger)).package_id == 7_000_000
    finally:
        await ledger.close()


async def test_ids_go_up_after_a_restart(url: str):
    ids = []
    for _ in range(2):
        ledger = await Ledger.open(url)
        ids += [(await record(ledger)).package_id for _ in range(2)]
        await ledger.close()
    assert ids == sorted(set(ids))


async def test_a_kept_package_has_no_claim(ledger: Ledger):
    recorded = await record(ledger, state=PackageState.WAITING, send_at=at(60), due_at=at(60))
    found = await stored(ledger, recorded)
    assert (found.state, found.sending_at) == (PackageState.WAITING, at(60))
    (submission,) = found.submissions
    assert (submission.state, submission.claim, submission.due_at) == (SubmissionState.PENDING, None, at(60))
    assert await item_states(ledger, recorded) == [ItemState.WAITING]


async def test_portions_are_due_one_after_the_other(ledger: Ledger):
    portions = [NewSubmission(range(2)), NewSubmission(range(2, 3), due_at=at(30))]
    recorded = await record(ledger, numbers=numbers(3), submissions=portions, state=PackageState.WAITING)
    assert len(recorded.submission_ids) == 2
    assert [each.due_at for each in (await stored(ledger, recorded)).submissions] == [at(1), at(30)]


async def test_invalid_numbers_are_rejected_recipients(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(2), invalid_numbers=("12", "abc"))
    await accept(ledger, recorded)
    rows = (await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=recorded.package_id)))).rows
    assert [(row.target, row.state, row.error, row.credit) for row in rows] == [
        (numbers(2)[0], ItemState.SENT, None, 1),
        (numbers(2)[1], ItemState.SENT, None, 1),
        ("12", ItemState.REJECTED, "INVALID_NUMBER", 0),
        ("abc", ItemState.REJECTED, "INVALID_NUMBER", 0),
    ]
    shown = await package_of(ledger, recorded)
    assert shown.statistics == Statistics(total=2, credit=2, r_count=4, delivered=0, undelivered=2)
    assert (await stored(ledger, recorded)).recipients == 4


async def test_each_recipient_has_its_parts(ledger: Ledger):
    recorded = await record(ledger, numbers=numbers(3), text=None, texts=("a", "b" * 200, "c"), parts=(1, 2, 1))
    rows = (await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=recorded.package_id)))).rows
    assert [(row.msg, row.credit) for row in rows] == [("a", 1), ("b" * 200, 2), ("c", 1)]
    shown = await package_of(ledger, recorded)
    assert (shown.statistics.total, shown.statistics.credit, shown.content) == (4, 4, "a")


async def test_a_recipient_in_no_submission_is_the_callers_mistake_alone(ledger: Ledger):
    wrong = record(ledger, numbers=numbers(2), submissions=[NewSubmission(range(1))])
    results = await asyncio.gather(record(ledger), wrong, record(ledger), return_exceptions=True)
    assert [type(each) for each in results] == [Recorded, ValueError, Recorded]
    assert (await ledger.packages(ACCOUNT, PackagesQuery())).total_record == 2


# what is sent later is what was recorded

PLAIN = Message(
    kind=Kind.NORMAL, sender="BASLIK", numbers=numbers(1), text="Şifre: 'İ\"ğ\\%_\n€ 😀", validity_minutes=60, accepted_at=NOW
)
MESSAGES = {
    "plain": PLAIN,
    "own texts": replace(
        PLAIN, numbers=numbers(2), text=None, texts=("bir", "iki\x7f"), invalid_numbers=("1",), invalid_texts=("üç",)
    ),
    "everything": replace(
        PLAIN,
        kind=Kind.TCKN,
        numbers=("12345678901",),
        invalid_numbers=("x", "y"),
        otp_call=True,
        title="Başlık",
        encoding=Encoding.UTF8,
        send_at=at(90),
        period=Period(type=PeriodType.ONCE, amount=1, interval_minutes=5),
        push_url="https://example.com/?a=ü",
        commercial=False,
        custom_id="c-1",
        trust_at=NOW - timedelta(days=3),
    ),
    "daily": replace(PLAIN, period=Period(type=PeriodType.DAILY), commercial=True),
    "an id of ours": replace(PLAIN, custom_id=CustomIds().new()),
}


async def test_the_stored_message_is_the_recorded(ledger: Ledger):
    for name, message in MESSAGES.items():
        said = replace(new(), message=message, submissions=[NewSubmission(range(len(message.numbers)))])
        recorded = await ledger.record(said)
        assert await ledger.message(recorded.submission_ids[0]) == message, name


async def test_a_part_of_a_message_has_its_recipients_and_text(ledger: Ledger):
    texts = ("bir", "iki", "bir")
    parts = [NewSubmission((0, 2), "bir"), NewSubmission((1,), "iki")]
    recorded = await record(
        ledger,
        numbers=numbers(3),
        text=None,
        texts=texts,
        submissions=parts,
        custom_id="c-1",
        invalid_numbers=("1",),
        invalid_texts=("x",),
    )
    first, second = [await ledger.message(each) for each in recorded.submission_ids]
    assert first is not None
    assert second is not None
    assert (first.numbers, first.text, first.texts, first.invalid_numbers) == ((numbers(3)[0], numbers(3)[2]), "bir", None, ())
    assert (second.numbers, second.text) == ((numbers(3)[1],), "iki")
    assert (first.custom_id, second.custom_id) == ("c-1", of_part("c-1", 1))


async def test_no_message_of_no_submission(ledger: Ledger):
    recorded = await record(ledger)
    assert await ledger.message(recorded.submission_ids[0] + 1) is None
    assert await ledger.message(1) is None


# customIDs


async def test_a_custom_id_is_taken_once(ledger: Ledger, other: Ledger):
    recorded = await record(ledger, custom_id="c-1")
    for each in (ledger, other):
        with pytest.raises(DuplicateCustomId):
            await record(each, custom_id="c-1")
    assert (await ledger.packages(ACCOUNT, PackagesQuery(custom_ids=("c-1",)))).total_record == 1
    assert (await stored(ledger, recorded)).custom_id == "c-1"
    # nothing of the losers is left
    page = await ledger.packages(ACCOUNT, PackagesQuery())
    assert (page.total_record, len(page.rows)) == (1, 1)
    assert len(await ledger.open_submissions(None, at(1000), 10)) == 1


async def test_accounts_have_their_own_custom_ids(ledger: Ledger):
    first, second = await record(ledger, custom_id="c-1"), await record(ledger, account=OTHER, custom_id="c-1")
    assert (await stored(ledger, first)).custom_id == (await stored(ledger, second, OTHER)).custom_id == "c-1"


async def test_custom_ids_differ_by_case(ledger: Ledger):
    await record(ledger, custom_id="c-1")
    await record(ledger, custom_id="C-1")


async def test_twenty_at_once_want_a_custom_id(ledger: Ledger):
    results = await asyncio.gather(*(record(ledger, custom_id="c-1") for _ in range(20)), return_exceptions=True)
    (winner,) = winners(results)
    assert (await ledger.packages(ACCOUNT, PackagesQuery())).total_record == 1
    assert await states(ledger, winner) == (PackageState.SENDING, [SubmissionState.SENDING])


async def test_two_ledgers_want_the_same_custom_ids(ledger: Ledger, other: Ledger):
    # in opposite orders, so that on PostgreSQL each waits for what the other has
    wanted = [f"c-{number}" for number in range(30)]
    mine = [record(ledger, custom_id=each) for each in wanted]
    theirs = [record(other, custom_id=each) for each in reversed(wanted)]
    results = await asyncio.gather(*mine, *theirs, return_exceptions=True)
    won = winners(results)
    assert len(won) == 30
    page = await ledger.packages(ACCOUNT, PackagesQuery())
    assert page.total_record == 30
    assert sorted(row.uuid for row in page.rows) == sorted(each.uuid for each in won)
    assert sorted(row.custom_id for row in page.rows) == sorted(wanted)


async def test_a_released_custom_id_is_free(ledger: Ledger):
    sent, failed = await record(ledger, custom_id="c-1"), await record(ledger, custom_id="c-2")
    await accept(ledger, sent)
    await ledger.settle(failed.package_id, [outcome(failed.submission_ids[0], Refused("ERR_X"))])
    for each in (sent, failed):
        await ledger.settle(each.package_id, [], forget=True)
    with pytest.raises(DuplicateCustomId):
        await record(ledger, custom_id="c-1")
    again = await record(ledger, custom_id="c-2")
    assert (await ledger.packages(ACCOUNT, PackagesQuery(custom_ids=("c-2",)))).rows[0].uuid == again.uuid
    assert (await stored(ledger, failed)).custom_id == "c-2"


async def test_a_refusal_and_the_release_of_its_custom_id_are_one(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    """Refused without a release, the customID would be lost to the client; released without the refusal, it might be sent twice."""
    recorded = await record(ledger, custom_id="c-1")
    refusal = [outcome(recorded.submission_ids[0], Refused("ERR_X"))]

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(settling, "release", fail)
        with pytest.raises(RuntimeError):
            await ledger.settle(recorded.package_id, refusal, forget=True)
    assert await states(ledger, recorded) == (PackageState.SENDING, [SubmissionState.SENDING])
    with pytest.raises(DuplicateCustomId):
        await record(ledger, custom_id="c-1")
    assert await ledger.settle(recorded.package_id, refusal, forget=True) is PackageState.FAILED
    await record(ledger, custom_id="c-1")


async def test_a_caller_that_is_cancelled_loses_nothing(ledger: Ledger):
    task = asyncio.create_task(record(ledger, custom_id="c-1"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(DuplicateCustomId):
        await record(ledger, custom_id="c-1")


async def test_ten_thousand_recipients(ledger: Ledger):
    recorded = await record(
        ledger, numbers=numbers(10_000), submissions=[NewSubmission(range(5000)), NewSubmission(range(5000, 10_000))]
    )
    await accept(ledger, recorded)
    page = await ledger.items(ACCOUNT, ItemsQuery(package=PackageKey(id=recorded.package_id), page_index=99, page_size=100))
    assert (page.total_record, page.rows[-1].target) == (10_000, numbers(10_000)[-1])
    second = await ledger.message(recorded.submission_ids[1])
    assert second is not None
    assert second.numbers == numbers(10_000)[5000:]
