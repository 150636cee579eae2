"""The Node JSON API, v1.8.3 of 22.10.2024, played from its document."""

from __future__ import annotations

from bridge.sandbox.node.api import Node
from bridge.sandbox.node.options import NodeOptions

__all__ = ["Node", "NodeOptions"]
