"""Where a request comes from: as declared proxies tell it, where there are any."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

# A proxy writes an address bare, or with the port that it was called from.
_ADDRESS = re.compile(
    r"\[(?P<v6>[^]]*)\](?::\d{1,5})?|(?P<v4>[\d.]+):\d{1,5}|(?P<bare>.*)", re.ASCII | re.DOTALL
)
SCHEMES = frozenset({"http", "https"})


def trust_proxies(environ: dict[str, Any], proxies: int) -> None:
    """Take over what so many proxies tell of the client: its address, and how it came.

    What is no address, or no scheme, is not taken over: the peer's own counts. Twice is as good as once.
    """
    address = parse_address(_read_told(environ.get("HTTP_X_FORWARDED_FOR", ""), proxies))
    if address is not None:
        environ["REMOTE_ADDR"] = str(address)
    scheme = _read_told(environ.get("HTTP_X_FORWARDED_PROTO", ""), proxies).lower()
    if scheme in SCHEMES:
        environ["wsgi.url_scheme"] = scheme


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


def _read_told(header: str, proxies: int) -> str:
    # Each proxy appends its peer's address; the client may have forged all before the trusted ones.
    told = header.split(",")
    return told[-proxies].strip() if 0 < proxies <= len(told) else ""
