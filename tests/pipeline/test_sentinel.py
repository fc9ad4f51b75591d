"""The pipeline with Redis behind sentinels; and its master dies under load: every 202 is kept."""

from collections.abc import Callable, Iterator

import pytest

from core.shows.service import Show
from tests.acting import ask
from tests.apart import enter, make_migrated_database
from tests.invariants import check_settled
from tests.pipeline.load import Client, under_load
from tests.pipeline.test_pipeline import *  # noqa: F403 (the same tests, here)
from tests.sentinels import Watched, watch
from tests.support import wait_until

pytestmark = [pytest.mark.usefixtures("workers"), pytest.mark.processes]


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """A master, its replica and sentinels."""
    with watch() as servers:
        yield servers


@pytest.fixture(scope="module")
def servers(servers: dict[str, str], watched: Watched) -> Iterator[dict[str, str]]:
    """The session's database server, and the sentinels for everything else."""
    url = make_migrated_database(servers["DATABASE_URL"], "sentinel")
    variables = {**servers, "DATABASE_URL": url, "REDIS_URL": watched.url}
    with enter(variables):
        yield variables


def test_master_killed_under_load(service: Client, watched: Watched, make_show: Callable[..., Show]) -> None:
    show = make_show(total_seats=20_000)
    master = watched.find_master()
    with under_load(service, show.id) as load:
        wait_until(lambda: len(load.ids) > 50)
        watched.kill_master()
        wait_until(lambda: watched.find_master() != master)
        accepted = len(load.ids)
        wait_until(lambda: len(load.ids) > accepted + 100)
    wait_until(lambda: not ask("SELECT FROM bookings WHERE wants IS NOT NULL LIMIT 1"))
    check_settled()
    assert ask("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'")[0][0] == len(load.ids)
    assert service.wait_for(service.book(show.id, "19999"))["status"] == "CONFIRMED"
