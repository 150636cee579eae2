"""Vendor simulators: what the vendors' documents say, in memory, with magic numbers, an adjustable clock and faults.

They know nothing of the bridge, so that a mistake in its reading of a document is not repeated here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bridge.errors import SettingsError
from bridge.sandbox.clock import Clock
from bridge.sandbox.contract import Options, Simulator
from bridge.sandbox.control import Sandbox
from bridge.sandbox.innomobil import Innomobil
from bridge.sandbox.isobil import Isobil
from bridge.sandbox.node import Node
from bridge.sandbox.server import Running, serve, serve_in_thread
from bridge.sandbox.toplusms import Toplusms

__all__ = ["VENDORS", "Clock", "Options", "Running", "Sandbox", "build", "serve", "serve_in_thread"]

_SIMULATORS: Mapping[str, Callable[[Options | None, Clock | None], Simulator]] = MappingProxyType(
    {"node": Node, "isobil": Isobil, "innomobil": Innomobil, "toplusms": Toplusms}
)
VENDORS = tuple(_SIMULATORS)


def build(vendor: str, *, options: Options | None = None, clock: Clock | None = None) -> Sandbox:
    """The ASGI application that plays a vendor.

    options: `Options`, or the vendor's own kind of them (`bridge.sandbox.node.NodeOptions`). Left out: account user/test.
    clock: another source of time than the machine's.
    Raises SettingsError when there is no such simulator.
    """
    if vendor not in _SIMULATORS:
        raise SettingsError("vendor", f"no sandbox for {vendor!r}; there are {', '.join(VENDORS)}")
    return Sandbox(_SIMULATORS[vendor](options, clock))
