"""What only the httpx engine has: proxies, and sends on connections of their own."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bridge.errors import NotSent, OutcomeUnknown
from bridge.outbound import httpx_engine
from bridge.outbound.httpx_engine import HttpxEngine
from tests.outbound.scripted import OK, OK_BODY, Peer, ScriptedServer, close, ok, read, read_head, reset, send, serve
from tests.outbound.test_failures import LONG, SHORT, make_options, make_request


async def call(options, *requests):
    client = HttpxEngine(options)
    try:
        return [await client.send(request) for request in requests]
    finally:
        await client.close()


def test_a_send_gets_its_own_connection(run, certificates):
    with ScriptedServer() as server:
        request = make_request("http", server.netloc)
        ask = replace(request, repeatable=True)
        run(call(make_options(certificates), request, request))
        assert server.connections == 2
        run(call(make_options(certificates), ask, ask, request, ask))
        assert server.connections == 4


def test_connections_are_not_kept_when_httpcore_hides_its_parser(run, certificates, monkeypatch):
    def hidden(_):
        raise AttributeError

    monkeypatch.setattr(httpx_engine, "_TRAILING_DATA", hidden)
    with ScriptedServer() as server:
        ask = make_request("http", server.netloc, repeatable=True)
        run(call(make_options(certificates), ask, ask))
        assert server.connections == 2


def test_plain_through_a_proxy(run, certificates):
    with ScriptedServer([read, ok]) as proxy:
        options = make_options(certificates, proxy=f"http://user:pass@{proxy.netloc}")
        [response] = run(call(options, make_request("http", "vendor.invalid")))
        assert response.body == OK_BODY
        first, *fields = proxy.heads[0].decode().split("\r\n")
        assert first == "POST http://vendor.invalid/sms/create?key=query-secret HTTP/1.1"
        assert "Host: vendor.invalid" in fields


def tunnel(certificates):
    """What a proxy does after CONNECT: here it is the vendor as well."""

    def step(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 Established\r\n\r\n")
        peer.start_tls(certificates.right)

    return step


def test_tls_through_a_proxy(run, certificates):
    with ScriptedServer([read_head, tunnel(certificates), read, ok]) as proxy:
        options = make_options(certificates, proxy=f"http://{proxy.netloc}")
        [response] = run(call(options, make_request("https", "localhost")))
        assert response.body == OK_BODY
        assert proxy.heads[0].startswith(b"CONNECT localhost:443 ")
        assert proxy.heads[1].startswith(b"POST /sms/create?key=query-secret ")
        assert b"secret" not in proxy.heads[0]


def read_head_of_tls(peer: Peer) -> None:
    peer.sock.recv(1)


BEFORE_THE_TUNNEL = {
    "refuses": ([read_head, send(b"HTTP/1.1 407 secret\r\nContent-Length: 0\r\n\r\n")], "refused by the proxy"),
    "closes": ([read_head, close], "connection failed"),
    "resets": ([read_head, reset], "connection failed"),
    "says nothing": ([read_head], "connect timeout"),
    "no TLS behind it": ([read_head, send(b"HTTP/1.1 200 OK\r\n\r\n"), read_head_of_tls, send(b"x" * 20)], "TLS handshake failed"),
}


@pytest.mark.parametrize("name", BEFORE_THE_TUNNEL)
def test_no_tunnel(name, run, certificates):
    """The vendor's request is not written before the tunnel stands."""
    script, what = BEFORE_THE_TUNNEL[name]
    with ScriptedServer(script, [serve]) as proxy:
        options = make_options(
            certificates, proxy=f"http://{proxy.netloc}", connect_timeout=SHORT if what == "connect timeout" else LONG
        )
        with pytest.raises(NotSent) as caught:
            run(call(options, make_request("https", "localhost")))
        assert proxy.received == 1
    assert caught.value.what == what


@pytest.mark.parametrize("answer", [[], [send(OK[:20]), close], [close]])
def test_broken_tunnel(answer, run, certificates):
    with ScriptedServer([read_head, tunnel(certificates), read, *answer], [serve]) as proxy:
        options = make_options(certificates, proxy=f"http://{proxy.netloc}", read_timeout=SHORT)
        with pytest.raises(OutcomeUnknown):
            run(call(options, make_request("https", "localhost")))
        assert proxy.received == 2
