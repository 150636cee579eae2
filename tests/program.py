"""The command line as people run it: a process of its own, with what it prints."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Self

from bridge.soap.writer import write_call
from tests.soap.wire import Answer, exchange, request
from tests.waiting import PATIENCE

__all__ = ["Program", "call", "environment", "free_port", "run"]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """That of the tests, without settings of the bridge and without proxies."""
    unwanted = re.compile(r"BRIDGE_|(https?|all|no)_proxy$", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if not unwanted.match(name)} | dict(more or {})


def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    command = [sys.executable, "-m", "bridge", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment(env), check=False)


class Program:
    """A command that serves. Use as a context manager; leaving it kills what is left of it."""

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bridge", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(env),
            start_new_session=True,  # so that workers can be killed with it
        )
        self._changed = threading.Condition()
        self._read = {"stdout": "", "stderr": ""}
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._threads = [threading.Thread(target=self._follow, args=(name, stream)) for name, stream in streams.items()]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """All that was printed so far."""
        return self._read["stdout"] + self._read["stderr"]

    def wait_for(self, pattern: str, times: int = 1) -> re.Match[str]:
        """The match of a pattern in the output, once it is there (so many times)."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                if len(found := list(re.finditer(pattern, self.output))) >= times:
                    return found[times - 1]
                if time.monotonic() > end or (self._process.poll() is not None and not any(t.is_alive() for t in self._threads)):
                    raise AssertionError(f"no {pattern!r} in: {self.output}")
                self._changed.wait(0.1)

    def port(self) -> int:
        """The port that it says it listens on."""
        return int(self.wait_for(r'"port":(\d+)|answers at http://[^\s/]+:(\d+)/').expand(r"\1\2"))

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """The exit status, once it has ended."""
        status = self._process.wait(PATIENCE)
        for thread in self._threads:
            thread.join()
        return status

    def stop(self) -> int:
        """Ends it as a supervisor does; the exit status."""
        self.signal(signal.SIGTERM)
        return self.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # the group that was made for it
        self.end()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _follow(self, name: str, stream: IO[bytes]) -> None:
        for line in stream:
            with self._changed:
                self._read[name] += line.decode()
                self._changed.notify_all()


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def call(port: int, operation: str = "getUserCredit", *, login: tuple[str, str] = ("admin", "123456"), **fields: object) -> Answer:
    """One SOAP call on a connection of its own."""
    body = write_call(operation, {"username": login[0], "password": login[1], **fields})
    return exchange(port, request(body))
