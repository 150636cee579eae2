"""Waiting for what another thread or another process does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from inspect import isawaitable
from typing import Any

__all__ = ["PATIENCE", "eventually", "until"]

# seconds; only ever waited for when a test fails
PATIENCE = 120.0
# between two looks: what comes soon is seen soon, and what takes long, like a database, is not asked all the time
_SHORTEST, _LONGEST = 0.005, 0.1


def until(true: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Returns once that gives something true."""
    pauses = _pauses(seconds)
    while not true():
        time.sleep(next(pauses))


async def eventually(true: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """As `until`, while the event loop runs; what is asked may be asked of a coroutine."""
    pauses = _pauses(seconds)
    while not (await found if isawaitable(found := true()) else found):  # noqa: ASYNC110  # nobody tells when
        await asyncio.sleep(next(pauses))


def _pauses(seconds: float) -> Iterator[float]:
    end, pause = time.monotonic() + seconds, _SHORTEST
    while True:
        assert time.monotonic() < end, "it never came about"
        yield pause
        pause = min(2 * pause, _LONGEST)
