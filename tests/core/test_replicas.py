"""Read replicas: what is read there, and when the primary is read in their place."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.infra import replicas
from core.infra.settings import get_settings
from core.maps import maps
from core.shows.service import Show
from local.embedded import find_free_port
from proof.standby import Standby
from tests.acting import book, settle
from tests.apart import enter
from tests.measuring import measured
from tests.support import wait_until

MakeShow = Callable[..., Show]


@pytest.fixture(scope="module")
def standby(servers: dict[str, str]) -> Iterator[Standby]:
    """A standby of the tests' PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-standby-"))
    folder.chmod(0o755)
    server = Standby(folder / "standby", servers["DATABASE_URL"], durable=False, port=find_free_port())
    server.start()
    yield server
    server.discard()


@pytest.fixture
def replica(standby: Standby, database: dict[str, str]) -> Iterator[Standby]:
    """The same, as this process's replica, fresh."""
    name = database["DATABASE_URL"].rpartition("/")[2]
    # A busy machine may be slow to replay, and that is not what is tested.
    variables = {"DATABASE_REPLICA_URLS": standby.name_database(name), "REPLICA_MAX_LAG_SECONDS": "30"}
    with enter(variables):
        wait_until(is_fresh)
        yield standby


def is_fresh() -> bool:
    return any(each.is_fresh for each in replicas.get_replicas())


def is_replica(connection: Connection) -> bool:
    return bool(connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one())


def tell(standby: Standby, sql: str) -> Any:
    """Have the standby run a statement; its first value."""
    with closing(psycopg2.connect(standby.url.rpartition("/")[0] + "/postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None


def forget_the_past(standby: Standby) -> None:
    """After a crash this standby replays what comes from now on."""
    with closing(psycopg2.connect(get_settings().database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
            cursor.execute("SELECT redo_lsn FROM pg_control_checkpoint()")
            ((redo,),) = cursor.fetchall()
            cursor.execute("SELECT pg_current_wal_lsn()")
            ((end,),) = cursor.fetchall()
    wait_until(lambda: tell(standby, f"SELECT pg_last_wal_replay_lsn() >= '{end}'"))
    tell(standby, "CHECKPOINT")
    assert tell(standby, f"SELECT redo_lsn >= '{redo}' FROM pg_control_checkpoint()")


@contextmanager
def pausing(replica: Standby) -> Iterator[None]:
    """The replica replays nothing meanwhile."""
    tell(replica, "SELECT pg_wal_replay_pause()")
    try:
        wait_until(lambda: tell(replica, "SELECT pg_get_wal_replay_pause_state()") == "paused")
        yield
    finally:
        tell(replica, "SELECT pg_wal_replay_resume()")


def test_reads_go_to_a_fresh_replica(replica: Standby) -> None:
    assert replicas.read(is_replica)


def test_without_replicas_the_primary_is_read(database: dict[str, str]) -> None:
    assert not replicas.read(is_replica)


def test_one_that_replays_nothing_gets_too_old(replica: Standby, make_show: MakeShow) -> None:
    with enter({"REPLICA_MAX_LAG_SECONDS": "1"}):
        wait_until(is_fresh)
        with pausing(replica):
            make_show()
            wait_until(lambda: not is_fresh())
            assert not replicas.read(is_replica)
        wait_until(is_fresh)
        assert wait_until(lambda: replicas.read(is_replica))


def test_what_a_replica_fails_at_the_primary_does(replica: Standby) -> None:
    def write(connection: Connection) -> bool:
        connection.execute(text("CREATE TEMPORARY TABLE only_there ()"))
        return not is_replica(connection)

    assert replicas.read(write)
    assert is_fresh()


def test_nobody_gets_a_map_older_than_the_current_version(replica: Standby, make_show: MakeShow) -> None:
    show, which = make_show(), maps.SeatsFilter()
    before = maps.read_seats(show.id, which, to_cursor=str).version
    wait_until(lambda: knows_show(show.id))
    with pausing(replica):
        for version, seat in enumerate(("1", "2"), before + 1):
            book(show.id, seat)
            settle(show.id)
            assert maps.read_seats(show.id, which, to_cursor=str).version == version
            assert maps.read_availability(show.id, since=None).version == version
            assert maps.read_availability(show.id, since=version - 1).version == version
            assert maps.read_statuses(show.id, since=version - 1).version == version
            assert maps.read_states(show.id).version == version
            assert maps.read_suggestions(show.id, quantity=1, section=None, near=None).version == version
        # It was asked, and passed by for what it has.
        assert replicas.read(is_replica)


def test_page_is_not_put_back_by_a_replica_that_is_behind(replica: Standby, make_show: MakeShow) -> None:
    show, which = make_show(), maps.SeatsFilter()
    before = maps.read_seats(show.id, which, to_cursor=str).version
    page = maps.kept_pages.find((show.id, which))
    assert page is not None
    wait_until(lambda: knows_show(show.id))
    with pausing(replica):
        book(show.id, "1")
        settle(show.id)
        assert page.follow() == before + 1
        assert page.follow(before) == before + 1
        assert page.follow(before + 1) == before + 1


def knows_show(show_id: int) -> bool:
    """Whether the replica has the show."""
    url = get_settings().database_replica_urls[0]
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM seats WHERE show_id = %s", (show_id,))
        return cursor.fetchone() is not None


def test_one_that_is_silent_holds_nobody_up(replica: Standby) -> None:
    replicas.read(is_replica)
    assert replica.pid is not None
    # With all its sessions, which are processes.
    os.killpg(replica.pid, signal.SIGSTOP)
    try:
        sessions = [int(pid) for pid in _list_children(replica.pid)]
        for pid in sessions:
            os.kill(pid, signal.SIGSTOP)
        with measured() as took:
            assert not replicas.read(is_replica)
        assert took.quiet < 2.5
        assert not is_fresh()
    finally:
        for pid in [*sessions, replica.pid]:
            os.kill(pid, signal.SIGCONT)
    wait_until(is_fresh)


def _list_children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_one_that_was_killed_is_read_again_once_it_is_back(replica: Standby) -> None:
    assert replica.pid is not None
    # The primary writes no full pages: what a crashed standby has to replay must not reach back to its start.
    forget_the_past(replica)
    os.kill(replica.pid, signal.SIGKILL)
    assert not replicas.read(is_replica)
    replica.stop()
    replica.start()
    wait_until(is_fresh)
    assert replicas.read(is_replica)


def test_one_that_was_promoted_is_none_any_more(replica: Standby) -> None:
    replica.promote()
    wait_until(lambda: not is_fresh())
    show_port = text("SHOW port")
    assert replicas.read(lambda connection: connection.execute(show_port).scalar_one()) != str(replica.port)


def test_one_that_cannot_be_read_is_told_once(
    database: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    urls = f"postgresql://nobody@127.0.0.1:{find_free_port()}/none,{database['DATABASE_URL']}"
    with enter({"DATABASE_REPLICA_URLS": urls, "REPLICA_MAX_LAG_SECONDS": "0.1"}):
        assert not replicas.read(is_replica)
        wait_until(lambda: len(lost(caplog)) == 2)
        # Some looks later.
        looks = time.monotonic() + 1
        wait_until(lambda: time.monotonic() > looks)
        assert sorted(lost(caplog)) == [1, 2]


def lost(caplog: pytest.LogCaptureFixture) -> list[int]:
    """The numbers of the replicas that were told to be lost."""
    return [record.number for record in caplog.records if record.message == "replica lost"]  # type: ignore[attr-defined]
