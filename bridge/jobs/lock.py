"""One dispatching process for a SQLite ledger: a lock on a file beside it, which the system lets go of when the process ends."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

try:
    import fcntl
except ImportError:  # no such locks there: one process only
    fcntl = None  # type: ignore[assignment]

__all__ = ["FileLock"]


class FileLock:
    """A lock that one process has. A `with` block lets go of it at its end."""

    def __init__(self, path: Path) -> None:
        """path: is made when it is not there, and stays."""
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Whether it is ours now. Raises OSError when the file cannot be opened."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
