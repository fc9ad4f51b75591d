"""Migrations: up, down and up again, without drift from the models, by as many releases as there are."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from core.infra import health
from tests.apart import enter, make_database, migrate
from tests.migrations.sold import INSERT_SHOW
from tests.support import HANGS_SECONDS, start_process, wait_until


@pytest.fixture
def url(servers: dict[str, str]) -> Iterator[str]:
    """An empty database of the test's own; this process uses it too."""
    made = make_database(servers["DATABASE_URL"], f"fresh_{uuid.uuid4().hex}")
    with enter({"DATABASE_URL": made}):
        yield made


def describe(url: str) -> set[tuple[str, ...]]:
    """Everything in the schema that has a name."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("""
                SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
                FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
                UNION ALL
                SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
                FROM pg_constraint WHERE connamespace = 'public'::regnamespace
                UNION ALL
                SELECT 'relation', relname, relkind::text, coalesce(array_to_string(reloptions, ','), '')
                FROM pg_class WHERE relnamespace = 'public'::regnamespace
            """)
            return set(cursor.fetchall())
    finally:
        connection.close()


def check(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stderr


def test_up_down_up(url: str) -> None:
    fault = health.find_fault()
    assert fault
    assert "no schema yet" in fault.detail
    assert not fault.is_lasting
    check(migrate(url))
    first = describe(url)
    assert health.find_fault() is None
    check(migrate(url, "check"))
    check(migrate(url, "downgrade", "base"))
    left = {row[1] for row in describe(url)}
    assert left <= {"alembic_version", "alembic_version_pkc"}
    check(migrate(url))
    assert describe(url) == first


def test_payments_are_migrated_again_where_that_died_after_its_commit(url: str) -> None:
    """While the rows of before are read, which takes long; the schema's version is written after that."""
    check(migrate(url))
    schema = describe(url)
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '0019'")
    check(migrate(url))
    check(migrate(url, "check"))
    assert describe(url) == schema


def test_older_schema_is_a_fault_that_says_what_to_do(url: str) -> None:
    check(migrate(url, "upgrade", "0001"))
    fault = health.find_fault()
    assert fault
    assert "0001" in fault.detail
    assert "release" in fault.detail
    assert not fault.is_lasting


def test_newer_schema_is_none_to_start_on_and_one_to_go_on_with(url: str) -> None:
    check(migrate(url))
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    fault = health.find_fault()
    assert fault
    assert "9999" in fault.detail
    assert fault.is_lasting
    assert health.find_service_fault() is None
    refused = migrate(url)
    assert refused.returncode == 1
    assert refused.stderr == f"seatline: {fault}\n"


def test_head_is_what_the_code_expects(url: str) -> None:
    check(migrate(url))
    heads = migrate(url, "heads").stdout.split()[0]
    assert heads == max(path.name[:4] for path in health.MIGRATIONS.glob("[0-9]*.py"))


def test_release_may_run_again_and_beside_itself(url: str) -> None:
    releases = [start_process("release", {"DATABASE_URL": url}) for _ in range(3)]
    assert [release.wait(HANGS_SECONDS) for release in releases] == [0, 0, 0]
    before = describe(url)
    check(migrate(url))
    assert describe(url) == before
    assert health.find_fault() is None


def test_release_waits_for_one_that_takes_its_time(url: str) -> None:
    """A release that builds an index may take minutes; one beside it must not fail, nor hold that up."""
    with closing(psycopg2.connect(url)) as first, closing(psycopg2.connect(url)) as looking:
        first.cursor().execute("SELECT pg_advisory_xact_lock(7328546283)")
        looking.autocommit = True
        with looking.cursor() as cursor:
            release = start_process("release", {"DATABASE_URL": url})
            # It has asked, and asks again: waiting in the server it would have a snapshot.
            asked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'ROLLBACK'"
            wait_until(lambda: find(cursor, f"{asked} AND state = 'idle'"))
            assert not find(cursor, "SELECT FROM pg_tables WHERE tablename = 'alembic_version'")
        assert release.poll() is None
        first.rollback()
        assert release.wait(HANGS_SECONDS) == 0


def test_an_index_waits_for_who_is_older_whatever_limit_the_database_has(url: str) -> None:
    """As one of Citus has it, by the release itself (server_settings.py)."""
    with closing(psycopg2.connect(url)) as older, closing(psycopg2.connect(url)) as looking:
        looking.autocommit = True
        older.set_session(isolation_level="REPEATABLE READ")
        with looking.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET lock_timeout = '1ms'")
            older.cursor().execute("SELECT 1")
            release = start_process("release", {"DATABASE_URL": url})
            waits = "SELECT FROM pg_stat_activity WHERE datname = current_database()"
            builds = "query LIKE '%INDEX CONCURRENTLY%' AND wait_event = 'virtualxid'"
            wait_until(lambda: release.poll() is not None or find(cursor, f"{waits} AND {builds}"))
            assert release.poll() is None
        older.rollback()
        assert release.wait(HANGS_SECONDS) == 0


def test_shows_of_before_are_in_utc_and_the_last_release_goes_on_making_them(url: str) -> None:
    check(migrate(url, "upgrade", "0014"))
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(INSERT_SHOW, {"show_id": 1})
    check(migrate(url))
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(INSERT_SHOW, {"show_id": 2})
        cursor.execute("SELECT time_zone, focus FROM shows")
        assert cursor.fetchall() == [("UTC", None)] * 2


def find(cursor: Any, statement: str) -> bool:
    """Whether the statement finds a row."""
    cursor.execute(statement)
    return bool(cursor.rowcount)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("", 0),
        ("(1, true), (2, true)", 2),
        ("(1, true), (2, false), (3, true)", 1),
        ("(1, true), (2, true), (NULL, false)", 2),
    ],
)
def test_the_brokers_cursor_begins_before_what_it_may_not_have(url: str, events: str, expected: int) -> None:
    """Of events by their place and whether they were published."""
    check(migrate(url, "upgrade", "0008"))
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events DROP CONSTRAINT events_have_a_booking")
        if events:
            cursor.execute(f"""
                INSERT INTO events (id, booking_id, type, payload, position, published_at)
                SELECT gen_random_uuid(), gen_random_uuid(), 'BOOKING_FAILED', '{{}}', position,
                       CASE WHEN is_published THEN now() END
                FROM (VALUES {events}) AS e(position, is_published)
            """)
    check(migrate(url, "upgrade", "0009"))
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name, position FROM event_cursors")
        assert cursor.fetchall() == [("broker", expected)]
