"""Confirm, extend and cancel: every cell of the contract's table, and what comes of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, change_data, expire
from tests.door import DoorClient
from tests.support import ADMIN, ADMIN_KEY


def reach_acquiring(asking: Asking) -> str:
    return asking.book("1", hold=True)


def reach_held(asking: Asking) -> str:
    return asking.settled("1", hold=True)


def reach_overdue(asking: Asking) -> str:
    booking_id = reach_held(asking)
    expire(booking_id)
    return booking_id


def reach_confirming(asking: Asking) -> str:
    booking_id = reach_held(asking)
    assert asking.act(booking_id, "confirm").status_code == 202
    return booking_id


def reach_confirmed(asking: Asking) -> str:
    booking_id = reach_confirming(asking)
    asking.settle()
    assert asking.read(booking_id)["status"] == "CONFIRMED"
    return booking_id


def pass_cancel_until(booking_id: str) -> str:
    change_data("UPDATE shows SET cancel_until = clock_timestamp()")
    return booking_id


def reach_kept(asking: Asking) -> str:
    return pass_cancel_until(reach_confirmed(asking))


def reach_kept_since_the_show_began(asking: Asking) -> str:
    booking_id = reach_confirmed(asking)
    change_data("UPDATE shows SET start_time = clock_timestamp()")
    return booking_id


def reach_cancelling_too_late(asking: Asking) -> str:
    return pass_cancel_until(reach_cancelling(asking))


def reach_held_too_late(asking: Asking) -> str:
    return pass_cancel_until(reach_held(asking))


def reach_cancelling(asking: Asking) -> str:
    booking_id = reach_confirmed(asking)
    assert asking.act(booking_id, "cancel").status_code == 202
    return booking_id


def reach_cancelled(asking: Asking) -> str:
    booking_id = reach_cancelling(asking)
    asking.settle()
    assert asking.read(booking_id)["status"] == "CANCELLED"
    return booking_id


def reach_expired(asking: Asking) -> str:
    booking_id = reach_overdue(asking)
    asking.settle()
    assert asking.read(booking_id)["failure"] == {"code": "hold_expired", "seats": []}
    return booking_id


def reach_failed(asking: Asking) -> str:
    asking.settled("1")
    booking_id = asking.settled("1", hold=True)
    assert asking.read(booking_id)["failure"]["code"] == "seats_unavailable"
    return booking_id


# A number is the status of the answer, a name the code of the 409.
TABLE = {
    reach_acquiring: ("not_held", "not_held", 202),
    reach_held: (202, 200, 202),
    reach_overdue: ("hold_expired", "hold_expired", 202),
    reach_confirming: (202, "already_settled", 202),
    reach_confirmed: (200, "already_settled", 202),
    reach_kept: (200, "already_settled", "not_cancellable"),
    reach_kept_since_the_show_began: (200, "already_settled", "not_cancellable"),
    reach_held_too_late: (202, 200, 202),
    reach_cancelling_too_late: ("already_settled", "already_settled", 202),
    reach_cancelling: ("already_settled", "already_settled", 202),
    reach_cancelled: ("already_settled", "already_settled", 200),
    reach_expired: ("hold_expired", "hold_expired", "already_settled"),
    reach_failed: ("already_settled", "already_settled", "already_settled"),
}
CELLS = [
    (reach, action, expected)
    for reach, row in TABLE.items()
    for action, expected in zip(("confirm", "extend", "cancel"), row, strict=True)
]


@pytest.mark.parametrize(("reach", "action", "expected"), CELLS)
def test_table(asking: Asking, reach: Callable[[Asking], str], action: str, expected: int | str) -> None:
    booking_id = reach(asking)
    before = asking.read(booking_id)
    answer = asking.act(booking_id, action)
    if isinstance(expected, str):
        assert_problem(answer, 409, expected)
        assert asking.read(booking_id) == before
        return
    assert answer.status_code == expected
    assert answer.json == asking.read(booking_id)
    assert ("Retry-After" in answer.headers) == (expected == 202)
    asking.settle()
    status = {"confirm": "CONFIRMED", "extend": "PENDING", "cancel": "CANCELLED"}[action]
    if reach in (reach_cancelling, reach_cancelling_too_late):
        status = "CANCELLED"
    assert asking.read(booking_id)["status"] == status
    seat = {"CONFIRMED": "booked", "PENDING": "held", "CANCELLED": "available"}[status]
    assert asking.seat_states()["1"] == seat


@pytest.mark.parametrize("action", ["confirm", "extend"])
def test_a_booking_without_hold_is_not_held(asking: Asking, action: str) -> None:
    assert_problem(asking.act(asking.book("1"), action), 409, "not_held")


def test_cancel_before_the_seats_were_had(asking: Asking) -> None:
    booking_id = asking.book("1")
    assert asking.act(booking_id, "cancel").status_code == 202
    asking.settle()
    assert asking.read(booking_id)["status"] == "CANCELLED"
    assert asking.seat_states()["1"] == "available"
    assert asking.read(asking.settled("1"))["status"] == "CONFIRMED"


@pytest.mark.parametrize("reach", [reach_acquiring, reach_held])
def test_waiting_for_its_cancel_from_elsewhere(asking: Asking, reach: Callable[[Asking], str]) -> None:
    booking_id = reach(asking)
    asking.act(booking_id, "cancel")
    assert_problem(asking.act(booking_id, "confirm"), 409, "already_settled")
    assert_problem(asking.act(booking_id, "extend"), 409, "already_settled")
    assert asking.act(booking_id, "cancel").status_code == 202


def test_confirm_in_time_wins_over_expiry(asking: Asking) -> None:
    booking_id = reach_confirming(asking)
    expire(booking_id)
    assert asking.act(booking_id, "confirm").status_code == 202
    rival = asking.book("1")
    asking.settle()
    assert asking.read(booking_id)["status"] == "CONFIRMED"
    assert asking.read(rival)["status"] == "FAILED"


def test_cancel_replaces_a_waiting_confirm(asking: Asking) -> None:
    booking_id = reach_confirming(asking)
    asking.act(booking_id, "cancel")
    asking.settle()
    assert asking.read(booking_id)["status"] == "CANCELLED"


def test_confirm_and_cancel_never_time_out(asking: Asking) -> None:
    confirming, cancelling = asking.settled("1", hold=True), asking.settled("2", hold=True)
    asking.act(confirming, "confirm")
    asking.act(cancelling, "cancel")
    change_data("UPDATE bookings SET created_at = created_at - interval '1 h'")
    expire(confirming)
    asking.settle()
    assert asking.read(confirming)["status"] == "CONFIRMED"
    assert asking.read(cancelling)["status"] == "CANCELLED"


def test_expired_hold_frees_its_seats_for_the_next_in_line(asking: Asking) -> None:
    booking_id = reach_overdue(asking)
    rival = asking.settled("1")
    assert asking.read(booking_id)["status"] == "FAILED"
    assert asking.read(booking_id)["held"] is False
    assert asking.read(rival)["status"] == "CONFIRMED"


def test_sold_seats_go_back_until_the_shows_time(asking: Asking) -> None:
    """Which may be after its start."""
    booking_id = reach_kept_since_the_show_began(asking)
    change_data("UPDATE shows SET cancel_until = clock_timestamp() + interval '1 h'")
    assert asking.act(booking_id, "cancel").status_code == 202


@pytest.mark.parametrize("reach", [reach_kept, reach_kept_since_the_show_began])
def test_who_has_the_admin_key_may_cancel_at_any_time(asking: Asking, reach: Callable[[Asking], str]) -> None:
    path = f"/bookings/{reach(asking)}/cancel"
    for credential in ({}, {"Authorization": ADMIN_KEY}):
        assert_problem(asking.client.post(path, headers=credential), 409, "not_cancellable")
    assert asking.client.post(path, headers=ADMIN).status_code == 202
    # What waits already is not judged again.
    assert asking.client.post(path).status_code == 202
    asking.settle()
    assert asking.client.post(path).json["status"] == "CANCELLED"


def test_a_show_that_is_called_off_takes_everything_back(asking: Asking) -> None:
    booking_id = reach_kept(asking)
    asking.client.post(f"/admin/shows/{asking.show_id}/cancel", headers=ADMIN)
    asking.settle()
    assert asking.read(booking_id)["status"] == "CANCELLED"


def test_a_cancel_that_came_in_time_is_repeated_after_it(asking: Asking) -> None:
    booking_id = reach_confirmed(asking)
    first = asking.act(booking_id, "cancel", "k")
    change_data("UPDATE shows SET cancel_until = clock_timestamp()")
    asking.settle()
    again = asking.act(booking_id, "cancel", "k")
    assert (first.status_code, again.json["status"], again.headers["Idempotent-Replayed"]) == (
        202,
        "CANCELLED",
        "true",
    )


def expiry(asking: Asking, booking_id: str) -> datetime:
    return datetime.fromisoformat(asking.read(booking_id)["hold_expires_at"])


def test_extend_moves_the_end_at_once(client: DoorClient, make_show: Callable[..., Show]) -> None:
    asking = Asking(client, make_show(hold_seconds=300).id)
    booking_id = asking.settled("1", "2", hold=True)
    first = expiry(asking, booking_id)
    version = client.get(f"/shows/{asking.show_id}/availability").json["version"]
    answer = asking.act(booking_id, "extend")
    assert datetime.fromisoformat(answer.json["hold_expires_at"]) == first + timedelta(seconds=300)
    assert expiry(asking, booking_id) == first + timedelta(seconds=300)
    assert client.get(f"/shows/{asking.show_id}/availability").json["version"] == version


def test_extend_ends_15_minutes_after_the_seats_were_held(
    client: DoorClient, make_show: Callable[..., Show]
) -> None:
    asking = Asking(client, make_show(hold_seconds=400).id)
    booking_id = asking.settled("1", hold=True)
    held_at = expiry(asking, booking_id) - timedelta(seconds=400)
    for seconds in (800, 900, 900):
        assert asking.act(booking_id, "extend").status_code == 200
        assert expiry(asking, booking_id) == held_at + timedelta(seconds=seconds)


def test_extended_hold_lives_on(asking: Asking) -> None:
    booking_id = reach_held(asking)
    change_data("UPDATE bookings SET hold_expires_at = clock_timestamp() + interval '1 s'")
    assert asking.act(booking_id, "extend").status_code == 200
    asking.settle()
    assert asking.read(booking_id)["held"] is True
    assert asking.act(booking_id, "confirm").status_code == 202


@pytest.mark.parametrize("action", ["confirm", "extend", "cancel"])
def test_bodies_of_actions(asking: Asking, action: str) -> None:
    path = f"/bookings/{reach_held(asking)}/{action}"
    post = asking.client.post
    assert_problem(post(path, json={"hold": 1}), 422, "invalid_request")
    assert_problem(post(path, data="null", content_type="application/json"), 422, "invalid_request")
    assert_problem(post(path, data="x", content_type="text/plain"), 415, "unsupported_media_type")
    assert post(path, json={}).status_code in (200, 202)


def test_a_cancelled_show_confirms_and_extends_nothing(asking: Asking) -> None:
    booking_id = reach_held(asking)
    asking.client.post(f"/admin/shows/{asking.show_id}/cancel", headers=ADMIN)
    for action in ("confirm", "extend"):
        answer = asking.client.post(f"/bookings/{booking_id}/{action}")
        assert (answer.status_code, answer.json["code"]) == (409, "show_cancelled")
    assert asking.client.post(f"/bookings/{booking_id}/cancel").status_code == 202
