"""Faults that a vendor's answers can be made to have.

Strategy: a fault is played on whole requests. What ends in `_after_accept` lets the vendor do its work first and spoils only the
answer; the same name without it keeps the request from the vendor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, Field, model_validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["FAULTS", "Fault", "Faults", "play"]

AFTER = "_after_accept"
CUT_AFTER_BYTES = 20


class Canned(NamedTuple):
    """A complete answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        headers = [(b"content-type", self.content_type.encode()), (b"content-length", str(len(self.body)).encode()), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def _page(status: int, title: str) -> Canned:
    return Canned(status, f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode(), "text/html")


ANSWERS: Mapping[str, Canned] = MappingProxyType(
    {
        "error_500": Canned(500, b"Internal Server Error", "text/plain"),
        "error_502": _page(502, "502 Bad Gateway"),
        "error_503": _page(503, "503 Service Temporarily Unavailable"),
        "error_504": _page(504, "504 Gateway Time-out"),
        "rate_limited": Canned(429, b"Too Many Requests", "text/plain", ((b"retry-after", b"1"),)),
        "garbage": Canned(200, b'\x00\xff{"err":nu'),
        "empty": Canned(200),
        "html": _page(200, "Bakim calismasi"),
    }
)
SPOILT = (*ANSWERS, "reset", "timeout", "truncated")
FAULTS = (*SPOILT, *(name + AFTER for name in SPOILT), "slow", "answer", "refuse")


class Fault(BaseModel, frozen=True, extra="forbid"):
    """One fault to play.

    count: on how many requests; 0 for all until cleared. path: only on requests whose path begins so.
    seconds: how long `slow` and `timeout` make the caller wait. status, body, content_type: of `answer`. code: of `refuse`.
    """

    fault: str
    count: Annotated[int, Field(ge=0)] = 1
    path: str = "/"
    seconds: Annotated[float, Field(ge=0, le=3600)] = 30
    status: Annotated[int, Field(ge=200, le=599)] = 200
    body: str = ""
    content_type: str = "application/json"
    code: str | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.fault not in FAULTS:
            raise ValueError(f"fault must be one of {', '.join(FAULTS)}")
        if (self.fault == "refuse") != (self.code is not None):
            raise ValueError("code belongs to fault refuse, and refuse needs it")
        return self

    @property
    def after_accept(self) -> bool:
        return self.fault.endswith(AFTER) or self.fault == "slow"


@dataclass
class Faults:
    """The faults still to be played, in the order in which they were set."""

    _left: list[tuple[Fault, int]] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self._left.append((fault, fault.count))

    def clear(self) -> None:
        self._left.clear()

    def take(self, path: str) -> Fault | None:
        """The fault for a request to `path`; it is used up by one."""
        for place, (fault, left) in enumerate(self._left):
            if not path.startswith(fault.path):
                continue
            if left == 1:
                del self._left[place]
            elif left:
                self._left[place] = (fault, left - 1)
            return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        return [fault.model_dump() | {"count": left} for fault, left in self._left]


class Line(NamedTuple):
    """One request as ASGI hands it over."""

    scope: Scope
    receive: Receive
    send: Send


async def play(fault: Fault, vendor: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request with the fault."""
    answer: list[Message] = []
    if fault.after_accept:
        await vendor(scope, receive, _into(answer))
    name = fault.fault.removesuffix(AFTER)
    if canned := ANSWERS.get(name):
        await canned.send(send)
    elif name == "answer":
        await Canned(fault.status, fault.body.encode(), fault.content_type).send(send)
    else:
        await DISTURBANCES[name](Line(scope, receive, send), fault.seconds, answer)


async def _slow(line: Line, seconds: float, answer: list[Message]) -> None:
    if await _still_there(line.receive, seconds):
        for message in answer:
            await line.send(message)


async def _timeout(line: Line, seconds: float, _answer: list[Message]) -> None:
    if await _still_there(line.receive, seconds):
        await _cut(line, "close")


async def _truncated(line: Line, _seconds: float, answer: list[Message]) -> None:
    await _half(answer, line.send)
    await _cut(line, "close")


async def _reset(line: Line, _seconds: float, _answer: list[Message]) -> None:
    await _cut(line, "reset")


def _into(answer: list[Message]) -> Callable[[Message], Awaitable[None]]:
    async def send(message: Message) -> None:
        answer.append(message)

    return send


async def _half(answer: list[Message], send: Send) -> None:
    """The beginning of an answer that announces more than comes."""
    whole = b"".join(message.get("body", b"") for message in answer) or b'{"err":null,"data":{"credit":316807}}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(whole)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": whole[:CUT_AFTER_BYTES], "more_body": True})


async def _still_there(receive: Receive, seconds: float) -> bool:
    """Wait; False as soon as the caller has gone (or the server stops and hangs up)."""
    try:
        async with asyncio.timeout(seconds):
            await _gone(receive)
    except TimeoutError:
        return True
    return False


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cut(line: Line, how: str) -> None:
    """End the connection. `bridge.sandbox.server` lays the means into the scope: ASGI itself has none."""
    line.scope["extensions"]["sandbox.connection"][how]()
    await _gone(line.receive)


DISTURBANCES = MappingProxyType({"slow": _slow, "timeout": _timeout, "truncated": _truncated, "reset": _reset})
