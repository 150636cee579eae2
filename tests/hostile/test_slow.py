"""Clients that are slow on purpose, or many: they are let go, and others do not notice them."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.hostile.conftest import written
from tests.hostile.serving import CREDIT, Bridge
from tests.program import Program, free_port
from tests.soap.wire import Wire, request
from tests.waiting import PATIENCE

ELSEWHERE = "127.0.0.2"  # where the attackers come from
HEAD = request(CREDIT).partition(b"\r\n\r\n")[0]
HALF = request(CREDIT + b" " * 50_000)[:-49_000]
CHUNKS = HEAD.replace(b"Content-Length: ", b"Transfer-Encoding: chunked\r\nX: ") + b"\r\n\r\n1;"
# name: (what is sent at once, what then comes byte by byte)
KINDS = {
    "nothing": (b"", b""),
    "empty lines": (b"\r\n", b"\r\n"),
    "a head": (HEAD[:40], b"a"),
    "headers": (HEAD, b"\r\nX: y"),
    "a body": (HALF, b" "),
    "a large body that stops": (request(CREDIT + b" " * 400_000)[:-100_000], b" "),
    "a chunk's size": (CHUNKS, b"x"),
    "a request, then half of one": (request(CREDIT) + HEAD[:40], b"a"),
    "a request, then empty lines": (request(CREDIT), b"\r\n"),
}
SAID_NOTHING = {"nothing", "empty lines"}


class Slow:
    """A connection that brings a byte whenever it is asked to."""

    def __init__(self, port: int, kind: str, context: ssl.SSLContext | None = None) -> None:
        first, self._more = KINDS[kind]
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(ELSEWHERE, 0))
        self.socket = context.wrap_socket(plain, server_hostname="localhost") if context else plain
        self.read, self.over = b"", False
        if first:
            self.socket.sendall(first)
        self.socket.setblocking(False)

    def drip(self) -> None:
        """Brings a byte more, and reads what there is."""
        try:
            if self._more:
                self.socket.send(self._more[:1])
                self._more = self._more[1:] + self._more[:1]
            while data := self.socket.recv(65536):
                self.read += data
            self.over = True
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.over = True


def drain(slow: list[Slow], bridge: Bridge) -> int:
    """Until the server has let go of all; the number of a good client's calls that were answered meanwhile."""
    end, calls = time.monotonic() + PATIENCE, 0
    while not all(each.over for each in slow):
        assert time.monotonic() < end, sum(not each.over for each in slow)
        for each in slow:
            if not each.over:
                each.drip()
        bridge.assert_works()
        calls += 1
    for each in slow:
        each.socket.close()
    return calls


class Impatient:
    """A bridge with short limits."""

    def __init__(self, bridge: Bridge, tls_port: int, context: ssl.SSLContext) -> None:
        self.bridge, self.tls_port, self.context = bridge, tls_port, context


@pytest.fixture(scope="module", params=[1, 2], ids=["one process", "two"])
def impatient(request: Any, running_vendor, tmp_path_factory) -> Iterator[Impatient]:
    folder: Path = tmp_path_factory.mktemp("impatient")
    ca, tls_port = trustme.CA(), free_port()
    pair = folder / "pair.pem"
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pair))
    context = ssl.create_default_context()
    ca.configure_trust(context)
    server = f'header_seconds = 1\nbody_seconds = 1\ntls_port = {tls_port}\ntls_certificate = "{pair}"\ntls_key = "{pair}"\n'
    config = written(folder, running_vendor, f"{server}workers = {request.param}\n")
    port = free_port()
    with Program("serve", "--config", config, "--port", str(port)) as program:
        program.wait_for("Application startup complete", request.param)
        yield Impatient(Bridge(program, port), tls_port, context)
        assert program.stop() == 0
        assert "Traceback" not in program.output, program.output


def test_five_hundred_slow_clients(impatient: Impatient) -> None:
    kinds = [*KINDS] * 63
    slow = [Slow(impatient.bridge.port, kind) for kind in kinds[:500]]
    assert drain(slow, impatient.bridge) > 0
    for each, kind in zip(slow, kinds, strict=False):
        before = b"HTTP/1.1 200 OK" if kind.startswith("a request") else b""
        assert each.read.startswith(before)
        said_last = each.read[each.read.rfind(b"HTTP/1.1 ") :]
        if kind not in SAID_NOTHING:
            assert b" 408 " in said_last and b"The request took too long to arrive." in said_last, (kind, each.read)


def test_slow_clients_over_tls(impatient: Impatient) -> None:
    kinds = [*KINDS] * 5
    slow = [Slow(impatient.tls_port, kind, impatient.context) for kind in kinds]
    slow += [Slow(impatient.tls_port, "nothing") for _ in range(20)]  # without so much as a handshake
    assert drain(slow, impatient.bridge) > 0
    for each, kind in zip(slow, kinds, strict=False):
        assert kind in SAID_NOTHING or b"The request took too long to arrive." in each.read, (kind, each.read)


def test_who_is_idle_between_requests_is_not_slow(impatient: Impatient) -> None:
    """Clients of .NET keep a connection for minutes."""
    with Wire(impatient.bridge.port) as wire:
        wire.send(request(CREDIT))
        assert wire.answer().find("credit") is not None
        drain([Slow(impatient.bridge.port, "a head")], impatient.bridge)  # longer than the limit
        drain([Slow(impatient.bridge.port, "a body")], impatient.bridge)
        wire.send(request(CREDIT))
        assert wire.answer().find("credit") is not None


def test_a_call_that_takes_long_is_not_a_slow_client(impatient: Impatient, vendor) -> None:
    vendor.play("slow", seconds=2.2)
    with Wire(impatient.bridge.port) as wire:
        wire.send(request(CREDIT))
        assert wire.answer().find("credit") is not None


def test_a_slow_line_has_more_time_for_a_large_body(impatient: Impatient) -> None:
    """More than the limit in all, but some ten kilobytes a second."""
    whole = request(CREDIT.replace(b"</soapenv:Body>", b"<x>" + b"x" * 100_000 + b"</x></soapenv:Body>"))
    with Wire(impatient.bridge.port) as wire:
        start, at = time.monotonic(), 0
        while at < len(whole):  # as a line of 40 kB/s brings it
            due = int((time.monotonic() - start) * 40_000) + 1
            wire.send(whole[at:due])
            at = max(at, due)
            wire.silent(0.02)
        assert wire.answer().find("credit") is not None


def test_answers_that_are_not_fetched(impatient: Impatient) -> None:
    """The client asks and asks, and reads nothing."""
    asked = request(b"", method="GET", path="/soap?wsdl")
    with socket.socket() as greedy, selectors.DefaultSelector() as selector:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.connect(("127.0.0.1", impatient.bridge.port))
        greedy.setblocking(False)
        selector.register(greedy, selectors.EVENT_WRITE)
        end = time.monotonic() + PATIENCE
        with pytest.raises(OSError, match=r"reset|pipe"):
            while time.monotonic() < end:
                selector.select(0.2)
                with contextlib.suppress(BlockingIOError):
                    greedy.send(asked)
    impatient.bridge.assert_works()


# -- numbers of connections


def answers(stack: contextlib.ExitStack, port: int, source: str, count: int) -> list[int]:
    """What a call on each of so many connections from an address is answered. They stay until the stack is left."""
    wires = [stack.enter_context(Wire(port, PATIENCE, source)) for _ in range(count)]
    statuses = []
    for wire in wires:
        with contextlib.suppress(OSError):
            wire.send(request(CREDIT))
        statuses.append(wire.answer().status)
    return statuses


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


@contextlib.contextmanager
def limited(folder: Path, vendor, server: str, host: str = "127.0.0.1") -> Iterator[Bridge]:
    with Program("serve", "--config", written(folder, vendor, server), "--host", host) as program:
        yield Bridge(program)
        assert program.stop() == 0
        assert "Traceback" not in program.output, program.output


def test_an_idle_connection_is_closed_when_its_time_is_over(tmp_path, vendor, stack) -> None:
    bridge = stack.enter_context(limited(tmp_path, vendor, "keepalive_seconds = 3"))
    with Wire(bridge.port) as wire:
        for _ in range(4):  # each answer begins the time anew
            wire.send(request(CREDIT))
            assert wire.answer().find("credit") is not None
            assert wire.silent(1)
        assert wire.closed()


def test_connections_of_one_address(tmp_path, vendor, stack) -> None:
    with limited(tmp_path, vendor, "connections_per_address = 20") as bridge:
        assert answers(stack, bridge.port, ELSEWHERE, 30) == [200] * 20 + [503] * 10
        bridge.assert_works()  # from another address
        stack.close()
        end = time.monotonic() + PATIENCE
        while answers(stack, bridge.port, ELSEWHERE, 20) != [200] * 20:  # once the server has seen them go
            assert time.monotonic() < end
            stack.close()
        stack.close()


def test_connections_of_one_ipv6_address(tmp_path, vendor) -> None:
    """Also with the longer form of its addresses."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with limited(tmp_path, vendor, "connections_per_address = 5", host="::1") as bridge, contextlib.ExitStack() as stack:
        statuses = []
        for _ in range(7):
            wire = stack.enter_context(socket.create_connection(("::1", bridge.port), PATIENCE))
            wire.sendall(request(CREDIT))
            statuses.append(wire.recv(12)[-3:])
        assert statuses == [b"200"] * 5 + [b"503"] * 2


def test_connections_in_all(tmp_path, vendor, stack) -> None:
    with limited(tmp_path, vendor, "connections = 10") as bridge:
        assert answers(stack, bridge.port, ELSEWHERE, 12) == [200] * 10 + [503] * 2
        stack.close()


def test_a_trusted_proxy_s_connections_are_not_those_of_one_client(tmp_path, vendor, stack) -> None:
    with limited(tmp_path, vendor, f'connections_per_address = 5\ntrusted_proxies = ["{ELSEWHERE}"]') as bridge:
        assert answers(stack, bridge.port, ELSEWHERE, 20) == [200] * 20
        assert answers(stack, bridge.port, "127.0.0.3", 7) == [200] * 5 + [503] * 2
        stack.close()
