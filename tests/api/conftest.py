"""What the HTTP tests share: one application for all of them, since it keeps nothing of its tests."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.shows.service import Show
from tests.api.asking import Asking


@pytest.fixture(scope="session")
def app(servers: dict[str, str]) -> Flask:
    """The real application, in this process."""
    from api.app import create_app  # noqa: PLC0415 (reads the settings, which the servers set)

    return create_app()


@pytest.fixture
def client(app: Flask, database: dict[str, str]) -> FlaskClient:
    """A client of it, on an empty database."""
    return app.test_client()


@pytest.fixture
def show(make_show: Callable[..., Show]) -> Show:
    """A show on sale, of ten seats "1" … "10" at 100 each."""
    return make_show()


@pytest.fixture
def asking(client: FlaskClient, show: Show) -> Asking:
    """Requests about bookings of that show."""
    return Asking(client, show.id)


@pytest.fixture
def show_body() -> dict[str, Any]:
    """A body that POST /admin/shows takes, without a hall."""
    return {"name": "Hamlet", "start_time": "2099-01-10T19:30:00Z"}
