"""sendSms and sendOtp over the ledger: customIDs, texts of their own, several vendor messages of one package."""

from __future__ import annotations

import asyncio

import pytest

from bridge.domain.status import SubmissionState
from tests.recorded.rig import BOTH, LOGIN, NUMBERS, OTHER

A, B, C, D = NUMBERS[:4]
MANY = {"sendingType": 1, "numbers": [A, B, C, D, A]}
OWN = {
    "sendingType": 2,
    "numbers": [{"nr": A, "msg": "bir"}, {"nr": B, "msg": "iki"}, {"nr": A, "msg": "iki"}, {"nr": A, "msg": "bir"}],
}
OWN_SENDS = [(A, "bir"), (A, "iki"), (B, "iki")]


async def test_a_custom_id_is_taken_once(rig):
    sent = await rig.send(customID="order-1")
    again = await rig.send(customID="order-1", content="başka")
    assert again.code == "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"
    assert rig.sends() == [(A, "Merhaba")]
    (package,) = (await rig.call("getSmsPackages", customIDs=["order-1"])).rows
    assert (package["id"], package["customID"]) == (str(sent.id), "order-1")


@BOTH
async def test_a_custom_id_at_the_same_time(rig):
    answers = await asyncio.gather(*(rig.send(customID="order-1", content=f"metin {turn}") for turn in range(8)))
    codes = sorted(answer.code for answer in answers)
    assert codes == [""] + ["ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"] * 7
    assert len(rig.sends()) == 1
    assert len(await rig.recorded()) == 1


@BOTH
async def test_a_refused_call_leaves_its_custom_id_free(rig):
    """Who is refused for want of credit, corrects that and calls again: the message must not be called a duplicate."""
    rig.vendor.play("rate_limited")
    refused = await rig.send(customID="order-1")
    assert refused.code
    again = await rig.send(customID="order-1")
    assert again.code == ""
    assert rig.sends() == [(A, "Merhaba")]
    (package,) = (await rig.call("getSmsPackages", customIDs=["order-1"])).rows
    assert package["id"] == str(again.id)
    assert (await rig.send(customID="order-1")).code == "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"


@BOTH
async def test_a_custom_id_is_of_one_account(rig):
    mine = await rig.send(customID="order-1")
    theirs = await rig.send(customID="order-1", login=OTHER)
    assert {mine.code, theirs.code} == {""}
    assert len(rig.sends()) == 2


async def test_a_custom_id_of_an_unknown_outcome_is_not_sent_again(rig):
    rig.vendor.play("reset_after_accept")
    sent = await rig.send(customID="order-1")
    assert (await rig.send(customID="order-1")).code == "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"
    (package,) = (await rig.call("getSmsPackages", customIDs=["order-1"])).rows
    assert package["customID"] == "order-1"
    (item,) = (await rig.call("getSmsPackageItems", customID="order-1")).rows
    assert item["target"] == A
    for _ in range(4):
        await rig.sweep(60)
    (package,) = (await rig.call("getSmsPackages", customIDs=["order-1"])).rows
    assert package["customID"] == "order-1"
    assert len(rig.sends()) == 1
    assert await rig.package(sent.id)


async def test_the_bridges_own_custom_id_is_not_shown(rig):
    rig.vendor.play("reset_after_accept")
    sent = await rig.send()
    assert (await rig.package(sent.id))["customID"] == ""


async def test_many_with_one_twice(rig):
    sent = await rig.send(**MANY)
    assert rig.sends() == [(number, "Merhaba") for number in (A, B, C, D)]
    package = await rig.package(sent.id)
    assert (package["statistics"]["rCount"], package["statistics"]["total"]) == ("4", "4")
    assert [item["target"] for item in await rig.items(sent.id)] == [A, B, C, D]


@BOTH
async def test_a_text_for_each_with_one_twice(rig):
    sent = await rig.send(**OWN)
    assert sorted(rig.sends()) == OWN_SENDS
    items = [(item["target"], item["msg"]) for item in await rig.items(sent.id)]
    assert sorted(items) == OWN_SENDS
    await rig.sweep(30)
    await rig.sweep(60)
    assert {item["state"] for item in await rig.items(sent.id)} == {"3"}
    package = await rig.package(sent.id)
    assert (package["state"], package["statistics"]["delivered"]) == ("6", "3")
    requests = [each for each in rig.vendor.received() if each["accepted"] and ("send" in each["path"] or "create" in each["path"])]
    assert len(requests) == (2 if rig.kind == "toplusms" else 1 if rig.kind != "isobil" else 0)


async def test_an_invalid_number_among_many(rig):
    sent = await rig.send(sendingType=1, numbers=[A, "12", B])
    assert rig.sends() == [(A, "Merhaba"), (B, "Merhaba")]
    await rig.sweep(30)
    await rig.sweep(60)
    states = {item["target"]: item["state"] for item in await rig.items(sent.id)}
    assert (states.pop(A), states.pop(B)) == ("3", "3")
    assert list(states.values()) == ["-1"]
    assert (await rig.package(sent.id))["state"] == "6"


async def test_an_otp(rig):
    sent = await rig.call("sendOtp", sender="BASLIK", content="Kodunuz: 123456", number=A, validity=3)
    assert rig.sends() == [(A, "Kodunuz: 123456")]
    package = await rig.package(sent.id)
    assert (package["type"], package["validity"]) == ("0", "3")


async def test_split(rig_with):
    rig = await rig_with(vendor={"max_recipients": 2})
    sent = await rig.send(sendingType=1, numbers=[*NUMBERS[:5]], customID="order-1")
    assert sorted(rig.sends()) == [(number, "Merhaba") for number in NUMBERS[:5]]
    stored = await rig.stored(sent.id)
    assert [each.state for each in stored.submissions] == [SubmissionState.ACCEPTED] * 3
    assert len({each.vendor_ref for each in stored.submissions}) == 3
    package = await rig.package(sent.id)
    assert package["statistics"]["rCount"] == "5"
    assert [item["target"] for item in await rig.items(sent.id)] == list(NUMBERS[:5])
    await rig.sweep(30)
    await rig.sweep(60)
    assert {item["state"] for item in await rig.items(sent.id)} == {"3"}
    assert await rig.state(sent.id) == "6"


@BOTH
async def test_split_and_refused_in_part(rig_with):
    """What was taken is told as taken, what was refused as refused; the call succeeds, for somebody was sent to."""
    rig = await rig_with(vendor={"max_recipients": 2})
    rig.vendor.play("rate_limited")
    sent = await rig.send(sendingType=1, numbers=[*NUMBERS[:4]])
    taken = {number for number, _ in rig.sends()}
    assert len(taken) == 2
    items = {item["target"]: item for item in await rig.items(sent.id)}
    assert {number for number, item in items.items() if item["state"] == "-1"} == set(NUMBERS[:4]) - taken
    assert {item["error"] for number, item in items.items() if number not in taken} == {"ERR_CONCURRENT_REQUEST_LIMIT"}
    package = await rig.package(sent.id)
    assert (package["statistics"]["rCount"], package["statistics"]["undelivered"]) == ("4", "2")
    assert package["state"] == "4"
    for _ in range(3):
        await rig.sweep(60)
    assert len(rig.sends()) == 2
    assert (await rig.package(sent.id))["state"] == "6"


async def test_split_and_unknown_in_part(rig_with):
    rig = await rig_with(vendor={"max_recipients": 2})
    rig.vendor.play("reset_after_accept")
    sent = await rig.send(sendingType=1, numbers=[*NUMBERS[:4]])
    assert await rig.state(sent.id) == "3"
    for seconds in (5, 15, 60, 120, 300):
        await rig.sweep(seconds)
    assert sorted(rig.sends()) == [(number, "Merhaba") for number in NUMBERS[:4]]
    states = sorted(item["state"] for item in await rig.items(sent.id))
    assert states == (["1", "1", "3", "3"] if rig.kind == "toplusms" else ["3"] * 4)


async def test_split_and_refused_in_all(rig_with):
    rig = await rig_with(vendor={"max_recipients": 2})
    rig.vendor.play("rate_limited", count=2)
    assert (await rig.send(sendingType=1, numbers=[*NUMBERS[:4]])).code == "ERR_CONCURRENT_REQUEST_LIMIT"
    assert rig.sends() == []


@BOTH
async def test_split_and_kept(rig_with):
    rig = await rig_with(vendor={"max_recipients": 2})
    with rig.unreachable():
        sent = await rig.send(sendingType=1, numbers=[*NUMBERS[:4]])
        assert await rig.state(sent.id) == "1"
    await rig.sweep(30)
    assert sorted(rig.sends()) == [(number, "Merhaba") for number in NUMBERS[:4]]
    await rig.sweep(30)
    assert await rig.state(sent.id) == "6"


# refused before anything is asked or recorded: fields, the name in the message, and whether [vendors.main] ignore can turn it off
LACKING = {
    "trustDate": {"operation": "sendOtp", "trustDate": "2026-01-01 00:00:00"},
    "commercial": {"commercial": True},
    "pushSettings": {"pushSettings": {"url": "http://127.0.0.1:9/push"}},
}


async def lacking(rig, field):
    fields = dict(LACKING[field])
    if fields.pop("operation", None):
        return await rig.call("sendOtp", sender="BASLIK", content="Merhaba", number=A, **fields)
    return await rig.send(**fields)


@pytest.mark.parametrize("kind", ["isobil", "innomobil", "toplusms"], indirect=True)
async def test_what_the_vendor_lacks_is_refused_by_name(rig):
    for field in ("trustDate", "commercial"):
        answer = await lacking(rig, field)
        assert answer.code == "ERR_BAD_REQUEST"
        assert field in answer.message
        assert rig.kind in answer.message
    assert rig.vendor.received() == []
    assert await rig.recorded() == ()


@pytest.mark.parametrize("kind", ["isobil", "innomobil", "toplusms"], indirect=True)
async def test_what_the_vendor_lacks_can_be_dropped(rig_with):
    rig = await rig_with(vendor={"ignore": [*LACKING, "periodicSettings"]})
    for field in LACKING:
        assert (await lacking(rig, field)).code == ""
    assert (await rig.send(periodicSettings={"periodType": 1})).code == ""
    assert rig.sends() == [(A, "Merhaba")] * 4
    # it is as if it had not been said
    assert (await rig.call("getSmsPackages", status=4)).total == 0
    assert (await rig.call("getSmsPackages")).total == 4


@pytest.mark.parametrize("kind", ["toplusms"], indirect=True)
async def test_national_ids_at_a_vendor_without(rig):
    answer = await rig.send(type=2, number="10000000146")
    assert (answer.code, "toplusms" in answer.message) == ("ERR_BAD_REQUEST", True)
    assert rig.vendor.received() == []
    assert await rig.recorded() == ()


@pytest.mark.parametrize("kind", ["isobil", "innomobil"], indirect=True)
async def test_national_ids(rig):
    sent = await rig.send(type=2, number="10000000146")
    assert [number for number, _ in rig.vendor.sent()] == ["10000000146"]
    (item,) = await rig.items(sent.id)
    assert item["target"] == "10000000146"
    await rig.sweep(30)
    assert (await rig.package(sent.id))["type"] == "2"


@pytest.mark.parametrize("kind", ["isobil", "innomobil", "toplusms"], indirect=True)
async def test_a_text_that_cannot_be_carried(rig):
    answer = await rig.send(content="Привет", encoding=0)
    assert answer.code == "ERR_BAD_REQUEST"
    assert "content" in answer.message
    if rig.kind == "toplusms":
        assert (await rig.send(content="Привет 😀", encoding=2)).code == "ERR_BAD_REQUEST"
    assert rig.vendor.received() == []
    assert await rig.recorded() == ()


@pytest.mark.parametrize("kind", ["isobil", "toplusms"], indirect=True)
async def test_a_foreign_number_where_none_can_be_said(rig):
    assert (await rig.send(number="+4915112345678")).code == "ERR_BAD_REQUEST"
    assert rig.vendor.received() == []
    assert await rig.recorded() == ()


async def test_wrong_fields_are_refused_before_anything_is_recorded(rig):
    answers = [
        await rig.send(number="12"),
        await rig.send(validity=5),
        await rig.send(customID="no spaces"),
        await rig.send(sendingDate="2020-01-01 10:00"),
    ]
    codes = ["ERR_EMPTY_SMS_PACKAGE", "ERR_BAD_REQUEST", "ERR_BAD_REQUEST", "ERR_INVALID_SMS_SENDING_DATE"]
    assert [answer.code for answer in answers] == codes
    assert rig.vendor.received() == []
    assert await rig.recorded() == ()


async def test_a_wrong_password(rig):
    answer = await rig.send(login=(LOGIN[0], "wrong"))
    assert answer.code == "ERR_UNAUTHORIZED_REQUEST"
    assert rig.vendor.received() == []
    assert await rig.recorded() == ()
