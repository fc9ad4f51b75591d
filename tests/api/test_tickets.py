"""Tickets: who has a CONFIRMED booking has a code, which the door takes and nothing else does."""

from collections.abc import Callable

import pytest

from core.access.principals import Role
from core.shows.service import Show
from tests.api.asking import Asking, assert_problem
from tests.door import DoorClient
from tests.keys import make_key
from tests.support import ADMIN


@pytest.fixture
def ticket(asking: Asking) -> tuple[str, str]:
    """A booking's id and its ticket code."""
    booking_id = asking.settled("1", customer="ann")
    return booking_id, asking.read(booking_id)["ticket_code"]


def test_in_each_answer_that_has_the_booking(asking: Asking, ticket: tuple[str, str]) -> None:
    booking_id, code = ticket
    assert len(code) == 24
    get = asking.client.get
    told = [
        get(f"/bookings/{booking_id}").json,
        get(f"/bookings/{booking_id}?wait=5").json,
        get(f"/bookings?ids={booking_id}").json["items"][0],
        get("/admin/bookings", headers=ADMIN).json["items"][0],
        get("/admin/events", headers=ADMIN).json["items"][-1]["data"],
        get(f"/admin/tickets/{code}", headers=ADMIN).json,
        asking.act(booking_id, "confirm").json,
    ]
    assert [booking["ticket_code"] for booking in told] == [code] * len(told)
    assert told == [told[0]] * len(told)


@pytest.mark.parametrize("role", [Role.BOX_OFFICE, Role.OPERATOR, Role.ADMIN])
def test_the_door_finds_its_booking(asking: Asking, ticket: tuple[str, str], role: Role) -> None:
    booking_id, code = ticket
    typed = f"{code[:9].lower()} {code[10:]}".replace("0", "o").replace("1", "l")
    answer = asking.client.get(f"/admin/tickets/{typed}", headers=make_key(role).headers)
    assert (answer.status_code, answer.json) == (200, asking.read(booking_id))
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.PARTNER, 403)])
def test_who_may_not_look_it_up(
    client: DoorClient, ticket: tuple[str, str], role: Role | None, status: int
) -> None:
    headers = make_key(role).headers if role else {}
    # One that leads nowhere is refused the same way.
    for code in (ticket[1], "AAAA-AAAA-AAAA-AAAA-AAAA", "x"):
        assert client.get(f"/admin/tickets/{code}", headers=headers).status_code == status


@pytest.mark.parametrize("code", ["x", "AAAA-AAAA-AAAA-AAAA-AAAA", "%C3%84" * 20, "a" * 2000])
def test_a_code_of_no_booking(client: DoorClient, code: str) -> None:
    assert_problem(client.get(f"/admin/tickets/{code}", headers=ADMIN), 404, "not_found")


def test_the_door_is_told_why_a_ticket_is_void(asking: Asking, ticket: tuple[str, str]) -> None:
    booking_id, code = ticket
    asking.act(booking_id, "cancel")
    asking.settle()
    problem = assert_problem(asking.client.get(f"/admin/tickets/{code}", headers=ADMIN), 404, "not_found")
    assert problem["detail"] == f"This ticket is void: its booking, {booking_id}, was cancelled."
    assert asking.read(booking_id)["ticket_code"] is None


def test_nothing_else_takes_the_code(asking: Asking, ticket: tuple[str, str]) -> None:
    _, code = ticket
    for action in ("confirm", "extend", "cancel", "payments"):
        assert_problem(asking.act(code, action), 404, "booking_not_found")
    assert_problem(asking.client.get(f"/bookings/{code}"), 404, "booking_not_found")
    assert asking.client.get(f"/bookings?ids={code}").json["items"] == []
    answer = asking.client.get(f"/admin/bookings/{code}/history", headers=ADMIN)
    assert_problem(answer, 404, "booking_not_found")
    assert asking.read(ticket[0])["status"] == "CONFIRMED"


def test_bookings_that_are_not_confirmed_have_none(
    client: DoorClient, make_show: Callable[..., Show]
) -> None:
    asking = Asking(client, make_show().id)
    held, lost = asking.settled("1", hold=True), asking.settled("1")
    assert [asking.read(each)["ticket_code"] for each in (held, lost)] == [None, None]
    assert asking.post("2").json["ticket_code"] is None
