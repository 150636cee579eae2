"""Gives memory back that large requests have left behind.

Facts
- glibc keeps what was freed for the next request, in an arena for each thread: after ten megabytes of XML, some hundred.
- Looking costs 20 us, giving back some milliseconds, in which other threads may wait for memory.
- What is in use cannot be given back: after a look in the midst of large requests there has to be another.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

__all__ = ["Memory"]

_GROWTH = 16 * 1024 * 1024
# looks that are left out, at most, where giving back did not help
_LONGEST_PAUSE = 60
_STATM = Path("/proc/self/statm")


class Memory:
    """The memory of this process. Elsewhere than on Linux with glibc it is left alone."""

    def __init__(self) -> None:
        self._least = 0
        self._pause = self._left = 0

    def note(self) -> None:
        """Takes what there is for what it needs, the first time: to be called when the program is ready, before it is used."""
        self._least = self._least or _resident()

    def has_grown(self) -> bool:
        """Whether it is by 16 MB more than it once was, and it is time to do something about it."""
        if self._left:
            self._left -= 1
            return False
        now = _resident()
        self._least = min(self._least or now, now)
        return now > self._least + _GROWTH

    def give_back(self) -> None:
        """Returns to the system what no one uses."""
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if _STATM.exists() else None
        if trim is not None:
            trim(0)
        helped = _resident() <= self._least + _GROWTH
        self._pause = 0 if helped else min(2 * self._pause + 1, _LONGEST_PAUSE)
        self._left = self._pause


def _resident() -> int:
    """Bytes; 0 where they cannot be known."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
