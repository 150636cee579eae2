"""Who is calling: mapped accounts (the bridge knows the passwords) or pass-through (the vendor does).

Facts:
- argon2 takes some 30 ms of CPU by design, too long for every call and for the event loop.
- In pass-through the bridge knows nothing of a password until the vendor has accepted or refused it.

Strategy: a password found right is remembered for a while as a keyed digest, in memory only, under a key that dies with the
process. A wrong one slows the next tries of the same username and of the same address, one after another; a password that is
remembered as right is never slowed, and each use of it renews the time, so nobody can lock out a customer who keeps calling.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from pydantic import SecretStr

from bridge.errors import CallError, ErrorCode
from bridge.operations.backend import Account, Backend

__all__ = ["Accounts", "MappedAccount", "MappedAccounts", "PassThroughAccounts", "Proofs", "Throttle"]


class Accounts(Protocol):
    """Tells who a login is."""

    async def find(self, username: str, password: str, address: str) -> Account:
        """The account of a login. Raises CallError ERR_UNAUTHORIZED_REQUEST when the password is wrong.

        address: of the client, for slowing down guesses.
        """
        ...

    def judged(self, username: str, password: str, address: str, *, accepted: bool) -> None:
        """Told what the vendor said of the login, where the vendor is who knows."""
        ...


class Proofs:
    """Remembers for a while that a password was right."""

    def __init__(self, seconds: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        """seconds: how long. most: usernames remembered; the oldest are forgotten."""
        self._seconds, self._most, self._clock = seconds, most, clock
        self._key = secrets.token_bytes(32)
        self._proofs: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def _digest(self, password: str) -> bytes:
        return blake2b(password.encode(errors="surrogatepass"), key=self._key, digest_size=16).digest()

    def add(self, username: str, password: str) -> None:
        self._proofs[username] = (self._digest(password), self._clock() + self._seconds)
        self._proofs.move_to_end(username)
        if len(self._proofs) > self._most:
            self._proofs.popitem(last=False)

    def renew(self, username: str) -> None:
        """Counts the time anew: the password that is remembered was used."""
        self._proofs[username] = (self._proofs[username][0], self._clock() + self._seconds)
        self._proofs.move_to_end(username)

    def drop(self, username: str) -> None:
        self._proofs.pop(username, None)

    def hold(self, username: str, password: str) -> bool:
        """Whether this password was found right not long ago."""
        proof = self._proofs.get(username)
        return proof is not None and proof[1] > self._clock() and hmac.compare_digest(proof[0], self._digest(password))


@dataclass(slots=True)
class _Failures:
    count: int = 0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Throttle:
    """Slows down wrong logins, per username and per address."""

    def __init__(self, free: int, longest: float, most: int = 10_000) -> None:
        """free: failures before the first pause. longest: seconds. most: usernames and addresses remembered."""
        self._free, self._longest, self._most = free, longest, most
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def succeeded(self, *keys: str) -> None:
        for key in keys:
            self._failures.pop(key, None)

    async def wait(self, *keys: str) -> None:
        """Waits for the turn of each key that failed before. Raises CallError when too many wait already."""
        for key in keys:
            failures = self._failures.get(key)
            if failures is None or failures.count < self._free:
                continue
            if failures.waiting >= _MOST_WAITING:
                raise CallError(ErrorCode.CONCURRENT_REQUEST_LIMIT)
            failures.waiting += 1
            try:
                async with failures.turn:
                    await asyncio.sleep(min(self._longest, _FIRST_PAUSE * 2 ** min(failures.count - self._free, 16)))
            finally:
                failures.waiting -= 1

    def failed(self, *keys: str) -> None:
        for key in keys:
            self._failures.setdefault(key, _Failures()).count += 1
            self._failures.move_to_end(key)
        while len(self._failures) > self._most:
            self._failures.popitem(last=False)


_MOST_WAITING = 20
_FIRST_PAUSE = 0.1  # seconds; doubled with each further failure
_KEY_LENGTH = 100  # characters of a username that are remembered: it may have as many as a request


def _keys(username: str, address: str) -> tuple[str, str]:
    """What failures are counted by."""
    return f"user {username[:_KEY_LENGTH]}", f"address {address}"


@dataclass(frozen=True, slots=True)
class MappedAccount:
    """An account and its password, in the clear or as an argon2 hash."""

    account: Account
    password: SecretStr | None
    password_hash: str | None


class MappedAccounts:
    """The accounts of the configuration."""

    def __init__(self, accounts: Mapping[str, MappedAccount], proofs: Proofs, throttle: Throttle) -> None:
        self._accounts, self._proofs, self._throttle = accounts, proofs, throttle
        self._hasher = PasswordHasher()
        # an unknown username takes as long as a wrong password
        self._decoy = MappedAccount(next(iter(accounts.values())).account, SecretStr(secrets.token_hex()), None)
        if any(account.password_hash for account in accounts.values()):
            self._decoy = MappedAccount(self._decoy.account, None, self._hasher.hash(secrets.token_hex()))
        self._hashing = asyncio.Semaphore(_MOST_HASHING)

    async def find(self, username: str, password: str, address: str) -> Account:
        mapped = self._accounts.get(username, self._decoy)
        if mapped is not self._decoy and self._proofs.hold(username, password):
            self._proofs.renew(username)  # else whoever guesses at it could lock the customer out when the time is over
            return mapped.account
        keys = _keys(username, address)
        await self._throttle.wait(*keys)
        if not await self._right(mapped, password) or mapped is self._decoy:
            self._throttle.failed(*keys)
            raise CallError(ErrorCode.UNAUTHORIZED_REQUEST)
        self._throttle.succeeded(*keys)
        self._proofs.add(username, password)
        return mapped.account

    def judged(self, username: str, password: str, address: str, *, accepted: bool) -> None:
        """Nothing: the bridge knew already."""

    async def _right(self, mapped: MappedAccount, password: str) -> bool:
        if mapped.password is not None:
            return hmac.compare_digest(mapped.password.get_secret_value().encode(), password.encode(errors="replace"))
        async with self._hashing:  # each takes 64 MiB while it runs
            return await asyncio.to_thread(self._verify, str(mapped.password_hash), password)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password.encode(errors="replace"))
        except (Argon2Error, InvalidHashError):
            return False


_MOST_HASHING = 2


class PassThroughAccounts:
    """Every login goes to the one vendor as it is."""

    def __init__(self, backend: Backend, proofs: Proofs, throttle: Throttle) -> None:
        self._backend, self._proofs, self._throttle = backend, proofs, throttle

    async def find(self, username: str, password: str, address: str) -> Account:
        proven = self._proofs.hold(username, password)
        if not proven:
            await self._throttle.wait(*_keys(username, address))
        credentials = self._backend.vendor.credentials_type.from_login(username, password)
        assert credentials is not None  # checked at start
        return Account(username, self._backend, credentials, proven=proven, lasting=False)

    def judged(self, username: str, password: str, address: str, *, accepted: bool) -> None:
        """Remembers what the vendor said; only an accepted login counts as proven."""
        keys = _keys(username, address)
        if accepted:
            self._proofs.add(username, password)
            self._throttle.succeeded(*keys)
        else:
            if self._proofs.hold(username, password):
                self._proofs.drop(username)
            self._throttle.failed(*keys)
