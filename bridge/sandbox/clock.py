"""The time of a sandbox: real time plus what a test has added to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["ISTANBUL", "Clock"]

ISTANBUL = ZoneInfo("Europe/Istanbul")


class Clock:
    """Tells the time in UTC. It can be pushed forward, never back, and wakes those who wait for a time that has passed."""

    def __init__(self, source: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._source = source
        self._ahead = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
        self._wake()

    def reset(self) -> None:
        """Go back to real time."""
        self._ahead = timedelta()
        self._wake()

    async def until(self, moment: datetime) -> None:
        """Wait until the clock shows `moment`, by itself or because it was advanced."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            moved = self._moved
            try:
                await asyncio.wait_for(moved.wait(), left)
            except TimeoutError:
                continue

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
