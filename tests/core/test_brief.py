"""Transactions in few messages: they commit or roll back like any, and leave the connection as it was."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg2.extensions
import pytest
from psycopg2 import IntegrityError

from core.errors import UnavailableError
from core.infra.brief import KEEP_PLANS, brief_transaction, to_array
from core.infra.db import get_statement_engine, primary
from core.infra.prepared import Prepared
from core.infra.slots import to_slot
from core.seats.queries import select_available
from core.settling.batch import settle_batch
from core.shows.service import Show
from tests.acting import ask, book

MakeShow = Callable[..., Show]

RENAME = Prepared("rename", "UPDATE shows SET name = :name WHERE id = :id RETURNING name")
SPOIL = Prepared("spoil", "UPDATE shows SET total_seats = -1 WHERE id = :id AND :name <> '' RETURNING name")
SETTINGS = "SELECT name, setting FROM pg_settings WHERE name IN ('enable_seqscan', 'plan_cache_mode')"


def read_name(show_id: int) -> str:
    return str(ask("SELECT name FROM shows WHERE id = :id", id=show_id)[0].name)


def test_commits_with_its_last_statement_or_at_its_end(make_show: MakeShow) -> None:
    show = make_show()
    with brief_transaction() as transaction:
        assert transaction.fetch_all(RENAME, {"id": show.id, "name": "not yet"}) == [("not yet",)]
        assert read_name(show.id) == show.name
        transaction.commit_with(RENAME, {"id": show.id, "name": "now"})
        assert read_name(show.id) == "now"
    with brief_transaction() as transaction:
        transaction.fetch_all(RENAME, {"id": show.id, "name": "later"})
        assert read_name(show.id) == "now"
    assert read_name(show.id) == "later"


@pytest.mark.parametrize("is_planned", [True, False])
def test_rolls_back_whatever_raised_and_the_connection_is_as_it_was(
    make_show: MakeShow, is_planned: bool
) -> None:
    show = make_show()
    for statement in (SPOIL, RENAME):
        with suppress(IntegrityError, ZeroDivisionError), brief_transaction() as transaction:
            if is_planned:
                transaction.plan_anew()
            transaction.fetch_all(RENAME, {"id": show.id, "name": "lost"})
            if statement is SPOIL:
                transaction.commit_with(SPOIL, {"id": show.id, "name": "lost"})
            _ = 1 // 0
        assert read_name(show.id) == show.name
        # On the same connection, which is the pool's last.
        assert dict(map(tuple, ask(SETTINGS))) == {"enable_seqscan": "on", "plan_cache_mode": "auto"}
    assert get_statement_engine().pool.checkedout() == 0  # type: ignore[attr-defined]


def test_lost_connection_is_an_outage_and_the_next_one_works(make_show: MakeShow) -> None:
    show = make_show()
    with pytest.raises(UnavailableError), brief_transaction() as transaction:
        pid = transaction.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        ask("SELECT pg_terminate_backend(:pid, 1000)", pid=pid)
        transaction.commit_with(RENAME, {"id": show.id, "name": "lost"})
    with brief_transaction() as transaction:
        transaction.commit_with(RENAME, {"id": show.id, "name": "kept"})
    assert read_name(show.id) == "kept"


def test_connection_that_takes_no_writes_is_an_outage_and_is_dropped(make_show: MakeShow) -> None:
    show = make_show()
    with pytest.raises(UnavailableError), brief_transaction() as transaction:
        transaction.connection.exec_driver_sql("SET LOCAL transaction_read_only = on")
        transaction.commit_with(RENAME, {"id": show.id, "name": "lost"})
    assert (get_statement_engine().pool.checkedin(), read_name(show.id)) == (0, show.name)  # type: ignore[attr-defined]


def test_small_batch_takes_three_messages(make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1", hold=True)
    sent: list[str] = []

    class Noting(psycopg2.extensions.cursor):
        def execute(self, sql: str, parameters: Any = None) -> None:
            sent.append(sql)
            super().execute(sql, parameters)

    with brief_transaction() as transaction:
        transaction._connection.connection.dbapi_connection.cursor_factory = Noting
        try:
            assert settle_batch(transaction, show.id)
        finally:
            transaction._connection.connection.dbapi_connection.cursor_factory = psycopg2.extensions.cursor
    # The connection may have to learn the statements first.
    assert [sql.split("(")[0] for sql in sent if not sql.startswith("PREPARE")] == [
        f"BEGIN; {KEEP_PLANS}EXECUTE lock_work",
        "EXECUTE write_batch",
    ]
    assert sent[-1].endswith("; COMMIT")


def test_kept_plan_uses_the_index_though_the_table_was_empty(make_show: MakeShow) -> None:
    """A plan that reads the table whole would stay, while thousands of rows come, until it is analyzed."""
    show = make_show()
    with brief_transaction() as transaction:
        select_available(transaction, show.id, ["1"])
        plan = transaction.connection.exec_driver_sql(
            f"EXPLAIN EXECUTE select_named_available(true, {to_slot(show.id)}, {show.id}, '{{1}}')"
        ).scalars()
        assert "Seq Scan" not in "".join(plan)


def test_arrays(database: dict[str, str]) -> None:
    with primary() as connection:
        found = connection.exec_driver_sql(
            "SELECT %(a)s::text[]", {"a": to_array(["a", None, 7])}
        ).scalar_one()
    assert found == ["a", None, "7"]
