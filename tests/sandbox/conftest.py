"""One simulator of Node on a real socket for all tests; each test finds it as new.

Its pace is slow (sent after 100 s, reported after 300 s), so that only the tests move its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from bridge.sandbox import Running, build, serve_in_thread
from bridge.sandbox.node import NodeOptions
from tests.waiting import PATIENCE

OPTIONS = NodeOptions(accounts={"user": "test", "other": "secret"}, sent_after_seconds=100, reported_after_seconds=300)
SENT, REPORTED = 101, 301


class Vendor:
    """A caller of the simulator."""

    def __init__(self, client: httpx.Client) -> None:
        self.http = client

    def post(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        return self.http.post(path, json=body, **more).json()

    def data(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        answer = self.post(path, body, **more)
        assert answer["err"] is None, answer
        return answer["data"]

    def code(self, path: str, body: Any = None, **more: Any) -> str:
        answer = self.post(path, body, **more)
        assert answer["data"] is None
        return answer["err"]["code"]

    def sms(self, **fields: Any) -> dict[str, Any]:
        """A body for /sms/create: the document's first sample, with changes. A value of None leaves the field out."""
        body = {
            "type": 1,
            "sendingType": 0,
            "title": "Test message",
            "content": "Test mesajı içeriğidir, dikkate almayınız. > & abc",
            "number": 905511034554,
            "encoding": 1,
            "sender": "BASLIK",
            "validity": 60,
        } | fields
        return {name: value for name, value in body.items() if value is not None}

    def send(self, *numbers: str, **fields: Any) -> int:
        many = {"sendingType": 1, "numbers": list(numbers), "number": None} if numbers else {}
        return self.data("/sms/create", self.sms(**many, **fields))["pkgID"]

    def package(self, package_id: int, **more: Any) -> dict[str, Any]:
        return self.data("/sms/list", {"ids": [package_id]}, **more)["list"][0]

    def items(self, package_id: int, **query: Any) -> list[dict[str, Any]]:
        return self.data("/sms/list-item", {"pkgID": package_id} | query)["list"]

    def states(self, package_id: int) -> tuple[int, list[int]]:
        return self.package(package_id)["state"], [item["state"] for item in self.items(package_id)]

    def control(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.http.get(f"/_sandbox/{path}") if body is None else self.http.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def advance(self, seconds: float) -> None:
        self.control("clock", {"advance_seconds": seconds})

    def option(self, name: str, value: Any) -> None:
        self.control("options", {"name": name, "value": value})

    def local(self, **shift: float) -> str:
        """A date as requests write it, so far from now in the simulator's time."""
        now = datetime.fromisoformat(self.control("clock")["now"]).astimezone(ZoneInfo("Europe/Istanbul"))
        return f"{now + timedelta(**shift):%Y-%m-%d %H:%M}"


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with serve_in_thread(build("node", options=OPTIONS)) as running:
        yield running


@pytest.fixture(scope="session")
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, auth=("user", "test"), timeout=PATIENCE, trust_env=False, verify=False) as client:
        yield client


@pytest.fixture
def node(client: httpx.Client) -> Vendor:
    client.post("/_sandbox/reset")
    return Vendor(client)
