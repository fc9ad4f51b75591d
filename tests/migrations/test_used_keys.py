"""Keys while an upgrade is under way: of the version before, which goes on, and of this one beside it."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2.errors import LockNotAvailable

from core.bookings.idempotency import Key
from core.bookings.requests import NewBooking
from tests.acting import accept_booking
from tests.apart import enter, make_database, migrate
from tests.support import ADMIN_KEY

BEFORE = "0009"
LONG, SHORT = "a key of sixteen or more", "short"
ADMINS = f"key:{hashlib.sha256(f'Bearer {ADMIN_KEY}'.encode()).hexdigest()}"
# As the version before had it.
OLD_INSERT = """
    WITH claimed AS (
        INSERT INTO idempotency_keys (client, key, fingerprint, booking_ids)
        VALUES (%(client)s, %(key)s, 'f', ARRAY[%(id)s::uuid])
        ON CONFLICT DO NOTHING RETURNING booking_ids
    )
    INSERT INTO bookings (id, show_id, seats, hold, currency)
    SELECT %(id)s, %(show_id)s, '{1}', false, 'EUR' FROM claimed
"""
SHOW = """
    INSERT INTO shows (name, start_time, total_seats, currency, price, sections, hold_seconds,
                       max_seats_per_booking, payment_required)
    VALUES ('A show', now() + interval '1 day', 10, 'EUR', 0, '[]', 120, 10, false) RETURNING id
"""


@pytest.fixture
def url(servers: dict[str, str]) -> Iterator[str]:
    """A database of the version before, which this process uses too."""
    made = make_database(servers["DATABASE_URL"], f"keys_{uuid.uuid4().hex}")
    with enter({"DATABASE_URL": made}):
        migrated = migrate(made, "upgrade", BEFORE)
        assert migrated.returncode == 0, migrated.stderr
        yield made


@pytest.fixture
def old(url: str) -> Iterator[Any]:
    """A connection of the version before: each statement commits by itself."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def make_show(old: Any) -> int:
    old.execute(SHOW)
    (show_id,) = old.fetchone()
    old.execute("INSERT INTO show_versions (show_id, total, available) VALUES (%s, 10, 10)", (show_id,))
    old.execute(
        "INSERT INTO show_halls (show_id, description) VALUES (%s, %s)",
        (show_id, '{"total_seats": 10, "price": 0}'),
    )
    return int(show_id)


def book(old: Any, show_id: int, client: str, key: str) -> str | None:
    """The id of what the version before booked under a key; None where that was used before."""
    id_ = str(uuid.uuid4())
    old.execute(OLD_INSERT, {"client": client, "key": key, "id": id_, "show_id": show_id})
    return id_ if old.rowcount else None


def upgrade(url: str) -> None:
    migrated = migrate(url)
    assert migrated.returncode == 0, migrated.stderr


def read_keys(old: Any) -> list[tuple[str, int, str, str]]:
    old.execute("SELECT principal, show_id, key, booking_ids[1]::text FROM used_keys ORDER BY created_at")
    return list(old.fetchall())


def accept(show_id: int, key: str, principal: str = "anonymous") -> tuple[bool, str]:
    """Whether this version replays a key, and the booking's id."""
    accepted = accept_booking(NewBooking(show_id=show_id, seats=("1",)), Key(principal, key, "f"))
    return accepted.is_replay, str(accepted.bookings[0].id)


def test_keys_from_before_are_found_by_their_clients(url: str, old: Any) -> None:
    """An address becomes nobody in particular, the admin key's digest the admin; the earliest wins."""
    show_id, other = make_show(old), make_show(old)
    first = book(old, show_id, "address:192.0.2.1", LONG)
    assert book(old, show_id, "address:192.0.2.2", LONG)
    made_up = book(old, other, "key:made up", LONG)
    admins = [book(old, show_id, ADMINS, key) for key in (LONG, SHORT)]
    # Nobody may use it any more, and nobody is to find it.
    assert book(old, show_id, "address:192.0.2.1", SHORT)
    upgrade(url)
    assert read_keys(old) == [
        ("anonymous", show_id, LONG, first),
        ("anonymous", other, LONG, made_up),
        ("admin", show_id, LONG, admins[0]),
        ("admin", show_id, SHORT, admins[1]),
    ]
    assert accept(show_id, LONG) == (True, first)
    assert accept(other, LONG) == (True, made_up)
    assert accept(show_id, SHORT, "admin") == (True, admins[1])


def test_a_key_has_one_booking_whichever_version_it_comes_to(url: str, old: Any) -> None:
    show_id = make_show(old)
    upgrade(url)
    first = book(old, show_id, "address:192.0.2.1", LONG)
    assert book(old, show_id, "address:192.0.2.1", LONG) is None
    assert accept(show_id, LONG) == (True, first)
    is_replay, id_ = accept(show_id, f"another {LONG}")
    assert not is_replay
    # It has nothing on disk then, and says 503.
    with pytest.raises(LockNotAvailable):
        book(old, show_id, "address:192.0.2.1", f"another {LONG}")
    assert accept(show_id, f"another {LONG}") == (True, id_)
    old.execute("SELECT count(*) FROM bookings")
    assert old.fetchone() == (2,)


def test_the_version_before_goes_on(url: str, old: Any) -> None:
    """With keys that this one would refuse, and with none of its own lost to another client's."""
    show_id = make_show(old)
    upgrade(url)
    assert [book(old, show_id, f"address:192.0.2.{n}", SHORT) is not None for n in (1, 2)] == [True, True]
    assert read_keys(old) == []
