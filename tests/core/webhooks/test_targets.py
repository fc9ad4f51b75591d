"""Where webhook endpoints may be: which addresses are public, which URLs are taken, which are the same."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.webhooks.targets import find_url_fault, identify_url, is_public

PRIVATE_IPV4 = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "169.254.170.2", "168.63.129.16", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "192.0.0.9", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
]  # fmt: skip
PRIVATE_IPV6 = [
    "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "feff::1", "fc00::1", "fd12::1", "fd00:ec2::254",
    "ff02::1", "ff0e::1", "100::1", "5f00::1", "4000::1", "2001:db8::1", "3fff::1", "2001:2::1", "2001:20::1",
    # Ways to write IPv4, of which one is private whatever is in it: compatible, NAT64 of one's own, Teredo.
    "::127.0.0.1", "::1.1.1.1", "64:ff9b:1::101:101", "2001:0:7f00:1::1", "2001::101:101",
]  # fmt: skip
PUBLIC_IPV4 = ["1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "168.63.129.17", "172.32.0.1"]
PUBLIC_IPV6 = ["2606:4700:4700::1111", "2a00:1450:4001::8a"]
# What IPv6 has an IPv4 address within.
WAYS = ["::ffff:{0:x}:{1:x}", "64:ff9b::{0:x}:{1:x}", "2002:{0:x}:{1:x}::1"]
# Written so that libraries disagree on where they lead.
ILL_WRITTEN = [
    "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/",
    "http://017700000001/", "http://127.0.0.01/", "http://1.1.1/", "http://1.1.1.1./", "http://127.0.0.1./",
    "http://localhost./", "http://a.example./", "http://a..example/", "http://.a.example/", "http://a.0x1/",
    "http://%31%32%37.0.0.1/", "http://127.0.0.1%2f.a.example/", "http://a%2eexample/", "http://1.1.1.1%00.a.example/",
    # Fullwidth digits, a letter in a circle, an ideographic full stop, a soft hyphen.
    "http://\uff11\uff12\uff17.0.0.1/", "http://\u24dbocalhost/", "http://127\u30020\u30020\u30021/", "http://a.example:0/",
    "http://a.example\\@127.0.0.1/", "http://127.0.0.1\\.a.example/", "http://a.example@127.0.0.1/",
    "http://@a.example/", "http://:@a.example/", "http://-a.example/", "http://a,b.example/", "http://a.example\t/",
    "http://a\u00ad.example/", "\x01http://a.example/", "http://[fe80::1%25eth0]/", "http://[v1.a]/",
    "http://[2606:4700::1]a.example/", "http://a[2606:4700::1]/", "http://[1.1.1.1]/",
    f"http://{'a' * 64}.example/",
]  # fmt: skip


def put_within(way: str, address: str) -> str:
    number = int(ipaddress.IPv4Address(address))
    return way.format(number >> 16, number & 0xFFFF)


@pytest.mark.parametrize("address", [*PRIVATE_IPV4, *PRIVATE_IPV6])
def test_private_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("address", PRIVATE_IPV4)
def test_private_address_within_another(address: str, way: str) -> None:
    assert not is_public(put_within(way, address))


@pytest.mark.parametrize("address", [*PUBLIC_IPV4, *PUBLIC_IPV6])
def test_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("address", PUBLIC_IPV4)
def test_public_address_within_another(address: str, way: str) -> None:
    assert is_public(put_within(way, address))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_knows_to_be_private(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert not is_public(str(address)) or not (
        address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    )


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "ftp://a.example/", "https://", "https:///path", "//a.example", "file:///etc/passwd",
        "https://user@a.example/", "https://u:p@a.example/", "https://a.example/#part", "https://a.example:x/",
        "https://a.example:99999/", "https://[::1", "https://a.example/a b", "https://ä.example/",
        "http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://a.localhost:1/", "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/", "http://LOCALHOST/", "http://168.63.129.16/", "http://[fd00:ec2::254]/",
        "http://[64:ff9b::a9fe:a9fe]/", "http://[::127.0.0.1]/",
    ],
)  # fmt: skip
def test_url_that_is_refused(url: str) -> None:
    assert find_url_fault(url, allow_private=False)


@pytest.mark.parametrize("allow_private", [False, True])
@pytest.mark.parametrize("url", ILL_WRITTEN)
def test_url_that_is_refused_wherever_it_leads(url: str, *, allow_private: bool) -> None:
    assert find_url_fault(url, allow_private=allow_private)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example", "http://a.example:8080/x?y=z", "https://1.1.1.1/", "https://1.1.1.1.a.example/",
        "https://[2606:4700:4700::1111]:8443/x", "https://xn--4ca.example/", "https://a_b-c.9.example/", "http://a/",
        "https://a.example/%2e?x=%00",
    ],
)  # fmt: skip
def test_url_that_is_taken(url: str) -> None:
    assert find_url_fault(url, allow_private=False) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/", "http://[fc00::1]/"])
def test_refusal_of_a_private_address_says_what_would_allow_it(url: str) -> None:
    assert "WEBHOOK_ALLOW_PRIVATE" in str(find_url_fault(url, allow_private=False))


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://a.example/", "HTTPS://A.Example:443/"),
        ("http://a.example/?x=1", "http://a.example:80/?x=1"),
        ("http://[2606:4700::1]/", "http://[2606:4700:0:0::0001]/"),
    ],
)
def test_one_url_written_in_two_ways(url: str, other: str) -> None:
    assert identify_url(url) == identify_url(other)


@pytest.mark.parametrize(
    "other",
    [
        "http://a.example/x", "https://b.example/x", "https://a.example/X", "https://a.example:8443/x",
        "https://a.example/x/", "https://a.example/x?tenant=1",
    ],
)  # fmt: skip
def test_two_urls(other: str) -> None:
    assert identify_url("https://a.example/x") != identify_url(other)


def test_private_url_where_allowed() -> None:
    assert find_url_fault("http://127.0.0.1:8080/", allow_private=True) is None
    assert find_url_fault("http://localhost/", allow_private=True) is None
    assert find_url_fault("http://user@127.0.0.1/", allow_private=True)
