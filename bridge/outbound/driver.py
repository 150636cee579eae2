"""Runs vendors' operations: sends what they yield, hands them what comes back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, TypeVar

from bridge.domain.http import Exchange, HttpResponse
from bridge.errors import NotSent, OutcomeUnknown, SettingsError
from bridge.outbound.contract import Engine, EngineOptions
from bridge.outbound.fast import FastEngine

__all__ = ["EngineName", "Outbound", "Timing", "open_engine"]

T = TypeVar("T")
EngineName = Literal["auto", "fast", "httpx"]


@dataclass(slots=True)
class Timing:
    """What vendor calls cost, added up over all runs that are given the same object."""

    seconds: float = 0.0  # waiting for a connection included
    requests: int = 0  # those without an answer included


def open_engine(options: EngineOptions, name: EngineName = "auto") -> Engine:
    """The engine of that name; "auto" is the fast one unless a proxy is set.

    Raises SettingsError when the options do not fit the engine, a file cannot be read or the proxy is not one.
    """
    if name == "fast" and options.proxy is not None:
        raise SettingsError("proxy", 'the engine "fast" has no proxies; use "auto" or "httpx"')
    if name == "httpx" or options.proxy is not None:
        from bridge.outbound.httpx_engine import HttpxEngine  # noqa: PLC0415  # costs 0.1 s and 10 MB

        return HttpxEngine(options)
    return FastEngine(options)


class Outbound:
    """The only sender of HTTP. One for each vendor, for its engine holds that vendor's options."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, exchange: Exchange[T], timing: Timing | None = None) -> T:
        """Drives one operation to its end and returns its value.

        timing: is added to, also when the run fails.
        Raises what the operation raises (VendorRefused, OutcomeUnknown); NotSent and OutcomeUnknown of a request that got no
        usable answer end the operation. NotSent then holds for the whole operation: when an earlier request of it, other than a
        repeatable one, was answered, OutcomeUnknown is raised in its place.
        """
        response: HttpResponse | None = None
        acted = False
        try:
            while True:
                try:
                    request = next(exchange) if response is None else exchange.send(response)
                except StopIteration as end:
                    value: T = end.value
                    return value
                start = time.perf_counter()
                try:
                    response = await self._engine.send(request)
                finally:
                    if timing is not None:
                        timing.seconds += time.perf_counter() - start
                        timing.requests += 1
                acted = acted or not request.repeatable
        except NotSent as error:
            if acted:
                raise OutcomeUnknown(error.what) from None
            raise
        finally:
            exchange.close()

    async def close(self) -> None:
        """Closes the engine: idle connections now, those in use with their request."""
        await self._engine.close()
