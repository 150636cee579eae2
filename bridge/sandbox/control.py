"""The control path of every sandbox: what it received, which faults it plays, what time it is.

Everything below /_sandbox/ is answered here, everything else goes to the vendor's simulator, recorded and with faults.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from bridge.errors import SettingsError
from bridge.sandbox.contract import Received, Simulator
from bridge.sandbox.faults import Fault, Faults, play
from bridge.sandbox.journal import Journal

__all__ = ["Sandbox"]

PREFIX = "/_sandbox"


class ClockCommand(BaseModel, extra="forbid"):
    """Body of POST /_sandbox/clock."""

    advance_seconds: Annotated[float, Field(ge=0, le=10 * 366 * 86400)]


class CreditCommand(BaseModel, extra="forbid"):
    """Body of POST /_sandbox/credit."""

    account: str
    credit: int


class OptionCommand(BaseModel, extra="forbid"):
    """Body of POST /_sandbox/options."""

    name: str
    value: StrictBool | StrictInt | StrictFloat | StrictStr


class Sandbox:
    """The ASGI application: a simulator behind its control path."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.faults = Faults()
        self.journal = Journal()
        self._control = _control(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.simulator.app(scope, receive, send)
        elif scope["path"].startswith(PREFIX + "/"):
            await self._control(scope, receive, send)
        else:
            await self._vendor(scope, receive, send)

    def reset(self) -> None:
        """Back to the state of the start: no packages, no faults, no records, real time."""
        self.faults.clear()
        self.journal.clear()
        self.simulator.reset()

    async def _vendor(self, scope: Scope, receive: Receive, send: Send) -> None:
        record = _record(scope)
        whole = await _read_into(record, receive)
        self.journal.add(record)
        if not whole:
            return
        scope["sandbox"] = record
        replayed = _replay(record.body, receive)
        fault = self.faults.take(record.path)
        if fault is not None:
            record.fault, record.refuse = fault.fault, fault.code
        if fault is None or fault.code is not None:
            await self._honest(scope, replayed, send)
        else:
            await play(fault, self._honest, scope, replayed, send)

    async def _honest(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["sandbox"].status = message["status"]
            await send(message)

        await self.simulator.app(scope, receive, noting)


def _record(scope: Scope) -> Received:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return Received(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers)


async def _read_into(record: Received, receive: Receive) -> bool:
    """False when the caller hung up before the request was whole: a vendor never sees such a one."""
    while (message := await receive())["type"] != "http.disconnect":
        record.body += message.get("body", b"")
        if not message.get("more_body", False):
            return True
    return False


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


def _control(sandbox: Sandbox) -> Starlette:
    async def faults(request: Request) -> Response:
        if request.method == "POST":
            sandbox.faults.add(Fault.model_validate_json(await request.body()))
        elif request.method == "DELETE":
            sandbox.faults.clear()
        return JSONResponse({"faults": sandbox.faults.as_json()})

    async def requests(_request: Request) -> Response:
        return JSONResponse(sandbox.journal.as_json())

    async def sent(_request: Request) -> Response:
        return JSONResponse({"sent": [taken._asdict() for taken in sandbox.simulator.sent()]})

    async def reset(_request: Request) -> Response:
        sandbox.reset()
        return JSONResponse({"reset": True})

    return Starlette(
        routes=[
            Route(PREFIX + "/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route(PREFIX + "/requests", requests),
            Route(PREFIX + "/sent", sent),
            Route(PREFIX + "/reset", reset, methods=["POST"]),
            *_settable(sandbox.simulator),
        ],
        exception_handlers={ValidationError: _wrong, SettingsError: _wrong},
    )


def _settable(simulator: Simulator) -> list[Route]:
    async def clock(request: Request) -> Response:
        if request.method == "POST":
            simulator.clock.advance(ClockCommand.model_validate_json(await request.body()).advance_seconds)
        return JSONResponse({"now": simulator.clock.now().isoformat()})

    async def credit(request: Request) -> Response:
        command = CreditCommand.model_validate_json(await request.body())
        simulator.set_credit(command.account, command.credit)
        return JSONResponse(command.model_dump())

    async def options(request: Request) -> Response:
        command = OptionCommand.model_validate_json(await request.body())
        simulator.set_option(command.name, command.value)
        return JSONResponse(command.model_dump())

    return [
        Route(PREFIX + "/clock", clock, methods=["GET", "POST"]),
        Route(PREFIX + "/credit", credit, methods=["POST"]),
        Route(PREFIX + "/options", options, methods=["POST"]),
    ]


async def _wrong(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)
