"""A vendor in its sandbox, with the real engine between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from bridge.sandbox import Running, build, serve_in_thread
from tests.vendors.contract import Control, Rig, sandbox_options


@pytest.fixture(scope="session")
def running_vendor() -> Iterator[Running]:
    with serve_in_thread(build("node", options=sandbox_options())) as running:
        yield running


@pytest.fixture
async def rig(running_vendor: Running) -> AsyncIterator[Rig]:
    with httpx.Client(base_url=running_vendor.base_url, timeout=10, trust_env=False, verify=False) as client:
        control = Control(client)
        control.post("reset")
        rig = Rig("node", running_vendor.base_url, control)
        yield rig
        await rig.close()
