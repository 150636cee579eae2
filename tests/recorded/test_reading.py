"""getSmsPackages, getSmsPackageItems and cancelSmsPackage over the ledger."""

from __future__ import annotations

import time

import pytest

from bridge.domain.status import SubmissionState
from tests.recorded.rig import BOTH, NUMBERS, OTHER
from tests.waiting import eventually

LEDGERED = pytest.mark.parametrize("kind", ["isobil", "innomobil", "toplusms"], indirect=True)
A, B, C, D = NUMBERS[:4]
UNREACHABLE = "905321234519"
TOMORROW = "2026-11-23 12:00"  # the clocks show noon of the 22nd


async def three(rig) -> list[int]:
    """Three packages, ten minutes apart."""
    first = (await rig.send(content="Siparişiniz hazır", customID="a-1")).id
    rig.advance(600)
    second = (await rig.send(content="Randevu hatırlatma", customID="a-2", sendingType=1, numbers=[A, B])).id
    rig.advance(600)
    third = (await rig.send(content="Kargo yolda", customID="a-3")).id
    return [first, second, third]


async def found(rig, **filters) -> list[int]:
    answer = await rig.call("getSmsPackages", **filters)
    assert answer.total == len(answer.rows)
    return [int(row["id"]) for row in answer.rows]


@BOTH
async def test_packages_by_each_filter(rig):
    first, second, third = await three(rig)
    assert await found(rig) == [third, second, first]
    assert sorted(await found(rig, ids=[first, third, 12345])) == [first, third]
    assert sorted(await found(rig, customIDs=["a-2", "a-3", "nobody"])) == [second, third]
    assert await found(rig, keyword="randevu") == [second]
    assert await found(rig, keyword="nothing of the kind") == []
    assert len(await found(rig, sender="BASLIK")) == 3
    assert await found(rig, sender="BASKA") == []
    assert await found(rig, startDate="2026-11-22 12:05", finishDate="2026-11-22 12:15") == [second]
    assert await found(rig, startDate="2026-11-22 12:15") == [third]
    assert await found(rig, finishDate="2026-11-22 12:05") == [first]
    backwards = await rig.call("getSmsPackages", startDate="2026-11-22 12:15", finishDate="2026-11-22 12:05")
    assert backwards.code == "ERR_INVALID_DATE_RANGE"


@LEDGERED
async def test_packages_by_status(rig):
    done = (await rig.send()).id
    await rig.sweep(30)
    failed_before = await rig.recorded()
    rig.vendor.play("rate_limited")
    assert (await rig.send()).code
    (failed,) = {package.id for package in await rig.recorded()} - {package.id for package in failed_before}
    held = (await rig.send(sendingDate=TOMORROW)).id
    cancelled = (await rig.send(sendingDate=TOMORROW)).id
    assert (await rig.call("cancelSmsPackage", id=cancelled)).data == {"status": "1"}
    with rig.unreachable():
        kept = (await rig.send()).id
    going = (await rig.send()).id
    by_status = {status: sorted(await found(rig, status=status)) for status in range(1, 8)}
    assert by_status == {1: [kept], 2: [going], 3: [held], 4: [], 5: [done], 6: [cancelled], 7: [failed]}
    assert len(await found(rig, status=0)) == 6


@BOTH
async def test_pages_of_packages(rig):
    ids = []
    for turn in range(12):
        rig.advance(60)
        ids.append((await rig.send(content=f"metin {turn}")).id)
    first = await rig.call("getSmsPackages", pageSize=10)
    second = await rig.call("getSmsPackages", pageSize=10, pageIndex=1)
    third = await rig.call("getSmsPackages", pageSize=10, pageIndex=2)
    assert [page.total for page in (first, second, third)] == [12] * 3
    assert [int(row["id"]) for row in [*first.rows, *second.rows, *third.rows]] == ids[::-1]


@BOTH
async def test_items_by_each_key(rig):
    sent = await rig.send(customID="a-1", sendingType=1, numbers=[A, B])
    package = await rig.package(sent.id)
    for key in ({"pkgID": sent.id}, {"uuid": package["uuid"]}, {"customID": "a-1"}):
        assert [item["target"] for item in (await rig.call("getSmsPackageItems", **key)).rows] == [A, B]
    missing = [{"pkgID": 99}, {"customID": "a-9"}, {"uuid": "00000000-0000-8000-8000-000000000000"}, {"uuid": "no"}]
    for key in missing:
        assert (await rig.call("getSmsPackageItems", **key)).code == "ERR_SMS_PKG_NOT_FOUND", key
    assert (await rig.call("getSmsPackageItems")).code == "ERR_BAD_REQUEST"


@BOTH
async def test_items_by_each_filter(rig):
    sent = await rig.send(sendingType=1, numbers=[A, "905441234510", UNREACHABLE])
    await rig.sweep(30)
    await rig.sweep(60)

    async def targets(**filters):
        answer = await rig.call("getSmsPackageItems", pkgID=sent.id, **filters)
        assert answer.total == len(answer.rows)
        return [item["target"] for item in answer.rows]

    assert await targets() == [A, "905441234510", UNREACHABLE]
    assert await targets(target="44123") == ["905441234510"]
    assert await targets(target="nobody") == []
    assert await targets(state=3) == [A, "905441234510"]
    assert await targets(state=4) == [UNREACHABLE]
    assert await targets(state=1) == []
    assert await targets(operator=0) == [A, UNREACHABLE]
    assert await targets(operator=1) == ["905441234510"]
    assert await targets(operator=0, state=4) == [UNREACHABLE]


async def test_pages_of_items(rig):
    numbers = [f"9053212{number:04}0" for number in range(25)]
    sent = await rig.send(sendingType=1, numbers=numbers)
    pages = [await rig.call("getSmsPackageItems", pkgID=sent.id, pageSize=10, pageIndex=index) for index in range(4)]
    assert [page.total for page in pages] == [25] * 4
    assert [item["target"] for page in pages for item in page.rows] == numbers


# cancel


@BOTH
async def test_cancel_of_a_scheduled_package(rig):
    sent = await rig.send(sendingDate=TOMORROW)
    package = await rig.package(sent.id)
    assert (package["state"], package["isScheduled"], package["sendingDate"]) == ("1", "1", "2026-11-23T12:00:00")
    assert [item["state"] for item in await rig.items(sent.id)] == ["0"]
    if rig.kind != "node":
        assert rig.sends() == []
    assert (await rig.call("cancelSmsPackage", id=sent.id)).data == {"status": "1"}
    assert await rig.state(sent.id) == "-4"
    assert [item["state"] for item in await rig.items(sent.id)] == ["-2"]
    again = await rig.call("cancelSmsPackage", id=sent.id)
    assert again.code == "ERR_SMS_PKG_NOT_CHANGEABLE"
    await rig.sweep(86400)
    await rig.sweep(86400)
    assert await rig.state(sent.id) == "-4"
    if rig.kind != "node":
        assert rig.sends() == []


@pytest.mark.parametrize("key", ["uuid", "customID"])
async def test_cancel_by_other_keys(rig, key):
    sent = await rig.send(sendingDate=TOMORROW, customID="a-1")
    package = await rig.package(sent.id)
    assert (await rig.call("cancelSmsPackage", **{key: package[key]})).data == {"status": "1"}
    assert await rig.state(sent.id) == "-4"


async def test_cancel_of_what_has_gone_out(rig):
    sent = await rig.send(customID="a-1")
    await rig.sweep(30)
    for key in ({"id": sent.id}, {"customID": "a-1"}):
        assert (await rig.call("cancelSmsPackage", **key)).code == "ERR_SMS_PKG_NOT_CHANGEABLE"


async def test_cancel_of_nothing(rig):
    for key in ({"id": 99}, {"customID": "a-9"}):
        assert (await rig.call("cancelSmsPackage", **key)).code == "ERR_SMS_PKG_NOT_FOUND"
    assert (await rig.call("cancelSmsPackage")).code == "ERR_BAD_REQUEST"


async def test_cancel_of_another_accounts_package(rig):
    sent = await rig.send(sendingDate=TOMORROW, customID="a-1")
    uuid = (await rig.package(sent.id))["uuid"]
    for key in ({"id": sent.id}, {"customID": "a-1"}, {"uuid": uuid}):
        assert (await rig.call("cancelSmsPackage", login=OTHER, **key)).code == "ERR_SMS_PKG_NOT_FOUND"
    assert await rig.state(sent.id) == "1"


async def test_cancel_of_a_kept_package(rig):
    with rig.unreachable():
        sent = await rig.send()
        assert (await rig.call("cancelSmsPackage", id=sent.id)).data == {"status": "1"}
    await rig.sweep(60)
    assert rig.sends() == []
    assert await rig.state(sent.id) == "-4"


async def test_cancel_while_the_outcome_is_unknown(rig):
    rig.vendor.play("reset_after_accept")
    sent = await rig.send()
    answer = await rig.call("cancelSmsPackage", id=sent.id)
    assert answer.code == "ERR_SMS_PKG_NOT_CHANGEABLE"
    assert rig.sends() == [(A, "Merhaba")]


@pytest.mark.parametrize("kind", ["node"], indirect=True)
async def test_cancel_at_the_vendor_by_an_id_of_the_ledger(rig):
    rig.vendor.play("reset_after_accept")
    sent = await rig.send(sendingDate=TOMORROW)
    for seconds in (5, 15):
        await rig.sweep(seconds)
    known = await rig.submission(sent.id)
    assert known.state is SubmissionState.ACCEPTED
    assert (await rig.call("cancelSmsPackage", id=sent.id)).data == {"status": "1"}
    assert await rig.state(int(known.vendor_ref)) == "-4"


# scheduled


@BOTH
async def test_a_scheduled_package_goes_out_when_due_and_once(rig):
    sent = await rig.send(sendingDate="2026-11-22 13:00")
    await rig.sweep(3590)
    held = rig.kind != "node"
    if held:
        assert rig.sends() == []
        assert await rig.state(sent.id) == "1"
    await rig.sweep(10)
    assert rig.sends() == [(A, "Merhaba")]
    package = await rig.package(sent.id)
    assert package["isScheduled"] == "1"
    assert package["state"] in ({"4"} if held else {"1", "3"})
    for _ in range(3):
        await rig.sweep(60)
    assert rig.sends() == [(A, "Merhaba")]
    assert await rig.state(sent.id) == "6"


async def test_a_scheduled_package_that_is_late(rig):
    """The vendor could not be reached at its time: it goes out when the vendor is back, while it is valid."""
    with rig.unreachable():
        sent = await rig.send(sendingDate="2026-11-22 13:00", validity=120)
        await rig.sweep(3600)
        await rig.sweep(60)
        assert await rig.state(sent.id) == "1"
    await rig.sweep(60)
    assert rig.sends() == [(A, "Merhaba")]
    await rig.sweep(60)
    assert await rig.state(sent.id) == "6"


@LEDGERED
async def test_a_scheduled_package_of_this_minute(rig):
    rig.advance(30)
    sent = await rig.send(sendingDate="2026-11-22 12:00")
    await rig.sweep()
    assert rig.sends() == [(A, "Merhaba")]
    await rig.sweep(30)
    assert await rig.state(sent.id) == "6"


# refreshing


@LEDGERED
async def test_a_query_brings_the_news(rig):
    sent = await rig.send()
    rig.advance(30)  # the background does not run
    assert [item["state"] for item in await rig.items(sent.id)] == ["3"]
    again = await rig.send()
    rig.advance(30)
    assert await rig.state(again.id) == "6"


@LEDGERED
async def test_a_query_does_not_wait_for_a_slow_vendor(rig_with):
    rig = await rig_with(ledger={"query_seconds": 0.2})
    sent = await rig.send()
    rig.advance(30)
    for operation in ("getSmsPackages", "getSmsPackageItems"):
        rig.vendor.play("slow", seconds=30)
        start = time.perf_counter()
        answer = await rig.call(operation, **({"pkgID": sent.id} if operation == "getSmsPackageItems" else {}))
        assert time.perf_counter() - start < 5
        assert answer.total == 1
        assert answer.rows[0]["state"] in ("2", "4")

    async def delivered() -> bool:  # a slow machine may need more than one query
        return [item["state"] for item in await rig.items(sent.id)] == ["3"]

    await eventually(delivered)


async def test_a_query_when_the_vendor_is_down(rig):
    sent = await rig.send(customID="a-1")
    rig.advance(30)
    with rig.unreachable():
        package = await rig.package(sent.id)
        assert (package["id"], package["state"]) == (str(sent.id), "4")
        assert [item["target"] for item in await rig.items(sent.id)] == [A]
        assert (await rig.call("getSmsPackages", customIDs=["a-1"])).total == 1
        assert (await rig.call("getSmsPackages")).total == 1
    for _ in range(2):
        await rig.sweep(60)
    assert await rig.state(sent.id) == "6"


async def test_a_query_when_the_vendor_answers_nonsense(rig):
    sent = await rig.send()
    rig.advance(30)
    # a limit that node itself sets is told to the client
    for fault in ("garbage", "error_500", "empty", "html", "truncated", "reset", *(["rate_limited"] * (rig.kind != "node"))):
        rig.vendor.play(fault)
        assert (await rig.package(sent.id))["id"] == str(sent.id), fault
        rig.advance(600)


async def test_credit_and_senders(rig):
    assert (await rig.call("getUserCredit")).data == {"credit": "316807"}
    assert "BASLIK" in [row["title"] for row in (await rig.call("getSmsSenders", status=1)).rows]
    await rig.send()
    assert int((await rig.call("getUserCredit")).data["credit"]) == 316806
    with rig.unreachable():
        assert (await rig.call("getUserCredit")).code == "ERR_SYSTEM_MAINTENANCE"
