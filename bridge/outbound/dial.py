"""Opens connections. Whatever fails here fails before a byte of a request: every failure is NotSent.

Facts
- uvloop's `create_connection` tries addresses one after the other, so a host whose IPv6 is announced but dead would cost the
  whole connect timeout, each time. Here the next address is tried after a quarter of a second (RFC 8305).
- asyncio resolves names in the threads that others need too, and a dead DNS server holds a thread for many seconds. So a name
  is looked up once for all who wait for it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import Generic, TypeVar

from bridge.errors import NotSent, SettingsError
from bridge.outbound.contract import EngineOptions
from bridge.outbound.wire import Origin

__all__ = ["Dialer", "failed_step", "tls_context"]

HEAD_START_SECONDS = 0.25
"""What an address gets before the next is tried as well. Source: RFC 8305 section 5."""

FAREWELL_SECONDS = 1.0
"""How long a connection that was given up right after its handshake waits for the peer's farewell; 30 if nothing is said."""

P = TypeVar("P", bound=asyncio.BaseProtocol)
T = TypeVar("T")

_STEPS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "connect timeout"),
    (ssl.SSLCertVerificationError, "TLS certificate not valid"),
    (ssl.SSLError, "TLS handshake failed"),
    (socket.gaierror, "host name not found"),
    (ConnectionRefusedError, "connection refused"),
    (UnicodeError, "host name not valid"),
    (OSError, "connection failed"),
)
"""The first that fits names the failure; the order is from the special to the general."""


def failed_step(error: BaseException) -> str:
    """What failed while a connection was being opened, in words that hold no data."""
    return next((step for kind, step in _STEPS if isinstance(error, kind)), "connection failed")


def tls_context(options: EngineOptions) -> ssl.SSLContext:
    """How certificates are checked. Raises SettingsError when the CA file cannot be read."""
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
    except (OSError, ValueError):
        raise SettingsError("ca_file", "not a readable PEM file of certificates") from None
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


class Dialer(Generic[P]):
    """Opens connections for one engine."""

    def __init__(self, options: EngineOptions, protocol: Callable[[], P], permit: Callable[[str, str], bool] | None = None) -> None:
        """
        protocol: makes the protocol object of a connection.
        permit: says of a host and each address that it has (as text, after DNS) whether it may be connected to; None allows all.
        """
        self._timeout = options.connect_timeout
        self._tls = tls_context(options)
        self._protocol = protocol
        self._permit = permit
        self._lookups: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    async def open(self, origin: Origin) -> P:
        """Connects, and for https shakes hands; returns the protocol with its transport.

        Raises NotSent: DNS, connect, TLS, the three together longer than the connect timeout, or no permitted address.
        """
        try:
            async with asyncio.timeout(self._timeout):
                addresses = await self._addresses(origin)
                if len(addresses) == 1:
                    return (await self._connect(origin, addresses[0]))[1]
                return await self._race(origin, addresses)
        except (OSError, UnicodeError) as error:
            raise NotSent(failed_step(error)) from None

    async def _addresses(self, origin: Origin) -> list[str]:
        key = (origin.host, origin.port)
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = self._lookups[key] = asyncio.create_task(_look_up(*key))
            lookup.add_done_callback(lambda task: self._looked_up(key, task))
        permitted = await asyncio.shield(lookup)
        if self._permit is not None:
            permitted = [address for address in permitted if self._permit(origin.host, address)]
        if not permitted:
            raise NotSent("address not permitted")
        return _alternate(permitted)

    def _looked_up(self, key: tuple[str, int], task: asyncio.Task[list[str]]) -> None:
        del self._lookups[key]
        if not task.cancelled():
            task.exception()  # all who waited may be gone; asyncio would complain that nobody looked

    async def _connect(self, origin: Origin, address: str) -> tuple[asyncio.Transport, P]:
        # by address, not with a socket of our own: uvloop can close such a one's descriptor twice when the peer closes at once
        loop = asyncio.get_running_loop()
        if origin.scheme == "https":
            return await loop.create_connection(
                self._protocol,
                address,
                origin.port,
                ssl=self._tls,
                server_hostname=origin.host,
                ssl_shutdown_timeout=FAREWELL_SECONDS,
            )
        return await loop.create_connection(self._protocol, address, origin.port)

    async def _race(self, origin: Origin, addresses: Sequence[str]) -> P:
        """The connection that comes about first. Raises the first address's error when none does."""
        attempts: list[asyncio.Task[tuple[asyncio.Transport, P]]] = []
        winner: asyncio.Task[tuple[asyncio.Transport, P]] | None = None
        try:
            for address in addresses:
                attempts.append(asyncio.create_task(self._connect(origin, address)))
                winner = await _won(attempts, None if address is addresses[-1] else HEAD_START_SECONDS)
                if winner is not None:
                    return winner.result()[1]
            return attempts[0].result()[1]  # raises
        finally:
            for attempt in attempts:
                if not attempt.done():
                    attempt.cancel()
                elif attempt is not winner and attempt.exception() is None:
                    attempt.result()[0].abort()


async def _look_up(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _alternate(addresses: Sequence[str]) -> list[str]:
    """The resolver's order, but with the families in turn. Source: RFC 8305 section 4."""
    first = [address for address in addresses if (":" in address) == (":" in addresses[0])]
    others = [address for address in addresses if address not in first]
    return [address for address in chain.from_iterable(zip_longest(first, others)) if address is not None]


async def _won(attempts: Sequence[asyncio.Task[T]], patience: float | None) -> asyncio.Task[T] | None:
    """The attempt that succeeded; None when the next address is due.

    patience: seconds that the newest attempt has to itself. None: there is no next address, so wait until all have ended.
    """
    loop = asyncio.get_running_loop()
    end = None if patience is None else loop.time() + patience
    while True:
        waiting = [attempt for attempt in attempts if not attempt.done()]
        for attempt in attempts:
            if attempt.done() and attempt.exception() is None:
                return attempt
        if not waiting or (end is not None and (attempts[-1].done() or loop.time() >= end)):
            return None
        left = None if end is None else end - loop.time()
        await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
