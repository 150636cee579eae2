"""Clients that send, try again when their connection is lost, and cancel; they note what they were told."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from bridge.domain.clock import ISTANBUL
from tests.chaos.oracle import ACKNOWLEDGED, CANCELLED, DUPLICATE, FAULT, LOST, NOT_CHANGEABLE, REFUSED, Answer, Package
from tests.chaos.replica import Replica
from tests.chaos.soap import Connection, Lost, body_of

__all__ = ["Load"]

# patience of a client with one call
_PATIENCE = 12.0
_TRIES = 6
_NOBODY = 300.0
_ID, _CODE = re.compile(rb"<pkgID>([0-9]+)<"), re.compile(rb"<code>(\w+)<")
_TEXTS = ("Merhaba", "Şifreniz hazır, çağrı merkezini arayın", "Sipariş & kargo <bilgi> €")


class Load:
    """Clients of some bridges, until they are told to stop."""

    def __init__(self, random: Random, replicas: Sequence[Replica], vendors: Sequence[str], *, portions: bool) -> None:
        """vendors: each is also the username of an account. portions: some messages go in two, a minute apart."""
        self._portions = portions
        self._random, self._replicas, self._vendors = random, replicas, vendors
        self._numbers = count()
        self._names = count()
        self.packages: list[Package] = []
        self._stop, self._reached = asyncio.Event(), asyncio.Event()
        self._awaited = 0
        self._later: set[asyncio.Task[None]] = set()

    async def run(self, clients: int, pause: float) -> None:
        """pause: of each client between two messages, in seconds on average."""
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._client(pause))
        await asyncio.gather(*self._later)

    async def acknowledged(self, more: int) -> None:
        """Returns when so many packages more are acknowledged. Raises TimeoutError when there is nobody who does."""
        self._awaited = more
        self._reached.clear()
        await asyncio.wait_for(self._reached.wait(), _NOBODY)

    def stop(self) -> None:
        """Calls under way, with their repetitions and cancels, still end."""
        self._stop.set()

    async def _client(self, pause: float) -> None:
        connections = [Connection(replica.port) for replica in self._replicas]
        try:
            while not self._stop.is_set():
                await self._message(connections)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), self._random.uniform(0, 2 * pause))
        finally:
            for connection in connections:
                connection.close()

    async def _message(self, connections: Sequence[Connection]) -> None:
        package, fields = self._new()
        body = body_of("sendSms", package.vendor, fields)
        if package.custom_id is not None and self._random.random() < 0.05:
            package.answers += await self._twice_at_once(body)
        for attempt in range(_TRIES):
            answer = await self._ask(connections, body)
            if answer is None:  # nobody there: a byte of it never went out
                continue
            package.answers.append(answer)
            self._note(answer)
            if not self._goes_on(package, answer):
                break
            await asyncio.sleep(self._random.uniform(0.1, 1) * (attempt + 1))
        if package.answers:
            self.packages.append(package)
        if "sendingDate" in fields and self._random.random() < 0.4 and (ids := package.told(ACKNOWLEDGED)):
            task = asyncio.create_task(self._cancel(package, ids[0]))
            self._later.add(task)

    def _note(self, answer: Answer) -> None:
        self._awaited -= answer.what == ACKNOWLEDGED
        if self._awaited <= 0:
            self._reached.set()

    def _goes_on(self, package: Package, answer: Answer) -> bool:
        """Whether a client calls again with the same customID; without one it would be another message."""
        if package.custom_id is None:
            return False
        if answer.what == LOST:
            return True
        if answer.what == REFUSED:
            return answer.detail == "ERR_SYSTEM_MAINTENANCE" and self._random.random() < 0.5
        return answer.what == ACKNOWLEDGED and self._random.random() < 0.05

    async def _ask(self, connections: Sequence[Connection], body: bytes) -> Answer | None:
        """The answer of any bridge that lets itself be called; None when no connection can be made."""
        for connection in self._random.sample(connections, len(connections)):
            try:
                return _read(await connection.ask(body, _PATIENCE))
            except Lost as lost:
                if lost.sent:
                    return Answer(LOST, str(lost))
        await asyncio.sleep(0.3)
        return None

    async def _twice_at_once(self, body: bytes) -> list[Answer]:
        """The same call on two connections, as from a client that was started twice; what is called a duplicate comes last."""
        connections = [Connection(self._random.choice(self._replicas).port) for _ in range(2)]
        answers = await asyncio.gather(*(self._ask([connection], body) for connection in connections))
        for connection in connections:
            connection.close()
        found = sorted((answer for answer in answers if answer is not None), key=lambda answer: answer.what == DUPLICATE)
        for answer in found:
            self._note(answer)
        return found

    async def _cancel(self, package: Package, id_: str) -> None:
        await asyncio.sleep(self._random.uniform(0, 6))
        body = body_of("cancelSmsPackage", package.vendor, {"id": id_})
        replica = self._random.choice(self._replicas)
        with contextlib.closing(Connection(replica.port)) as connection:
            try:
                answer = await connection.ask(body, _PATIENCE)
            except Lost:
                package.cancel = LOST
                return
        code = _CODE.search(answer)
        if code is None:
            package.cancel = CANCELLED
        else:
            package.cancel = NOT_CHANGEABLE if code[1] == b"ERR_SMS_PKG_NOT_CHANGEABLE" else code[1].decode()

    def _new(self) -> tuple[Package, dict[str, Any]]:
        random, name = self._random, next(self._names)
        vendor = random.choice(self._vendors)
        kind = random.choice((0, 0, 1, 1, 2))
        many = 1 if kind == 0 else random.choice((1, 2, 3, 8))
        # the last digit decides what the sandboxes report of a number: all but 8 have an end
        numbers = tuple(f"905{30000000 + next(self._numbers):08}{random.choice('01234567')}" for _ in range(many))
        custom_id = f"chaos-{name}" if random.random() < 0.7 else None
        text = f"{random.choice(_TEXTS)} {name}"
        fields: dict[str, Any] = {"type": 1, "sendingType": kind, "title": "Deneme", "sender": "BASLIK", "encoding": 1}
        if kind == 0:
            fields |= {"content": text, "number": numbers[0]}
        elif kind == 1:
            fields |= {"content": text, "numbers": [*numbers, "123"] if random.random() < 0.1 else list(numbers)}
        else:
            fields["numbers"] = [{"nr": number, "msg": f"{text} {place % 2}"} for place, number in enumerate(numbers)]
        if custom_id is not None:
            fields["customID"] = custom_id
        if self._portions and many > 1 and random.random() < 0.1:
            fields["periodicSettings"] = {"periodType": 0, "amount": (many + 1) // 2, "interval": 1}
        elif random.random() < 0.15:
            fields["sendingDate"] = f"{datetime.now(ISTANBUL) + timedelta(seconds=random.uniform(1, 15)):%Y-%m-%d %H:%M:%S}"
        return Package(vendor, numbers, custom_id), fields


def _read(answer: bytes) -> Answer:
    if b"Fault>" in answer:
        return Answer(FAULT, answer.decode(errors="replace")[-300:])
    if found := _ID.search(answer):
        return Answer(ACKNOWLEDGED, found[1].decode())
    code = _CODE.search(answer)
    assert code is not None, answer
    if code[1] == b"ERR_INTERNAL_SERVER":  # it says that the outcome is unknown
        return Answer(LOST, code[1].decode())
    what = DUPLICATE if code[1] == b"ERR_SMS_PKG_CUSTOM_ID_DUPLICATION" else REFUSED
    return Answer(what, code[1].decode())
