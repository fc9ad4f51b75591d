"""Where webhook endpoints may be, without I/O: which URLs are taken, and which addresses are public."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
# A name, or an IPv4 address, in the one way that everybody reads alike: no %-codes, no dot at its end.
NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
BRACKETED = re.compile(r"\[[0-9a-f:.]+\](:[0-9]*)?")
# What resolvers take for a number: `127.1`, `2130706433`, `0177.0.0.1`, `0x7f.1`.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Named one by one, as Python's own list changes with its version. What IANA calls special, and where clouds
# keep what is theirs (168.63.129.16 is Azure's, a public address by all other means).
PRIVATE_IPV4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
# Nothing else of IPv6 is for the public: so fc00::/7, fe80::/10, fec0::/10 and ff00::/8 need no mention.
PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
# 2001::/23 has Teredo (2001::/32) in it.
PRIVATE_IPV6 = [ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20")]
# Where IPv6 has an IPv4 address in it, and how many bits are behind that.
IPV4_WITHIN = {
    ipaddress.IPv6Network("::ffff:0:0/96"): 0,
    ipaddress.IPv6Network("64:ff9b::/96"): 0,
    ipaddress.IPv6Network("2002::/16"): 80,
}


def find_url_fault(url: str, *, allow_private: bool) -> str | None:
    """What is wrong with an endpoint's URL, as far as it can be told without asking for its address."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return "must be written in ASCII, without spaces"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if fault := _find_fault(parts, host, port):
        return fault
    if allow_private or _may_be_public(host):
        return None
    return "must not be a private or local address, unless the operator sets WEBHOOK_ALLOW_PRIVATE=true"


def _find_fault(parts: SplitResult, host: str, port: int | None) -> str | None:
    if parts.scheme not in DEFAULT_PORTS or not host or port == 0:
        return "must begin with https:// or http:// and name a host"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must have no user, password or fragment"
    if not _is_well_written(parts, host):
        return "must name its host by a name without a dot at its end, or by an address in its usual form"
    return None


def identify_url(url: str) -> tuple[object, ...]:
    """What two URLs of endpoints have in common that lead to the same place, however they are written."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or DEFAULT_PORTS[parts.scheme]
    host = str(ipaddress.ip_address(host)) if _is_address(host) else host
    return parts.scheme, host, port, parts.path or "/", parts.query


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet, looking through IPv6's ways to write IPv4.

    Raises ValueError for what is no IP address.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        for network, bits in IPV4_WITHIN.items():
            if parsed in network:
                return is_public(str(ipaddress.IPv4Address(int(parsed) >> bits & 0xFFFF_FFFF)))
        is_listed = parsed not in PUBLIC_IPV6 or any(parsed in network for network in PRIVATE_IPV6)
    else:
        is_listed = any(parsed in network for network in PRIVATE_IPV4)
    return not is_listed and parsed.is_global and not parsed.is_multicast


def _is_well_written(parts: SplitResult, host: str) -> bool:
    if "[" in parts.netloc:
        return BRACKETED.fullmatch(parts.netloc.lower()) is not None and _is_address(host)
    if NAME.fullmatch(host) is None:
        return False
    return _is_address(host) if NUMBER.fullmatch(host.rpartition(".")[2]) else True


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _may_be_public(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return False
    return not _is_address(host) or is_public(host)
