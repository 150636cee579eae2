"""/metrics: who may read it, and the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from bridge.domain.address import is_within
from bridge.errors import LedgerUnavailable
from bridge.log import get_logger
from bridge.metrics.metrics import Metrics
from bridge.settings import Settings

__all__ = ["page"]

log = get_logger("bridge.metrics")

# who sends one of these is asked for somebody else
_OF_PROXIES = ("x-forwarded-for", "forwarded", "via", "x-real-ip")
# a scrape ends after 10 s
_LEDGER_SECONDS = 3

Overview = Callable[[], Awaitable[dict[str, object]]]


async def page(metrics: Metrics, overview: Overview | None, settings: Settings, request: Request) -> Response | None:
    """The answer, or None when this client is to see no such page.

    overview: asks the ledger what waits; raises LedgerUnavailable. None when there is no ledger.
    """
    if not settings.metrics.enabled or not _may_read(request, settings):
        return None
    waiting = None if overview is None else await _ask(overview)
    # some milliseconds, which calls do not wait for
    body, content_type = await asyncio.to_thread(_expose, metrics, waiting, request.headers.get("accept", ""))
    return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})


def _expose(metrics: Metrics, waiting: dict[str, object] | None, accept: str) -> tuple[bytes, str]:
    from bridge.metrics.exposition import expose  # noqa: PLC0415  # see there

    return expose(metrics.slots.read(), waiting, datetime.now(UTC), accept)


async def _ask(overview: Overview) -> dict[str, object]:
    try:
        async with asyncio.timeout(_LEDGER_SECONDS):
            return await overview()
    except (LedgerUnavailable, TimeoutError) as error:
        log.warning("metrics without the ledger", why=type(error).__name__)
        return {}


def _may_read(request: Request, settings: Settings) -> bool:
    """Whether it comes from an allowed network, and not for somebody behind a proxy that stands there."""
    if request.client is None or any(name in request.headers for name in _OF_PROXIES):
        return False
    address = request.client.host
    return is_within(address, settings.metrics.allow) and not is_within(address, settings.server.trusted_proxies)
