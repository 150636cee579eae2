"""Fixtures of the engines' tests: certificates, and a loop that lets nothing go unnoticed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
import uvloop

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Certificates(NamedTuple):
    """What a vendor with TLS and its clients hold."""

    ca_file: Path
    right: ssl.SSLContext  # for 127.0.0.1, ::1 and localhost
    wrong_host: ssl.SSLContext


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    ca = trustme.CA()
    contexts = []
    for names in (("127.0.0.1", "::1", "localhost"), ("other.example",)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(*names).configure_cert(context)
        contexts.append(context)
    ca_file = tmp_path_factory.mktemp("tls") / "ca.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    return Certificates(ca_file, *contexts)


Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on one of the loops; fails when the loop had to report an error that nobody caught."""

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        complaints: list[dict[str, Any]] = []
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
            result = runner.run(main)
        assert not complaints
        return result

    return run


@pytest.fixture
def full_backlog():
    """An address that does not answer to a SYN."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()
        for filler in fillers:
            filler.close()
