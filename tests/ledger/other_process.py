"""A process of its own with the same ledger: `python -m tests.ledger.other_process URL`.

It reads lists of customIDs, one a line, records a package with each, all at once, and says which it got. It settles nothing.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bridge.ledger.ledger import Ledger
from bridge.ledger.values import DuplicateCustomId
from tests.ledger.said import record

__all__ = ["OtherProcess"]


class OtherProcess:
    """Starts it. Use as a context manager; leaving it kills what is left of it."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.ledger.other_process", url]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
        self.token: str = self.hear()

    def say(self, custom_ids: list[str]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(custom_ids) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """What it got: customID -> id of the package."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        """As kill -9 does."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


async def _main(url: str) -> None:
    ledger = await Ledger.open(url)
    print(json.dumps(ledger.token), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        custom_ids = json.loads(line)
        results = await asyncio.gather(*(record(ledger, custom_id=each) for each in custom_ids), return_exceptions=True)
        got = {}
        for custom_id, result in zip(custom_ids, results, strict=True):
            if isinstance(result, DuplicateCustomId):
                continue
            if isinstance(result, BaseException):
                raise result
            got[custom_id] = result.package_id
        print(json.dumps(got), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
