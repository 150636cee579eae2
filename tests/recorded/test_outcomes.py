"""Accepted, refused, unknown, kept: every way a vendor can fail, at every vendor. Nobody is sent anything twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bridge.domain.status import ItemState, PackageState, SubmissionState
from bridge.ledger.values import ItemUpdate
from bridge.sandbox.faults import AFTER, SPOILT
from tests.recorded.rig import BOTH, NOW, NUMBERS

REFUSED = ("rate_limited",)
UNKNOWN = tuple(name for name in SPOILT if name not in REFUSED)
# a vendor's refusals by their names in its sandbox, and what clients are told
REFUSALS = {
    "node": {"ERR_USER_CREDIT_REQUIRED": "ERR_USER_CREDIT_REQUIRED", "ERR_SMS_SENDING_TIME_LIMIT": "ERR_SMS_SENDING_TIME_LIMIT"},
    "isobil": {"credit": "ERR_USER_CREDIT_REQUIRED", "sender": "ERR_INVALID_SMS_SENDER"},
    "innomobil": {"credit": "ERR_USER_CREDIT_REQUIRED", "sender": "ERR_INVALID_SMS_SENDER"},
    "toplusms": {"credit": "ERR_USER_CREDIT_REQUIRED", "caption": "ERR_INVALID_SMS_SENDER"},
}
ONCE = [(NUMBERS[0], "Merhaba")]
# seconds after which the background has looked at everything: 5 s, and then each of the pauses
LATER = (5, 10, 20, 40, 60, 120, 300, 600)


async def let_time_pass(rig) -> None:
    for seconds in LATER:
        await rig.sweep(seconds)


async def test_accepted(rig):
    sent = await rig.send()
    assert rig.sends() == ONCE
    submission = await rig.submission(sent.id)
    assert submission.state is SubmissionState.ACCEPTED
    assert submission.settled_at == NOW
    assert (rig.kind == "node") == (submission.vendor_ref == str(sent.id))
    await let_time_pass(rig)
    assert rig.sends() == ONCE


@pytest.mark.parametrize("after", ["", AFTER])
async def test_refused_by_the_answer(rig, after):
    for fault in REFUSED:
        rig.vendor.play(fault + after)
        answer = await rig.send(content=fault)
        assert answer.code == "ERR_CONCURRENT_REQUEST_LIMIT"
    packages = await rig.recorded()
    assert {package.state for package in packages} == {PackageState.FAILED}
    assert {package.error.split()[0] for package in packages} == {"ERR_CONCURRENT_REQUEST_LIMIT"}
    taken = rig.sends()
    await let_time_pass(rig)
    assert rig.sends() == taken  # a vendor that refuses what it took cannot be helped: but it is not asked again


async def test_refused_by_name(rig):
    for name, code in REFUSALS[rig.kind].items():
        rig.vendor.play("refuse", code=name)
        answer = await rig.send()
        assert answer.code == code
        assert answer.message
    await let_time_pass(rig)
    assert rig.sends() == []
    assert [package.state for package in await rig.recorded()] == [PackageState.FAILED] * 2


async def test_refused_by_the_status(rig):
    for status in (302, 400, 404):
        rig.vendor.play("answer", status=status)
        assert (await rig.send()).code
    assert [package.state for package in await rig.recorded()] == [PackageState.FAILED] * 3
    await let_time_pass(rig)
    assert rig.sends() == []


async def play_all(rig, faults: Iterable[str]) -> dict[str, int]:
    """One send for each fault, with the fault's name as its text; their ids."""
    packages = {}
    for fault in faults:
        rig.vendor.play(fault)
        if fault.startswith(("timeout", "slow")):
            rig.be_hasty()
        packages[fault] = (await rig.send(content=fault)).id
    for package_id in packages.values():
        assert await rig.state(package_id) == "3"
        assert (await rig.submission(package_id)).state is SubmissionState.UNKNOWN
    uncertain = await rig.ledger.uncertain(None, 100)
    assert {entry.submission.package_id for entry in uncertain} == set(packages.values())
    return packages


@BOTH
async def test_taken_but_unknown(rig):
    """What has a look-up is found by it, once and for all; what has none stays unknown, and flagged."""
    packages = await play_all(rig, [*(name + AFTER for name in UNKNOWN), "slow"])
    once = [(NUMBERS[0], fault) for fault in packages]
    assert rig.sends() == once
    await let_time_pass(rig)
    assert rig.sends() == once
    found = {fault: (await rig.submission(package_id)).state for fault, package_id in packages.items()}
    states = {fault: await rig.state(package_id) for fault, package_id in packages.items()}
    if rig.kind == "toplusms":
        assert found == dict.fromkeys(packages, SubmissionState.UNKNOWN)
        assert states == dict.fromkeys(packages, "3")
    else:
        assert found == dict.fromkeys(packages, SubmissionState.ACCEPTED)
        assert states == dict.fromkeys(packages, "6")
    assert len(await rig.ledger.uncertain(None, 100)) == (len(packages) if rig.kind == "toplusms" else 0)


@BOTH
async def test_not_taken_but_unknown(rig):
    """Where the look-up proves that the vendor does not have it, it is sent, once; nowhere else."""
    packages = await play_all(rig, UNKNOWN)
    await rig.sweep(5)
    assert rig.sends() == []  # a vendor may be slow to list what it has
    await let_time_pass(rig)
    found = {fault: (await rig.submission(package_id)).state for fault, package_id in packages.items()}
    if rig.kind == "node":
        assert sorted(rig.sends()) == sorted((NUMBERS[0], fault) for fault in packages)
        assert found == dict.fromkeys(packages, SubmissionState.ACCEPTED)
        assert {await rig.state(package_id) for package_id in packages.values()} == {"6"}
    else:
        assert rig.sends() == []
        assert found == dict.fromkeys(packages, SubmissionState.UNKNOWN)


async def test_a_slow_answer_is_an_answer(rig):
    rig.vendor.play("slow", seconds=0.1)
    sent = await rig.send()
    assert (await rig.submission(sent.id)).state is SubmissionState.ACCEPTED
    assert rig.sends() == ONCE


async def test_an_unknown_outcome_is_looked_up_when_it_is_asked_for(rig):
    rig.vendor.play("reset_after_accept")
    sent = await rig.send()
    rig.advance(30)
    (item,) = await rig.items(sent.id)
    assert item["target"] == NUMBERS[0]
    known = (await rig.submission(sent.id)).state
    assert known is (SubmissionState.UNKNOWN if rig.kind == "toplusms" else SubmissionState.ACCEPTED)
    assert rig.sends() == ONCE


async def test_a_failed_look_up_says_nothing(rig):
    rig.vendor.play("reset_after_accept")
    sent = await rig.send()
    rig.vendor.play("error_503", count=3)
    for seconds in (5, 15, 30):
        await rig.sweep(seconds)
    assert (await rig.submission(sent.id)).state is SubmissionState.UNKNOWN
    await let_time_pass(rig)
    assert rig.sends() == ONCE


@BOTH
async def test_a_late_report_corrects_an_unknown_outcome(rig):
    rig.vendor.play("error_500_after_accept")
    sent = await rig.send()
    submission = await rig.submission(sent.id)
    await rig.ledger.report(submission.id, [ItemUpdate(NUMBERS[0], ItemState.DELIVERED, "late", NOW)])
    assert (await rig.submission(sent.id)).state is SubmissionState.ACCEPTED
    assert (await rig.stored(sent.id)).state is PackageState.COMPLETED


@pytest.mark.parametrize("kind", ["toplusms"], indirect=True)
async def test_unknown_outcomes_without_a_look_up_do_not_hold_up_the_rest(rig):
    rig.vendor.play("error_500_after_accept")
    sent = await rig.send()
    await rig.sweep(5)
    assert await rig.ledger.open_submissions(None, NOW + timedelta(days=9), 10) == ()
    assert len(await rig.ledger.uncertain(None, 10)) == 1
    assert await rig.state(sent.id) == "3"


@BOTH
async def test_kept_and_sent_when_the_vendor_is_back(rig):
    with rig.unreachable():
        sent = await rig.send()
        assert await rig.state(sent.id) == "1"
        assert (await rig.submission(sent.id)).state is SubmissionState.PENDING
        for _ in range(3):
            await rig.sweep(30)
        assert (await rig.submission(sent.id)).state is SubmissionState.PENDING
        assert await rig.state(sent.id) == "1"
    await rig.sweep(30)
    assert rig.sends() == ONCE
    assert (await rig.submission(sent.id)).state is SubmissionState.ACCEPTED
    assert await rig.state(sent.id) == "4"
    await let_time_pass(rig)
    assert rig.sends() == ONCE


@BOTH
async def test_kept_until_its_validity_ends(rig):
    with rig.unreachable():
        sent = await rig.send(validity=60)
        await rig.sweep(3570)
        assert await rig.state(sent.id) == "1"
    await rig.sweep(60)
    package = await rig.package(sent.id)
    assert package["state"] == "-3"
    assert package["error"].startswith("ERR_SYSTEM_MAINTENANCE")
    assert [item["state"] for item in await rig.items(sent.id)] == ["-1"]
    assert rig.sends() == []


async def test_kept_and_then_refused(rig):
    with rig.unreachable():
        sent = await rig.send()
    name, code = next(iter(REFUSALS[rig.kind].items()))
    rig.vendor.play("refuse", code=name)
    await rig.sweep(30)
    package = await rig.package(sent.id)
    assert package["state"] == "-3"
    assert package["error"].startswith(code)
    await let_time_pass(rig)
    assert rig.sends() == []


async def test_kept_and_then_unknown(rig):
    with rig.unreachable():
        sent = await rig.send()
    rig.vendor.play("reset_after_accept")
    await rig.sweep(30)
    assert await rig.state(sent.id) == "3"
    await let_time_pass(rig)
    assert rig.sends() == ONCE
    known = (await rig.submission(sent.id)).state
    assert known is (SubmissionState.UNKNOWN if rig.kind == "toplusms" else SubmissionState.ACCEPTED)


async def test_refused_when_unreachable_by_setting(rig_with):
    rig = await rig_with(ledger={"when_unreachable": "refuse"})
    with rig.unreachable():
        answer = await rig.send()
    assert answer.code == "ERR_SYSTEM_MAINTENANCE"
    await let_time_pass(rig)
    assert rig.sends() == []
    assert [package.state for package in await rig.recorded()] == [PackageState.FAILED]


@BOTH
async def test_two_sweeps_at_once_send_once(rig_with):
    rig = await rig_with()
    twin = await rig_with()
    with rig.unreachable():
        sent = await rig.send()
    rig.advance(30)
    await rig.sweep()
    await twin.sweep()
    assert rig.sends() == ONCE
    assert (await rig.submission(sent.id)).state is SubmissionState.ACCEPTED


@BOTH
async def test_a_claim_of_a_dead_process(rig_with):
    """What was claimed and never settled is unknown when the claim is stale, and is not sent again."""
    rig = await rig_with()
    with rig.unreachable():
        sent = await rig.send()
    submission = await rig.submission(sent.id)
    assert await rig.ledger.begin([submission.id], NOW + timedelta(minutes=5)) == [submission.id]
    twin = await rig_with()
    await twin.sweep(299)
    assert (await rig.submission(sent.id)).state is SubmissionState.SENDING
    await twin.sweep(2)
    assert (await rig.submission(sent.id)).state is SubmissionState.UNKNOWN
    await let_time_pass(twin)
    # only node can prove that it was not taken
    assert rig.sends() == (ONCE if rig.kind == "node" else [])


@pytest.mark.parametrize("kind", ["node"], indirect=True)
async def test_what_a_process_sent_that_was_thought_dead(rig):
    """The vendor has the customID already: it is not refused to the client, but found."""
    with rig.unreachable():
        sent = await rig.send(customID="order-1")
    package_id = rig.vendor.send(number=NUMBERS[0], content="Merhaba", sendingType=0, customID="order-1")
    await rig.sweep(30)
    assert (await rig.submission(sent.id)).state is SubmissionState.UNKNOWN
    await rig.sweep(5)
    assert (await rig.submission(sent.id)).vendor_ref == str(package_id)
    assert rig.sends() == ONCE


@pytest.mark.parametrize("kind", ["isobil", "innomobil"], indirect=True)
async def test_a_look_up_does_not_take_what_is_anothers(rig):
    """The connection of the first breaks before the vendor has it; its client sends the same once more."""
    rig.vendor.play("reset")
    lost = await rig.send()
    again = await rig.send()
    assert rig.sends() == ONCE
    await let_time_pass(rig)
    assert (await rig.submission(again.id)).state is SubmissionState.ACCEPTED
    assert (await rig.submission(lost.id)).state is SubmissionState.UNKNOWN
    assert rig.sends() == ONCE


@pytest.mark.parametrize("kind", ["isobil", "innomobil"], indirect=True)
async def test_a_look_up_finds_its_own_beside_anothers(rig):
    rig.vendor.play("reset_after_accept")
    first = await rig.send()
    again = await rig.send()
    await let_time_pass(rig)
    refs = {(await rig.submission(each.id)).vendor_ref for each in (first, again)}
    assert None not in refs
    assert len(refs) == 2
    assert rig.sends() == ONCE * 2


@pytest.mark.parametrize("kind", ["innomobil"], indirect=True)
async def test_a_fault_of_ours_is_an_unknown_outcome(rig, monkeypatch):
    async def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(rig.backend.outbound, "_engine", SimpleNamespace(send=fails, close=rig.backend.outbound._engine.close))
    sent = await rig.send(sendingType=1, numbers=[*NUMBERS[:2]])
    assert (await rig.submission(sent.id)).state is SubmissionState.UNKNOWN


@pytest.mark.parametrize("kind", ["toplusms"], indirect=True)
async def test_reports_that_never_come_end(rig):
    sent = await rig.send()
    with rig.unreachable():
        for _ in range(80):
            await rig.sweep(3600)
    assert [item["state"] for item in await rig.items(sent.id)] == ["5"]
    assert (await rig.stored(sent.id)).submissions[0].due_at is None


@pytest.mark.parametrize("kind", ["toplusms"], indirect=True)
async def test_many_parts_are_sent_by_the_background(rig):
    texts = [{"nr": NUMBERS[at % 7], "msg": f"Metin {at}"} for at in range(60)]
    sent = await rig.send(sendingType=2, numbers=texts)
    assert sent.code == ""
    assert rig.sends() == []
    for _ in range(3):
        await rig.sweep(5)
    assert len(rig.sends()) == 60
