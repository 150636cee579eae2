"""The bridge as it is served: uvicorn on uvloop with the server's own configuration, in a thread, on a free port.

`bridge.server.serve` itself is not used, for it takes the process's signals, which only a main thread can.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn
import uvloop

from bridge.app import App
from bridge.server import _config, listen
from bridge.settings import Settings
from tests.soap.wire import Answer, exchange, request
from tests.waiting import PATIENCE

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
"""What the clocks of the bridge and of the vendor show: noon in Istanbul."""
PATIENT = {f"{what}_timeout_seconds": PATIENCE for what in ("connect", "read", "pool")}
"""Settings of a vendor: a slow machine makes no time-out."""


OURS = ["user-agent", "tests"]  # tells the requests of `Vendor` from the bridge's


class Served(NamedTuple):
    """A bridge that answers. Its `app` and what is in it belong to the thread of `loop`."""

    app: App
    port: int
    loop: asyncio.AbstractEventLoop

    def send(self, raw: bytes) -> Answer:
        """One request, byte for byte, on a connection of its own."""
        return exchange(self.port, raw)

    def post(self, body: bytes | str, *headers: str, path: str = "/soap") -> Answer:
        """One POST. headers: in place of the usual Content-Type."""
        return self.send(request(body, path=path, headers=headers or ("Content-Type: text/xml; charset=utf-8",)))


class _Server(uvicorn.Server):
    capture_signals = contextlib.nullcontext


@contextlib.contextmanager
def serve(settings: Settings) -> Iterator[Served]:
    """The bridge with these settings and a clock that stands still."""
    ready: Future[tuple[Served, Callable[[], None]]] = Future()

    async def hold() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("bridge.app.SystemClock", lambda: lambda: NOW)
            app = App(lambda: settings)
        listener = listen(settings.server, 0)
        server = _Server(_config(app, settings.server))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():  # noqa: ASYNC110  # uvicorn tells it no other way
            await asyncio.sleep(0.002)
        served = Served(app, listener.getsockname()[1], asyncio.get_running_loop())
        ready.set_result((served, lambda: setattr(server, "should_exit", True)))
        await task

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(hold())
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=run, name="bridge")
    thread.start()
    try:
        served, leave = ready.result()
        try:
            yield served
        finally:
            leave()
    finally:
        thread.join()


def settings_for(vendor_url: str, **sections: Any) -> Settings:
    """Account admin / 123456, which is user / test at the vendor. sections: tables of the file, key by key over these."""
    account = {"username": "admin", "password": "123456", "credentials": {"username": "user", "password": "test"}}
    tables: dict[str, Any] = {
        "server": {"host": "127.0.0.1", "shutdown_seconds": 1},
        "log": {"requests": False},
        "limits": {"login_delay_seconds": 0.01},
    }
    for name, table in sections.items():
        tables[name] = {**tables.get(name, {}), **table} if isinstance(table, dict) else table
    return Settings(**{"vendors": {"main": {"kind": "node", "base_url": vendor_url, **PATIENT}}, "accounts": (account,), **tables})


class Vendor:
    """The simulated vendor behind the bridge, as tests look at it and set it up."""

    def __init__(self, base_url: str) -> None:
        self.url = base_url
        self._http = httpx.Client(
            base_url=base_url, auth=("user", "test"), timeout=PATIENCE, trust_env=False, verify=False, headers=[tuple(OURS)]
        )

    def close(self) -> None:
        self._http.close()

    def reset(self) -> None:
        self._control("reset", {})

    def received(self) -> list[dict[str, Any]]:
        """Every request of the bridge that reached the vendor: method, path, query, headers, body, status .."""
        return [each for each in self._control("requests")["requests"] if OURS not in each["headers"]]

    def bodies(self) -> list[tuple[str, Any]]:
        """(path, JSON body) of every request that reached the vendor."""
        return [(each["path"], httpx.Response(200, text=each["body"]).json()) for each in self.received()]

    def body(self) -> Any:
        """The JSON body of the only request that reached the vendor."""
        ((_, body),) = self.bodies()
        return body

    def sent(self) -> list[tuple[str, str]]:
        """(number, text) of every message that the vendor took, oldest first."""
        return [(taken["number"], taken["text"]) for taken in self._control("sent")["sent"]]

    def play(self, fault: str, **more: Any) -> None:
        """The fault of that name on the next request."""
        self._control("faults", {"fault": fault, **more})

    def advance(self, seconds: float) -> None:
        self._control("clock", {"advance_seconds": seconds})

    def credit(self, credit: int) -> None:
        """What the account user has left."""
        self._control("credit", {"account": "user", "credit": credit})

    def option(self, name: str, value: Any) -> None:
        self._control("options", {"name": name, "value": value})

    def send(self, **fields: Any) -> int:
        """A package that the vendor has, but not by way of the bridge."""
        body = {"type": 1, "title": "Test message", "sender": "BASLIK", "encoding": 1, "validity": 60, **fields}
        return self._post("/sms/create", body)["data"]["pkgID"]

    def _control(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._http.get(f"/_sandbox/{path}") if body is None else self._http.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _post(self, path: str, body: Any) -> dict[str, Any]:
        answer = self._http.post(path, json=body).json()
        assert answer["err"] is None, answer
        return answer
