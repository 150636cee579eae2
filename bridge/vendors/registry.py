"""Finds vendors by the name in `kind`: built-in ones and those that other packages install (entry point group bridge.vendors)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

from bridge.errors import SettingsError
from bridge.vendors.contract import Vendor
from bridge.vendors.innomobil import Innomobil
from bridge.vendors.isobil import Isobil
from bridge.vendors.node import Node
from bridge.vendors.toplusms import Toplusms

__all__ = ["BUILT_IN", "GROUP", "find_vendor"]

GROUP = "bridge.vendors"
BUILT_IN: Mapping[str, type[Vendor[Any]]] = MappingProxyType(
    {vendor.kind: vendor for vendor in (Node, Isobil, Innomobil, Toplusms)}
)


def find_vendor(kind: str, key: str) -> type[Vendor[Any]]:
    """The vendor class of that kind. Raises SettingsError naming `key` when there is none, or when a plug-in cannot be loaded."""
    if kind in BUILT_IN:
        return BUILT_IN[kind]
    installed = entry_points(group=GROUP)
    if kind not in installed.names:
        known = ", ".join(sorted({*BUILT_IN, *installed.names}))
        raise SettingsError(key, f"there is no such vendor; known: {known}")
    try:
        vendor: type[Vendor[Any]] = installed[kind].load()
    except Exception as error:  # a plug-in may raise anything while it is imported
        raise SettingsError(key, f"the plug-in cannot be loaded ({type(error).__name__})") from error
    return vendor
