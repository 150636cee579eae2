"""Who is calling: mapped accounts (the bridge knows the passwords) or pass-through (the vendor does).

Facts:
- argon2 takes some 30 ms of CPU by design, too long for every call and for the event loop.
- In pass-through the bridge knows nothing of a password until the vendor has accepted or refused it.

Strategy: a password found right is remembered for a while as a keyed digest, in memory only, under a key that dies with the
process. A wrong one slows the next tries (`bridge.operations.throttle`). A password that is remembered as right is never slowed,
and each use of it renews the time, so nobody can lock out a customer who keeps calling.
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
from bridge.operations.throttle import Throttle

__all__ = ["Accounts", "MappedAccount", "MappedAccounts", "PassThroughAccounts", "Proofs"]


class Accounts(Protocol):
    """Tells who a login is."""

    async def find(self, username: str, password: str, address: str) -> Account:
        """The account of a login. Raises CallError ERR_UNAUTHORIZED_REQUEST when the password is wrong.

        address: of the client, for slowing down guesses.
        """
        ...

    def judged(self, account: Account, password: str, address: str, *, accepted: bool | None) -> None:
        """Told once what came of the call of an account that `find` gave.

        accepted: what the vendor, where it is who knows, said of the login; None: nothing, for it was not asked or did not say.
        """
        ...


class Proofs:
    """Remembers for a while that a password was right."""

    def __init__(self, seconds: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        """seconds: how long. most: usernames remembered; the oldest are forgotten."""
        self._seconds, self._most, self._clock = seconds, most, clock
        # to copy it costs half as much as to begin with the key
        self._keyed = blake2b(key=secrets.token_bytes(32), digest_size=16)
        self._proofs: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def digest(self, *texts: str) -> bytes:
        """Of a password, or of a username and a password."""
        keyed = self._keyed.copy()
        keyed.update("\0".join(texts).encode(errors="surrogatepass"))
        return keyed.digest()

    def add(self, username: str, password: str) -> None:
        self._proofs[username] = (self.digest(password), self._clock() + self._seconds)
        self._proofs.move_to_end(username)
        if len(self._proofs) > self._most:
            self._proofs.popitem(last=False)

    def drop(self, username: str) -> None:
        self._proofs.pop(username, None)

    def hold(self, username: str, password: str, *, renew: bool = False) -> bool:
        """Whether this password was found right not long ago. renew: if so, its time is counted anew."""
        proof = self._proofs.get(username)
        if proof is None:
            return False
        now, (digest, until) = self._clock(), proof
        if until <= now or not hmac.compare_digest(digest, self.digest(password)):
            return False
        if renew:
            self._proofs[username] = (digest, now + self._seconds)
            self._proofs.move_to_end(username)
        return True


@dataclass(frozen=True, slots=True)
class MappedAccount:
    """An account and its password, in the clear or as an argon2 hash."""

    account: Account
    password: SecretStr | None
    password_hash: str | None = field(repr=False)


class MappedAccounts:
    """The accounts of the configuration."""

    def __init__(self, accounts: Mapping[str, MappedAccount], proofs: Proofs, throttle: Throttle) -> None:
        self._accounts, self._proofs, self._throttle = accounts, proofs, throttle
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(_MOST_HASHING)
        # an unknown username takes as long as a wrong password: a hash for it, and for passwords that are known in the clear
        self._decoy_hash = next((each.password_hash for each in accounts.values() if each.password_hash), None)
        self._decoy = MappedAccount(next(iter(accounts.values())).account, SecretStr(secrets.token_hex()), None)

    async def find(self, username: str, password: str, address: str) -> Account:
        mapped = self._accounts.get(username, self._decoy)
        # renewed, else whoever guesses at it could lock the customer out when the time is over
        if mapped is not self._decoy and self._proofs.hold(username, password, renew=True):
            return mapped.account
        guess = self._proofs.digest(username, password)
        await self._throttle.enter(username, address, guess)
        right: bool | None = None
        try:
            right = await self._right(mapped, password) and mapped is not self._decoy
        finally:
            self._throttle.leave(username, address, guess, right=right)
        if not right:
            raise CallError(ErrorCode.UNAUTHORIZED_REQUEST)
        self._proofs.add(username, password)
        return mapped.account

    def judged(self, account: Account, password: str, address: str, *, accepted: bool | None) -> None:
        """Nothing: the bridge knew already."""

    async def _right(self, mapped: MappedAccount, password: str) -> bool:
        password_hash = mapped.password_hash or self._decoy_hash
        hashed = password_hash is not None and await self._verify(password_hash, password)
        if mapped.password is None:
            return hashed
        return hmac.compare_digest(mapped.password.get_secret_value().encode(), password.encode(errors="replace"))

    async def _verify(self, password_hash: str, password: str) -> bool:
        def verify() -> bool:
            try:
                return self._hasher.verify(password_hash, password.encode(errors="replace"))
            except (Argon2Error, InvalidHashError):
                return False

        async with self._hashing:  # each takes 64 MiB while it runs
            return await asyncio.to_thread(verify)


_MOST_HASHING = 2


class PassThroughAccounts:
    """Every login goes to the one vendor as it is."""

    def __init__(self, backend: Backend, proofs: Proofs, throttle: Throttle) -> None:
        self._backend, self._proofs, self._throttle = backend, proofs, throttle

    async def find(self, username: str, password: str, address: str) -> Account:
        credentials = self._backend.vendor.credentials_type.from_login(username, password)
        assert credentials is not None  # checked at start
        proven = self._proofs.hold(username, password)
        if not proven:  # from here on `judged` has to be called
            await self._throttle.enter(username, address, self._proofs.digest(username, password))
        return Account(username, self._backend, credentials, proven=proven, lasting=False)

    def judged(self, account: Account, password: str, address: str, *, accepted: bool | None) -> None:
        """Remembers what the vendor said; only an accepted login counts as proven."""
        username = account.username
        if accepted:
            self._proofs.add(username, password)
        elif accepted is False and self._proofs.hold(username, password):
            self._proofs.drop(username)
        if not account.proven:
            self._throttle.leave(username, address, self._proofs.digest(username, password), right=accepted)
        elif accepted is False:
            self._throttle.failed(username, address)
