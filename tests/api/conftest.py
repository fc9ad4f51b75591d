"""What the HTTP tests share: one application and one door for all tests, which keep nothing of theirs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask

from core.shows.service import Show
from tests.api.asking import Asking
from tests.api.paying import Paying
from tests.door import DoorClient, open_door
from tests.payments.sandboxing import Sandbox, run_sandbox
from tests.payments.using import use


@pytest.fixture(scope="session")
def app(servers: dict[str, str]) -> Flask:
    """The real application, in this process."""
    from api.app import create_app  # noqa: PLC0415 (reads the settings, which the servers set)

    return create_app()


@pytest.fixture(scope="session")
def door_client(app: Flask) -> Iterator[DoorClient]:
    """A client of the door around it."""
    with open_door(app) as client:
        yield client


@pytest.fixture
def client(door_client: DoorClient, database: dict[str, str]) -> DoorClient:
    """That client, on an empty database."""
    return door_client


@pytest.fixture
def show(make_show: Callable[..., Show]) -> Show:
    """A show on sale, of ten seats "1" … "10" at 100 each."""
    return make_show()


@pytest.fixture
def asking(client: DoorClient, show: Show) -> Asking:
    """Requests about bookings of that show."""
    return Asking(client, show.id)


@pytest.fixture
def open_another(app: Flask, show: Show) -> Iterator[Callable[[], Asking]]:
    """Opens another door, as of another process, for requests about bookings of that show."""
    with ExitStack() as doors:
        yield lambda: Asking(doors.enter_context(open_door(app)), show.id)


@pytest.fixture
def show_body() -> dict[str, Any]:
    """A body that POST /admin/shows takes, without a hall."""
    return {"name": "Hamlet", "start_time": "2099-01-10T19:30:00Z"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox, where this module's payments are paid."""
    with run_sandbox() as found, use(found):
        yield found


@pytest.fixture
def paying(client: DoorClient, make_show: Callable[..., Show], sandbox: Sandbox) -> Paying:
    """Requests about bookings of a show that have to be paid: ten seats "1" … "10" at 100 each."""
    return Paying(client, make_show(payment_required=True).id, sandbox)
