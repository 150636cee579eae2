"""The numbers that a process counts in, readable for the other processes of its server.

Facts:
- A call counts itself, its duration, that of its request to the vendor, and that it is in flight. With prometheus-client's counters
  that takes 4.5 us, and 9.8 us in its form for several processes; with slots 1.4 us (CPU, best of 30, of one run).
- A worker's numbers are to outlive it, or every sum would fall when one is replaced.

Strategy: a slot is a float64 in memory, in a file where there are several processes. What slots are stands in a second file, a line
for each series. A process holds a lock on its file, which ends with it however it ends; the next one to start takes the file over
and counts on in it. So there are as many files as processes that ever ran at once.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

__all__ = ["Key", "Numbers", "Slots"]

Key = tuple[str, ...]
"""The name of a metric, and the values of its labels."""

_BYTES = 8
_SLOTS = 16_384
# where the process stands that holds the file
_PID = 0
# what finds no room is counted here, and shown nowhere
_SPARE = 64


class Numbers(NamedTuple):
    """What one process has counted."""

    # of the file; 0 for the only process
    number: int
    pid: int
    # False: it is no more, and none has followed it yet
    lives: bool
    values: dict[Key, list[float]]


class Slots:
    """The slots of this process."""

    def __init__(self, folder: Path | None = None) -> None:
        """folder: where the files are, the same for all processes; None for the only process. Raises OSError."""
        self._folder = folder
        self._places: dict[Key, tuple[int, int]] = {}
        self._free = _PID + 1
        self._names: int | None = None
        memory: bytearray | mmap.mmap = bytearray(_SLOTS * _BYTES) if folder is None else self._take_file(folder)
        self.values = memoryview(memory).cast("d")
        self.values[_PID] = os.getpid()

    def place(self, key: Key, width: int = 1) -> int:
        """The first of a series' slots in `values`, made when it is new. width: how many it has, at most 64."""
        found = self._places.get(key)
        if found is not None:
            return found[0]
        if self._free + width > _SLOTS - _SPARE:
            return _SLOTS - _SPARE
        if self._names is not None:
            os.write(self._names, json.dumps([width, *key]).encode() + b"\n")
        return self._note(key, width)

    def read(self) -> Iterator[Numbers]:
        """What all processes of the server have counted, this one's and those of the dead included."""
        if self._folder is None:
            yield Numbers(0, os.getpid(), True, _read(self.values, dict(self._places)))
            return
        for file in sorted(self._folder.glob("*.values")):
            if not file.stat().st_size:
                continue  # its process is about to begin
            places, _ = _places(file.with_suffix(".names"))
            with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as memory:
                lives = not _lock(opened.fileno())
                with memoryview(memory) as raw, raw.cast("d") as values:
                    yield Numbers(int(file.stem), int(values[_PID]), lives, _read(values, places))

    def _note(self, key: Key, width: int) -> int:
        self._places[key] = (self._free, width)
        self._free += width
        return self._free - width

    def _take_file(self, folder: Path) -> mmap.mmap:
        """The first file that no living process has, with what was counted in it."""
        for number in count():
            file = os.open(folder / f"{number}.values", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _lock(file):
                break
            os.close(file)
        os.truncate(file, _SLOTS * _BYTES)  # the file stays open, for the lock
        names = folder / f"{number}.names"
        self._places, whole = _places(names)
        self._free += sum(width for _, width in self._places.values())
        self._names = os.open(names, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.truncate(self._names, whole)  # a line that a dying process did not finish
        return mmap.mmap(file, _SLOTS * _BYTES)


def _lock(file: int) -> bool:
    """Whether nobody had it. It is given back when the file is closed."""
    import fcntl  # noqa: PLC0415  # not on Windows, where there is only one process

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _places(names: Path) -> tuple[dict[Key, tuple[int, int]], int]:
    """Each series' first slot and width, from the lines about them; and how many bytes of them are whole."""
    text = names.read_bytes() if names.exists() else b""
    whole = text.rfind(b"\n") + 1
    places: dict[Key, tuple[int, int]] = {}
    free = _PID + 1
    for line in text[:whole].splitlines():
        width, *key = json.loads(line)
        places[tuple(key)] = (free, width)
        free += width
    return places, whole


def _read(values: memoryview[float], places: dict[Key, tuple[int, int]]) -> dict[Key, list[float]]:
    return {key: list(values[first : first + width]) for key, (first, width) in places.items()}
