"""The client that an allowance belongs to."""

from functools import lru_cache
from ipaddress import IPv6Network

from api.gate.proxies import parse_address
from core.access.principals import Principal
from core.access.pseudonyms import hide

# Providers give each subscriber a /64: a limit by single address would be evaded by changing it.
IPV6_PREFIX_LENGTH = 64
NETWORKS_KEPT = 10_000


def name_client(principal: Principal | None, address: str) -> str:
    """The client: the principal of its credential, else the pseudonym of its address, of IPv6 the /64."""
    return principal.owner if principal else hide(_name_network(address))


@lru_cache(NETWORKS_KEPT)
def _name_network(address: str) -> str:
    found = parse_address(address)
    if found is None or found.version == 4:
        # None where the peer has no address: a socket in the file system.
        return str(found or "")
    return str(IPv6Network((found, IPV6_PREFIX_LENGTH), strict=False))
