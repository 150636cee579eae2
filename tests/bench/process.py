"""Servers under measurement: started on one core, stopped while others are measured, and what they cost."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from prepare import FAST, WORK, body_of

__all__ = ["Server", "Target", "Vendor", "post"]

TICKS = os.sysconf("SC_CLK_TCK")
# the server under test has a core of its own; the load and the vendor share the other
SERVER_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 40


class Target(NamedTuple):
    """One row of a table."""

    name: str
    # from the port to listen on and the vendor's URL
    command: Callable[[int, str], Sequence[str | Path]]
    # before the first measurement: caches and just-in-time compilers
    warm_seconds: int = 2
    # calls the vendor once a request; a constant does not
    calls_vendor: bool = True


class Server:
    """A running target. It sleeps (SIGSTOP) unless inside `awake`."""

    def __init__(self, target: Target, port: int, vendor: str) -> None:
        self.target = target
        self.url = f"http://127.0.0.1:{port}/soap"
        command = ["taskset", "-c", SERVER_CORE, *map(str, target.command(port, vendor))]
        environment = {**os.environ, "VENDOR": vendor}
        self.log = WORK / f"{target.name.replace(' ', '_').replace(',', '')}.log"
        began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            self._wait(port, began + START_SECONDS)
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.monotonic() - began
        self._signal(signal.SIGSTOP)

    def _wait(self, port: int, deadline: float) -> None:
        body = body_of(None).read_bytes()
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if post(port, body)[0] == 200:
                    return
            time.sleep(0.01)
        raise SystemExit(f"{self.target.name} does not answer: see {self.log}")

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGSTOP)

    def stop(self) -> None:
        self._signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def _signal(self, number: int) -> None:
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def pids(self) -> list[int]:
        """The process and all that came of it."""
        if self.process.poll() is not None:
            return []
        children: dict[int, list[int]] = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                children.setdefault(int(_stat(status)[1]), []).append(int(status.parent.name))
        found = [self.process.pid]
        for pid in found:  # grows while it is read
            found += children.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """User and system time of the process tree since it began."""
        ticks = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                ticks += sum(map(int, _stat(Path(f"/proc/{pid}/stat"))[11:13]))
        return ticks / TICKS

    def pss_mb(self) -> float:
        """Memory now; a page that workers share is counted once in all."""
        return self._memory_mb("smaps_rollup", "Pss:")

    def peak_mb(self) -> float:
        """The most memory that was resident so far, added up over the processes."""
        return self._memory_mb("status", "VmHWM:")

    def _memory_mb(self, file: str, key: str) -> float:
        kilobytes = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
                kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith(key))
        return kilobytes / 1024


def _stat(path: Path) -> list[str]:
    """Fields of /proc/PID/stat from the third on: the second, a name in parentheses, may hold spaces."""
    return path.read_text().rpartition(")")[2].split()


def post(port: int, body: bytes) -> tuple[int, bytes]:
    """One request; its status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request("POST", "/soap", body, {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"sendSms"'})
        response = connection.getresponse()
        return response.status, response.read()


class Vendor:
    """nginx as the vendor, on the core of the load."""

    def __enter__(self) -> Self:
        command = ["taskset", "-c", LOAD_CORE, "nginx", "-c", str(WORK / "vendor.conf")]
        self._process = subprocess.Popen(command, start_new_session=True)
        self._asked = 0
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._requests()
                return self
            time.sleep(0.05)
        self.__exit__()
        raise SystemExit(f"the vendor does not start: see {WORK / 'vendor.log'}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def requests(self) -> int:
        """How many requests it has had from servers, once no more come in: some are in flight when a load ends."""
        deadline = time.monotonic() + 10
        before, now = -1, self._requests()
        while before != now and time.monotonic() < deadline:
            time.sleep(0.4)
            before, now = now, self._requests()
        return now

    def _requests(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", FAST, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/status")
            counted = int(connection.getresponse().read().split(b"\n")[2].split()[2])
        self._asked += 1
        return counted - self._asked
