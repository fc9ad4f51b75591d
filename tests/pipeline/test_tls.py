"""Every process over TLS: it does its work by the URL's authority, and warns where nothing is verified."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.events.publisher import STREAM
from core.infra.jobs import nudge
from core.infra.redis import get_redis
from core.shows.service import Show
from local.embedded import find_free_port
from tests.acting import book, end_hold, tell
from tests.apart import enter, live_apart
from tests.support import WORKER, run_process, wait_for_http, wait_until
from tests.tls import Authority, Front

pytestmark = pytest.mark.processes
MakeShow = Callable[..., Show]
PROCESSES = "web", "worker", "outbound", "beat", "flower"


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its processes."""
    with live_apart(servers, name="tls", redis_database=10) as variables:
        yield variables


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def go_by_tls(variables: dict[str, str], front: Front, options: str) -> dict[str, str]:
    """The same variables, but that Redis is behind the front."""
    parts = urlsplit(variables["REDIS_URL"])
    password = f":{parts.password}@" if parts.password else ""
    url = f"rediss://{password}localhost:{front.port}{parts.path}{options}"
    return {**variables, "REDIS_URL": url}


def test_booking_is_settled_and_its_event_published_over_tls(
    authority: Authority, make_show: MakeShow, database: dict[str, str]
) -> None:
    with authority.run_front(urlsplit(database["REDIS_URL"]).port) as front:
        variables = go_by_tls(database, front, f"?ssl_ca_certs={authority.path}")
        with (
            enter({"REDIS_URL": variables["REDIS_URL"]}),
            run_process("worker", {**variables, **WORKER}),
            run_process("outbound", variables),
            run_process("beat", {**variables, **WORKER}),
        ):
            show = make_show()
            booking_id, held_id = book(show.id, "1"), book(show.id, "2", hold=True)
            nudge(show.id)
            wait_until(lambda: tell(booking_id) == "CONFIRMED")
            wait_until(lambda: tell(held_id) == "held")
            end_hold(held_id)
            wait_until(lambda: tell(held_id) == "hold_expired")
            wait_until(lambda: get_redis().xlen(STREAM) >= 3)


@pytest.mark.parametrize("name", ["worker", "outbound", "beat"])
def test_nothing_is_told_to_whom_the_authority_does_not_know(
    name: str, authority: Authority, tmp_path: Path, database: dict[str, str]
) -> None:
    """It tries again and again, and is refused by its own side each time."""
    with authority.run_front(urlsplit(database["REDIS_URL"]).port) as front:
        log = tmp_path / "log"
        with run_process(name, go_by_tls(database, front, ""), log=log):
            # Celery's word for it, and beat's, which looks first.
            said = "certificate verify failed", "a certificate that is not trusted"
            wait_until(lambda: any(words in log.read_text() for words in said))
        assert front.heard == b""


@pytest.mark.parametrize("name", PROCESSES)
def test_each_process_warns_where_nothing_is_verified(
    name: str, authority: Authority, tmp_path: Path, database: dict[str, str]
) -> None:
    with authority.run_front(urlsplit(database["REDIS_URL"]).port, name="elsewhere") as front:
        variables = go_by_tls(database, front, "?ssl_cert_reqs=none")
        log = tmp_path / "log"
        ports = {"PORT": str(find_free_port()), "FLOWER_PORT": str(find_free_port())}
        with run_process(name, {**variables, **ports}, log=log):
            wait_until(lambda: "certificates are not verified: REDIS_URL" in log.read_text())
            if name == "web":
                # It asks for nothing before it is asked.
                wait_for_http(f"http://127.0.0.1:{ports['PORT']}/readyz")
            wait_until(lambda: front.heard)
