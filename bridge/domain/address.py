"""Hosts, addresses and web URLs: one spelling for each, and which addresses are public.

Facts
- Resolvers take dozens of spellings for one IPv4 address: 127.1, 2130706433, 0x7f.1, 0177.0.0.1; with IDNA also digits and dots of
  other scripts. Parsers differ on where a host ends when there is "@", a backslash or white space: so none of these is let through.
- An IPv6 address may carry an IPv4 address to which a kernel, a NAT64 or a tunnel sends what was meant for it.

Source: WHATWG URL, "host parsing", for a name that ends in a number; IANA IPv4 and IPv6 Special-Purpose Address Registries.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import quote

__all__ = ["WebUrl", "canonical_host", "is_public", "is_public_host", "is_within", "parse_url"]

_MAX_HOST = 253  # RFC 1035
_MAX_URL = 2000
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LIKE_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_URL = re.compile(
    r"(https?)://(\[[0-9a-f:.]*\]|[^\x00-\x20\x7f\\@\[\]:/?]+)(?::([0-9]{1,5}))?([/?][^\x00-\x20\x7f\\]*)?", re.IGNORECASE
)
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))

_NOT_PUBLIC_4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carriers' NAT; the metadata of one cloud
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # a public address, but inside one cloud the way to its machines' agent
            "169.254.0.0/16",  # link-local; the metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; the metadata of one cloud
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_PUBLIC_6: Final = ip_network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocol assignments: Teredo (which carries IPv4 addresses), benchmarks, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which carries IPv4 addresses
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64: Final = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
# names that no public DNS answers for. Source: RFC 6761, RFC 6762, RFC 8375, RFC 9476
_PRIVATE_NAMES: Final = ("localhost", "localdomain", "local", "internal", "home.arpa")


class WebUrl(NamedTuple):
    """An http or https URL without user information and fragment."""

    scheme: str
    # as canonical_host gives it
    host: str
    port: int | None
    # path and query, printable ASCII; begins with "/" or "?", or is ""
    target: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"

    def __repr__(self) -> str:  # clients put tokens into paths and queries
        return f"<WebUrl {self.scheme}://{self.host}>"


def parse_url(text: str) -> WebUrl:
    """Reads an absolute URL of at most 2,000 characters; a fragment is dropped, what is not ASCII is encoded.

    Raises ValueError, whose text holds nothing of the URL, for anything that two parsers could read in two ways.
    """
    match = _URL.fullmatch(text.partition("#")[0]) if len(text) <= _MAX_URL else None
    if match is None:
        raise ValueError("not an absolute http or https URL, or one with user information")
    port = None if match[3] is None else int(match[3])
    if port is not None and not 0 < port < 65536:
        raise ValueError("port out of range")
    try:
        target = quote(match[4] or "", safe=_PRINTABLE)
    except UnicodeEncodeError:  # half a surrogate pair; its text and `object` hold the URL
        raise ValueError("not Unicode") from None
    return WebUrl(match[1].lower(), canonical_host(match[2]), port, target)


def canonical_host(text: str) -> str:
    """The one spelling of a host: a name in lower-case ASCII, an IPv4 address with four numbers, an IPv6 address without brackets.

    text: as a URL has it, an IPv6 address in brackets. Raises ValueError for what is no host; a zone ("%eth0") is none either.
    """
    host = ""
    try:
        if text.startswith("[") and text.endswith("]") and "%" not in text:
            return str(IPv6Address(text[1:-1]))
        if len(text) <= _MAX_HOST:
            host = text.encode("idna").decode().lower().removesuffix(".")
        if _LIKE_A_NUMBER.fullmatch(host):
            return str(IPv4Address(socket.inet_aton(host)))  # as resolvers read it
    except (ValueError, OSError):
        host = ""
    if _NAME.fullmatch(host) is None:
        raise ValueError("not a host")
    return host


def is_public(address: str) -> bool:
    """Whether an address, as text, is one that anybody on the Internet may have."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        inner = IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else ip.ipv4_mapped
        if inner is None:
            return ip in _PUBLIC_6 and not any(ip in network for network in _NOT_PUBLIC_6)
        ip = inner
    return not any(ip in network for network in _NOT_PUBLIC_4)


def is_public_host(host: str) -> bool:
    """Whether a host may be public, before DNS is asked: not a private address, and a name of the public DNS.

    host: as canonical_host gives it.
    """
    if ":" in host or _LIKE_A_NUMBER.fullmatch(host):
        return is_public(host)
    return "." in host and not any(host == name or host.endswith(f".{name}") for name in _PRIVATE_NAMES)


def is_within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether an address, as text, belongs to one of the networks. A socket for both versions shows IPv4 as ::ffff:192.0.2.1."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    inner = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return any((inner or ip) in network for network in networks)
