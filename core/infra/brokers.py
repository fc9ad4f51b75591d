"""Connections to brokers, by kombu and Celery: each with the TLS that its URL asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.pyamqp import SSLTransport
from kombu.transport.redis import Channel, Transport
from kombu.utils.url import maybe_sanitize_url
from redis import Redis

from core.infra.sentinel import is_sentinel, read_sentinels
from core.infra.tls import get_tls_options, strip_tls

# py-amqp's names for what redis-py and Celery's users call so.
AMQP_NAMES = {
    "ssl_cert_reqs": "cert_reqs",
    "ssl_ca_certs": "ca_certs",
    "ssl_certfile": "certfile",
    "ssl_keyfile": "keyfile",
}


class VerifyingTransport(SSLTransport):
    """TLS to RabbitMQ as the URL has it.

    py-amqp compares the certificate with a host name only where it is given one; kombu would give it the
    first of several URLs' for all of them, and 127.0.0.1 for localhost.
    """

    def establish_connection(self) -> Any:
        """Connect, and verify the certificate against this URL's host name. Raises ssl.SSLError."""
        client: Any = self.client
        host, options = client.hostname, client.ssl
        told = {AMQP_NAMES[name]: value for name, value in options.items() if name in AMQP_NAMES}
        client.ssl = told | ({"server_hostname": host} if options["ssl_check_hostname"] else {})
        try:
            return super().establish_connection()
        finally:
            client.hostname, client.ssl = host, options


class ThriftyChannel(Channel):
    """kombu's channel to Redis, with one client: kombu makes one for each command, at a third of the cost."""

    _kept: Redis | None = None

    @contextmanager
    def conn_or_acquire(self, client: Redis | None = None) -> Iterator[Redis]:
        """The client given, else one that is made once. Raises a connection's error on a closed channel."""
        if client is None:
            # A channel that was reset has another pool.
            pool = self.pool
            if self._kept is None or self._kept.connection_pool is not pool:
                self._kept = self._create_client()  # type: ignore[attr-defined]
            client = self._kept
        yield client


class ThriftyTransport(Transport):
    """kombu's transport over Redis, with channels that keep their clients."""

    Channel = ThriftyChannel


# kombu finds a transport by the scheme, whenever it turns to another of several URLs.
TRANSPORT_ALIASES["amqps"] = f"{__name__}:{VerifyingTransport.__name__}"
TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = f"{__name__}:{ThriftyTransport.__name__}"


class BrokerConnection(Connection):
    """kombu's, with the TLS of its URL or URLs; kombu itself verifies nothing unless it is told to.

    It goes by the URL and not by Celery's broker_use_ssl, since Celery may have the URL from elsewhere: from
    CELERY_BROKER_READ_URL, for one.
    """

    def __init__(self, hostname: str, *args: Any, ssl: Any = False, **options: Any) -> None:
        # Connection.clone() passes a host name, and `ssl` as it was resolved.
        if "://" in hostname:
            ssl = get_tls_options(hostname) or False
            hostname = _to_kombu(hostname)
        super().__init__(hostname, *args, ssl=ssl, **options)  # type: ignore[misc]

    def info(self) -> dict[str, Any]:
        """What workers tell of their broker; of a Unix socket kombu would tell the password."""
        told: dict[str, Any] = super().info()
        return told | {"hostname": maybe_sanitize_url(told["hostname"])}


def read_sentinel_options(url: str, *, seconds: float) -> dict[str, Any]:
    """kombu's transport options for sentinels: their master, and how they themselves are asked."""
    if not is_sentinel(url):
        return {}
    found = read_sentinels(url)
    return {"master_name": found.master_name, "sentinel_kwargs": found.make_options(seconds)}


def _to_kombu(url: str) -> str:
    """The URL, or several, as kombu has it: without options of TLS."""
    if is_sentinel(url):
        return read_sentinels(url).url
    return strip_tls(name_socket(url))


def name_socket(url: str) -> str:
    """The URL; a Unix socket's in kombu's scheme, which has no unix://."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"
