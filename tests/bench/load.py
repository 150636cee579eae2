"""wrk against one server, and the checks that make a figure worth something."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple, Self

from prepare import HERE
from process import LOAD_CORE, Server, Vendor, post

__all__ = ["Figures", "load", "measure"]

PACKAGE_ID = b"222962"
SAMPLES = 3


class Figures(NamedTuple):
    """What one measurement gave; times in microseconds."""

    rate: float  # requests a second
    cpu: float  # a request
    p50: float
    p99: float
    pss_mb: float
    peak_mb: float
    not_2xx: float
    broken: float  # connections that failed or timed out
    wrong: float  # sampled answers without the package's id
    vendor_calls: float  # a request

    @classmethod
    def median(cls, rounds: list[Self]) -> Self:
        return cls(*map(median, zip(*rounds, strict=True)))

    def complaint(self, calls_vendor: bool) -> str:
        """What makes the figures worthless, or ""."""
        wanted = 1.0 if calls_vendor else 0.0
        found = {
            "non-2xx": self.not_2xx,
            "broken": self.broken,
            "wrong answers": self.wrong,
            "vendor calls": 0 if abs(self.vendor_calls - wanted) < 0.01 else self.vendor_calls,
        }
        return ", ".join(f"{name} {value:g}" for name, value in found.items() if value)


def load(server: Server, body: Path, connections: int, seconds: int) -> subprocess.Popen[str]:
    """Starts wrk; its core is not the server's."""
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency"]
    return subprocess.Popen(
        [*command, "-s", str(HERE / "soap.lua"), server.url],
        env={**os.environ, "BODY": str(body)},
        stdout=subprocess.PIPE,
        text=True,
    )


def result_of(wrk: subprocess.Popen[str]) -> dict[str, int]:
    output = wrk.communicate()[0]
    return json.loads(next(line for line in output.splitlines() if line.startswith("RESULT")).removeprefix("RESULT"))


def measure(server: Server, vendor: Vendor, body: Path, connections: int, seconds: int, *, warm_seconds: int = 1) -> Figures:
    """Loads one server that is awake, samples answers beside the load, and counts what it cost."""
    if warm_seconds:
        result_of(load(server, body, connections, warm_seconds))
    port = int(server.url.split(":")[2].split("/")[0])
    text = body.read_bytes()
    calls, cpu = vendor.requests(), server.cpu_seconds()
    wrk = load(server, body, connections, seconds)
    wrong = 0
    for _ in range(SAMPLES):
        time.sleep(seconds / (SAMPLES + 1))
        status, answer = post(port, text)
        wrong += status != 200 or PACKAGE_ID not in answer
    found = result_of(wrk)
    called = vendor.requests() - calls
    requests = found["requests"] + SAMPLES
    # wrk does not count what was in flight when it stopped; the server did that work all the same
    requests += min(max(called - requests, 0), connections)
    return Figures(
        rate=found["requests"] / found["microseconds"] * 1e6,
        cpu=(server.cpu_seconds() - cpu) / requests * 1e6,
        p50=found["p50"],
        p99=found["p99"],
        pss_mb=server.pss_mb(),
        peak_mb=server.peak_mb(),
        not_2xx=found["not_2xx"],
        broken=found["broken"],
        wrong=wrong,
        vendor_calls=called / requests,
    )
