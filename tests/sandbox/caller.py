"""A caller of any sandbox that is served over HTTP, whose time stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx

from bridge.sandbox import Clock, Options, build, serve_in_thread
from tests.waiting import PATIENCE

# 17:23:20 in Istanbul, on the day of innomobil's sample of /reports
NOW = datetime.fromtimestamp(1408631000, UTC)
SENT, REPORTED = 100, 300


class Caller:
    """The control path, and what every vendor is asked."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def control(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.http.get(f"/_sandbox/{path}") if body is None else self.http.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def advance(self, seconds: float) -> None:
        self.control("clock", {"advance_seconds": seconds})

    def option(self, name: str, value: Any) -> None:
        self.control("options", {"name": name, "value": value})

    def set_credit(self, credit: int) -> None:
        self.control("credit", {"account": "user", "credit": credit})

    def sent(self) -> list[tuple[str, str, str, str]]:
        return [tuple(taken.values()) for taken in self.control("sent")["sent"]]

    def last(self) -> dict[str, Any]:
        return self.control("requests")["requests"][-1]


AnyCaller = TypeVar("AnyCaller", bound=Caller)


@contextmanager
def calling(vendor: str, kind: type[AnyCaller], options: Options) -> Iterator[AnyCaller]:
    """Serves the vendor's sandbox for as long as it is called."""
    sandbox = build(vendor, options=options, clock=Clock(lambda: NOW))
    with (
        serve_in_thread(sandbox) as running,
        httpx.Client(base_url=running.base_url, timeout=PATIENCE, trust_env=False, verify=False) as client,
    ):
        yield kind(client)


def local(form: str, **shift: float) -> str:
    """A date in Istanbul, so far from NOW."""
    return f"{(NOW + timedelta(**shift)).astimezone(ZoneInfo('Europe/Istanbul')):{form}}"
