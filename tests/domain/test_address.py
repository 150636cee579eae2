"""Hosts, addresses and URLs, in all their spellings."""

from __future__ import annotations

import ipaddress

import pytest

from bridge.domain.address import canonical_host, is_public, is_public_host, is_within, parse_url

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "168.63.129.15",
    "2a00:1450:4001::1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    # what a resolver of an IPv6 network makes of a public IPv4 address, and what a kernel takes for one
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]
PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",  # the metadata of a cloud
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # the metadata of a cloud
    "169.254.169.254",  # the metadata of most
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # the metadata of a cloud
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # "compatible", which nobody uses
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1",  # "translated"
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:2::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # the metadata of a cloud
    "fe80::1",
    "fe80::1%eth0",
    "2a00:1450:4001::1%2",
    "fec0::1",
    "ff02::1",
    "",
    "localhost",
    "127.1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address):
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC + PRIVATE)
def test_nothing_is_public_that_python_calls_private(address):
    """Its own table is of its version; ours must be as strict as any of them."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return
    embedded = "::ffff:8.8.8.8", "64:ff9b::808:808"
    if address not in embedded and (ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved):
        assert not is_public(address)


HOSTS = {
    "example.com": "example.com",
    "EXAMPLE.Com.": "example.com",
    "a_b.example": "a_b.example",
    "xn--irket-idb.com.tr": "xn--irket-idb.com.tr",
    "şirket.com.tr": "xn--irket-idb.com.tr",
    "ŞIRKET.com.tr": "xn--irket-idb.com.tr",
    "127.0.0.1": "127.0.0.1",
    "127.1": "127.0.0.1",
    "127.0.1": "127.0.0.1",
    "2130706433": "127.0.0.1",
    "0x7f000001": "127.0.0.1",
    "0X7F.1": "127.0.0.1",
    "0x7f.0x0.0x0.0x1": "127.0.0.1",
    "017700000001": "127.0.0.1",
    "0177.0.0.01": "127.0.0.1",
    "127.0.0.1.": "127.0.0.1",
    "①②⑦.⓪.⓪.①": "127.0.0.1",
    "１２７.0.0.1": "127.0.0.1",
    "127。0．0｡1": "127.0.0.1",
    "[::1]": "::1",
    "[0:0:0:0:0:0:0:1]": "::1",
    "[0000::0001]": "::1",
    "[FE80::A]": "fe80::a",
}
NO_HOSTS = [
    "",
    ".",
    "a..b",
    ".example.com",
    "exa mple.com",
    "exa\tmple.com",
    "a/b",
    "a@b",
    "a\\b",
    "a:80",
    "%31%32%37.0.0.1",
    "127.0.0.1%00.example.com",
    "256.0.0.1",
    "1.2.3.4.5",
    "foo.1",
    "foo.0x1",
    "0x",
    "08",
    "4294967296",
    "[::1",
    "::1",
    "[::1%25eth0]",
    "[::1%eth0]",
    "[1.2.3.4]",
    "[v1.a]",
    "[]",
    "a" * 64 + ".example",
    "a." * 130 + "example",
    "\ud800.example",
    "e\u2100xample.com",  # becomes "a/c"
]


@pytest.mark.parametrize("text", HOSTS)
def test_a_host_has_one_spelling(text):
    assert canonical_host(text) == HOSTS[text]


@pytest.mark.parametrize("text", NO_HOSTS)
def test_what_is_no_host(text):
    with pytest.raises(ValueError, match=r"^not a host$"):
        canonical_host(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", True),
        ("notlocalhost.com", True),
        ("local.example", True),
        ("server1.example2.com", True),
        ("localhost", False),
        ("foo.localhost", False),
        ("localhost.localdomain", False),
        ("printer.local", False),
        ("metadata.google.internal", False),
        ("nas.home.arpa", False),
        ("intranet", False),
        ("127.0.0.1", False),
        ("8.8.8.8", True),
        ("::1", False),
        ("2606:4700::1111", True),
    ],
)
def test_hosts_that_may_be_public(host, expected):
    assert is_public_host(host) is expected


URLS = {
    "http://example.com": "http://example.com",
    "HTTPS://Example.COM:8443/Path?x=1&y=@2#fragment": "https://example.com:8443/Path?x=1&y=@2",
    "http://example.com?x": "http://example.com?x",
    "http://example.com/ağaç?ü=1": "http://example.com/a%C4%9Fa%C3%A7?%C3%BC=1",
    "http://example.com/%20%2F": "http://example.com/%20%2F",
    "http://0x7f.1:80/": "http://127.0.0.1:80/",
    "http://[0:0::1]:8080/": "http://[::1]:8080/",
    "http://a/@b": "http://a/@b",
    "http://a?@b": "http://a?@b",
    "http://a#@b": "http://a",
}
NO_URLS = [
    "",
    "example.com",
    "//example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "http:example.com",
    "http:/example.com",
    "http:///path",
    "http://:80/",
    "http://public@127.0.0.1/",
    "http://user:password@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http:\\\\127.0.0.1\\",
    "http://example.com\\.evil.example/",
    "http://exam\tple.com/",
    "http://example.com/\r\nX-Injected: 1",
    "http://example.com/a b",
    "http://example.com/a\\b",
    "http://example.com/\x00",
    " http://example.com/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:-1/",
    "http://example.com:/",
    "http://example.com:٨٠/",
    "http://example.com:http/",
    "http://[::1%25lo]/",
    "http://[::1]x/",
    "http://x[::1]/",
    "http://exa<mple.com/",
    "http://example.com/\ud800",
    f"http://example.com/{'x' * 2000}",
]


@pytest.mark.parametrize("text", URLS)
def test_a_url(text):
    assert str(parse_url(text)) == URLS[text]
    assert str(parse_url(URLS[text])) == URLS[text]


@pytest.mark.parametrize("text", NO_URLS)
def test_what_is_no_url_or_two(text):
    with pytest.raises(ValueError, match=r"^(not a|port out of|not Unicode)") as caught:
        parse_url(text)
    assert "127.0.0.1" not in str(caught.value)


def test_a_url_shows_no_more_than_its_host():
    assert repr(parse_url("https://hooks.example/Mark-Token?key=Mark-Token")) == "<WebUrl https://hooks.example>"


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("::ffff:10.1.2.3", True),  # as a socket for both versions shows it
        ("::ffff:11.1.2.3", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("10.1.2", False),
        ("unix", False),
    ],
)
def test_addresses_of_networks(address, inside):
    networks = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8::/32")]
    assert is_within(address, networks) is inside
    assert is_within(address, []) is False
