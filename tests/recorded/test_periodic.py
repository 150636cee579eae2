"""periodicSettings and rate limits, which the bridge supplies: portions, repeats, cancelling them, and the pace of sends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.clock import format_minute
from tests.recorded.rig import NOW, NUMBERS

LACKING = pytest.mark.parametrize(
    ("kind", "database"),
    [("isobil", "sqlite"), ("innomobil", "sqlite"), ("toplusms", "sqlite"), ("innomobil", "postgresql")],
    indirect=True,
)
ONE = pytest.mark.parametrize("kind", ["innomobil"], indirect=True)
DAY = timedelta(days=1).total_seconds()
TEXT = "Merhaba"


def numbers_of(rig) -> list[str]:
    return [number for number, _ in rig.sends()]


async def in_portions(rig, **more):
    settings = {"periodType": 0, "amount": 2, "interval": 10}
    return await rig.send(sendingType=1, numbers=[*NUMBERS[:5]], periodicSettings=settings, **more)


@LACKING
async def test_portions(rig):
    sent = await in_portions(rig)
    assert sent.code == ""
    for seconds, count in ((0, 2), (599, 2), (1, 4), (600, 5), (600, 5)):
        await rig.sweep(seconds)
        assert numbers_of(rig) == list(NUMBERS[:count])
    assert (await rig.call("getSmsPackages", status=4)).total == 1
    await rig.sweep(60)
    package = await rig.package(sent.id)
    assert package["state"] == "6"
    assert package["statistics"]["delivered"] == "5"


@ONE
async def test_portions_from_a_date_on(rig):
    sent = await in_portions(rig, sendingDate=format_minute(NOW + timedelta(hours=2)))
    assert sent.code == "", sent.message
    first = await rig.stored(sent.id)
    wait = (first.sending_at - rig.clock.now()).total_seconds()
    await rig.sweep(wait - 1)
    assert rig.sends() == []
    await rig.sweep(1)
    assert numbers_of(rig) == list(NUMBERS[:2])
    await rig.sweep(600)
    assert numbers_of(rig) == list(NUMBERS[:4])


@pytest.mark.parametrize("kind", ["isobil", "innomobil"], indirect=True)
async def test_a_portion_whose_outcome_is_unknown_is_looked_up(rig):
    sent = await in_portions(rig)
    for seconds in (0, 600):
        rig.vendor.play("error_500_after_accept")
        await rig.sweep(seconds)
        assert (await rig.ledger.overview()).unknown == 1
        for later in (5, 10, 20, 40):
            await rig.sweep(later)
        assert (await rig.ledger.overview()).unknown == 0
    assert numbers_of(rig) == list(NUMBERS[:4])
    assert [item["state"] for item in await rig.items(sent.id)][4] == "0"


@LACKING
async def test_cancelling_portions_stops_those_to_come(rig):
    sent = await in_portions(rig)
    await rig.sweep()
    assert (await rig.call("cancelSmsPackage", id=sent.id)).code == ""
    for _ in range(3):
        await rig.sweep(600)
    assert numbers_of(rig) == list(NUMBERS[:2])
    assert [item["state"] for item in await rig.items(sent.id)] == ["3", "3", "-2", "-2", "-2"]
    assert (await rig.call("cancelSmsPackage", id=sent.id)).code == "ERR_SMS_PKG_NOT_CHANGEABLE"


@ONE
@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"periodType": 0}, "amount"),
        ({"periodType": 0, "amount": 1}, "interval"),
        ({"periodType": 0, "amount": 1, "interval": 2**31 - 1}, "interval"),
        ({"periodType": 5}, "periodType"),
        ({"periodType": 0, "amount": 0, "interval": 1}, "amount"),
    ],
)
async def test_portions_that_make_no_sense(rig, settings, field):
    answer = await rig.send(sendingType=1, numbers=[*NUMBERS[:2]], periodicSettings=settings)
    assert answer.code == "ERR_BAD_REQUEST"
    assert f"periodicSettings.{field}" in answer.message
    assert await rig.recorded() == ()


@LACKING
async def test_every_day(rig):
    sent = await rig.send(periodicSettings={"periodType": 1})
    assert len(rig.sends()) == 1
    await rig.sweep(DAY - 1)
    assert len(rig.sends()) == 1
    await rig.sweep(1)  # recorded
    await rig.sweep()  # sent
    assert rig.sends() == [(NUMBERS[0], TEXT)] * 2
    packages = (await rig.call("getSmsPackages")).rows
    assert [package["content"] for package in packages] == [TEXT] * 2
    assert len({package["id"] for package in packages}) == 2
    await rig.sweep(60)
    assert [package["state"] for package in (await rig.call("getSmsPackages")).rows] == ["6", "6"]
    assert (await rig.call("cancelSmsPackage", id=sent.id)).code == ""
    for _ in range(3):
        await rig.sweep(DAY)
        await rig.sweep()
    assert len(rig.sends()) == 2
    assert (await rig.call("cancelSmsPackage", id=sent.id)).code == "ERR_SMS_PKG_NOT_CHANGEABLE"


@ONE
async def test_what_was_missed_while_nobody_was_there_is_left_out(rig):
    await rig.send(periodicSettings={"periodType": 1}, validity=60)
    for days in (3.5, 0):
        await rig.sweep(days * DAY)
    assert len(rig.sends()) == 1
    for days in (0.5, 0):
        await rig.sweep(days * DAY)
    assert len(rig.sends()) == 2


@ONE
async def test_a_repeat_that_is_a_little_late_is_sent_once(rig):
    await rig.send(periodicSettings={"periodType": 1}, validity=60)
    for seconds in (DAY + 1800, 0, 0):
        await rig.sweep(seconds)
    assert len(rig.sends()) == 2
    for seconds in (DAY - 1800, 0):
        await rig.sweep(seconds)
    assert len(rig.sends()) == 3


@ONE
async def test_nothing_that_was_refused_is_repeated(rig):
    rig.vendor.play("refuse", code="credit")
    answer = await rig.send(periodicSettings={"periodType": 1}, customID="order-1")
    assert answer.code == "ERR_USER_CREDIT_REQUIRED"
    for _ in range(3):
        await rig.sweep(DAY)
        await rig.sweep()
    assert rig.sends() == []


@ONE
async def test_two_processes_repeat_once(rig_with):
    rig, twin = await rig_with(), await rig_with()
    await rig.send(periodicSettings={"periodType": 2})
    await rig.sweep(7 * DAY)
    await twin.sweep()
    await rig.sweep()
    assert len(rig.sends()) == 2


@ONE
async def test_without_its_account_nothing_is_repeated(rig):
    await rig.send(periodicSettings={"periodType": 1})
    others = {name: account for name, account in rig.bridge.accounts.items() if name != "admin"}
    await rig.sweep(DAY, accounts=others)
    await rig.sweep()
    assert len(rig.sends()) == 1
    await rig.sweep(DAY)
    await rig.sweep()
    assert len(rig.sends()) == 2


@pytest.mark.parametrize(("kind", "database"), [("innomobil", "sqlite"), ("innomobil", "postgresql")], indirect=True)
async def test_pace(rig_with):
    """One a second, over two processes, in the order of asking; what waits can be cancelled."""
    rig, twin = [await rig_with(vendor={"rate_per_second": 1}) for _ in range(2)]
    ids = [(await one.send(number=number)).id for one, number in zip((rig, twin, rig, twin, rig), NUMBERS, strict=False)]
    assert numbers_of(rig) == [NUMBERS[0]]
    assert (await rig.package(ids[1]))["state"] == "1"
    assert (await rig.call("cancelSmsPackage", id=ids[2])).code == ""
    await rig.sweep()
    for seconds, expected in ((1, [0, 1]), (1, [0, 1]), (1, [0, 1, 3]), (1, [0, 1, 3, 4])):
        await twin.sweep(seconds)
        assert numbers_of(rig) == [NUMBERS[place] for place in expected]


@ONE
async def test_pace_of_what_was_held(rig_with):
    rig = await rig_with(vendor={"rate_per_second": 1})
    with rig.unreachable():
        for number in NUMBERS[:4]:
            await rig.send(number=number)
            rig.advance(1)
    assert rig.sends() == []
    await rig.sweep(30)
    assert len(rig.sends()) == 1
    for count in (2, 3, 4, 4):
        await rig.sweep(1)
        assert len(rig.sends()) == count


@ONE
async def test_what_would_go_too_late_is_refused(rig_with):
    rig = await rig_with(vendor={"rate_per_second": 1 / 3600})
    answers = [await rig.send(number=number, validity=60) for number in NUMBERS[:3]]
    assert [answer.code for answer in answers] == ["", "ERR_SYSTEM_MAINTENANCE", "ERR_SYSTEM_MAINTENANCE"]
    assert len(await rig.recorded()) == 1
