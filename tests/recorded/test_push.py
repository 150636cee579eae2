"""pushSettings, which the bridge supplies: what clients' servers are told, when, and where they may not be."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.errors import LedgerUnavailable
from bridge.jobs.push import PLAN
from bridge.sandbox import serve_in_thread
from tests.log_capture import captured_log
from tests.recorded.rig import NUMBERS
from tests.waiting import eventually

LACKING = pytest.mark.parametrize(
    ("kind", "database"),
    [("isobil", "sqlite"), ("innomobil", "sqlite"), ("toplusms", "sqlite"), ("innomobil", "postgresql")],
    indirect=True,
)
ONE = pytest.mark.parametrize("kind", ["innomobil"], indirect=True)
LOOPBACK = {"allow_hosts": ["127.0.0.1"]}
# one that the sandboxes deliver to, one that they do not
DELIVERED, UNDELIVERED = NUMBERS[0], "905321234519"
TOKEN = "Mark-Secret-Token"


@dataclass
class Receiver:
    """A client's server: what it was sent, and what it answers; 200 when nothing is said."""

    url: str = ""
    elsewhere: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    # an answer waits for it
    before: threading.Event | None = None

    @property
    def bodies(self) -> list[bytes]:
        return [body for body, _ in self.received]

    async def answer(self, request: Request) -> Response:
        self.received.append((await request.body(), dict(request.headers)))
        if self.before is not None:
            await asyncio.to_thread(self.before.wait, 30)
        status = self.statuses.pop(0) if self.statuses else 200
        return Response("<html>" + "x" * 10_000, status, {"location": self.elsewhere} if 300 <= status < 400 else None)


@contextmanager
def receiving(*statuses: int, elsewhere: str = "") -> Iterator[Receiver]:
    receiver = Receiver(statuses=list(statuses), elsewhere=elsewhere)
    with serve_in_thread(Starlette(routes=[Route("/{path:path}", receiver.answer, methods=["GET", "POST"])])) as running:
        receiver.url = f"{running.base_url}hook?key={TOKEN}"
        yield receiver


async def pushed(rig, url, **fields):
    return await rig.send(pushSettings={"url": url}, **fields)


@LACKING
async def test_delivered_after_two_failures(rig_with):
    rig = await rig_with(push=LOOPBACK)
    with receiving() as canary, receiving(500, 302, elsewhere=canary.url) as receiver:
        sent = await pushed(rig, receiver.url)
        assert sent.code == "", sent.message
        await rig.sweep(15)
        assert receiver.received == []  # nothing became of it yet
        await rig.sweep(15)
        assert len(receiver.received) == 1
        await rig.sweep(4.9)
        assert len(receiver.received) == 1
        await rig.sweep(0.1)
        assert len(receiver.received) == 2
        await rig.sweep(299)
        assert len(receiver.received) == 2
        await rig.sweep(1)
        assert len(receiver.received) == 3
        await rig.sweep(24 * 3600)
        assert len(receiver.received) == 3
        assert canary.received == []
    (item,) = await rig.items(sent.id)
    expected = {
        "userID": 1,
        "pkg": {"id": sent.id, "state": 6, "statistics": {"total": 1, "delivered": 1, "undelivered": 0}},
        "items": [{"id": item["id"], "nr": DELIVERED, "status": 3, "lastUpdate": item["deliveryDate"]}],
    }
    assert receiver.bodies == [json.dumps(expected, separators=(",", ":")).encode()] * 3
    headers = receiver.received[0][1]
    assert headers["content-type"].startswith("application/json")
    assert "authorization" not in headers
    overview = await rig.ledger.overview()
    assert (overview.pushes, overview.dead_pushes) == (0, 0)


@ONE
async def test_all_recipients_and_their_kinds(rig_with):
    rig = await rig_with(push=LOOPBACK)
    with receiving() as receiver:
        sent = await pushed(rig, receiver.url, sendingType=1, numbers=[DELIVERED, UNDELIVERED, "12"])
        await rig.sweep(30)
        body = json.loads(receiver.bodies[-1])
    package, items = await rig.package(sent.id), await rig.items(sent.id)
    told = {item["nr"]: item for each in receiver.bodies for item in json.loads(each)["items"]}
    assert {number: item["status"] for number, item in told.items()} == {
        item["target"]: int(item["state"]) for item in items if item["target"] in told
    }
    assert {DELIVERED, UNDELIVERED} <= set(told)
    assert body["pkg"]["state"] == int(package["state"])
    assert {name: str(count) for name, count in body["pkg"]["statistics"].items()} == {
        name: package["statistics"][name] for name in ("total", "delivered", "undelivered")
    }
    assert all(len(item["lastUpdate"]) == len("2021-05-04T01:38:20") for item in told.values())


@ONE
async def test_the_user_id_of_the_old_platform(rig_with):
    rig = await rig_with(push=LOOPBACK)
    with receiving() as receiver:
        await pushed(rig, receiver.url)
        await rig.sweep(30, accounts={"admin": replace(rig.bridge.accounts["admin"], user_id=41023)})
        assert json.loads(receiver.bodies[0])["userID"] == 41023


@ONE
async def test_given_up_when_the_plan_is_over(rig_with):
    rig = await rig_with(push=LOOPBACK)
    with receiving(*[503] * 20) as receiver, captured_log() as log:
        await pushed(rig, receiver.url)
        await rig.sweep(30)
        for count, pause in enumerate(PLAN, 1):
            assert len(receiver.received) == count
            await rig.sweep(pause.total_seconds() - 1)
            assert len(receiver.received) == count
            await rig.sweep(1)
        assert len(receiver.received) == 7
        await rig.sweep(48 * 3600)
        assert len(receiver.received) == 7
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
    overview = await rig.ledger.overview()
    assert (overview.pushes, overview.dead_pushes) == (0, 1)
    (line,) = [line for line in lines if line["event"] == "push given up"]
    assert (line["what"], line["host"], line["attempts"]) == ("status 503", "127.0.0.1", 7)
    text = log.getvalue().decode()
    assert TOKEN not in text
    assert DELIVERED[2:] not in text


@ONE
async def test_nobody_is_there_and_then_somebody_is(rig_with):
    rig = await rig_with(push=LOOPBACK)
    with receiving() as receiver:
        url = receiver.url
    await pushed(rig, url)
    await rig.sweep(30)
    assert (await rig.ledger.overview()).pushes == 1
    assert (await rig.ledger.overview()).dead_pushes == 0


@ONE
async def test_told_again_when_nobody_could_note_that_it_was_told(rig_with, monkeypatch):
    rig = await rig_with(push=LOOPBACK)

    async def unavailable(*_):
        raise LedgerUnavailable("gone")

    with receiving() as receiver:
        await pushed(rig, receiver.url)
        with monkeypatch.context() as patch:
            patch.setattr(rig.ledger, "pushed", unavailable)
            with pytest.raises(LedgerUnavailable):
                await rig.sweep(30)
        await rig.sweep(59)
        assert len(receiver.received) == 1
        await rig.sweep(1)
        assert receiver.bodies == receiver.bodies[:1] * 2


@ONE
async def test_a_slow_server_holds_nobody_up(rig_with):
    rig = await rig_with(push={"allow_hosts": ["127.0.0.1", "localhost"]})
    go_on = threading.Event()
    with receiving() as slow, receiving() as quick:
        slow.before = go_on
        for _ in range(20):
            await pushed(rig, slow.url)
        await pushed(rig, quick.url.replace("127.0.0.1", "localhost"))
        sweeping = asyncio.create_task(rig.sweep(30))
        await eventually(lambda: len(slow.received) == 4 and len(quick.received) == 1)
        assert len(slow.received) == 4
        go_on.set()
        await sweeping
        # those that found no place come back, and that was no attempt of theirs
        assert len(slow.received) == 8
        assert (await rig.ledger.overview()).pushes == 12
        for _ in range(2):
            await rig.sweep(5)
        assert len(slow.received) == 20
        assert rig.recording._pusher._places == {}
    overview = await rig.ledger.overview()
    assert (overview.pushes, overview.dead_pushes) == (0, 0)


# where pushes may not go


PRIVATE = [
    "http://127.0.0.1:1/",
    "http://2130706433/",
    "http://[::1]/",
    "http://localhost/",
    "http://169.254.169.254/",
    "http://nas/",
]
NO_URLS = [
    "hooks.example",
    "ftp://hooks.example/",
    "http://user@hooks.example/",
    "http://hooks.example\\@127.0.0.1/",
    "http://a b/",
]


@LACKING
async def test_private_addresses_are_refused_by_name_before_anything_is_recorded(rig):
    for url in PRIVATE + NO_URLS:
        for answer in (
            await pushed(rig, url),
            await rig.call("sendOtp", sender="BASLIK", content="1", number=NUMBERS[0], pushSettings={"url": url}),
        ):
            assert answer.code == "ERR_BAD_REQUEST", url
            assert "pushSettings.url" in answer.message
            assert url not in answer.message
    assert rig.vendor.received() == []
    assert await rig.recorded() == ()


@ONE
async def test_no_url_is_no_push(rig):
    for settings in ({}, {"url": ""}, {"url": "  "}):
        sent = await rig.send(pushSettings=settings)
        assert sent.code == "", sent.message
    await rig.sweep(30)
    assert (await rig.ledger.overview()).pushes == 0


@ONE
async def test_a_public_name_that_leads_inside_is_a_failure_as_others(rig_with, monkeypatch):
    rig = await rig_with()

    async def look_up(_host, _port):
        return ["127.0.0.1"]

    monkeypatch.setattr("bridge.outbound.dial._look_up", look_up)
    with receiving() as canary, captured_log():
        url = canary.url.replace("127.0.0.1", "hooks.example")
        assert (await pushed(rig, url)).code == ""
        await rig.sweep(30)
        for pause in PLAN:
            await rig.sweep(pause.total_seconds())
        assert canary.received == []
    assert (await rig.ledger.overview()).dead_pushes == 1


@ONE
async def test_a_host_that_is_no_longer_allowed(rig_with):
    rig = await rig_with(push=LOOPBACK)
    with receiving() as receiver:
        await pushed(rig, receiver.url)
        object.__setattr__(rig.bridge.settings.push, "allow_hosts", ())
        await rig.sweep(30)
        assert receiver.received == []
        object.__setattr__(rig.bridge.settings.push, "allow_hosts", ("127.0.0.1",))
        await rig.sweep(5)
        assert len(receiver.received) == 1


@ONE
async def test_refused_in_pass_through_in_clear_words(rig_with):
    rig = await rig_with(mapped=False, push=LOOPBACK)
    answer = await rig.send(login=("user", "test"), pushSettings={"url": "http://127.0.0.1:9/"})
    assert answer.code == "ERR_BAD_REQUEST"
    assert all(word in answer.message for word in ("innomobil", "pushSettings", "[[accounts]]"))
    assert rig.sends() == []


@pytest.mark.parametrize("kind", ["node"], indirect=True)
async def test_a_vendor_that_pushes_itself_is_given_the_url_as_it_is(rig):
    """Its network is not ours: what is private here need not be there."""
    assert (await pushed(rig, "http://10.0.0.1/hook")).code == ""
    (body,) = [body for path, body in rig.vendor.bodies() if path == "/sms/create"]
    assert body["pushSettings"] == {"url": "http://10.0.0.1/hook"}
    await rig.sweep(30)
    assert (await rig.ledger.overview()).pushes == 0
