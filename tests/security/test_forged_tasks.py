"""Whoever can write into the broker can make no worker run code, and change nothing by what it asks for."""

import base64
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.infra import db
from core.infra.jobs import QUEUE_OF, QUEUES, TAKE_AN_ID, nudge
from core.infra.redis import get_redis
from core.shows.service import Show
from proof.tables import TABLES
from tests.acting import book, count_messages, tell
from tests.apart import live_apart
from tests.support import run_process, wait_until
from tests.tasks.garbage import EMBEDDED, encode, make

pytestmark = pytest.mark.processes
# Ids of nothing.
NOBODYS = 2**40, 2**63 - 1


class Exploit:
    """Unpickled, it makes a file: it could have done anything else."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._trace,)


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its processes."""
    with live_apart(servers, name="forged", redis_database=14) as variables:
        yield variables


@pytest.fixture
def processes(servers: dict[str, str], database: dict[str, str]) -> Iterator[None]:
    """All that take messages."""
    variables = {**servers, "WORKER_CONCURRENCY": "1"}
    with run_process("worker", variables), run_process("outbound", variables):
        yield


@pytest.fixture
def show(processes: None, make_show: Callable[..., Show]) -> Show:
    """A show of which one seat is booked and one held, all settled and published."""
    show = make_show(hold_seconds=900)
    booked, held = book(show.id, "1"), book(show.id, "2", hold=True)
    nudge(show.id)
    wait_until(lambda: tell(booked) == "CONFIRMED" and tell(held) == "held")
    return show


def describe_tables() -> dict[str, str]:
    """All that is in each table."""
    rows = "SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') FROM {} t"
    with db.primary() as connection:
        return {table: connection.execute(text(rows.format(table))).scalar_one() for table in TABLES}


def pickled(content: object, *, content_type: str, encoding: str = "binary") -> dict[str, Any]:
    """A message that carries what pickle makes of something."""
    body = base64.b64encode(pickle.dumps([[content], {}, EMBEDDED])).decode()
    return {**make(), "body": body, "content-type": content_type, "content-encoding": encoding}


def list_exploits(trace: Path) -> list[dict[str, Any]]:
    """Messages that would make a file, where whoever reads them did as their types say."""
    yaml = f"!!python/object/apply:os.system ['touch {trace}']"
    typed = {"content-type": "application/x-yaml", "body": base64.b64encode(yaml.encode()).decode()}
    reduced = {"__type__": "reduce", "__value__": ["os.system", [f"touch {trace}"]]}
    return [
        pickled(Exploit(trace), content_type="application/x-python-serialize"),
        pickled(Exploit(trace), content_type="pickle"),
        pickled(Exploit(trace), content_type="application/data"),
        pickled(Exploit(trace), content_type="application/json", encoding="utf-8"),
        {**make(), **typed},
        {**make(), "body": encode([[reduced], {}, EMBEDDED])},
        make("os.system", [f"touch {trace}"]),
        make("celery.map", ["os.system", [f"touch {trace}"]]),
    ]


def list_forged(show_id: int) -> list[dict[str, Any]]:
    """Every task that there is, well made, for what is there and for what is not."""
    return [
        make(task, [id_] if task in TAKE_AN_ID else []) for task in QUEUE_OF for id_ in (show_id, *NOBODYS)
    ]


def are_all_published() -> bool:
    """Whether every event has its place in the feed."""
    with db.primary() as connection:
        return bool(
            connection.execute(text("SELECT bool_and(position IS NOT NULL) FROM events")).scalar_one()
        )


def send(messages: list[dict[str, Any]], *queues: str) -> None:
    for queue in queues:
        get_redis().lpush(queue, *map(json.dumps, messages))


def are_all_taken() -> bool:
    return not any(map(count_messages, QUEUES)) and not get_redis().hlen("unacked")


def test_nothing_runs_and_nothing_changes(processes: None, show: Show, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    # It does what it is to do, where somebody unpickles it.
    pickle.loads(pickle.dumps(Exploit(trace)))
    trace.unlink()
    wait_until(are_all_published)
    before = describe_tables()
    assert before["bookings"] and before["events"]
    send([*list_exploits(trace), *list_forged(show.id)], *QUEUES[:-1])
    wait_until(are_all_taken)
    assert describe_tables() == before
    assert not trace.exists()
    last = book(show.id, "3")
    nudge(show.id)
    wait_until(lambda: tell(last) == "CONFIRMED")
