"""Serving, options, and the clock."""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import uvloop

from bridge.errors import SettingsError
from bridge.sandbox import VENDORS, Clock, Options, build, serve, serve_in_thread
from bridge.sandbox.node import NodeOptions


def client(running):
    return httpx.AsyncClient(base_url=running.base_url, auth=("user", "test"), trust_env=False, verify=False)


async def test_serve_beside_other_work_and_leave_signals_alone():
    handler = signal.getsignal(signal.SIGTERM)
    async with await serve(build("node"), "127.0.0.1", 0) as running:
        assert signal.getsignal(signal.SIGTERM) is handler
        async with client(running) as http:
            assert (await http.get("/user/credit")).json()["data"] == {"credit": 316807}
    await running.wait()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection(running.host, running.port)


async def test_it_stops_at_once_also_with_a_held_request():
    """Told by the shortest of three, for what else the machine does is no part of it."""
    seconds = []
    for _ in range(3):
        async with await serve(build("node")) as running, client(running) as http:
            await http.post("/_sandbox/faults", json={"fault": "timeout"})
            held = asyncio.create_task(http.get("/user/credit"))
            await asyncio.sleep(0.05)
            began = time.monotonic()
            await running.stop()
            seconds.append(time.monotonic() - began)
            with pytest.raises(httpx.TransportError):
                await held
    assert min(seconds) < 0.45


async def test_a_taken_port_is_an_oserror():
    async with await serve(build("node")) as running:
        with pytest.raises(OSError, match="in use"):
            await serve(build("node"), running.host, running.port)
        with pytest.raises(OSError, match="in use"), serve_in_thread(build("node"), running.host, running.port):
            pass


def test_resets_work_on_uvloop_too():
    async def run():
        async with await serve(build("node")) as running, client(running) as http:
            await http.post("/_sandbox/faults", json={"fault": "reset"})
            with pytest.raises(httpx.ReadError):
                await http.get("/user/credit")

    uvloop.run(run())


def test_what_can_be_built():
    assert "node" in VENDORS
    with pytest.raises(SettingsError, match="no sandbox for 'other'"):
        build("other")
    with pytest.raises(SettingsError, match="reported_after_seconds"):
        Options(sent_after_seconds=3, reported_after_seconds=1)


def test_common_options_serve_for_any_vendor():
    options = NodeOptions.of(Options(accounts={"admin": "123456"}, credit=5))
    assert (options.accounts, options.credit, options.max_ids) == ({"admin": "123456"}, 5, 1000)
    assert NodeOptions.of(options) is options
    assert NodeOptions.of(None).accounts == {"user": "test"}


async def test_otp_senders_of_their_own():
    options = NodeOptions(otp_senders=())
    body = {"number": "905511034554", "sender": "BASLIK", "content": "Kod: 1"}
    transport = httpx.ASGITransport(build("node", options=options))
    async with httpx.AsyncClient(transport=transport, base_url="http://node", auth=("user", "test")) as http:
        otp = (await http.post("/sms/create-otp", json=body)).json()
        sms = (await http.post("/sms/create", json=body | {"type": 0, "sendingType": 0, "title": "Kod gönderimi"})).json()
    assert otp["err"]["code"] == "ERR_INVALID_SMS_SENDER"
    assert sms["err"] is None


async def test_an_injected_clock_tells_the_dates():
    now = datetime(2021, 5, 3, 22, 38, 20, 250000, tzinfo=UTC)
    sandbox = build("node", clock=Clock(lambda: now))
    transport = httpx.ASGITransport(sandbox)
    async with httpx.AsyncClient(transport=transport, base_url="http://node", auth=("user", "test")) as http:
        await http.post("/sms/create-otp", json={"number": "905511034554", "sender": "BASLIK", "content": "Kod: 1"})
        sandbox.simulator.clock.advance(3)
        item = (await http.post("/sms/list-item", json={"pkgID": 222962})).json()["data"]["list"][0]
    assert [item[key] for key in ("sendingDate", "processingDate", "deliveryDate")] == [
        "2021-05-04T01:38:20",
        "2021-05-04T01:38:20.75",
        "2021-05-04T01:38:23",
    ]


async def test_a_moment_comes_by_waiting_and_by_advancing():
    clock = Clock()
    await asyncio.wait_for(clock.until(clock.now() + timedelta(seconds=0.01)), 1)
    waiting = asyncio.create_task(clock.until(clock.now() + timedelta(hours=1)))
    await asyncio.sleep(0)
    clock.advance(1800)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    clock.advance(1800)
    await asyncio.wait_for(waiting, 1)
