"""Settings that `release` gives the servers behind Citus; one database stands in for two of them."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import psycopg2
import pytest
from sqlalchemy import NullPool, text

from core.infra.db import LOCK_TIMEOUT_MS, connect, make_engine
from migrations.server_settings import set_on_servers
from tests.apart import make_database

# Takes and returns what Citus' own does: a row for each server.
RUN_ON_ALL = """
    CREATE FUNCTION run_command_on_all_nodes(command text, OUT nodeid int, OUT success bool, OUT result text)
    RETURNS SETOF record LANGUAGE plpgsql AS $function$
    BEGIN
        FOR nodeid IN 1..2 LOOP
            BEGIN
                result := NULL;
                IF command LIKE 'SELECT %' THEN EXECUTE command INTO result; ELSE EXECUTE command; END IF;
                success := true;
            EXCEPTION WHEN OTHERS THEN
                success := false;
                result := 'ERROR:  ' || SQLERRM || E'\\nand more';
            END;
            RETURN NEXT;
        END LOOP;
    END $function$
"""
OURS = {"jit": "off", "lock_timeout": str(LOCK_TIMEOUT_MS)}


@pytest.fixture
def url(servers: dict[str, str]) -> str:
    """A database whose name has to be quoted."""
    made = make_database(servers["DATABASE_URL"], f"Behind-{uuid.uuid4().hex}")
    execute(made, RUN_ON_ALL)
    return made


@pytest.fixture
def guest(url: str) -> Iterator[str]:
    """A role that does not own the database."""
    role = f"guest_{uuid.uuid4().hex}"
    execute(url, f"CREATE ROLE {role}")
    yield role
    execute(url, f"DROP ROLE {role}")


def execute(url: str, *statements: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)


def run(url: str, role: str = "NONE") -> dict[str, str]:
    """What this release leaves in force for new sessions, in the units of pg_settings."""
    engine = make_engine(creator=partial(connect, url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        set_on_servers(connection)
        # The transaction goes on.
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    select = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
    with engine.connect() as connection:
        return {row.name: row.setting for row in connection.execute(select, {"names": list(OURS)})}


def test_they_are_set_and_told_of_once(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(url) == OURS
    told = "seatline: jit = off and lock_timeout = 2000 are set on all servers of Citus\n"
    assert capsys.readouterr() == (told, "")
    assert run(url) == OURS
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("lost", ["RESET jit", "SET lock_timeout = '1min'"])
def test_a_server_that_differs_gets_them(url: str, lost: str) -> None:
    run(url)
    database = url.rpartition("/")[2]
    execute(url, f'ALTER DATABASE "{database}" {lost}')
    assert run(url) == OURS


def test_a_role_that_may_not_is_told_what_to_run(
    url: str, guest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(url, guest) != OURS
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    database = url.rpartition("/")[2]
    assert f"(must be owner of database {database})" in line
    execute(url, *line.partition("owner: ")[2].split("; "))
    assert run(url, guest) == OURS
    assert capsys.readouterr() == ("", "")


def test_a_unit_is_no_difference(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As somebody may have set it by hand."""
    database = url.rpartition("/")[2]
    in_seconds = f"SET lock_timeout = '{LOCK_TIMEOUT_MS // 1000}s'"
    execute(url, *(f'ALTER DATABASE "{database}" {done}' for done in (in_seconds, "SET jit = no")))
    assert run(url) == OURS
    assert capsys.readouterr() == ("", "")


def test_a_server_that_is_away_is_told_of(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    away = "IF nodeid = 2 THEN RAISE 'failed to connect'; END IF; result := NULL;"
    execute(url, RUN_ON_ALL.replace("CREATE", "CREATE OR REPLACE").replace("result := NULL;", away))
    assert run(url) == OURS
    (line,) = capsys.readouterr().err.splitlines()
    assert "(failed to connect)" in line
