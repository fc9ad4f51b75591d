"""What operators see of the database: waits and who causes them, slow statements, standbys, pools."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Thread
from typing import Any

import psycopg2
import pytest

from core.database import SHOWN_CHARACTERS, mask
from core.infra import db
from core.infra.apart import MOST_APART, apart
from core.infra.settings import get_settings
from core.shows.service import Show
from tests.api.test_admin import read
from tests.door import DoorClient
from tests.support import ADMIN, wait_until

LOCK = "SELECT FROM shows WHERE id = %s FOR UPDATE"


@pytest.fixture
def held(make_show: Any) -> Iterator[tuple[int, Any]]:
    """A show whose row a session has locked, and that session's connection."""
    show: Show = make_show()
    with closing(psycopg2.connect(get_settings().database_url)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(LOCK, (show.id,))
        yield show.id, connection


def test_who_waits_for_whom(client: DoorClient, held: tuple[int, Any]) -> None:
    show_id, holder = held

    with closing(psycopg2.connect(get_settings().database_url)) as waiter:
        thread = Thread(target=lambda: waiter.cursor().execute(LOCK, (show_id,)))
        thread.start()
        try:
            wait_until(lambda: read(client, "/admin/database")["waiting"])
            found = read(client, "/admin/database")
        finally:
            holder.rollback()
            thread.join()
        pid = waiter.get_backend_pid()
    (waiting,) = found["waiting"]
    assert waiting["pid"] == pid
    assert waiting["blocked_by"] == [holder.get_backend_pid()]
    assert waiting["query"] == "SELECT FROM shows WHERE id = ? FOR UPDATE"
    assert waiting["seconds"] >= 0
    blocker = next(each for each in found["running"] if each["pid"] == holder.get_backend_pid())
    assert blocker["state"] == "idle in transaction"
    assert read(client, "/admin/database")["waiting"] == []


def test_connections_and_pools(client: DoorClient, held: tuple[int, Any]) -> None:
    found = read(client, "/admin/database")
    assert found["connections"]["max"] == 200
    assert found["connections"]["states"]["idle in transaction"] >= 1
    with db.transaction():
        pools = {pool["name"]: pool for pool in read(client, "/admin/database")["pools"]}
    assert pools["transactions"]["in_use"] == 1
    assert pools["transactions"]["size"] == db.TRANSACTION_POOL_SIZE
    assert pools["statements"]["in_use"] == 0


def test_it_answers_while_every_pooled_connection_is_busy(client: DoorClient, database: Any) -> None:
    taken = [db.get_statement_engine().connect() for _ in range(db.STATEMENT_POOL_SIZE)]
    try:
        pools = {pool["name"]: pool for pool in read(client, "/admin/database")["pools"]}
    finally:
        for connection in taken:
            connection.close()
    assert pools["statements"]["in_use"] == db.STATEMENT_POOL_SIZE


def test_many_who_ask_at_once_do_not_take_all_connections(client: DoorClient, database: Any) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_APART):
            stack.enter_context(apart())
        answer = client.get("/admin/database", headers=ADMIN)
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert read(client, "/admin/database")["waiting"] == []


def test_slow_statements_where_the_extension_is(client: DoorClient, database: Any) -> None:
    url = get_settings().database_url
    assert read(client, "/admin/database")["slow_queries"] is None
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE EXTENSION pg_stat_statements")
        try:
            cursor.execute("SELECT pg_sleep(0.05), 'a secret'")
            found = read(client, "/admin/database")["slow_queries"]
        finally:
            cursor.execute("DROP EXTENSION pg_stat_statements")
    (slow,) = [each for each in found if "pg_sleep" in each["query"]]
    assert slow["calls"] >= 1
    assert slow["max_ms"] >= 50
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT 1", "SELECT ?"),
        ("SELECT 'it''s', 12.5 FROM t1 WHERE a=-7", "SELECT ?, ? FROM t1 WHERE a=-?"),
        ("SELECT $1,  $2\n FROM seats", "SELECT ?, ? FROM seats"),
        ("SELECT 'cut in the mid", "SELECT ?"),
        ("INSERT INTO used_keys VALUES (E'a\\\\b')", "INSERT INTO used_keys VALUES (E?)"),
        (None, ""),
        ("<insufficient privilege>", "<insufficient privilege>"),
    ],
)
def test_literals_are_not_shown(query: str | None, shown: str) -> None:
    assert mask(query) == shown


def test_long_statements_are_cut() -> None:
    assert len(mask("SELECT " + "a, " * 1000)) == SHOWN_CHARACTERS
