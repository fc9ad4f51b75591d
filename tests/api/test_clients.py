"""The client that an allowance belongs to: a principal, an address, or an IPv6 network."""

import pytest

from api.gate.clients import name_client
from api.gate.proxies import find_client_address, find_scheme
from core.access.principals import ADMIN_KEY
from core.access.pseudonyms import hide


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
    ],
)
def test_without_a_credential_it_is_the_address(address: str, network: str) -> None:
    assert name_client(None, address) == hide(network)


def test_with_one_it_is_its_principal_wherever_it_is() -> None:
    assert {name_client(ADMIN_KEY, address) for address in ("203.0.113.7", "2001:db8::7")} == {"admin"}


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("", ""),
    ],
)
def test_peer_counts_where_no_proxy_tells(peer: str, address: str) -> None:
    assert find_client_address(peer, None, 1) == address
    assert find_client_address(peer, "203.0.113.7", 0) == address
    assert find_client_address(peer, "nonsense", 1) == address


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7", "198.51.100.1"),
        (1, "198.51.100.1,[2001:DB8::7]:80", "2001:db8::7"),
    ],
)
def test_declared_proxies_tell_the_address(proxies: int, told: str, address: str) -> None:
    assert find_client_address("192.0.2.1:1", told, proxies) == address


@pytest.mark.parametrize(
    ("proxies", "told", "scheme"),
    [
        (1, "https", "https"),
        (1, "http, HTTPS", "https"),
        (2, "https, http", "https"),
        (1, "ws", "http"),
        (1, None, "http"),
        (0, "https", "http"),
    ],
)
def test_declared_proxies_tell_the_scheme(proxies: int, told: str | None, scheme: str) -> None:
    assert find_scheme("http", told, proxies) == scheme
