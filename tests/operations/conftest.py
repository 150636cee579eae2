"""The vendor node in its sandbox, with the real engine between, and without a ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from bridge.sandbox import Running, build, serve_in_thread
from tests.vendors.contract import Control, Rig, Way, cases_of
from tests.waiting import PATIENCE

NODE = Way("node")


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For engines, which load the system's certificates in 0.1 s otherwise."""
    path = tmp_path_factory.mktemp("operations") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def running_vendor() -> Iterator[Running]:
    with serve_in_thread(build(NODE.kind, options=cases_of(NODE).sandbox())) as running:
        yield running


@pytest.fixture
async def rig(running_vendor: Running, ca_file: Path) -> AsyncIterator[Rig]:
    with httpx.Client(base_url=running_vendor.base_url, timeout=PATIENCE, trust_env=False, verify=False) as client:
        control = Control(client)
        control.post("reset")
        rig = Rig(NODE, running_vendor.base_url, control, ca_file)
        yield rig
        await rig.close()
