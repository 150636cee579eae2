"""Runs of operations, and the choice of the engine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bridge.domain.http import HttpRequest, HttpResponse
from bridge.errors import NotSent, OutcomeUnknown, SettingsError, VendorRefused
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import Outbound, Timing, open_engine
from bridge.outbound.fast import FastEngine
from bridge.outbound.httpx_engine import HttpxEngine

ASK = HttpRequest("GET", "http://a.example/ask", repeatable=True)
ACT = HttpRequest("POST", "http://a.example/act")


class Canned:
    """An engine that answers with what it was given, or raises it."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.sent = []
        self.closed = False

    async def send(self, request):
        self.sent.append(request)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return HttpResponse(outcome, {}, b"")

    async def close(self):
        self.closed = True


def operation(*requests, log):
    try:
        statuses = []
        for request in requests:
            response = yield request
            statuses.append(response.status)
        return statuses
    finally:
        log.append("ended")


async def test_requests_and_value():
    engine, log, timing = Canned(200, 201), [], Timing()
    assert await Outbound(engine).run(operation(ASK, ACT, log=log), timing) == [200, 201]
    assert engine.sent == [ASK, ACT]
    assert log == ["ended"]
    assert timing.requests == 2
    assert timing.seconds > 0


async def test_no_request():
    assert await Outbound(Canned()).run(operation(log=[])) == []


async def test_refusal_of_the_vendor():
    def refusing():
        yield ASK
        raise VendorRefused("ERR_BAD_REQUEST")

    with pytest.raises(VendorRefused):
        await Outbound(Canned(400)).run(refusing())


@pytest.mark.parametrize(
    ("before", "error", "raised"),
    [
        ([], NotSent("x"), NotSent),
        ([ASK], NotSent("x"), NotSent),
        ([ACT], NotSent("x"), OutcomeUnknown),
        ([ACT, ASK], NotSent("x"), OutcomeUnknown),
        ([ASK], OutcomeUnknown("x"), OutcomeUnknown),
    ],
)
async def test_no_answer(before, error, raised):
    """NotSent must hold for the operation: an earlier request of it may have done something."""
    log, timing = [], Timing()
    exchange = operation(*before, ACT, log=log)
    with pytest.raises(raised) as caught:
        await Outbound(Canned(*[200] * len(before), error)).run(exchange, timing)
    assert type(caught.value) is raised
    assert log == ["ended"]
    assert timing.requests == len(before) + 1


async def test_wrong_request_ends_the_operation():
    log = []
    with pytest.raises(ValueError, match="URL"):
        await Outbound(FastEngine(EngineOptions())).run(operation(HttpRequest("GET", "ftp://x/"), log=log))
    assert log == ["ended"]


async def test_close():
    engine = Canned()
    await Outbound(engine).close()
    assert engine.closed


@pytest.mark.parametrize(
    ("name", "proxy", "kind"),
    [("auto", None, FastEngine), ("fast", None, FastEngine), ("httpx", None, HttpxEngine), ("auto", "http://p:1", HttpxEngine)],
)
def test_choice(name, proxy, kind):
    assert type(open_engine(EngineOptions(proxy=proxy), name)) is kind


@pytest.mark.parametrize(
    ("name", "proxy"),
    [("fast", "http://u:secret@p"), ("auto", "gopher://u:secret@p"), ("httpx", "http://u:secret@p:x"), ("auto", "secret")],
)
def test_proxy_that_cannot_be(name, proxy):
    with pytest.raises(SettingsError) as caught:
        open_engine(EngineOptions(proxy=proxy), name)
    assert caught.value.key == "proxy"
    assert "secret" not in repr(caught.value) + str(caught.value)


def test_httpx_is_loaded_only_when_chosen():
    code = "import sys, bridge.outbound.driver; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
