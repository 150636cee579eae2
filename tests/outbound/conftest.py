"""Fixtures of the engines' tests."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from tests.outbound.loops import LOOPS, run_on


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


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine, once on each loop."""
    return partial(run_on, request.param)


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
