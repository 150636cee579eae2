"""A bridge in front of a simulated vendor that has something to show."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from bridge.sandbox import Clock, build, serve_in_thread
from bridge.sandbox.node import NodeOptions
from tests.soap.serving import NOW, Served, Vendor, serve, settings_for

LOGIN = ("--username", "admin", "--password-env", "OLD_PASSWORD")
ENVIRONMENT = {"OLD_PASSWORD": "123456"}
TEXT = "Test mesajı içeriğidir, dikkate almayınız."


@contextlib.contextmanager
def sandboxed(**options: object) -> Iterator[tuple[Served, Vendor]]:
    """A bridge and its vendor. options: of the simulator."""
    with (
        serve_in_thread(build("node", options=NodeOptions(**options), clock=Clock(lambda: NOW))) as running,
        contextlib.closing(Vendor(running.base_url)) as vendor,
        serve(settings_for(running.base_url)) as bridge,
    ):
        yield bridge, vendor


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Served, Vendor]]:
    with sandboxed() as (bridge, vendor):
        vendor.send(sendingType=0, number="905511034554", content=TEXT)
        vendor.send(sendingType=1, numbers=["905511034554", "905433404979"], content=TEXT, customID="a1b2c3")
        vendor.advance(400)
        vendor.credit(316807)
        yield bridge, vendor


@pytest.fixture
def bridge(both: tuple[Served, Vendor]) -> Served:
    return both[0]


@pytest.fixture
def vendor(both: tuple[Served, Vendor]) -> Vendor:
    return both[1]
