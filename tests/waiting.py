"""Waiting for what another thread or another process does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

__all__ = ["PATIENCE", "eventually", "until"]

# seconds; only ever waited for when a test fails
PATIENCE = 120.0
_PAUSE = 0.01


def until(true: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Returns once that gives something true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came about"
        time.sleep(_PAUSE)


async def eventually(true: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """As `until`, while the event loop runs; what is asked may be asked of a coroutine."""
    end = time.monotonic() + seconds
    while not (await found if isawaitable(found := true()) else found):
        assert time.monotonic() < end, "it never came about"
        await asyncio.sleep(_PAUSE)
