"""What `/metrics` tells of a sale: seats left, payments, connections of clients."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from api.connections import count_connections
from api.metrics import SHOWS_TOLD
from core.infra import db
from core.shows.service import Show
from tests.api.asking import Asking
from tests.api.paying import Paying
from tests.door import DoorClient
from tests.support import wait_until

MakeShow = Callable[..., Show]


def read_gauge(client: DoorClient, name: str) -> dict[tuple[str, ...], float]:
    """A gauge's values by those of its labels, which are sorted by their names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name == name
    }


def test_seats_left_are_told(asking: Asking, client: DoorClient) -> None:
    asking.settled("1")
    asking.settled("2", "3", hold=True)
    show = str(asking.show_id)
    assert read_gauge(client, "seatline_show_seats") == {
        ("A show", show, "available"): 7,
        ("A show", show, "held"): 2,
        ("A show", show, "booked"): 1,
    }


def test_those_that_sell_are_told_and_not_too_many(client: DoorClient, make_show: MakeShow) -> None:
    soon = datetime.now(UTC) + timedelta(days=2)
    last = make_show(start_time=soon + timedelta(days=300))
    for days in range(SHOWS_TOLD):
        make_show(start_time=soon + timedelta(days=days), name=f"Show {days}")
    make_show(name="Closed", sales_close_at=datetime.now(UTC) + timedelta(seconds=1))
    later = make_show(name="Later", sales_open_at=datetime.now(UTC) + timedelta(days=1))
    Asking(client, last.id).settled("1", hold=True)

    def read_shows() -> set[str]:
        return {show for _, show, _ in read_gauge(client, "seatline_show_seats")}

    wait_until(lambda: len(read_shows()) == SHOWS_TOLD and str(last.id) in read_shows())
    assert str(later.id) not in read_shows()


def test_payments_of_the_last_minute_are_told(client: DoorClient, paying: Paying) -> None:
    paying.offer(paying.hold("1"))
    found = read_gauge(client, "seatline_payments_recent")
    assert found == {("pending",): 1, ("succeeded",): 0, ("failed",): 0} | {
        ("refund_pending",): 0,
        ("refunded",): 0,
    }
    with db.transaction() as connection:
        connection.execute(text("UPDATE payments SET updated_at = updated_at - interval '61 seconds'"))
    assert set(read_gauge(client, "seatline_payments_recent").values()) == {0}


def test_connections_of_clients_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        # Another process may have the number at its end of a connection elsewhere.
        before = count_connections(port) or 0
        with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            assert count_connections(port) == before + 2


def test_without_the_kernels_tables_connections_are_unknown(tmp_path: Path) -> None:
    assert count_connections(80, [tmp_path / "tcp"]) is None
