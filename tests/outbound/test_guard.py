"""Nobody makes the bridge talk to its own machine or network: a canary listens there, and must never be contacted.

Each spelling is tried as a client gives it, and as if nobody had looked at it, so that only the engine's own question is left.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from bridge.domain.address import parse_url
from bridge.domain.http import HttpRequest
from bridge.errors import Language, NotSent, OutcomeUnknown
from bridge.outbound import dial
from bridge.outbound.contract import EngineOptions
from bridge.outbound.dial import Dialer
from bridge.outbound.fast import FastEngine
from bridge.outbound.guard import Guard
from tests.outbound.conftest import Certificates
from tests.outbound.scripted import OK, ScriptedServer, Step, close, read, send, serve, wait
from tests.waiting import PATIENCE


def answer(*lines: str, body: bytes = b"", status: str = "200 OK") -> Step:
    return send("\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode() + body)


class Canary(NamedTuple):
    """Listens on both loopbacks, on one port."""

    port: int
    servers: tuple[ScriptedServer, ...]

    def contacts(self) -> int:
        """How often they were contacted, with the two of this question: who came before it has been counted by then."""
        for server in self.servers:
            with socket.create_connection(server._listener.getsockname()[:2], PATIENCE) as asking:
                asking.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert asking.recv(10) == OK[:10]
        return sum(server.connections for server in self.servers)


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    with ExitStack() as stack:
        four = stack.enter_context(ScriptedServer([serve]))
        six = stack.enter_context(ScriptedServer([serve], host="::1"))
        yield Canary(four.port, (four, six))


@pytest.fixture(autouse=True)
def untouched(canary: Canary) -> Iterator[None]:
    before = canary.contacts()
    yield
    assert canary.contacts() == before + len(canary.servers)


SPELLINGS = [
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://127.9.9.9:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://017700000001:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://anything.localhost:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http://ⓛocalhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[::1%25lo]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://public@127.0.0.1:{port}/",
    "http://8.8.8.8@127.0.0.1:{port}/",
    "http://8.8.8.8:80@127.0.0.1:{port}/",
    "http://8.8.8.8\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@8.8.8.8/",
    "http://127.0.0.1:{port}/ @8.8.8.8/",
    "http://\t127.0.0.1:{port}/",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.0.1%09:{port}/",
    "http:\\\\127.0.0.1:{port}/",
    "\x01http://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
]
REQUEST = ("POST", (("Content-Type", "application/json"),), b"{}")


@pytest.fixture
def post(certificates: Certificates) -> Callable[..., Awaitable[int | str]]:
    """Sends a request: the status, or why there is none. Nothing here uses TLS, but the system's certificates take long to load."""

    async def send_one(url: str, guard: Guard, **options: Any) -> int | str:
        method, headers, body = REQUEST
        engine = FastEngine(EngineOptions(connect_timeout=2, ca_file=certificates.ca_file, **options), guard.permit)
        try:
            return (await engine.send(HttpRequest(method, url, headers, body))).status
        except (NotSent, OutcomeUnknown) as error:
            return error.what
        except ValueError:
            return "not sent"
        finally:
            await engine.close()

    return send_one


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_client_is_told(canary, spelling):
    objection = Guard().objection(spelling.format(port=canary.port))
    assert objection is not None
    for language in Language:
        text = objection.fill(language, {"field": "pushSettings.url"})
        assert "pushSettings.url" in text
        assert "127" not in text


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_the_engine_asks_at_every_connection(canary, spelling, post):
    url = spelling.format(port=canary.port)
    assert await post(url, Guard()) in ("address not permitted", "host name not found", "host name not valid", "not sent")
    try:
        url = str(parse_url(url))
    except ValueError:
        return
    # whether resolvers know of *.localhost differs
    assert await post(url, Guard()) in ("address not permitted", "host name not found")


async def test_a_refusal_of_one_name_says_nothing_of_another(canary, post):
    guard = Guard(["hooks.example"])
    assert await post(f"http://127.0.0.1:{canary.port}/", guard) == "address not permitted"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:{port}/", "127.0.0.1"),
        ("http://127.1:{port}/", "127.0.0.1"),
        ("http://[::1]:{port}/", "::1"),
        ("http://localhost:{port}/", "localhost"),
        ("http://LOCALHOST.:{port}/", "localhost"),
    ],
)
async def test_what_the_operator_allows_is_contacted(url, allowed, post):
    """So it is not for want of a server that the canary is not."""
    with ScriptedServer([serve], host="::1" if ":" in allowed else "127.0.0.1") as server:
        guard, given = Guard([allowed]), url.format(port=server.port)
        assert guard.objection(given) is None
        assert await post(str(parse_url(given)), guard) == 200
        assert server.connections == 1


# DNS


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What DNS answers, one question after the other; the last answer stands."""
    answers: list[list[str]] = []

    async def look_up(_host: str, _port: int) -> list[str]:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr(dial, "_look_up", look_up)
    return answers


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The public addresses that would have been connected to: nothing leaves the machine."""
    made: list[str] = []
    real = Dialer._connect

    async def connect(self: Dialer, origin: object, address: str) -> object:
        if address.startswith(("127.", "::1")):
            return await real(self, origin, address)
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(Dialer, "_connect", connect)
    return made


REBINDING = {
    "a name that is private": [["127.0.0.1"]],
    "in IPv6": [["::1"]],
    "mapped": [["::ffff:127.0.0.1"]],
    "with a zone": [["fe80::1%1"]],
    "several, all private": [["127.0.0.1", "::1", "10.0.0.1"]],
}


@pytest.mark.parametrize("answers", REBINDING)
async def test_a_public_name_that_leads_inside(canary, resolver, answers, post):
    resolver += REBINDING[answers]
    url = f"http://hooks.example:{canary.port}/"
    assert Guard().objection(url) is None
    assert await post(url, Guard()) == "address not permitted"


async def test_dns_that_changes_its_mind(canary, resolver, connected, post):
    """First public, when somebody looks; then, when the connection is made, 127.0.0.1."""
    resolver += [["198.41.0.4"], ["127.0.0.1"]]
    url = f"http://hooks.example:{canary.port}/"
    assert await post(url, Guard()) == "connection refused"
    assert connected == ["198.41.0.4"]
    assert await post(url, Guard()) == "address not permitted"


async def test_of_several_addresses_only_the_public_ones(canary, resolver, connected, post):
    resolver += [["127.0.0.1", "198.41.0.4", "::1", "10.0.0.1"]]
    assert await post(f"http://hooks.example:{canary.port}/", Guard()) == "connection refused"
    assert connected == ["198.41.0.4"]


async def test_an_allowed_name_may_lead_inside(resolver, post):
    resolver += [["127.0.0.1"]]
    with ScriptedServer([serve]) as server:
        guard = Guard(["hooks.internal.example"])
        url = f"http://hooks.internal.example:{server.port}/"
        assert guard.objection(url) is None
        assert await post(url, guard) == 200
        assert await post(url, Guard()) == "address not permitted"


async def test_one_question_for_all_who_ask_at_once_and_an_answer_for_each(resolver, certificates):
    """A name that is allowed for one is not thereby allowed for another that has the same address."""
    resolver += [["127.0.0.1"]]
    with ScriptedServer([serve]) as server:
        guard = Guard(["allowed.example"])
        engine = FastEngine(EngineOptions(ca_file=certificates.ca_file), guard.permit)
        urls = [f"http://{host}.example:{server.port}/" for host in ("allowed", "other")]
        first, second = await asyncio.gather(
            *(engine.send(HttpRequest("POST", url, (), b"{}")) for url in urls), return_exceptions=True
        )
        await engine.close()
        assert first.status == 200
        assert (type(second), second.what) == (NotSent, "address not permitted")


# redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(canary, status, post):
    location = f"Location: http://127.0.0.1:{canary.port}/"
    with ScriptedServer([read, answer(location, "Content-Length: 0", status=f"{status} Moved")]) as server:
        assert await post(f"http://127.0.0.1:{server.port}/", Guard(["127.0.0.1"])) == status
        assert server.connections == 1


# where only the status counts


BODIES = {
    "none": answer("Content-Length: 0", status="204 No Content"),
    "small": send(OK),
    "large": answer("Content-Length: 9999999", body=b"x" * 200_000),
    "endless": answer("Transfer-Encoding: chunked", body=b"ff\r\n" + b"x" * 255 + b"\r\n"),
    "broken off": answer("Content-Length: 100", body=b"x"),
    "no gzip": answer("Content-Encoding: gzip", "Content-Length: 3", body=b"xxx"),
    "a bomb": answer("Content-Encoding: gzip", "Content-Length: 9999999", body=b"\x1f\x8b\x08" + b"\0" * 20_000),
}


@pytest.mark.parametrize("body", BODIES)
async def test_a_body_that_nobody_reads_is_no_failure(body, post):
    last = close if body == "broken off" else wait
    with ScriptedServer([read, BODIES[body], last]) as server:
        guard = Guard(["127.0.0.1"])
        url = f"http://127.0.0.1:{server.port}/"
        status = await post(url, guard, status_only=True, max_response=4096, read_timeout=0.3)
        assert status == (204 if body == "none" else 200)


async def test_without_a_head_there_is_no_status(post):
    with ScriptedServer([read, send(b"HTTP/1.1 200 OK\r\n"), wait]) as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert await post(url, Guard(["127.0.0.1"]), status_only=True, read_timeout=0.1) == "read timeout"


@pytest.mark.parametrize("what", ["nothing", "garbage"])
async def test_what_is_no_http_is_no_status(what, post):
    steps = [read, close] if what == "nothing" else [read, send(b"\x00\x01 garbage\r\n\r\n")]
    with ScriptedServer(steps) as server:
        guard = Guard(["127.0.0.1"])
        assert isinstance(await post(f"http://127.0.0.1:{server.port}/", guard, status_only=True), str)
