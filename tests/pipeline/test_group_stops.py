"""A stop that reaches web's whole group: its workers hear of it as well as their parent, in any order."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.shows.service import Show
from local.embedded import find_free_port
from tests.apart import live_apart
from tests.pipeline.load import posting
from tests.pipeline.test_stops import await_end, run_web, tell_group
from tests.support import run_process, wait_until

pytestmark = pytest.mark.processes
MakeShow = Callable[..., Show]
# In each state: whether a worker or its parent has its turn first is chance.
STOPS = 3


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its processes."""
    with live_apart(servers, name="group_stops", redis_database=11) as variables:
        # The log is to be empty.
        yield {**variables, "REQUEST_LOG": "false"}


def test_web_whose_worker_hears_of_it_first_ends_well(servers: dict[str, str]) -> None:
    """As of a group's SIGTERM, where the main process has its turn last."""
    with run_web(servers) as (web, _):
        main = psutil.Process(web.pid)
        main.suspend()
        for worker in (workers := main.children()):
            worker.terminate()
        wait_until(lambda: all(worker.status() == psutil.STATUS_ZOMBIE for worker in workers))
        main.terminate()
        main.resume()
        await_end(web)


def test_a_groups_stop_is_no_failure_whenever_it_comes(
    servers: dict[str, str], make_show: MakeShow, tmp_path: Path
) -> None:
    """Nor is any worker said to have failed, or to have refused to stop: idle, at work, at its start."""
    show, log = make_show(total_seats=20_000), tmp_path / "log"
    for _ in range(STOPS):
        with run_web(servers, log=log) as (web, _):
            tell_group(web)
            await_end(web)
        with run_web(servers, log=log) as (web, port), posting(port, show.id) as load:
            wait_until(lambda posts=load.posts: len(posts) > 50)
            tell_group(web)
            await_end(web)
        variables = {**servers, "PORT": str(find_free_port()), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "2"}
        with run_process("web", variables, log=log) as web:
            wait_until(psutil.Process(web.pid).children)
            tell_group(web)
            await_end(web)
    assert log.read_text() == ""
