"""A Prometheus over the real processes and exporters: what deploy/ has is understood, and has its figures."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psycopg2
import pytest

from core.infra.settings import get_settings
from local.embedded import find_free_port
from tests.api.test_waiting import call
from tests.deploy.watching import PROMETHEUS, RULES, list_names, list_queries
from tests.external.prometheus import PROGRAMS, Prometheus, lay_out, run_exporters
from tests.external.toolbox import need
from tests.support import ADMIN, WORKER, run_process, wait_until

pytestmark = [pytest.mark.external, pytest.mark.timeout(300), *need("promtool", *PROGRAMS)]
TOKEN = "the-token-of-the-metrics"
JOBS = "web", "worker", "outbound", "beat"
SHOW = {"name": "A show", "start_time": "2040-01-01T20:00:00Z", "total_seats": 20, "price": 100}
SECRET_NUMBER = 4242424242
LOCK = f"SELECT pg_advisory_lock({SECRET_NUMBER}), 'a secret'"
# Of what is not there, or not going on: a standby, webhooks, payments, a sale that is too large, and tables
# that autovacuum has come to.
MAY_BE_EMPTY = {
    "Refused: 429 and 503",
    "Refused as too many waited",
    "Attempts to deliver a second",
    "Calls to the provider a second",
    "Standbys are behind",
    "Log that standbys have not replayed",
    "Log kept for slots",
    "Dead rows, share",
    "Since the last vacuum",
    "Memory",
}

# Metrics of the same, and of machines.
NOT_TOLD = {
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "seatline_bookings_shed_total",
    "seatline_pg_slot_kept_bytes",
    "seatline_pg_standby_lag_bytes",
    "seatline_pg_standby_lag_seconds",
    "seatline_provider_calls_total",
    "seatline_webhook_attempts_total",
}


def run(*command: str | Path) -> tuple[int, str]:
    """The exit code of a program, and what it said."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def test_configuration_and_alerts_have_no_fault(tmp_path: Path) -> None:
    code, said = run("promtool", "check", "config", lay_out(tmp_path))
    assert (code, "FAILED" in said) == (0, False), said


def test_alerts_tell_of_what_they_are_for_and_of_nothing_else() -> None:
    code, said = run("promtool", "test", "rules", PROMETHEUS / "alerts_test.yml")
    assert code == 0, said


@pytest.fixture
def blocked(database: dict[str, str]) -> Iterator[None]:
    """A session that waits for another one's lock."""
    url = get_settings().database_url
    with closing(psycopg2.connect(url)) as first, closing(psycopg2.connect(url)) as second:
        first.cursor().execute(LOCK)
        waiting = threading.Thread(target=lambda: second.cursor().execute(LOCK))
        waiting.start()
        yield
        first.rollback()
        first.close()
        waiting.join()


@pytest.fixture
def statements(database: dict[str, str]) -> Iterator[None]:
    """PostgreSQL tells of statements in this database too."""
    with closing(psycopg2.connect(get_settings().database_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE EXTENSION pg_stat_statements")
        yield
        connection.cursor().execute("DROP EXTENSION pg_stat_statements")


@pytest.fixture
def prometheus(
    database: dict[str, str], statements: None, blocked: None, tmp_path: Path
) -> Iterator[tuple[Prometheus, str]]:
    """A Prometheus over all processes, and the address of `web`."""
    ports = {name: find_free_port() for name in JOBS}
    with ExitStack() as stack:
        for name, port in ports.items():
            own = {"HOST": "127.0.0.1", "PORT": str(port)} if name == "web" else {"METRICS_PORT": str(port)}
            shared = {"WEB_CONCURRENCY": "1", "METRICS_TOKEN": TOKEN}
            stack.enter_context(run_process(name, {**database, **WORKER, **shared, **own}))
        exporters = stack.enter_context(run_exporters(tmp_path, database))
        prometheus = Prometheus(tmp_path / "prometheus", ports | exporters, token=TOKEN)
        stack.enter_context(prometheus.run())
        wait_until(lambda: len(prometheus.query("up == 1")) == len(ports | exporters))
        yield prometheus, f"http://127.0.0.1:{ports['web']}"


def sell(web: str) -> None:
    """A few bookings, of which one fails, and a wrong key."""
    status, _, show = call("POST", f"{web}/admin/shows", SHOW, ADMIN)
    assert status == 201
    wrong = {"Authorization": "Bearer slk_00000000_00000000000000000000000000000000"}
    assert call("GET", f"{web}/admin/stats", None, wrong)[0] == 401
    for seats, hold in ((["1"], False), (["1"], False), (["2", "3"], True), (["4"], False)):
        body = {"show_id": show["id"], "seats": seats, "hold": hold}
        status, _, booking = call("POST", f"{web}/bookings", body)
        assert status == 202
        settled = f"{web}/bookings/{booking['id']}?wait=5"
        wait_until(lambda url=settled: call("GET", url)[2]["wants"] is None)
        call("GET", f"{web}/shows/{show['id']}")


def test_each_panel_has_its_figures(prometheus: tuple[Prometheus, str]) -> None:
    """No query of a panel or an alert is wrong, and those of what goes on here find something."""
    asked, web = prometheus
    waiting = {query for query in list_queries() if query.panel not in MAY_BE_EMPTY}

    def is_told() -> bool:
        sell(web)
        waiting.difference_update([query for query in waiting if has_figures(asked, query.expression)])
        return not waiting

    with suppress(pytest.fail.Exception):
        wait_until(is_told, seconds=60)
    assert waiting == set()
    for expression in (*(query.expression for query in list_queries()), *(rule["expr"] for rule in RULES)):
        asked.query(expression)
    assert_blocked_is_told(asked)
    assert_names_are_known(asked)
    groups = asked.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {(rule["name"], rule["health"]) for rule in rules} == {(rule["alert"], "ok") for rule in RULES}


def has_figures(asked: Prometheus, expression: str) -> bool:
    """Whether a query finds a number."""
    return any(row["value"][1] != "NaN" for row in asked.query(expression))


def assert_blocked_is_told(asked: Prometheus) -> None:
    (row,) = asked.query("seatline_pg_waiting_seconds")
    assert row["metric"]["query"] == "SELECT pg_advisory_lock(?), ?"
    assert row["metric"]["blocker_query"] == "SELECT pg_advisory_lock(?), ?"
    assert row["metric"]["blocked_by"] != row["metric"]["pid"]
    assert str(SECRET_NUMBER) not in str(row)


def assert_names_are_known(asked: Prometheus) -> None:
    assert list_names() - set(asked.ask("label/__name__/values")) == NOT_TOLD
