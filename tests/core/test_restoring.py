"""After a restore: what is given out goes on past all that was, whatever the service remembers of before."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.infra.db import transaction
from core.maps import maps
from core.restoring import Restored, go_on_after_restore
from core.settling.worker import settle_show
from core.shows.service import Show
from tests.acting import ask, book, read_version, run
from tests.apart import live_apart, make_database, migrate
from tests.support import HANGS_SECONDS, ROOT, wait_until

MakeShow = Callable[..., Show]
ALL = maps.SeatsFilter(limit=100)


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """Apart, since the ids of shows go on from where they were."""
    with live_apart(servers, name="restored", redis_database=10) as variables:
        yield variables


def unpack(found: maps.Map) -> dict[str, Any]:
    assert found.body is not None
    return dict(json.loads(gzip.decompress(found.body)))


def go_on() -> Restored:
    with transaction() as connection:
        return go_on_after_restore(connection)


def put_back(show_id: int, version: int) -> None:
    """The map as it was at a version at which everything was available."""
    run(
        "UPDATE seats SET status = 'available', booking_id = NULL, version = 1 WHERE show_id = :id",
        id=show_id,
    )
    run(
        "UPDATE show_versions SET version = :version, available = total, booked = 0 WHERE show_id = :id",
        version=version,
        id=show_id,
    )


@pytest.fixture
def show(make_show: MakeShow) -> Show:
    """A show of three seats, the second of which was booked, at version 2, and is available again, at 1."""
    show = make_show(total_seats=3)
    book(show.id, "2")
    settle_show(show.id)
    for read in (look, list_taken):
        assert read(show.id) == {"2"}
    put_back(show.id, 1)
    return show


def look(show_id: int) -> set[str]:
    seats = unpack(maps.read_seats(show_id, ALL, to_cursor=str))["seats"]
    return {seat["seat_number"] for seat in seats if seat["status"] != "available"}


def list_taken(show_id: int) -> set[str]:
    return set(unpack(maps.read_availability(show_id, since=None))["booked"])


def test_a_process_that_ran_on_shows_what_was_restored(show: Show) -> None:
    go_on()
    wait_until(lambda: look(show.id) == list_taken(show.id) == set())
    book(show.id, "3")
    settle_show(show.id)
    assert look(show.id) == list_taken(show.id) == {"3"}


def test_a_version_from_before_gets_every_seat(show: Show) -> None:
    go_on()
    book(show.id, "1")
    settle_show(show.id)
    every = {"1": "booked", "2": "available", "3": "available"}
    for since in (0, 1, 2, 3, 999_999):
        assert unpack(maps.read_availability(show.id, since=since))["changes"] == every
        assert unpack(maps.read_statuses(show.id, since=since)) == every


def test_a_version_from_after_gets_what_changed(show: Show) -> None:
    go_on()
    version = read_version(show.id)
    book(show.id, "3")
    settle_show(show.id)
    assert unpack(maps.read_statuses(show.id, since=version)) == {"3": "booked"}
    assert unpack(maps.read_availability(show.id, since=version))["changes"] == {"3": "booked"}
    assert maps.read_statuses(show.id, since=version + 1).body == b""


def test_again_goes_further(show: Show, make_show: MakeShow) -> None:
    first, second = go_on(), go_on()
    assert first.maps == second.maps == 1
    assert second.number > first.number
    assert read_version(show.id) == second.number
    later = make_show()
    assert later.id >= second.identity > first.identity - 1
    assert go_on().number > second.number
    assert make_show().id > later.id


def test_a_clock_that_is_behind_takes_nothing_back(show: Show) -> None:
    ahead = 2**52
    run("UPDATE show_versions SET version = :ahead WHERE show_id = :id", ahead=ahead, id=show.id)
    sequences = "events_position_seq", "shows_id_seq", "webhook_endpoints_id_seq", "api_keys_id_seq"
    for sequence in sequences:
        ask(f"SELECT setval('{sequence}', :ahead)", ahead=ahead)
    go_on()
    assert read_version(show.id) == ahead + 1
    for sequence in sequences:
        assert ask(f"SELECT nextval('{sequence}') AS next")[0].next == ahead + 1


def run_command(url: str) -> subprocess.CompletedProcess[str]:
    flask = Path(sys.executable).with_name("flask")
    return subprocess.run(
        [flask, "--app", "api", "after-restore"],
        cwd=ROOT,
        env={"DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )


def test_the_command_needs_a_database_that_is_fit(servers: dict[str, str]) -> None:
    """And says so in a line; of Redis it needs nothing."""
    away = run_command("postgresql://nobody@127.0.0.1:1/nothing")
    assert (away.returncode, away.stderr) == (1, "seatline: DATABASE_URL: the database does not answer\n")
    old = make_database(servers["DATABASE_URL"], "not_migrated")
    assert migrate(old, "upgrade", "0009").returncode == 0
    refused = run_command(old)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "release" in refused.stderr
    assert migrate(old).returncode == 0
    done = run_command(old)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["changed"]
