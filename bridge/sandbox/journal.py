"""The requests that a sandbox has received, within bounds."""

from __future__ import annotations

from collections import deque
from typing import Any

from bridge.sandbox.contract import Received

__all__ = ["Journal"]

MAX_REQUESTS = 10_000
MAX_BYTES = 32 * 1024 * 1024


class Journal:
    """Keeps the newest requests; the oldest go when there are too many or they weigh too much."""

    def __init__(self, max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_BYTES) -> None:
        self._kept: deque[Received] = deque()
        self._bytes = 0
        self._dropped = 0
        self._max_requests, self._max_bytes = max_requests, max_bytes

    def add(self, record: Received) -> None:
        """Keep a request that has been read to its end."""
        self._kept.append(record)
        self._bytes += len(record.body)
        while len(self._kept) > self._max_requests or (self._bytes > self._max_bytes and len(self._kept) > 1):
            self._bytes -= len(self._kept.popleft().body)
            self._dropped += 1

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = self._dropped = 0

    def as_json(self) -> dict[str, Any]:
        return {"dropped": self._dropped, "requests": [record.as_json() for record in self._kept]}
