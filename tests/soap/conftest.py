"""One bridge and one simulated vendor behind it for all tests here; each test finds the vendor as new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from lxml import etree

from bridge.sandbox import Clock, build, serve_in_thread
from bridge.sandbox.node import NodeOptions
from tests.soap.oracle import Oracle
from tests.soap.serving import NOW, Served, Vendor, serve, settings_for
from tests.soap.trees import load_schema

# the ids of the document's own samples; reports come only when a test moves the vendor's clock
OPTIONS = NodeOptions(
    accounts={"user": "test", "other": "secret"}, sent_after_seconds=100, reported_after_seconds=300, first_package_id=111092
)


@pytest.fixture(scope="session")
def running_vendor() -> Iterator[Vendor]:
    with serve_in_thread(build("node", options=OPTIONS, clock=Clock(lambda: NOW))) as running:
        vendor = Vendor(running.base_url)
        yield vendor
        vendor.close()


@pytest.fixture
def vendor(running_vendor: Vendor) -> Vendor:
    running_vendor.reset()
    return running_vendor


@pytest.fixture(scope="session")
def running_bridge(running_vendor: Vendor) -> Iterator[Served]:
    with serve(settings_for(running_vendor.url)) as served:
        yield served


@pytest.fixture
def bridge(running_bridge: Served, vendor: Vendor) -> Served:
    """The bridge in front of a vendor that is as new."""
    return running_bridge


@pytest.fixture(scope="session")
def bridge_with(running_vendor: Vendor) -> Iterator[Callable[..., Served]]:
    """Serves bridges with other settings: bridge_with(soap={"language": "en"}). The same settings give the same bridge."""
    with ExitStack() as stack:
        served: dict[str, Served] = {}

        def make(**sections: Any) -> Served:
            key = repr(sections)
            if key not in served:
                served[key] = stack.enter_context(serve(settings_for(running_vendor.url, **sections)))
            return served[key]

        yield make


@pytest.fixture(scope="session")
def schema() -> etree.XMLSchema:
    return load_schema()


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle()
