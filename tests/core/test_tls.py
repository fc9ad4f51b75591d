"""Certificates: each client of each URL verifies them, chain and name, unless the URL says otherwise."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flower.utils.broker import Broker
from kombu.exceptions import OperationalError
from limits.errors import ConcurrentUpdateError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.errors import UnavailableError
from core.events.publisher import publish
from core.infra.async_redis import LoopRedis
from core.infra.jobs import SWEEP, get_celery
from core.infra.redis import get_redis
from core.infra.tls import find_tls_fault, get_tls_options, is_verified, strip_tls
from local.checks import connect_redis
from tests.apart import enter
from tests.support import HANGS_SECONDS, wait_until
from tests.tls import Authority, Front

EVENT = {"id": "1", "type": "BOOKING_CONFIRMED"}
REFUSALS = (RedisError, OSError, OperationalError, UnavailableError, PermissionError, ConcurrentUpdateError)


def use_cache(url: str) -> None:
    with enter({"REDIS_URL": url}), get_redis() as redis:
        redis.ping()


def use_loop(url: str) -> None:
    with enter({"REDIS_URL": url}):
        asyncio.run(LoopRedis().call("PING"))


def use_nudger(url: str) -> None:
    with enter({"CELERY_BROKER_URL": url}):
        get_celery().send_task(SWEEP, queue="elsewhere", retry=False)


def use_consumer(url: str) -> None:
    with enter({"CELERY_BROKER_URL": url}), get_celery().connection_for_read() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=HANGS_SECONDS)
        connection.default_channel.queue_declare("elsewhere")


def use_publisher(url: str) -> None:
    with enter({"EVENTS_BROKER_URL": url}):
        publish([EVENT])


def use_flower(url: str) -> None:
    with enter({"CELERY_BROKER_URL": url}):
        conf = get_celery().conf
        broker = Broker(
            conf.broker_url, broker_options=conf.broker_transport_options, broker_use_ssl=conf.broker_use_ssl
        )
        asyncio.run(broker.queues(["bookings"]))


def is_used(use: Callable[[str], None], url: str) -> bool:
    """Whether the server is; some have a quarter of a second for it, which a busy machine may not."""
    try:
        use(url)
    except (TimeoutError, RedisTimeoutError):
        return False
    return True


BROKERS: list[Callable[[str], None]] = [use_nudger, use_consumer, use_publisher]
CLIENTS = [*BROKERS, use_cache, use_loop, use_flower, connect_redis]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another authority, which our server knows nothing of."""
    return Authority(tmp_path_factory.mktemp("other"))


@pytest.fixture
def front(authority: Authority, database: dict[str, str]) -> Iterator[Front]:
    """Redis behind TLS, as localhost."""
    with authority.run_front(urlsplit(database["REDIS_URL"]).port) as front:
        yield front


def make_url(database: dict[str, str], port: int, options: str, host: str = "localhost") -> str:
    """Redis's URL by way of a front."""
    parts = urlsplit(database["REDIS_URL"])
    password = f":{parts.password}@" if parts.password else ""
    return f"rediss://{password}{host}:{port}{parts.path}{options}"


@pytest.mark.parametrize("use", CLIENTS)
def test_server_that_proves_who_it_is_is_used(
    use: Callable[[str], None], front: Front, authority: Authority, database: dict[str, str]
) -> None:
    wait_until(lambda: is_used(use, make_url(database, front.port, f"?ssl_ca_certs={authority.path}")))
    assert front.heard


@pytest.mark.parametrize("use", CLIENTS)
def test_server_of_an_unknown_authority_is_told_nothing(
    use: Callable[[str], None], front: Front, other: Authority, database: dict[str, str]
) -> None:
    for options in (
        "",
        f"?ssl_ca_certs={other.path}",
        "?ssl_cert_reqs=optional",
        "?ssl_cert_reqs=CERT_REQUIRED",
    ):
        with pytest.raises(REFUSALS):
            use(make_url(database, front.port, options))
    assert front.heard == b""


@pytest.mark.parametrize("use", CLIENTS)
def test_server_of_another_name_is_told_nothing(
    use: Callable[[str], None], front: Front, authority: Authority, database: dict[str, str]
) -> None:
    with pytest.raises(REFUSALS):
        use(make_url(database, front.port, f"?ssl_ca_certs={authority.path}", host="127.0.0.1"))
    assert front.heard == b""


@pytest.mark.parametrize("use", CLIENTS)
@pytest.mark.parametrize("spelling", ["none", "CERT_NONE"])
def test_any_server_is_used_where_the_url_says_so(
    use: Callable[[str], None], spelling: str, front: Front, database: dict[str, str]
) -> None:
    url = make_url(database, front.port, f"?ssl_cert_reqs={spelling}", host="127.0.0.1")
    wait_until(lambda: is_used(use, url))
    assert front.heard


@pytest.mark.parametrize("use", BROKERS)
def test_rabbitmq_has_to_prove_who_it_is(
    use: Callable[[str], None], authority: Authority, other: Authority, database: dict[str, str]
) -> None:
    """By a listener that is none: whoever takes it for RabbitMQ says so in the first bytes."""
    known, unknown = f"?ssl_ca_certs={authority.path}", f"?ssl_ca_certs={other.path}"
    for host, options, is_told in (
        ("localhost", known, True),
        ("127.0.0.1", "?ssl_cert_reqs=none", True),
        ("localhost", "?ssl_cert_reqs=CERT_NONE", True),
        ("127.0.0.1", known, False),
        ("localhost", unknown, False),
        ("localhost", "", False),
    ):
        with authority.run_front(None) as front, pytest.raises(REFUSALS):
            use(f"amqps://user:password@{host}:{front.port}//{options}")
        assert front.heard.startswith(b"AMQP") is is_told, (host, options)


def test_each_of_several_rabbitmqs_is_held_to_its_own_name(
    authority: Authority, database: dict[str, str]
) -> None:
    options = f"?ssl_ca_certs={authority.path}"
    with (
        authority.run_front(None, name="127.0.0.1") as first,
        authority.run_front(None) as second,
        authority.run_front(None, name="elsewhere") as third,
    ):
        urls = [
            f"amqps://{host}:{front.port}//{options}"
            for host, front in (("127.0.0.1", first), ("localhost", second), ("localhost", third))
        ]
        with enter({"CELERY_BROKER_URL": ";".join(urls)}), get_celery().connection_for_write() as connection:
            for _ in range(2):
                for _ in urls:
                    with pytest.raises(OSError):
                        connection.transport.establish_connection()
                    connection.maybe_switch_next()
    assert first.heard.startswith(b"AMQP")
    assert second.heard.startswith(b"AMQP")
    assert third.heard == b""


def test_what_is_without_tls_stays_as_it_is() -> None:
    for url in (
        "redis://:pa%3Fss@host:6379/0?db=1",
        "unix:///run/redis.sock?db=1",
        "sentinel://a:26379;sentinel://b:26379",
        "amqp://user:pass@host:5672//",
        "redis://a;amqp://b",
    ):
        assert (strip_tls(url), get_tls_options(url), find_tls_fault(url)) == (url, {}, None)
        assert is_verified(url)


def test_other_options_of_a_url_stay() -> None:
    assert strip_tls("rediss://h/0?db=1&ssl_cert_reqs=none&a=%3F") == "rediss://h/0?db=1&a=%3F"
    assert strip_tls("rediss://a?ssl_cert_reqs=none;rediss://b?ssl_cert_reqs=none") == "rediss://a;rediss://b"


def test_sentinels_have_tls_where_an_option_says_so(authority: Authority) -> None:
    options = get_tls_options(f"sentinel://a:26379/0?ssl_ca_certs={authority.path}")
    assert options == {
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
        "ssl_check_hostname": True,
        "ssl_ca_certs": str(authority.path),
    }


@pytest.mark.parametrize(
    "url",
    [
        "rediss://h?ssl_cert_reqs=maybe",
        "rediss://h?ssl_cert_reqs=",
        "rediss://h?ssl_check_hostname=false",
        "rediss://h?ssl_ca_certs=/no/such/file",
        "rediss://h?ssl_ca_certs={not_pem}",
        "rediss://h?ssl_certfile={not_pem}",
        "rediss://h?ssl_keyfile={not_pem}",
        "redis://h?ssl_cert_reqs=none",
        "amqp://h?ssl_ca_certs={not_pem}",
        "rediss://a?ssl_cert_reqs=none;rediss://b",
        "rediss://a;redis://b",
        "amqps://a;amqp://b",
    ],
)
def test_what_is_wrong_is_found(url: str, tmp_path: Path) -> None:
    not_pem = tmp_path / "not.pem"
    not_pem.write_text("no certificate")
    assert find_tls_fault(url.format(not_pem=not_pem))
