"""Where URLs of clients may lead: to public addresses, or to hosts that the operator allows.

Facts
- Whoever names a URL makes the bridge talk to a host that he cannot reach himself: the machine, its network, a cloud's metadata.
- What DNS says when a URL is looked at need not be what it says when the connection is made.

Strategy: a URL is looked at when it comes, so that the client reads what is wrong; what decides is `permit`, which the engine asks
about the very address that it is about to connect to. Redirects are never followed, and such requests never go through a proxy.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.domain.address import canonical_host, is_public, is_public_host, parse_url
from bridge.errors import Reason

__all__ = ["Guard"]

NOT_A_URL = Reason(
    "{field} http:// ya da https:// ile başlayan, kullanıcı adı içermeyen bir adres olmalıdır.",
    "{field} must be an http:// or https:// URL without user information.",
)
NOT_PUBLIC = Reason("{field} iç ağdaki bir adres olamaz.", "{field} must not lead to a private address.")


class Guard:
    """Says which URLs and addresses are allowed."""

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        """allow_hosts: names or addresses, as `canonical_host` gives them, that are allowed although private."""
        self._allowed = frozenset(allow_hosts)

    def objection(self, url: str) -> Reason | None:
        """Why a URL is not taken (its parameter is `field`), or None when nothing speaks against it before DNS is asked."""
        try:
            host = parse_url(url).host
        except ValueError:
            return NOT_A_URL
        return None if host in self._allowed or is_public_host(host) else NOT_PUBLIC

    def permit(self, host: str, address: str) -> bool:
        """Whether a connection may be made. host: of the URL. address: what it was resolved to."""
        return is_public(address) or _canonical(host) in self._allowed


def _canonical(host: str) -> str:
    """host: as an engine has it, an IPv6 address without brackets."""
    try:
        return canonical_host(f"[{host}]" if ":" in host else host)
    except ValueError:
        return ""
