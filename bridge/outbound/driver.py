"""Runs vendors' operations: sends what they yield, hands them what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, TypeVar

from msgspec import Struct

from bridge.domain.http import Exchange
from bridge.errors import NotSent, OutcomeUnknown, SettingsError, VendorRefused
from bridge.outbound.contract import Engine, EngineOptions
from bridge.outbound.fast import FastEngine

__all__ = ["EngineName", "Outbound", "Timing", "open_engine"]

T = TypeVar("T")
EngineName = Literal["auto", "fast", "httpx"]


class Timing(Struct, gc=False):
    """What vendor calls cost, added up over all runs that are given the same object."""

    seconds: float = 0.0  # waiting for a connection included
    requests: int = 0  # those without an answer included
    served: bool = False  # the vendor carried an operation out: so it took the credentials


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


def _outcome(error: BaseException) -> str:
    """What came of the request after which an operation ended with an error."""
    if isinstance(error, VendorRefused):
        return "refused"
    return "not_sent" if isinstance(error, NotSent) else "unknown"


class Outbound:
    """The only sender of HTTP. One for each vendor, for its engine holds that vendor's options."""

    def __init__(self, engine: Engine, count: Callable[[str, float], None] | None = None) -> None:
        """count: is told the outcome and the seconds of each request; see `_outcome`."""
        self._engine = engine
        self._count = count or (lambda _outcome, _seconds: None)

    async def run(self, exchange: Exchange[T], timing: Timing | None = None) -> T:
        """Drives one operation to its end and returns its value.

        timing: is added to, also when the run fails.
        Raises what the operation raises (VendorRefused, OutcomeUnknown); NotSent and OutcomeUnknown of a request that got no
        usable answer end the operation. NotSent then holds for the whole operation: when an earlier request of it, other than a
        repeatable one, was answered, OutcomeUnknown is raised in its place.
        """
        acted = False
        # of the request whose outcome is not counted yet
        seconds: float | None = None
        try:
            request = next(exchange)
            while True:
                start = time.perf_counter()
                try:
                    response = await self._engine.send(request)
                finally:
                    seconds = time.perf_counter() - start
                    if timing is not None:
                        timing.seconds += seconds
                        timing.requests += 1
                acted = acted or not request.repeatable
                request = exchange.send(response)
                self._count("answered", seconds)
                seconds = None
        except StopIteration as end:
            if seconds is not None:  # else it needed no request
                self._count("answered", seconds)
                if timing is not None:
                    timing.served = True
            value: T = end.value
            return value
        except BaseException as error:
            if seconds is not None:
                self._count(_outcome(error), seconds)
            if acted and isinstance(error, NotSent):
                raise OutcomeUnknown(error.what) from None
            raise
        finally:
            exchange.close()

    async def close(self) -> None:
        """Closes the engine: idle connections now, those in use with their request."""
        await self._engine.close()
