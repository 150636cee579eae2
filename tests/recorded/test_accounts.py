"""Two accounts never see each other; in pass-through nobody is told or recorded anything before the vendor knows the login."""

from __future__ import annotations

import pytest

from bridge.domain.status import SubmissionState
from tests.recorded.rig import BOTH, LOGIN, NUMBERS, OTHER

# isobil wants more than a login
PASSING = pytest.mark.parametrize("kind", ["node", "innomobil", "toplusms"], indirect=True)
USER, STRANGER = ("user", "test"), ("other", "secret")
WRONG = ("user", "guess")


async def sees_nothing(rig, login, sent, uuid) -> None:
    """By no key and no list; mine is a package with customID "a-1"."""
    keys = ({"pkgID": sent.id}, {"customID": "a-1"}, {"uuid": uuid}, {"pkgID": sent.id, "customID": "a-1"})
    for key in keys:
        assert (await rig.call("getSmsPackageItems", login=login, **key)).code == "ERR_SMS_PKG_NOT_FOUND"
        ours = {"id" if name == "pkgID" else name: value for name, value in key.items()}
        assert (await rig.call("cancelSmsPackage", login=login, **ours)).code == "ERR_SMS_PKG_NOT_FOUND"
    for filters in ({}, {"ids": [sent.id]}, {"customIDs": ["a-1"]}, {"keyword": "Merhaba"}, {"sender": "BASLIK"}, {"status": 0}):
        answer = await rig.call("getSmsPackages", login=login, **filters)
        assert (answer.total, answer.rows) == (0, []), filters


@BOTH
async def test_mapped_accounts_do_not_see_each_other(rig):
    sent = await rig.send(customID="a-1", login=LOGIN)
    uuid = (await rig.package(sent.id))["uuid"]
    await sees_nothing(rig, OTHER, sent, uuid)
    await rig.send(customID="a-2", login=OTHER)
    assert (await rig.call("getSmsPackages", login=LOGIN)).total == 1
    assert (await rig.call("getSmsPackages", login=OTHER)).total == 1
    assert (await rig.call("getSmsPackageItems", login=OTHER, pkgID=sent.id)).code == "ERR_SMS_PKG_NOT_FOUND"


async def test_mapped_accounts_do_not_see_what_is_kept_or_unknown(rig):
    with rig.unreachable():
        kept = await rig.send(customID="a-1")
        uuid = (await rig.package(kept.id))["uuid"]
    await sees_nothing(rig, OTHER, kept, uuid)
    assert await rig.state(kept.id) == "1"


@pytest.fixture
async def passing(rig_with):
    return await rig_with(mapped=False)


@PASSING
async def test_logins_do_not_see_each_other(passing):
    sent = await passing.send(customID="a-1", login=USER)
    uuid = (await passing.package(sent.id, login=USER))["uuid"]
    await sees_nothing(passing, STRANGER, sent, uuid)
    passing.advance(30)
    (item,) = await passing.items(sent.id, login=USER)
    assert item["target"] == NUMBERS[0]


@PASSING
async def test_a_wrong_password_reads_nothing(passing):
    sent = await passing.send(customID="a-1", login=USER)
    for login in (WRONG, ("nobody", "test")):
        for operation, fields in (
            ("getSmsPackages", {}),
            ("getSmsPackages", {"ids": [sent.id]}),
            ("getSmsPackageItems", {"pkgID": sent.id}),
            ("cancelSmsPackage", {"id": sent.id}),
            ("cancelSmsPackage", {"id": 99}),
            ("getUserCredit", {}),
            ("getSmsSenders", {}),
            ("getSmsPackages", {}),
        ):
            answer = await passing.call(operation, login=login, **fields)
            assert (answer.code, answer.data) == ("ERR_UNAUTHORIZED_REQUEST", {}), (operation, login)
    assert (await passing.call("getSmsPackages", login=USER)).total == 1


@PASSING
async def test_a_wrong_password_records_nothing(passing):
    for login in (WRONG, ("nobody", "test")):
        assert (await passing.send(login=login, customID="a-1")).code == "ERR_UNAUTHORIZED_REQUEST"
        assert await passing.recorded(login[0]) == ()
    assert passing.sends() == []
    assert (await passing.send(login=USER, customID="a-1")).code == ""


@PASSING
async def test_an_unproven_login_reads_and_records_nothing_while_the_vendor_is_away(passing):
    with passing.unreachable():
        for operation, fields in (("getSmsPackages", {}), ("getSmsPackageItems", {"pkgID": 99}), ("cancelSmsPackage", {"id": 99})):
            assert (await passing.call(operation, login=USER, **fields)).code == "ERR_SYSTEM_MAINTENANCE"
        assert (await passing.send(login=USER)).code == "ERR_SYSTEM_MAINTENANCE"
    assert await passing.recorded(USER[0]) == ()


@PASSING
async def test_a_proven_login_reads_while_the_vendor_is_away(passing):
    sent = await passing.send(login=USER)
    with passing.unreachable():
        assert [item["target"] for item in await passing.items(sent.id, login=USER)] == [NUMBERS[0]]
        # nobody could send it later: the bridge keeps no password
        assert (await passing.send(login=USER)).code == "ERR_SYSTEM_MAINTENANCE"
    assert len(passing.sends()) == 1


@PASSING
async def test_news_come_with_the_clients_own_calls(passing):
    """The background has no credentials; it must not put off what the client's calls can refresh."""
    sent = await passing.send(login=USER)
    passing.vendor.play("reset_after_accept")
    unknown = await passing.send(login=USER, content="bilinmeyen")
    for _ in range(3):
        await passing.sweep(30)
    states = [(await passing.package(each.id, login=USER))["state"] for each in (sent, unknown)]
    assert states[0] == "6"
    if passing.kind != "toplusms":
        submission = (await passing.stored(unknown.id, USER[0])).submissions[0]
        assert submission.state is SubmissionState.ACCEPTED
    assert len(passing.sends()) == 2


@pytest.mark.parametrize("kind", ["innomobil", "toplusms"], indirect=True)
async def test_what_the_bridge_would_have_to_hold_is_refused_in_pass_through(passing):
    answer = await passing.send(login=USER, sendingDate="2026-11-23 12:00")
    assert answer.code == "ERR_BAD_REQUEST"
    assert "sendingDate" in answer.message
    assert passing.vendor.received() == []
    assert await passing.recorded(USER[0]) == ()


async def test_the_background_leaves_accounts_alone_that_are_no_more(rig_with):
    rig = await rig_with()
    with rig.unreachable():
        sent = await rig.send()
    rig.advance(30)
    await rig.sweep(accounts={name: found for name, found in rig.bridge.accounts.items() if name != LOGIN[0]})
    assert rig.sends() == []
    assert (await rig.submission(sent.id)).state is SubmissionState.PENDING
    await rig.sweep(600)  # the account is back
    assert len(rig.sends()) == 1
