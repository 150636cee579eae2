"""Addresses, their race, and the names of failures."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from bridge.errors import NotSent, SettingsError
from bridge.outbound import dial
from bridge.outbound.contract import EngineOptions
from bridge.outbound.dial import Dialer, failed_step, tls_context
from bridge.outbound.wire import Origin
from tests.outbound.scripted import ScriptedServer

QUICK = 0.05


class Plain(asyncio.Protocol):
    transport: asyncio.Transport

    def connection_made(self, transport):
        self.transport = transport


@pytest.fixture
def resolver(monkeypatch):
    """Lets the tests say what DNS answers, and counts the questions."""
    answers: dict[str, list[str]] = {}
    questions: list[str] = []

    async def look_up(host, port):
        questions.append(host)
        await asyncio.sleep(0.01)
        if host not in answers:
            raise socket.gaierror
        return answers[host]

    monkeypatch.setattr(dial, "_look_up", look_up)
    monkeypatch.setattr(dial, "HEAD_START_SECONDS", QUICK)
    answers["questions"] = questions
    return answers


async def peer_of(origin: Origin, permit=None, patience: float = 5.0) -> str:
    made = await Dialer(EngineOptions(connect_timeout=patience), Plain, permit).open(origin)
    peer = made.transport.get_extra_info("peername")[0]
    assert made.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    made.transport.abort()
    await asyncio.sleep(0.01)
    return peer


def test_refused_address_is_skipped(run, resolver):
    with ScriptedServer([], host="127.0.0.2") as server:
        resolver["v"] = ["127.0.0.3", "127.0.0.2"]
        assert run(peer_of(Origin("http", "v", server.port))) == "127.0.0.2"


def test_silent_address_is_overtaken(run, resolver, full_backlog):
    with socket.create_server(("127.0.0.2", full_backlog[1])):
        resolver["v"] = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        assert run(peer_of(Origin("http", "v", full_backlog[1]))) == "127.0.0.2"


def test_first_address_is_preferred(run, resolver):
    with ScriptedServer([], host="127.0.0.2") as server, socket.create_server(("127.0.0.1", server.port)):
        resolver["v"] = ["127.0.0.2", "127.0.0.1"]
        assert run(peer_of(Origin("http", "v", server.port))) == "127.0.0.2"


def test_all_refused(run, resolver):
    resolver["v"] = ["127.0.0.1", "127.0.0.2"]
    with socket.socket() as unused, pytest.raises(NotSent, match="connection refused"):
        unused.bind(("127.0.0.1", 0))
        run(peer_of(Origin("http", "v", unused.getsockname()[1])))


def test_all_silent(run, resolver, full_backlog):
    resolver["v"] = ["127.0.0.1", "127.0.0.1"]
    with pytest.raises(NotSent, match="connect timeout"):
        run(peer_of(Origin("http", "v", full_backlog[1]), patience=3 * QUICK))


async def test_two_winners(resolver, monkeypatch):
    """The one that is not used is closed."""
    resolver["v"] = ["127.0.0.1", "127.0.0.2"]
    go_on, aborted = asyncio.Event(), []

    class Made:
        def __init__(self, address):
            self.address = address

        def abort(self):
            aborted.append(self.address)

    async def connect(_, address):
        if address == "127.0.0.2":
            asyncio.get_running_loop().call_later(0.01, go_on.set)
        await go_on.wait()
        return Made(address), address

    dialer = Dialer(EngineOptions(), Plain)
    monkeypatch.setattr(dialer, "_connect", connect)
    assert await dialer.open(Origin("http", "v", 80)) == "127.0.0.1"
    assert aborted == ["127.0.0.2"]


def test_names_are_looked_up_once_for_all(run, resolver):
    with ScriptedServer([]) as server:
        resolver["v"] = ["127.0.0.1"]
        origin = Origin("http", "v", server.port)

        async def main():
            dialer = Dialer(EngineOptions(), Plain)
            made = await asyncio.gather(*[dialer.open(origin) for _ in range(5)])
            assert len(resolver["questions"]) == 1
            made.append(await dialer.open(origin))
            assert len(resolver["questions"]) == 2
            for one in made:
                one.transport.abort()
            await asyncio.sleep(0.01)

        run(main())


def test_failed_look_up_that_nobody_waits_for(run, resolver):
    async def main():
        task = asyncio.create_task(Dialer(EngineOptions(), Plain).open(Origin("http", "nosuch", 80)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0.03)
        assert task.cancelled()

    run(main())


def test_permit(run, resolver):
    with ScriptedServer([], host="127.0.0.2") as server:
        resolver["v"] = ["127.0.0.1", "127.0.0.2"]
        origin = Origin("http", "v", server.port)
        assert run(peer_of(origin, permit=lambda host, address: (host, address) == ("v", "127.0.0.2"))) == "127.0.0.2"
        with pytest.raises(NotSent, match="address not permitted"):
            run(peer_of(origin, permit=lambda _, address: address == "192.0.2.1"))
        assert server.connections == 1


def test_families_in_turn():
    assert dial._alternate(["::1", "::2", "1.1.1.1", "::3"]) == ["::1", "1.1.1.1", "::2", "::3"]
    assert dial._alternate(["1.1.1.1"]) == ["1.1.1.1"]


def test_every_failure_has_a_name():
    """The special ones come before those that they derive from."""
    for number, (kind, _) in enumerate(dial._STEPS):
        assert not any(issubclass(kind, earlier) for earlier, _ in dial._STEPS[:number])
    assert failed_step(ssl.SSLCertVerificationError()) == "TLS certificate not valid"
    assert failed_step(OSError("secret")) == "connection failed"
    assert failed_step(RuntimeError("secret")) == "connection failed"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_ca_file(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        tls_context(EngineOptions(ca_file=path))
    assert caught.value.key == "ca_file"
