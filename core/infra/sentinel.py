"""Redis behind sentinels, which know what server is the master: what a sentinel:// URL says.

`sentinel://user:password@one:26379/0;sentinel://two:26379?master_name=main`. User, password and database are
the master's, and need stand in one of the URLs.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis.backoff import NoBackoff
from redis.retry import Retry

from core.infra.tls import get_tls_options

SCHEME, PORT = "sentinel", 26379
MASTER_NAME = "master_name"


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Addresses of sentinels, their master's name, its connection options, and the TLS options of all.

    `url` has the user, password and database in each of its URLs: kombu fails over from one to the next.
    """

    addresses: list[tuple[str, int]]
    master_name: str
    options: dict[str, Any]
    tls: dict[str, Any]
    url: str

    def make_options(self, seconds: float) -> dict[str, Any]:
        """Connection options of a sentinel, whose share of `seconds` leaves time for the next one."""
        share = seconds / (len(self.addresses) + 1)
        waits = {"socket_timeout": share, "socket_connect_timeout": share}
        return {"retry": Retry(NoBackoff(), 0), **waits, **self.tls}


def is_sentinel(url: str) -> bool:
    """Whether a URL, or several with semicolons, is of sentinels."""
    return urlsplit(url).scheme == SCHEME


def find_sentinel_fault(url: str) -> str | None:
    """The fault of a URL, or of several with semicolons, as one of sentinels; None where it is none."""
    urls = [urlsplit(one) for one in url.split(";")]
    if not any(each.scheme == SCHEME for each in urls):
        return None
    if not all(each.scheme == SCHEME and each.hostname for each in urls):
        return "must have a host, and the scheme sentinel://, in each of its URLs"
    if len(_list_master_names(urls)) != 1:
        return "must name the master that the sentinels watch, once: sentinel://host:26379/0?master_name=…"
    users, databases = _list_users(urls), _list_databases(urls)
    if len(users) > 1 or len(databases) > 1:
        return "names several users, passwords or databases, and its master has one of each"
    return None if all(map(str.isdecimal, databases)) else "has a database that is no number"


def read_sentinels(url: str) -> Sentinels:
    """Parse URLs that have no fault."""
    urls = [urlsplit(one) for one in url.split(";")]
    (master_name,) = _list_master_names(urls)
    user, database = next(iter(_list_users(urls)), ""), int(next(iter(_list_databases(urls)), 0))
    name, _, password = user.partition(":")
    said = {"username": unquote(name), "password": unquote(password), "db": database}
    tls, at = get_tls_options(url), f"{user}@" if user else ""
    hosts = [each.netloc.rpartition("@")[2] for each in urls]
    return Sentinels(
        addresses=[(each.hostname or "", each.port or PORT) for each in urls],
        master_name=master_name,
        options={name: value for name, value in said.items() if value},
        tls={"ssl": True, **tls} if tls else {},
        url=";".join(f"{SCHEME}://{at}{host}/{database}" for host in hosts),
    )


def _list_master_names(urls: list[SplitResult]) -> set[str]:
    return {name for each in urls for name in parse_qs(each.query).get(MASTER_NAME, ())}


def _list_users(urls: list[SplitResult]) -> set[str]:
    return {user for each in urls if (user := each.netloc.rpartition("@")[0])}


def _list_databases(urls: list[SplitResult]) -> set[str]:
    return {database for each in urls if (database := each.path.strip("/"))}
