"""Where a request comes from: as declared proxies tell it, where there are any."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

# A proxy writes an address bare, or with the port that it was called from.
_ADDRESS = re.compile(
    r"\[(?P<v6>[^]]*)\](?::\d{1,5})?|(?P<v4>[\d.]+):\d{1,5}|(?P<bare>.*)", re.ASCII | re.DOTALL
)
SCHEMES = frozenset({"http", "https"})


def find_client_address(peer: str, forwarded_for: str | None, proxies: int) -> str:
    """The client's address, as so many proxies tell it in X-Forwarded-For.

    The peer's own, which may have a port, where they tell none: then what they tell is not believed.
    """
    address = parse_address(_read_told(forwarded_for, proxies))
    return strip_port(peer) if address is None else str(address)


def find_scheme(scheme: str, forwarded_proto: str | None, proxies: int) -> str:
    """The scheme that the client used, as so many proxies tell it in X-Forwarded-Proto; else the peer's."""
    told = _read_told(forwarded_proto, proxies).lower()
    return told if told in SCHEMES else scheme


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in a text, with or without port, brackets, zone; None where there is none."""
    found = _ADDRESS.fullmatch(text)
    host = next(part for part in found.groups("") if part) if found and any(found.groups()) else ""
    try:
        # An IPv6 zone has a meaning on the proxy's host only, and no bound on its length.
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    # An IPv4-mapped IPv6 address is the same client as the plain IPv4 address.
    return getattr(address, "ipv4_mapped", None) or address


def _read_told(header: str | None, proxies: int) -> str:
    if not header or proxies < 1:
        return ""
    # Each proxy appends its peer's address; the client may have forged all before the trusted ones.
    told = header.split(",")
    return told[-proxies].strip() if proxies <= len(told) else ""


def strip_port(peer: str) -> str:
    """A peer's address without its port."""
    if peer.startswith("["):
        return peer[1:].partition("]")[0]
    # Bare IPv6 has more colons than one.
    return peer.partition(":")[0] if peer.count(":") == 1 else peer
