"""Both engines over time: many calls, cancelled ones, connections kept and given up, descriptors."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.errors import NotSent, OutcomeUnknown
from bridge.outbound.driver import open_engine
from tests.outbound.scripted import OK, OK_BODY, Peer, ScriptedServer, close, not_reading, ok, read, reset, send, serve, wait
from tests.outbound.test_failures import LONG, SHORT, make_options, make_request
from tests.waiting import eventually


@pytest.fixture(params=["fast", "httpx"])
def engine(request):
    return request.param


@pytest.fixture(params=["http", "https"])
def scheme(request):
    return request.param


def echo(peer: Peer) -> None:
    """Answers every request with its own body."""
    while True:
        peer.request()
        body = peer.body
        time.sleep(0.001)  # so that calls overlap
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_many_calls_over_few_connections(engine, scheme, run, certificates):
    async def main(server):
        client = open_engine(make_options(certificates, max_connections=10, pool_timeout=60), engine)
        request = make_request(scheme, server.netloc, repeatable=True)
        bodies = [b"call %d" % number for number in range(200)]
        responses = await asyncio.gather(*[client.send(replace(request, body=body)) for body in bodies])
        assert [response.body for response in responses] == bodies
        await client.close()

    with ScriptedServer([echo], tls=certificates.right if scheme == "https" else None) as server:
        run(main(server))
        assert server.received == 200
        assert server.most_open <= 10
        assert engine == "httpx" or server.connections <= 10


def test_pool_timeout(engine, run, certificates):
    async def main(server):
        client = open_engine(make_options(certificates, max_connections=1, pool_timeout=0.05), engine)
        request = make_request("http", server.netloc)
        first = asyncio.create_task(client.send(request))
        await eventually(lambda: server.received)
        with pytest.raises(NotSent, match="pool timeout"):
            await client.send(request)
        server.go_on.set()
        assert (await first).status == 200
        await client.close()

    with ScriptedServer([read, wait, ok]) as server:
        run(main(server))
        assert server.received == 1


def test_cancelled_caller(engine, scheme, run, certificates):
    """The connection is not used again, for the answer may still come, and the place is free."""

    async def main(server):
        client = open_engine(make_options(certificates, max_connections=1), engine)
        request = make_request(scheme, server.netloc, repeatable=True)
        first = asyncio.create_task(client.send(request))
        await eventually(lambda: server.received)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        server.go_on.set()
        assert (await client.send(request)).body == OK_BODY
        await client.close()

    late = OK.replace(b"42", b"13")
    with ScriptedServer([read, wait, send(late)], [serve], tls=certificates.right if scheme == "https" else None) as server:
        run(main(server))
        assert (server.received, server.connections) == (2, 2)


def test_cancelled_caller_ends_the_connection(engine, scheme, run, certificates):
    async def main(server):
        client = open_engine(make_options(certificates), engine)
        first = asyncio.create_task(client.send(make_request(scheme, server.netloc)))
        await eventually(lambda: server.received)
        first.cancel()
        await eventually(lambda: not server.open)
        await client.close()

    with ScriptedServer([read], tls=certificates.right if scheme == "https" else None) as server:
        run(main(server))


def test_bytes_end_an_idle_connection(scheme, run, certificates):
    """Also without another request; that one never gets them for an answer is in the table of failures."""

    async def main(server):
        client = open_engine(make_options(certificates, keepalive=60.0), "fast")
        await client.send(make_request(scheme, server.netloc))
        server.go_on.set()
        await eventually(lambda: not server.open)
        await client.close()

    with ScriptedServer([read, ok, wait, send(OK)], tls=certificates.right if scheme == "https" else None) as server:
        run(main(server))


def test_cancelled_in_the_handshake(engine, run, certificates):
    async def main(server):
        client = open_engine(make_options(certificates, max_connections=1), engine)
        request = make_request("https", server.netloc)
        first = asyncio.create_task(client.send(request))
        await eventually(lambda: server.open)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await eventually(lambda: not server.open)
        await client.close()

    with ScriptedServer([]) as server:
        run(main(server))
        assert server.received == 0


def test_cancelled_waiter(engine, run, certificates):
    async def main(server):
        client = open_engine(make_options(certificates, max_connections=1), engine)
        request = make_request("http", server.netloc)
        first, second, third = [asyncio.create_task(client.send(request)) for _ in range(3)]
        await eventually(lambda: server.received)
        second.cancel()
        server.go_on.set()
        assert (await first).status == (await third).status == 200
        assert second.cancelled()
        await client.close()

    with ScriptedServer([read, wait, ok, serve]) as server:
        run(main(server))
        assert server.received == 2


def test_idle_too_long(engine, run, certificates):
    async def main(server):
        request = make_request("http", server.netloc, repeatable=True)
        for connections, keepalive in ((1, LONG), (3, 0.01)):
            client = open_engine(make_options(certificates, keepalive=keepalive), engine)
            await client.send(request)
            await asyncio.sleep(0.02)
            await client.send(request)
            assert server.connections == connections
            await client.close()

    with ScriptedServer() as server:
        run(main(server))


def test_idle_ones_are_closed_without_another_request(run, certificates):
    async def main(server):
        client = open_engine(make_options(certificates, keepalive=0.03), "fast")
        await client.send(make_request("http", server.netloc))
        assert server.connections == 1
        await eventually(lambda: not server.open)
        await client.close()

    with ScriptedServer() as server:
        run(main(server))


def test_room_for_another_host(run, certificates):
    """Idle connections to one host must not keep another from being reached."""

    async def main(*servers):
        client = open_engine(make_options(certificates, max_connections=1), "fast")
        for server in (*servers, *servers):
            await client.send(make_request("http", server.netloc))
        await client.close()

    with ScriptedServer() as one, ScriptedServer() as other:
        run(main(one, other))
        assert (one.connections, other.connections) == (2, 2)


def test_close(engine, scheme, run, certificates):
    async def main(server):
        client = open_engine(make_options(certificates), engine)
        request = make_request(scheme, server.netloc, repeatable=True)
        slow = asyncio.create_task(client.send(request))
        await eventually(lambda: server.received == 1)
        await client.send(request)
        await client.close()
        with pytest.raises(NotSent, match="engine closed"):
            await client.send(request)
        assert not slow.done()
        server.go_on.set()
        assert (await slow).status == 200
        await eventually(lambda: not server.open)
        await client.close()

    with ScriptedServer([read, wait, ok], [serve], tls=certificates.right if scheme == "https" else None) as server:
        run(main(server))


def test_ipv6(engine, scheme, run, certificates):
    try:
        server = ScriptedServer(host="::1", tls=certificates.right if scheme == "https" else None)
    except OSError:
        pytest.skip("no IPv6 here")

    async def main():
        client = open_engine(make_options(certificates), engine)
        assert (await client.send(make_request(scheme, server.netloc))).status == 200
        await client.close()

    with server:
        run(main())
        assert f"Host: {server.netloc}".encode() in server.heads[0]


def test_what_the_vendor_sees(engine, run, certificates):
    """Nothing of the client's own: no cookies, no user agent, no Accept-Encoding."""

    async def main(server):
        client = open_engine(make_options(certificates), engine)
        request = make_request("http", server.netloc)
        for _ in range(2):
            await client.send(request)
        await client.close()

    cookie = send(OK.replace(b"Content-Type", b"Set-Cookie: a=b\r\nContent-Type"))
    with ScriptedServer([read, cookie, read, cookie]) as server:
        run(main(server))
        assert server.received == 2
        for head in server.heads:
            first, *fields = head.decode().split("\r\n")
            assert first == "POST /sms/create?key=query-secret HTTP/1.1"
            assert sorted(fields) == ["Authorization: header-secret", "Content-Length: 11", f"Host: {server.netloc}"]
        assert server.bodies == [b"body-secret"] * 2


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": (("X", "a\r\nY: b"),)},
        {"headers": (("Host", "x"),)},
        {"headers": (("X", "ş"),)},
        {"url": "http://127.0.0.1/ x"},
        {"url": "ftp://127.0.0.1/"},
        {"method": "GET /\r\n"},
    ],
)
def test_refused_before_any_io(engine, changes, run, certificates):
    async def main():
        client = open_engine(make_options(certificates), engine)
        with pytest.raises(ValueError, match=r"header|URL|method"):
            await client.send(make_request("http", "127.0.0.1:1", **changes))
        await client.close()

    run(main())


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_no_descriptor_is_left(engine, scheme, run, certificates):
    """Good and bad calls of all kinds, then none are open that were not before."""

    async def calls(server, client):
        request = make_request(scheme, server.netloc)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            refused = make_request(scheme, f"127.0.0.1:{unused.getsockname()[1]}")
            everything = [request, refused, replace(request, repeatable=True)] * 6
            results = await asyncio.gather(*[client.send(one) for one in everything], return_exceptions=True)
        kinds = {type(result).__name__ for result in results}
        assert kinds <= {"HttpResponse", "NotSent", "OutcomeUnknown", "Unanswered"}
        cancelled = asyncio.create_task(client.send(request))
        await asyncio.sleep(0.01)
        cancelled.cancel()

    async def main(server):
        client = open_engine(make_options(certificates, read_timeout=SHORT, max_connections=5), engine)
        await calls(server, client)
        await eventually(lambda: not server.open)
        before = descriptors()
        for _ in range(2):
            await calls(server, client)
        await client.close()
        await eventually(lambda: not server.open)
        await eventually(lambda: descriptors() <= before)

    scripts = [[read, close], [read, reset], [read], [read, send(b"x")], [read, ok, close], [read, send(OK + OK)], [close]]
    with ScriptedServer(*scripts * 10, tls=certificates.right if scheme == "https" else None) as server:
        run(main(server))


def test_second_attempt_finds_nobody(engine, run, certificates):
    """The vendor had the request once, so this is no NotSent."""

    async def main(server):
        client = open_engine(make_options(certificates), engine)
        request = make_request("http", server.netloc, repeatable=True)
        await client.send(request)
        with pytest.raises(OutcomeUnknown, match="connection refused"):
            await client.send(request)
        await client.close()

    with ScriptedServer([read, ok, read, Peer.leave, close]) as server:
        run(main(server))
        assert (server.received, server.connections) == (2, 1)


def test_closed_on_accept(engine, run, certificates):
    """Whether the end is heard of before or after the write is chance, but it is one of the two."""

    async def main(server):
        client = open_engine(make_options(certificates), engine)
        with pytest.raises((NotSent, OutcomeUnknown)):
            await client.send(make_request("http", server.netloc))
        await client.close()

    with ScriptedServer([close]) as server:
        run(main(server))
        assert server.connections == 1


def test_unread_early_answer_frees_the_connection(run, certificates):
    async def main(server):
        client = open_engine(make_options(certificates, max_connections=1), "fast")
        large = make_request("http", server.netloc, body=bytes(8_000_000))
        assert (await client.send(large)).status == 413
        assert (await client.send(make_request("http", server.netloc))).status == 200
        await client.close()

    early = send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    with ScriptedServer([Peer.head, early, not_reading], [serve]) as server:
        run(main(server))
        assert server.connections == 2


def test_read_timeout_is_total(engine, run, certificates):
    """A vendor that sends a byte now and then does not extend it."""
    pause, sent = 0.02, []

    def drip(peer: Peer) -> None:
        peer.request()
        for at in range(len(OK)):
            peer.send(OK[at : at + 1])
            sent.append(at)
            time.sleep(pause)

    async def main(server):
        client = open_engine(make_options(certificates, read_timeout=SHORT), engine)
        with pytest.raises(OutcomeUnknown, match="read timeout"):
            await client.send(make_request("http", server.netloc))
        assert len(sent) < 4 * SHORT / pause  # told in bytes: they come no faster than that
        await client.close()

    with ScriptedServer([drip]) as server:
        run(main(server))


def test_repr_of_requests_holds_nothing():
    request = make_request("http", "a.example")
    assert repr(request) == "<HttpRequest POST http://a.example 11 bytes>"
