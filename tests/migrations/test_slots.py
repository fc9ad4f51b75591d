"""Slots come to tables in use: nothing is lost, nobody waits for long, and any step may be the last."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from tests.apart import make_database, migrate
from tests.migrations.sold import (
    BEFORE,
    BOOKINGS,
    SHOWS,
    SLOTTED,
    check_slots,
    connect,
    read_rows,
    sell,
)
from tests.migrations.test_migrations import check, describe, find
from tests.support import HANGS_SECONDS, start_process, wait_until

# What a process of the service waits for at most.
SERVICE_LIMITS = "-c lock_timeout=2s -c statement_timeout=5s"


@pytest.fixture(scope="module")
def template(servers: dict[str, str]) -> str:
    """The name of a database of the version before in which shows were sold."""
    name = f"before_slots_{uuid.uuid4().hex}"
    url = make_database(servers["DATABASE_URL"], name)
    check(migrate(url, "upgrade", BEFORE))
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        for number, show_id in enumerate(SHOWS):
            sell(cursor, show_id, count=BOOKINGS if number == 0 else 100)
    return name


@pytest.fixture
def url(servers: dict[str, str], template: str) -> str:
    return make_database(servers["DATABASE_URL"], f"slots_{uuid.uuid4().hex}", template=template)


@pytest.fixture
def cursor(url: str) -> Iterator[Any]:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        yield cursor


def test_all_rows_have_their_slots_and_the_last_releases_too(url: str, cursor: Any) -> None:
    before = read_rows(cursor)
    assert min(map(len, before.values())) == len(SHOWS)
    check(migrate(url))
    assert read_rows(cursor) == before
    check_slots(cursor)
    sell(cursor, 4095, count=10)
    check_slots(cursor)
    assert all(len(rows) > len(before[table]) for table, rows in read_rows(cursor).items())


def test_and_back(url: str, cursor: Any) -> None:
    before, schema = read_rows(cursor), describe(url)
    check(migrate(url))
    check(migrate(url, "downgrade", BEFORE))
    assert read_rows(cursor) == before
    assert describe(url) == schema
    sell(cursor, 4095, count=10)


def test_no_row_is_in_another_slot(url: str, cursor: Any) -> None:
    check(migrate(url))
    for table in SLOTTED:
        with pytest.raises(errors.NotNullViolation):
            cursor.execute(f"UPDATE {table} SET slot = NULL")
    for table in ("seats", "bookings", "used_keys", "show_versions"):
        with pytest.raises(errors.CheckViolation):
            cursor.execute(f"UPDATE {table} SET slot = slot + 1")
    for table in ("events", "webhook_deliveries"):
        with pytest.raises(errors.ForeignKeyViolation):
            cursor.execute(f"UPDATE {table} SET slot = slot + 1")


# What holds the migration up in each of its steps, and by what it is seen to have come there.
HELD_UP = {
    "adding": (
        "LOCK TABLE webhook_deliveries IN ACCESS SHARE MODE",
        "SELECT FROM pg_stat_activity WHERE query = 'LOCK TABLE webhook_deliveries IN ACCESS EXCLUSIVE MODE'",
    ),
    "copying": (
        "SELECT FROM seats WHERE show_id = 1 AND seat_number = '4000' FOR UPDATE",
        # The page it is in is all copied but for this one.
        "SELECT FROM seats_flat HAVING count(*) = 3999",
    ),
    "building": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT now()",
        "SELECT FROM pg_index WHERE indexrelid = to_regclass('new_bookings_pkey') AND NOT indisvalid",
    ),
    "swapping": (
        "LOCK TABLE webhook_endpoints IN ACCESS SHARE MODE",
        "SELECT FROM pg_stat_activity WHERE query ~ '^LOCK TABLE .*seats_flat'",
    ),
}


@pytest.mark.parametrize("step", HELD_UP)
def test_one_that_died_is_run_again(url: str, cursor: Any, step: str) -> None:
    before = read_rows(cursor)
    obstacle, there = HELD_UP[step]
    with closing(psycopg2.connect(url)) as other:
        other.cursor().execute(obstacle)
        release = start_process("release", {"DATABASE_URL": url})
        wait_until(lambda: has_come(cursor, there))
        cursor.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)
            """,
            (other.info.backend_pid,),
        )
        assert release.wait(HANGS_SECONDS) != 0
    check_run_again(url, cursor, before)


def test_one_that_failed_among_the_rows_is_run_again(url: str, cursor: Any) -> None:
    """With pages before that one that stand, since they were committed."""
    before = read_rows(cursor)
    cursor.execute("SELECT id FROM bookings ORDER BY id DESC LIMIT 1")
    (last,) = cursor.fetchone()
    cursor.execute(f"""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more'; END $$;
        CREATE TRIGGER fail BEFORE UPDATE ON bookings FOR EACH ROW WHEN (OLD.id = '{last}')
        EXECUTE FUNCTION fail()
    """)
    assert "no more" in migrate(url).stderr
    assert find(cursor, "SELECT FROM bookings WHERE slot IS NOT NULL HAVING count(*) = 6000")
    cursor.execute("DROP TRIGGER fail ON bookings")
    check_run_again(url, cursor, before)


def check_run_again(url: str, cursor: Any, before: dict[str, list[str]]) -> None:
    """The service has gone on meanwhile, and all is there once another release has come to its end."""
    sell(cursor, 4095, count=10)
    after = read_rows(cursor)
    assert all(set(rows) <= set(after[table]) for table, rows in before.items())
    check(migrate(url))
    assert read_rows(cursor) == after
    check_slots(cursor)
    check(migrate(url, "check"))
    assert not find(cursor, "SELECT FROM pg_class WHERE relname ~ '^new_|^seats_(flat|p[0-9])'")


def has_come(cursor: Any, there: str) -> bool:
    with suppress(errors.UndefinedTable, errors.UndefinedColumn):
        return find(cursor, there)
    return False


def read_owners(url: str, show_id: int) -> dict[str, str | None]:
    """Whose the seats of a show are."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT seat_number, booking_id FROM seats WHERE show_id = %s", (show_id,))
        return dict(cursor.fetchall())


class Seller(threading.Thread):
    """Sells and frees a show's seats as the last release does, until it is over; notes whose each is."""

    def __init__(self, url: str, show_id: int) -> None:
        super().__init__()
        self._url, self._show_id = url, show_id
        self.owners = read_owners(url, show_id)
        self.bookings = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        with closing(psycopg2.connect(self._url, options=SERVICE_LIMITS)) as connection:
            while not self.is_over.is_set():
                with connection, connection.cursor() as cursor:
                    self._settle(cursor)

    def _settle(self, cursor: Any) -> None:
        cursor.execute(
            "SELECT version FROM show_versions WHERE show_id = %s FOR NO KEY UPDATE SKIP LOCKED",
            (self._show_id,),
        )
        if not cursor.fetchall():
            return
        id_ = str(uuid.uuid4())
        # Not in the order in which they are copied.
        numbers = [str((17 * self.bookings + n) % 90 + 1) for n in (3, 1, 2)]
        cursor.execute(
            "INSERT INTO bookings (id, show_id, seats, hold, currency) VALUES (%s, %s, %s, false, 'EUR')",
            (id_, self._show_id, numbers),
        )
        for number in numbers:
            owner = None if self.owners[number] else id_
            cursor.execute(
                """
                UPDATE seats SET booking_id = %s, status = %s, hold_expires_at = NULL, version = version + 1
                WHERE show_id = %s AND seat_number = %s AND booking_id IS NOT DISTINCT FROM %s
                """,
                (owner, "booked" if owner else "available", self._show_id, number, self.owners[number]),
            )
            # As it was left, in whichever table.
            assert cursor.rowcount == 1
            self.owners[number] = owner
        cursor.execute(
            "INSERT INTO events (id, booking_id, type, payload)"
            " VALUES (gen_random_uuid(), %s, 'BOOKING_CONFIRMED', '{}')",
            (id_,),
        )
        cursor.execute("UPDATE show_versions SET version = version + 1 WHERE show_id = %s", (self._show_id,))
        self.bookings += 1


def test_the_service_goes_on_selling(url: str, cursor: Any) -> None:
    """None of its statements runs into the limits that the service has for them, nor into a deadlock."""
    sellers = [Seller(url, show_id) for show_id in SHOWS]
    for seller in sellers:
        seller.start()
    try:
        wait_until(lambda: all(seller.bookings > 10 for seller in sellers))
        done = migrate(url)
        sold = [seller.bookings for seller in sellers]
        wait_until(lambda: all(now.bookings > then for now, then in zip(sellers, sold, strict=True)))
    finally:
        for seller in sellers:
            seller.is_over.set()
            seller.join()
    check(done)
    check_slots(cursor)
    for show_id, seller in zip(SHOWS, sellers, strict=True):
        assert read_owners(url, show_id) == seller.owners
    cursor.execute("SELECT count(*) FROM bookings")
    assert cursor.fetchone() == (
        BOOKINGS + 100 * (len(SHOWS) - 1) + sum(seller.bookings for seller in sellers),
    )
