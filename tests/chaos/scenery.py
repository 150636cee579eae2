"""What bridges stand between: vendors behind gates, and a configuration."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from bridge.commands import _DEMOS
from tests.chaos.gate import HOST, Gate
from tests.chaos.soap import PASSWORD
from tests.program import environment

__all__ = ["READ_SECONDS", "Vendors", "configure", "vendors"]

# the patience of the bridges with a vendor
READ_SECONDS = 2


class Vendors:
    """The sandboxes, each behind its gate."""

    def __init__(self, ports: Mapping[str, int], gates: Mapping[str, Gate], http: httpx.AsyncClient) -> None:
        self.ports, self.gates, self._http = ports, gates, http

    async def play(self, vendor: str, fault: str, **more: Any) -> None:
        (await self._http.post(self._url(vendor, "faults"), json={"fault": fault, **more})).raise_for_status()

    async def calm(self) -> None:
        """No more faults, and all gates open."""
        for vendor, gate in self.gates.items():
            (await self._http.delete(self._url(vendor, "faults"))).raise_for_status()
            gate.requests.set()
            gate.answers.set()
            await gate.admit()

    async def taken(self) -> dict[str, Counter[str]]:
        """{vendor: {number as E.164: how often}}."""
        found = {}
        for vendor in self.gates:
            sent = (await self._http.get(self._url(vendor, "sent"))).json()["sent"]
            found[vendor] = Counter(f"90{each['number'].removeprefix('90')}" for each in sent)
        return found

    def _url(self, vendor: str, path: str) -> str:
        return f"http://{HOST}:{self.ports[vendor]}/_sandbox/{path}"


@contextlib.asynccontextmanager
async def vendors(kinds: Sequence[str]) -> AsyncIterator[Vendors]:
    """Starts them."""
    command = [sys.executable, "-m", "tests.chaos.vendors", *kinds]
    with subprocess.Popen(  # noqa: ASYNC220  # it does not wait
        command, stdout=subprocess.PIPE, env=environment(), cwd=Path(__file__).parents[2]
    ) as process:
        try:
            assert process.stdout is not None
            ports = json.loads(await asyncio.to_thread(process.stdout.readline))
            async with AsyncExitStack() as stack:
                gates = {kind: await stack.enter_async_context(Gate(ports[kind])) for kind in kinds}
                http = await stack.enter_async_context(httpx.AsyncClient(timeout=30, trust_env=False, verify=False))
                yield Vendors(ports, gates, http)
        finally:
            process.send_signal(signal.SIGTERM)


def configure(folder: Path, url: str, ports: Mapping[str, tuple[str, int]], read_seconds: float = READ_SECONDS) -> Path:
    """A file for `smsbridge serve`. ports: {vendor's name, which is also its account's: (kind, port)}."""
    lines = [f"[ledger]\nurl = {json.dumps(url)}\n[server]\nshutdown_seconds = 5"]
    for name, (kind, port) in ports.items():
        demo = _DEMOS[kind]
        keys = {"kind": kind, "base_url": f"http://{HOST}:{port}/{demo.path}", **demo.settings}
        keys |= {"rate_per_second": 10.0} if kind == "isobil" else {}
        keys |= {"read_timeout_seconds": read_seconds, "connect_timeout_seconds": read_seconds}
        lines += [f"[vendors.{name}]", *(f"{key} = {_toml(keys[key])}" for key in keys)]
    for name, (kind, _) in ports.items():
        account = {"username": name, "password": PASSWORD, "vendor": name, "credentials": dict(_DEMOS[kind].credentials)}
        lines += ["[[accounts]]", *(f"{key} = {_toml(account[key])}" for key in account)]
    file = folder / "bridge.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value)
