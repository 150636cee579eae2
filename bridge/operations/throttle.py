"""Slows down who guesses passwords, per username and per address.

Facts:
- Whether a guess was right is known only when it has been tried: by then any number of others may be on their way.
- A client that starts with many calls at once tries one password many times: that is one guess.

Strategy: of different guesses, no more are tried at a time than may fail without a pause. Once so many have failed, one at a time,
after a pause that grows; then the same guess may not be tried beside itself either, for the second would not have to wait.
A right password clears its username, and its address of the failures that it had itself: an account of one's own does not buy
guesses at others'.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from bridge.errors import CallError, ErrorCode

__all__ = ["Throttle"]

_MOST_WAITING = 20
_FIRST_PAUSE = 0.1  # seconds; doubled with each further failure
_FORGET_SECONDS = 900.0
_KEY_LENGTH = 100  # characters of a username that are remembered: it may have as many as a request


@dataclass(slots=True)
class _Tries:
    """Those of one username or one address."""

    failures: int = 0
    # when the newest failure was
    failed_at: float = 0.0
    waiting: int = 0
    # guesses that are being tried, and how often each
    running: Counter[bytes] = field(default_factory=Counter)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def idle(self) -> bool:
        return not self.running and not self.waiting


class Throttle:
    """Lets guesses in: `enter` before one is tried, `leave` when it is known whether it was right."""

    def __init__(self, free: int, longest: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        """free: failures before the first pause. longest: seconds of a pause. most: usernames and addresses remembered."""
        self._free, self._longest, self._most, self._clock = free, longest, most, clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    async def enter(self, username: str, address: str, guess: bytes) -> None:
        """Waits until a guess may be tried. Raises CallError when too many wait already.

        guess: a digest of username and password.
        """
        # the address first: who waits at a crowded one does not keep others from the username
        entered: list[_Tries] = []
        keys = _keys(username, address)
        try:
            for key in reversed(keys):
                entered.append(await self._turn(key, guess))  # noqa: PERF401  # what was entered before a failure is left again
            await asyncio.sleep(max(map(self._pause, entered)))
        except BaseException:
            for tries in entered:
                _end(tries, guess)
            self._forget(keys)
            raise

    def leave(self, username: str, address: str, guess: bytes, *, right: bool | None) -> None:
        """A guess that entered has been tried. right: None when nobody said."""
        keys = _keys(username, address)
        user, place = map(self._of, keys)
        if right:
            place.failures = max(0, place.failures - user.failures)
            user.failures = 0
        elif right is False:
            self.failed(username, address)
        _end(user, guess)
        _end(place, guess)
        self._forget(keys)

    def failed(self, username: str, address: str) -> None:
        """A password that had not to enter was wrong."""
        for key in _keys(username, address):
            tries = self._of(key)
            tries.failures += 1
            tries.failed_at = self._clock()

    async def _turn(self, key: str, guess: bytes) -> _Tries:
        tries = self._of(key)
        tries.waiting += 1
        try:
            while not self._lets(tries, guess):
                if tries.failures >= self._free and tries.waiting > _MOST_WAITING:
                    raise CallError(ErrorCode.CONCURRENT_REQUEST_LIMIT)
                await tries.ended.wait()
        finally:
            tries.waiting -= 1
        tries.running[guess] += 1
        return tries

    def _lets(self, tries: _Tries, guess: bytes) -> bool:
        if self._clock() - tries.failed_at > _FORGET_SECONDS:
            tries.failures = 0
        if tries.failures >= self._free:
            return not tries.running
        return guess in tries.running or len(tries.running) < self._free - tries.failures

    def _pause(self, tries: _Tries) -> float:
        more = tries.failures - self._free
        return 0.0 if more < 0 else min(self._longest, _FIRST_PAUSE * 2.0 ** min(more, 16))

    def _of(self, key: str) -> _Tries:
        tries = self._tries.setdefault(key, _Tries())
        self._tries.move_to_end(key)
        return tries

    def _forget(self, keys: Iterable[str]) -> None:
        """Drops of these what says nothing, and of all the oldest when there are too many; never who is at it."""
        for key in keys:
            if key in self._tries and self._tries[key].idle and not self._tries[key].failures:
                del self._tries[key]
        surplus = len(self._tries) - self._most
        if surplus > 0:
            for key in list(islice((key for key, tries in self._tries.items() if tries.idle), surplus)):
                del self._tries[key]


def _keys(username: str, address: str) -> tuple[str, str]:
    """What tries are counted by."""
    return f"user {username[:_KEY_LENGTH]}", f"address {address}"


def _end(tries: _Tries, guess: bytes) -> None:
    tries.running[guess] -= 1
    if tries.running[guess] <= 0:
        del tries.running[guess]
    ended, tries.ended = tries.ended, asyncio.Event()
    ended.set()
