"""Where a request comes from, and where its client believes to be, behind proxies."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Scope

from bridge.domain.address import is_within
from bridge.settings import Network
from bridge.soap.wsdl import public_address

__all__ = ["Proxies"]

Headers = Mapping[bytes, bytes]


class Proxies:
    """Those whose X-Forwarded headers are believed."""

    def __init__(self, networks: tuple[Network, ...], public_url: str | None, port: int) -> None:
        """public_url, port: as `public_address` has them."""
        self._networks, self._public_url, self._port = networks, public_url, port

    def client(self, scope: Scope, headers: Headers) -> str:
        """The client's address: behind trusted proxies, the last one that they did not add themselves. "" when there is none."""
        address = _peer(scope)
        if not self._trusts(address):
            return address
        hops = [hop.strip() for hop in (_text(headers.get(b"x-forwarded-for")) or "").split(",")]
        return next((hop for hop in reversed(hops) if hop and not self._trusts(hop)), address)

    def service(self, scope: Scope, headers: Headers) -> str:
        """The address under which the client reaches the service, for the WSDL."""
        trusted = self._trusts(_peer(scope))
        return public_address(
            self._public_url,
            scope["scheme"],
            _text(headers.get(b"host")),
            scope["path"],
            _text(headers.get(b"x-forwarded-proto")) if trusted else None,
            _text(headers.get(b"x-forwarded-host")) if trusted else None,
            port=self._port,
        )

    def _trusts(self, address: str) -> bool:
        # most have none, and to read an address takes microseconds
        return bool(self._networks) and is_within(address, self._networks)


def _peer(scope: Scope) -> str:
    return str(scope["client"][0]) if scope["client"] else ""


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
