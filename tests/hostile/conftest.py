"""One process of the bridge and one simulated vendor behind it for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.sandbox import build, serve_in_thread
from bridge.sandbox.node import NodeOptions
from tests.hostile.serving import Bridge
from tests.program import Program
from tests.soap.serving import Vendor

ACCOUNT = """
[[accounts]]
username = "admin"
password = "123456"
credentials = { username = "user", password = "test" }
"""


@pytest.fixture(scope="session")
def running_vendor() -> Iterator[Vendor]:
    with serve_in_thread(build("node", options=NodeOptions(accounts={"user": "test"}))) as running:
        vendor = Vendor(running.base_url)
        yield vendor
        vendor.close()


@pytest.fixture
def vendor(running_vendor: Vendor) -> Vendor:
    running_vendor.reset()
    return running_vendor


def written(folder: Path, vendor: Vendor, server: str = "", more: str = "") -> str:
    """A configuration file; server: more keys of [server]."""
    path = folder / "bridge.toml"
    path.write_text(
        f'[server]\nhost = "127.0.0.1"\nport = 0\n{server}\n'
        f'[vendors.main]\nkind = "node"\nbase_url = "{vendor.url}"\n{ACCOUNT}{more}',
        encoding="utf-8",
    )
    return str(path)


@pytest.fixture(scope="session")
def running_bridge(running_vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    config = written(
        tmp_path_factory.mktemp("hostile"),
        running_vendor,
        more="[log]\nrequests = false\n[limits]\nfree_login_failures = 1000000\n",
    )
    with Program("serve", "--config", config) as program:
        yield Bridge(program)
        assert program.stop() == 0
        assert "Traceback" not in program.output, program.output


@pytest.fixture
def bridge(running_bridge: Bridge, vendor: Vendor) -> Bridge:
    """The bridge in front of a vendor that is as new."""
    return running_bridge
