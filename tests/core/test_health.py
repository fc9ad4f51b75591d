"""Whether the database is fit: each fault by its SQLSTATE, whatever the language, and whether it lasts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

import psycopg2
import pytest
from sqlalchemy import text

from core.infra import health
from core.infra.db import primary
from core.infra.faults import Fault
from tests.apart import enter, make_migrated_database
from tests.measuring import measured
from tests.support import run_deaf_port, run_silent_port

# A start-up message is longer.
REQUEST_FOR_TLS = 8


@pytest.fixture(scope="module")
def url(servers: dict[str, str]) -> str:
    """A migrated database of this module's own."""
    return make_migrated_database(servers["DATABASE_URL"], "health")


def find(url: str) -> Fault | None:
    with enter({"DATABASE_URL": url}):
        return health.find_fault()


def name_fault(url: str) -> tuple[str, bool]:
    """What is said, and whether it lasts; nothing in it is secret."""
    fault = find(url)
    assert fault
    assert fault.variable == "DATABASE_URL"
    for secret in filter(None, (urlsplit(url).password, "127.0.0.1")):
        assert secret not in str(fault)
    return fault.detail, fault.is_lasting


@contextmanager
def run_refusing_port(sqlstate: str) -> Iterator[int]:
    """A loopback port where a server lets nobody in, and says so in another language than libpq's."""
    fields = b"SFATAL\0VFATAL\0C" + sqlstate.encode() + b"\0Mle syst\xc3\xa8me d\xc3\xa9marre\0\0"

    def refuse() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    while len(connection.recv(1024)) == REQUEST_FOR_TLS:
                        connection.sendall(b"N")
                    connection.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=refuse, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def test_fit_database_has_no_fault(url: str) -> None:
    assert find(url) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("postgres:", "postgres:wrong", "password"),
        ("//postgres:", "//nobody:", "role"),
        ("/health", "/elsewhere", "no such database"),
        ("/health", "/health?no_option=1", "option of the URL"),
        ("/health", "/health?target_session_attrs=no-value", "option of the URL"),
    ],
)
def test_what_waiting_mends_not_lasts(url: str, old: str, new: str, said: str) -> None:
    detail, is_lasting = name_fault(url.replace(old, new))
    assert said in detail
    assert is_lasting


def test_missing_password_lasts(url: str) -> None:
    detail, is_lasting = name_fault(url.replace(f":{urlsplit(url).password}@", "@"))
    assert "wants a password" in detail
    assert is_lasting


@pytest.mark.parametrize(
    ("sqlstate", "said", "is_lasting"),
    [
        ("57P03", "starting", False),
        ("57P01", "does not answer", False),
        ("53300", "no connection left", False),
        ("28000", "role", True),
        ("3D000", "no such database", True),
    ],
)
def test_refusal_is_told_by_its_sqlstate(sqlstate: str, said: str, is_lasting: bool) -> None:
    with run_refusing_port(sqlstate) as port:
        detail, lasts = name_fault(f"postgresql://u:p4ssw0rd@127.0.0.1:{port}/d")
    assert said in detail
    assert lasts == is_lasting


def test_server_that_says_nothing_is_waited_for_and_given_up_in_time() -> None:
    with run_silent_port() as silent, run_deaf_port() as deaf:
        for port in (1, silent, deaf):
            with measured() as took:
                found = name_fault(f"postgresql://u:p4ssw0rd@127.0.0.1:{port}/d")
            assert found == ("the database does not answer", False)
            assert took.quiet < 4


def test_one_of_several_hosts_is_enough(url: str) -> None:
    place = urlsplit(url).netloc.rpartition("@")[2]
    with run_silent_port() as silent:
        several = url.replace(place, f"127.0.0.1:1,127.0.0.1:{silent},{place}")
        assert find(f"{several}?target_session_attrs=read-write") is None


@pytest.fixture
def read_only(url: str) -> Iterator[None]:
    """The database takes no writes."""
    _run(url, "ALTER DATABASE health SET default_transaction_read_only = on")
    yield
    _run(url, "ALTER DATABASE health RESET default_transaction_read_only")


def _run(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url, options="-c default_transaction_read_only=off")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.usefixtures("read_only")
@pytest.mark.parametrize("option", ["", "?target_session_attrs=read-write"])
def test_read_only_database_is_waited_for(url: str, option: str) -> None:
    detail, is_lasting = name_fault(url + option)
    assert "read-only" in detail
    assert not is_lasting


@pytest.mark.usefixtures("read_only")
def test_process_that_runs_and_finds_no_server_to_write_on_tells_so(url: str) -> None:
    with enter({"DATABASE_URL": f"{url}?target_session_attrs=read-write"}):
        assert health.find_service_fault() is health.CANNOT_WRITE


def test_role_that_one_host_refuses_is_refused_by_all(url: str) -> None:
    place = urlsplit(url).netloc.rpartition("@")[2]
    with run_refusing_port("28P01") as refusing, run_refusing_port("57P03") as starting:
        several = url.replace(place, f"127.0.0.1:{starting},127.0.0.1:{refusing},{place}")
        assert name_fault(several)[1]


def test_process_that_runs_lets_go_of_a_database_that_became_read_only(url: str) -> None:
    with enter({"DATABASE_URL": url}):
        assert health.find_service_fault() is None
        # As a failover does: of the sessions that are there nobody asks.
        with primary() as connection:
            connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
        found = health.find_service_fault()
        assert found is health.CANNOT_WRITE
        assert health.find_service_fault() is None


def test_database_that_may_not_be_asked_is_told_in_one_line(url: str) -> None:
    _run(url, "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'p4ssw0rd'")
    place = urlsplit(url).netloc.rpartition("@")[2]
    detail, is_lasting = name_fault(f"postgresql://stranger:p4ssw0rd@{place}/health")
    assert "42501" in detail
    assert is_lasting
