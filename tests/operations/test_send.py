"""Accepted, refused, unknown: what becomes of a send, and that nothing is ever sent twice."""

from __future__ import annotations

import socket
from functools import partial

import pytest

from bridge.domain.capability import Feature
from bridge.domain.clock import SystemClock
from bridge.domain.custom_id import CustomIds
from bridge.errors import CallError, ErrorCode, Language, VendorRefused
from bridge.operations.send import LOOK_UP_PAUSES, SendSmsCase
from bridge.outbound.driver import Timing
from bridge.sandbox import Running
from tests.soap.serving import serve, settings_for
from tests.vendors.contract import CALLS, NUMBER, PASSWORD, SENDER, TEXT, Rig

SMS, OTP = CALLS[Feature.LOOK_UP], CALLS[Feature.OTP]


@pytest.fixture(params=[SMS, OTP], ids=["sendSms", "sendOtp"])
def call(request):
    return request.param


def paths(rig: Rig) -> list[str]:
    return [request["path"].rpartition("/")[2] for request in rig.control.requests()]


def unknown(error: CallError) -> None:
    """It says in both languages that nobody knows, and whom to ask."""
    assert (error.code, error.status) == (ErrorCode.INTERNAL_SERVER, 500)
    assert "unknown" in error.text(Language.ENGLISH)
    assert "bilinmiyor" in error.text(Language.TURKISH)
    assert all("node" in error.text(language) for language in Language)


async def test_accepted(rig, call):
    package_id = await rig.call(call.operation, call.fields)
    assert rig.control.package_ids() == [str(package_id)]
    assert len(rig.control.requests()) == 1


async def test_refused_by_the_vendor_in_its_own_words(rig, call):
    rig.control.fault("refuse", code="ERR_USER_CREDIT_REQUIRED")
    with pytest.raises(VendorRefused) as raised:
        await rig.call(call.operation, call.fields)
    assert (raised.value.code, raised.value.status) == (ErrorCode.USER_CREDIT_REQUIRED, 417)
    assert raised.value.text(Language.ENGLISH) == "Kullanıcı yeterli krediye sahip değil."
    assert len(rig.control.requests()) == 1


async def test_unreachable_is_certainly_not_sent(rig, call):
    with socket.socket() as silent:  # bound, but nobody listens
        silent.bind(("127.0.0.1", 0))
        account = rig.account(rig.new_vendor(f"http://127.0.0.1:{silent.getsockname()[1]}/"))
        with pytest.raises(CallError) as raised:
            await rig.call(call.operation, call.fields, account)
    assert (raised.value.code, raised.value.status) == (ErrorCode.SYSTEM_MAINTENANCE, 503)
    assert "node" in raised.value.text(Language.ENGLISH)


@pytest.mark.parametrize("fault", ["timeout_after_accept", "reset_after_accept", "error_500_after_accept"])
async def test_a_send_whose_answer_was_lost_is_looked_up(rig, call, fault):
    rig.control.fault(fault)
    package_id = await rig.call(call.operation, call.fields, rig.account(hasty=True))
    assert rig.control.package_ids() == [str(package_id)]
    assert paths(rig) in (["create", "list"], ["create-otp", "list"])


async def test_a_look_up_without_an_answer_is_tried_again(rig):
    rig.control.fault("reset_after_accept", path="/sms/create")
    rig.control.fault("error_503", path="/sms/list")
    package_id = await rig.call(SMS.operation, SMS.fields)
    assert rig.control.package_ids() == [str(package_id)]
    assert paths(rig) == ["create", "list", "list"]


@pytest.mark.parametrize("fault", ["reset", "garbage"])
async def test_what_cannot_be_found_is_unknown_and_not_sent_again(rig, call, fault):
    rig.control.fault(fault)
    with pytest.raises(CallError) as raised:
        await rig.call(call.operation, call.fields)
    unknown(raised.value)
    assert rig.control.sent() == []
    assert paths(rig)[1:] == ["list", "list"]


async def test_what_cannot_be_looked_up_is_unknown_and_not_sent_again(rig, call):
    rig.control.fault("error_502_after_accept")
    rig.control.fault("error_502", count=0, path="/sms/list")
    with pytest.raises(CallError) as raised:
        await rig.call(call.operation, call.fields)
    unknown(raised.value)
    assert rig.control.sent() == [(NUMBER, TEXT)]


async def test_a_clients_custom_id_is_looked_for_too(rig):
    rig.control.fault("empty_after_accept")
    package_id = await rig.call(SMS.operation, SMS.fields | {"customID": "a1b2c3"})
    assert rig.control.package_ids() == [str(package_id)]
    with pytest.raises(VendorRefused) as raised:
        await rig.call(SMS.operation, SMS.fields | {"customID": "a1b2c3"})
    assert raised.value.code == ErrorCode.SMS_PKG_CUSTOM_ID_DUPLICATION


async def test_every_send_has_a_custom_id_of_its_own(rig):
    case = SendSmsCase(SystemClock(), CustomIds(), 100)
    ids = {case.prepare(SMS.fields).custom_id for _ in range(100)}
    ids |= {SendSmsCase(SystemClock(), CustomIds(), 100).prepare(SMS.fields).custom_id for _ in range(100)}
    assert len(ids) == 200


async def test_what_the_vendor_took_is_measured_over_all_requests(rig):
    rig.control.fault("error_500_after_accept")
    timing = Timing()
    case = SendSmsCase(SystemClock(), CustomIds(), 100, (0.0,))
    await case.run(rig.account(), case.prepare(SMS.fields), timing)
    assert timing.requests == 2
    assert timing.seconds > 0


def test_the_look_up_ends_before_clients_give_up():
    assert sum(LOOK_UP_PAUSES) < 30


def test_through_the_whole_bridge(running_vendor: Running, rig: Rig, monkeypatch: pytest.MonkeyPatch):
    """The outcome as a client reads it."""
    monkeypatch.setattr("bridge.app.SendSmsCase", partial(SendSmsCase, pauses=(0.0, 0.0)))
    account = {"username": "admin", "password": "123456", "credentials": {"username": "user", "password": PASSWORD}}
    vendors = {"main": {"kind": "node", "base_url": running_vendor.base_url, "read_timeout_seconds": 1}}
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><sendSms><username>admin</username><password>123456'
        "</password><type>1</type><sendingType>0</sendingType><title>Deneme</title><content>Merhaba</content>"
        f"<number>{NUMBER}</number><sender>{SENDER}</sender></sendSms></e:Body></e:Envelope>"
    )
    with serve(settings_for(running_vendor.base_url, vendors=vendors, accounts=(account,), soap={"language": "en"})) as bridge:
        rig.control.fault("timeout_after_accept")
        answer = bridge.post(body)
        assert (answer.code, [answer.find("pkgID")]) == ("", rig.control.package_ids())
        rig.control.fault("error_500")
        answer = bridge.post(body)
        assert (answer.status, answer.code, answer.find("status")) == (200, "ERR_INTERNAL_SERVER", "500")
        assert "whether the message was taken is unknown" in answer.find("message")
        assert len(rig.control.sent()) == 1
