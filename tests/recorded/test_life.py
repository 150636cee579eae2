"""Every state of a package and of its items that a client can see along a life, by the clock."""

from __future__ import annotations

import pytest

from tests.recorded.rig import BOTH, NUMBERS

DELIVERED, UNREACHABLE, SILENT = NUMBERS[0], "905321234519", "905321234528"
LEDGERED = pytest.mark.parametrize("kind", ["isobil", "innomobil", "toplusms"], indirect=True)


async def seen(rig, sent) -> tuple[str, dict[str, str]]:
    """The package's state, and those of its items by number."""
    items = {item["target"]: item["state"] for item in await rig.items(sent.id)}
    return await rig.state(sent.id), items


@BOTH
async def test_delivered(rig):
    sent = await rig.send()
    states = [await seen(rig, sent)]
    for _ in range(6):
        await rig.sweep(6)
        states.append(await seen(rig, sent))
    packages = [package for package, _ in states]
    assert packages == sorted(packages)  # never back
    assert packages[-1] == "6"
    assert states[-1][1] == {DELIVERED: "3"}
    shown = await rig.package(sent.id)
    assert shown["statistics"] == {"total": "1", "credit": "1", "rCount": "1", "delivered": "1", "undelivered": "0"}
    (item,) = await rig.items(sent.id)
    assert item["deliveryDate"]
    assert item["setState"] == "5"


@LEDGERED
async def test_each_fate(rig):
    """One delivered, one not, one of whom nothing is ever heard: timed out at validity and 60 minutes."""
    sent = await rig.send(sendingType=1, numbers=[DELIVERED, UNREACHABLE, SILENT], validity=60)
    assert await seen(rig, sent) == ("4", {DELIVERED: "2", UNREACHABLE: "2", SILENT: "2"})
    await rig.sweep(15)
    assert await seen(rig, sent) == ("4", {DELIVERED: "2", UNREACHABLE: "2", SILENT: "2"})
    await rig.sweep(15)
    assert await seen(rig, sent) == ("5", {DELIVERED: "3", UNREACHABLE: "4", SILENT: "2"})
    rig.advance(7200 - 30 - 60)
    assert await seen(rig, sent) == ("5", {DELIVERED: "3", UNREACHABLE: "4", SILENT: "2"})
    await rig.sweep(61)
    await rig.sweep(600)
    assert await seen(rig, sent) == ("6", {DELIVERED: "3", UNREACHABLE: "4", SILENT: "5"})
    shown = (await rig.package(sent.id))["statistics"]
    assert (shown["delivered"], shown["undelivered"]) == ("1", "2")
    asked = len(rig.vendor.received())
    for _ in range(3):
        await rig.sweep(3600)
    assert await rig.items(sent.id)
    assert len(rig.vendor.received()) == asked  # nobody asks any more


@LEDGERED
async def test_reports_are_asked_for_less_and_less_often(rig):
    await rig.send(number=SILENT)
    asked = len(rig.vendor.received())
    for _ in range(60):
        await rig.sweep(60)
    per_report = 2 if rig.kind == "isobil" else 1
    assert 15 * per_report <= len(rig.vendor.received()) - asked <= 45 * per_report


@LEDGERED
async def test_a_word_that_nobody_knows(rig):
    """The item stays sent, and the word is kept."""
    words = {
        "isobil": '{"Response": {"Status": {"Code": 100}, "Report": {"Item": [{"MSISDN": "5321234510", "State": 77}]}}}',
        "innomobil": '{"status": "ok", "error": "", "result": [{"gsm": "905321234510", "status": "77"}]}',
        "toplusms": '{"queue_id": "1", "numbers": [{"number": "5321234510", "status": "who knows"}]}',
    }
    sent = await rig.send()
    rig.advance(30)
    if rig.kind == "isobil":
        packets = '{"Response": {"Status": {"Code": 100}, "Report": {"Item": [{"PackedID": 1}]}}}'
        rig.vendor.play("answer", body=packets)
    rig.vendor.play("answer", body=words[rig.kind])
    assert [item["state"] for item in await rig.items(sent.id)] == ["2"]
    assert [item["state"] for item in await rig.items(sent.id)] == ["3"]
