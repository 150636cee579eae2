"""Gives memory back that a large request has left behind.

Facts
- glibc keeps what was freed for the next request, in an arena for each thread: after ten megabytes of XML, some hundred.
- Looking costs 20 us, giving back some milliseconds, in which other threads may wait for memory.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

__all__ = ["Memory"]

_GROWTH = 16 * 1024 * 1024
_STATM = Path("/proc/self/statm")


class Memory:
    """The memory of this process. Elsewhere than on Linux with glibc it is left alone."""

    def __init__(self) -> None:
        self._usual = 0

    def has_grown(self) -> bool:
        """Whether it is by 16 MB more than after it was last given back."""
        now = _resident()
        self._usual = min(self._usual or now, now)
        return now > self._usual + _GROWTH

    def give_back(self) -> None:
        """Returns to the system what no one uses. What is still there counts as usual."""
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if _STATM.exists() else None
        if trim is not None:
            trim(0)
        self._usual = _resident()


def _resident() -> int:
    """Bytes; 0 where they cannot be known."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
