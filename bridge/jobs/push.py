"""The job that tells a client's server what became of its recipients.

Facts:
- The URL comes from a client: where it may lead is for `bridge.outbound.guard` to say, at the moment of connecting.
- Old servers answer with pages, late or not at all. Nobody reads their answers: the status is all that counts.
- Who is told may be told twice: a process may die between the answer and its record.

Strategy: a server that is slow keeps a few places busy, never all; who finds none comes back a little later, which is no attempt.
A push that fails is tried again by a plan, and then given up: it stays in the ledger as dead.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import orjson

from bridge.domain.address import parse_url
from bridge.domain.clock import Clock, format_second
from bridge.domain.http import HttpRequest
from bridge.errors import TransportError
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import DuePush, PushContent
from bridge.log import get_logger
from bridge.metrics.metrics import Metrics
from bridge.operations.backend import Account
from bridge.outbound.contract import EngineOptions
from bridge.outbound.fast import FastEngine
from bridge.outbound.guard import Guard

__all__ = ["PLAN", "Pusher", "body_of"]

log = get_logger("bridge.push")

PLAN: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600))
"""Pauses after the first failure, the second ..; after one more it is given up."""
_ENGINE: Final = EngineOptions(connect_timeout=5, read_timeout=15, max_response=4096, status_only=True)
_HEADERS: Final = (("Content-Type", "application/json; charset=utf-8"), ("Accept", "*/*"), ("User-Agent", "smsbridge"))
# of one host: pushes that are on their way, and those that wait for them, all of which have ended before a lease does
_AT_ONCE, _WAITING = 4, 4
# of all hosts: fewer than there are jobs at once, for others have jobs too
_IN_ALL = 32
_BUSY: Final = timedelta(seconds=5)


@dataclass(slots=True)
class _Places:
    """Those of one host."""

    taken: int = 0
    turn: Semaphore = field(default_factory=lambda: Semaphore(_AT_ONCE))


class Pusher:
    """Delivers pushes. Made in the event loop that uses it."""

    def __init__(self, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._ledger, self._clock, self._metrics = ledger, clock, metrics
        self._guard = Guard()
        self._engine: FastEngine | None = None
        self._accounts: Mapping[str, Account] = {}
        self._places: dict[str, _Places] = {}

    def use(self, guard: Guard, accounts: Mapping[str, Account]) -> None:
        """From now on these. accounts: {username: account}; others are told too, for their packages are there."""
        self._guard, self._accounts = guard, accounts

    async def look(self, push_id: int) -> None:
        """The job: delivers a push that was taken, unless that is done. Raises LedgerUnavailable."""
        due = await self._ledger.open_push(push_id)
        if due is not None:
            await self.deliver(due)

    async def deliver(self, due: DuePush) -> None:
        """Tries once, and tells the ledger what came of it. Raises LedgerUnavailable: then it is due again when its lease ends."""
        try:
            url = parse_url(due.url)
        except ValueError:  # taken by a version that knew it better
            await self._ledger.push_failed(due.id, "not a URL", None)
            self._metrics.push("dead")
            return
        async with self._place(url.host) as is_free:
            if not is_free:
                await self._ledger.put_off_push(due.id, self._clock() + _BUSY)
                return
            content = await self._ledger.push_content(due.id)
            if content is None:
                return
            failure = await self._post(str(url), body_of(content, self._user_id(due)))
        if failure is None:
            await self._ledger.pushed(due.id, self._clock())
            self._metrics.push("delivered")
        else:
            await self._failed(due, url.host, failure)

    def _permit(self, host: str, address: str) -> bool:
        return self._guard.permit(host, address)  # that of now

    async def close(self) -> None:
        """Lets go of connections."""
        if self._engine is not None:
            await self._engine.close()

    def _user_id(self, due: DuePush) -> int:
        account = self._accounts.get(due.account)
        return due.account_id if account is None or account.user_id is None else account.user_id

    async def _post(self, url: str, body: dict[str, Any]) -> str | None:
        """None when the server took it; else the kind of failure, which holds no data."""
        # told twice rather than not at all: so a connection that has ended meanwhile is no failure yet
        request = HttpRequest("POST", url, _HEADERS, orjson.dumps(body), repeatable=True)
        # not at the start: certificates take a tenth of a second to load. Never with a proxy: it would connect in our place
        if self._engine is None:
            self._engine = FastEngine(_ENGINE, self._permit)
        try:
            status = (await self._engine.send(request)).status
        except TransportError as error:
            return error.what
        return None if 200 <= status < 300 else f"status {status}"

    async def _failed(self, due: DuePush, host: str, failure: str) -> None:
        again = due.attempts <= len(PLAN)
        due_at = self._clock() + PLAN[due.attempts - 1] if again else None
        await self._ledger.push_failed(due.id, failure, due_at)
        self._metrics.push("failed" if again else "dead")
        if not again:
            log.error("push given up", push=due.id, package=due.package_id, host=host, what=failure, attempts=due.attempts)

    @asynccontextmanager
    async def _place(self, host: str) -> AsyncIterator[bool]:
        """Waits for one of the host's places; False when too many wait already."""
        places = self._places.setdefault(host, _Places())
        if places.taken == _AT_ONCE + _WAITING or sum(each.taken for each in self._places.values()) == _IN_ALL:
            if not places.taken:
                del self._places[host]
            yield False
            return
        places.taken += 1
        try:
            async with places.turn:
                yield True
        finally:
            places.taken -= 1
            if not places.taken:
                del self._places[host]


def body_of(content: PushContent, user_id: int) -> dict[str, Any]:
    """What a client's server is told. Dates as getSmsPackageItems has them. Source: clients of the Node API v1.8.3."""
    counts = {"total": content.total, "delivered": content.delivered, "undelivered": content.undelivered}
    return {
        "userID": user_id,
        "pkg": {"id": content.package_id, "state": content.state.value, "statistics": counts},
        "items": [
            {
                "id": str(item.id),
                "nr": item.number,
                "status": item.state.value,
                "lastUpdate": format_second(item.at).replace(" ", "T"),
            }
            for item in content.items
        ],
    }
