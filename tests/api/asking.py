"""Asking the application, as tests do: book, settle, look, and judge a refusal."""

from typing import Any

from sqlalchemy import text
from werkzeug.test import TestResponse

from api.idempotency import MIN_ANONYMOUS_LENGTH
from core.infra import db
from core.settling.worker import settle_show
from tests.door import DoorClient

MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


class Asking:
    """Requests about bookings of one show."""

    def __init__(self, client: DoorClient, show_id: int) -> None:
        self.client = client
        self.show_id = show_id

    def post(self, *seats: str, key: str | None = None, **fields: Any) -> TestResponse:
        """POST /bookings for these seats, or for whatever `fields` ask."""
        body = {"show_id": self.show_id, **({"seats": list(seats)} if seats else {}), **fields}
        return self.client.post("/bookings", json=body, headers=with_key(key))

    def book(self, *seats: str, **fields: Any) -> str:
        """The id of a booking that was accepted."""
        answer = self.post(*seats, **fields)
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])

    def settle(self) -> None:
        """Do what a worker does."""
        settle_show(self.show_id)

    def settled(self, *seats: str, **fields: Any) -> str:
        """The id of a booking that was accepted and settled."""
        booking_id = self.book(*seats, **fields)
        self.settle()
        return booking_id

    def act(self, booking_id: str, action: str, key: str | None = None) -> TestResponse:
        """POST /bookings/{id}/{action}."""
        return self.client.post(f"/bookings/{booking_id}/{action}", headers=with_key(key))

    def read(self, booking_id: str) -> dict[str, Any]:
        """The booking as it is now."""
        answer = self.client.get(f"/bookings/{booking_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def seat_states(self) -> dict[str, str]:
        """The status of every seat."""
        seats = self.client.get(f"/shows/{self.show_id}/seats?limit=10000").json["seats"]
        return {seat["seat_number"]: seat["status"] for seat in seats}


def with_key(key: str | None) -> dict[str, str]:
    """The headers of a request with this Idempotency-Key, made long enough for one without a credential."""
    return {} if key is None else {"Idempotency-Key": key.ljust(MIN_ANONYMOUS_LENGTH, ".")}


def change_data(statement: str, **parameters: Any) -> None:
    """Move times in the data, where a test would otherwise have to wait."""
    with db.transaction() as connection:
        connection.execute(text(statement), parameters)


def count_bookings() -> int:
    """How many bookings there are in the database."""
    with db.primary() as connection:
        return int(connection.execute(text("SELECT count(*) FROM bookings")).scalar_one())


def expire(booking_id: str) -> None:
    """Put the end of a hold a second into the past."""
    change_data(
        "UPDATE seats SET hold_expires_at = clock_timestamp() - interval '1 s' WHERE booking_id = :id",
        id=booking_id,
    )
    change_data(
        "UPDATE bookings SET hold_expires_at = clock_timestamp() - interval '1 s' WHERE id = :id",
        id=booking_id,
    )


def assert_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem document, which has everything that every one has."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    problem = dict(answer.json)
    assert problem.keys() >= MEMBERS
    assert (problem["status"], problem["code"]) == (status, code), answer.text
    assert problem["instance"] == answer.request.path
    assert problem["type"] == f"/problems/{code}"
    assert ("errors" in problem) == (status == 422)
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return problem


def pointers(problem: dict[str, Any]) -> list[str]:
    """Where the problem says that something is wrong."""
    return [fault["pointer"] for fault in problem["errors"]]
