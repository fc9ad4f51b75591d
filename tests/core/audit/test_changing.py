"""A change and its entry are one: neither is there without the other, none comes twice or is rewritten."""

import os
import pwd
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.access.principals import ADMIN_KEY
from core.audit.service import Author, changing, name_command
from core.bookings.unsold import change_show
from core.infra.db import retry_conflicts, transaction
from core.shows.service import Show, cancel_show, describe_show, lock_show
from tests.acting import ask, run
from tests.races.racing import race
from tests.support import ROOT

MakeShow = Callable[..., Show]
AUTHOR = Author(ADMIN_KEY, "a-request", "a-pseudonym")


def rename(show_id: int, name: str, *, author: Author = AUTHOR) -> None:
    with changing(author) as change:
        before = lock_show(change.connection, show_id)
        after = change_show(change.connection, show_id, {"name": name})
        change.tell("show.change", "a show", before=describe_show(before), after=describe_show(after))


def cancel(show_id: int) -> None:
    with changing(AUTHOR) as change:
        before = lock_show(change.connection, show_id)
        show, _ = cancel_show(change.connection, show_id)
        change.tell("show.cancel", "a show", before={"status": before.status}, after={"status": show.status})


def read_name(show_id: int) -> str:
    return str(ask("SELECT name FROM shows WHERE id = :id", id=show_id)[0].name)


def read_log() -> list[Any]:
    return ask("SELECT * FROM audit_log ORDER BY id")


def test_no_change_without_its_entry(make_show: MakeShow) -> None:
    show = make_show()
    nobody = Author(replace(ADMIN_KEY, kind="nobody"))  # type: ignore[arg-type]
    with pytest.raises(IntegrityError):
        rename(show.id, "Othello", author=nobody)
    assert read_name(show.id) == show.name
    assert read_log() == []


def test_no_change_that_the_log_is_not_told_of(make_show: MakeShow) -> None:
    show = make_show()
    with pytest.raises(LookupError, match="audit"), changing(AUTHOR) as change:
        change_show(change.connection, show.id, {"name": "Othello"})
    assert read_name(show.id) == show.name


def test_no_entry_without_its_change(make_show: MakeShow) -> None:
    show = make_show()

    def fail() -> None:
        with changing(AUTHOR) as change:
            change.tell("show.change", "a show")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (read_log(), read_name(show.id)) == ([], show.name)


def test_a_transaction_that_is_run_again_has_one_entry(make_show: MakeShow) -> None:
    """Once it has written its entry, the server takes it back for a conflict; the next try goes through."""
    show, tries = make_show(), []

    def run_once() -> None:
        tries.append(1)
        with changing(AUTHOR) as change:
            change_show(change.connection, show.id, {"name": "Othello"})
            change.tell("show.change", f"try:{len(tries)}")
            if len(tries) == 1:
                change.connection.exec_driver_sql(
                    "DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$"
                )

    retry_conflicts(run_once)
    assert [entry.target for entry in read_log()] == ["try:2"]


def test_before_is_what_the_change_before_left(make_show: MakeShow) -> None:
    show = make_show()
    race([partial(rename, show.id, f"Name {n}") for n in range(6)])
    log = read_log()
    assert len(log) == 6
    names = [show.name, *(entry.after["name"] for entry in log)]
    assert [entry.before["name"] for entry in log] == names[:-1]
    assert read_name(show.id) == names[-1]


def test_of_many_who_do_the_same_one_did_it(make_show: MakeShow) -> None:
    show = make_show()
    race([partial(cancel, show.id) for _ in range(6)])
    (entry,) = read_log()
    assert (entry.before, entry.after) == ({"status": "on_sale"}, {"status": "cancelled"})


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_log SET actor_name = 'somebody else'", "DELETE FROM audit_log", "TRUNCATE audit_log"],
)
def test_what_is_written_stays(make_show: MakeShow, statement: str) -> None:
    cancel(make_show().id)
    with pytest.raises(DBAPIError) as refused:
        run(statement)
    assert isinstance(refused.value.orig, InsufficientPrivilege)
    assert "ADMIN_API_KEY" in [entry.actor_name for entry in read_log()]


def test_its_owner_prunes_it_as_the_manual_says(make_show: MakeShow) -> None:
    cancel(make_show().id)
    run("""
        INSERT INTO audit_log (at, actor_kind, actor_name, actor_role, action, target)
        SELECT now() - make_interval(months => age), 'command', 'long ago', 'admin', 'show.create', 'a show'
        FROM generate_series(22, 26) AS age
    """)
    manual = (ROOT / "docs" / "operations.md").read_text()
    (told,) = re.findall(r"```sql\nBEGIN;\n(ALTER TABLE audit_log.*?)COMMIT;\n```", manual, re.DOTALL)
    with transaction() as connection:
        connection.exec_driver_sql(told)
    assert [entry.actor_name for entry in read_log()] == ["ADMIN_API_KEY", "long ago", "long ago"]
    test_what_is_written_stays(make_show, "DELETE FROM audit_log WHERE false")


def test_a_command_says_which_it_is_and_who_ran_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not whom the environment names, which whoever runs it may choose."""
    monkeypatch.setenv("LOGNAME", "somebody-else")
    author, user = name_command("make run"), pwd.getpwuid(os.getuid()).pw_name
    assert (author.principal.kind, author.principal.name, author.principal.id) == (
        "command",
        "make run",
        user,
    )
    assert (author.request_id, author.client) == (None, None)
