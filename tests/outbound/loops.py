"""Event loops that let nothing go unnoticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def _known(context: dict[str, Any]) -> bool:
    """uvloop 0.23, when `create_connection` is cancelled in the turn in which the handshake ended. The socket is closed even so."""
    return context.get("message") == "Fatal error on SSL protocol" and "the handler is closed" in str(context.get("exception"))


def run_on(loop: str, main: Coroutine[Any, Any, Any]) -> Any:
    """Runs a coroutine on the loop of that name; fails when the loop had to report an error that nobody caught."""
    complaints: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
        result = runner.run(main)
    unknown = [complaint for complaint in complaints if not _known(complaint)]
    assert not unknown, unknown
    return result
