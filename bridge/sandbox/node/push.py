"""Tells the URL in pushSettings when a package is done. Source: clients; the document names the setting and no more.

A sandbox sends nothing off the machine: only loopback addresses are told.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from bridge.sandbox.clock import Clock
from bridge.sandbox.node.package import Pace, Package

__all__ = ["Pushes", "is_loopback"]

log = logging.getLogger("bridge.sandbox")

PAUSES_SECONDS = (0.2, 1.0, 5.0)  # before the second, third and fourth attempt
TIMEOUT_SECONDS = 15


class Pushes:
    """The pushes that wait for their packages."""

    def __init__(self, clock: Clock, body_of: Callable[[Package], dict[str, Any]]) -> None:
        self._clock = clock
        self._body_of = body_of
        self._tasks: set[asyncio.Task[None]] = set()

    def plan(self, package: Package, pace: Pace) -> None:
        """Push when the package is done, if it asks for it and its URL is on this machine."""
        if package.push_url is None or package.recurring:
            return
        if not is_loopback(package.push_url):
            log.warning(
                "package %s: push to %s left out, it is not a loopback address", package.id, urlsplit(package.push_url).hostname
            )
            return
        task = asyncio.create_task(self._push(package, package.push_url, pace))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def drop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _push(self, package: Package, url: str, pace: Pace) -> None:
        done = package.final_at(pace)
        if done is None:
            return
        await self._clock.until(done)
        if package.cancelled:
            return
        body = self._body_of(package)
        for pause in (*PAUSES_SECONDS, None):
            if await _post(url, body):
                return
            if pause is not None:
                await asyncio.sleep(pause)
        log.warning("package %s: push failed for good", package.id)


async def _post(url: str, body: dict[str, Any]) -> bool:
    import httpx  # noqa: PLC0415  only a sandbox that pushes needs a client

    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, verify=False) as client:  # noqa: S501  own machine
            return (await client.post(url, json=body)).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def is_loopback(url: str) -> bool:
    """Whether the URL's host is localhost or an address of this machine's loopback."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
