"""max_held_seats_per_client: what a show may say of it, and who is whose client."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask

from core.access.pseudonyms import hide
from core.infra.settings import get_settings
from core.shows.service import Show
from tests.acting import ask
from tests.api.asking import Asking, assert_problem, pointers, with_key
from tests.door import DoorClient, open_door
from tests.support import ADMIN

MakeShow = Callable[..., Show]
HOLD = {"hold": True}


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Have the service live by these variables."""

    def with_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setitem(os.environ, name, value)
        get_settings.cache_clear()

    yield with_variables
    monkeypatch.undo()
    get_settings.cache_clear()


def create(client: DoorClient, body: dict[str, Any], **fields: Any) -> Any:
    return client.post("/admin/shows", json={**body, "total_seats": 50, **fields}, headers=ADMIN)


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ("7", ({"max_seats_per_booking": 5}, 7)),
        ("7", ({"max_seats_per_booking": 8}, 8)),
        ("7", ({}, 10)),
        ("20", ({}, 20)),
        ("20", ({"max_held_seats_per_client": None}, None)),
        ("20", ({"max_held_seats_per_client": 10}, 10)),
        ("20", ({"max_held_seats_per_client": 50, "max_seats_per_booking": 50}, 50)),
    ],
)
def test_without_it_a_show_has_the_services_own(
    client: DoorClient,
    enter: Callable[..., None],
    show_body: dict[str, Any],
    own: str,
    given: tuple[dict[str, Any], int | None],
) -> None:
    enter(HELD_SEATS_PER_CLIENT=own)
    fields, expected = given
    show = create(client, show_body, **fields).json
    assert show["max_held_seats_per_client"] == expected
    assert client.get(f"/shows/{show['id']}").json == show
    assert client.get("/shows").json["items"] == [show]


def test_where_something_else_is_wrong_it_is_not_named(client: DoorClient, show_body: dict[str, Any]) -> None:
    problem = assert_problem(create(client, show_body, max_seats_per_booking=0), 422, "invalid_request")
    assert pointers(problem) == ["/max_seats_per_booking"]


def test_there_is_none_in_development(client: DoorClient, show_body: dict[str, Any]) -> None:
    assert create(client, show_body).json["max_held_seats_per_client"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {"max_held_seats_per_client": 9},
        {"max_held_seats_per_client": 4, "max_seats_per_booking": 5},
        {"max_held_seats_per_client": 0, "max_seats_per_booking": 1},
        {"max_held_seats_per_client": 100_001},
        {"max_held_seats_per_client": "20"},
        {"max_held_seats_per_client": True},
    ],
)
def test_a_show_that_cannot_be(client: DoorClient, show_body: dict[str, Any], fields: dict[str, Any]) -> None:
    problem = assert_problem(create(client, show_body, **fields), 422, "invalid_request")
    assert pointers(problem) == ["/max_held_seats_per_client"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"max_held_seats_per_client": 9}, "/max_held_seats_per_client"),
        ({"max_held_seats_per_client": 14, "max_seats_per_booking": 15}, "/max_held_seats_per_client"),
        ({"max_seats_per_booking": 13}, "/max_seats_per_booking"),
    ],
)
def test_changes_that_cannot_be(
    client: DoorClient, make_show: MakeShow, fields: dict[str, Any], pointer: str
) -> None:
    path = f"/admin/shows/{make_show(max_held_seats_per_client=12).id}"
    problem = assert_problem(client.patch(path, json=fields, headers=ADMIN), 422, "invalid_request")
    assert pointers(problem) == [pointer]
    changed = client.patch(path, json={"max_held_seats_per_client": None, **fields}, headers=ADMIN)
    assert changed.status_code == (422 if "max_held_seats_per_client" in fields else 200)


def hold(asking: Asking, seat: str, *, address: str = "192.0.2.1", **headers: str) -> str:
    """What becomes of a hold of this seat by a client of this address."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"show_id": asking.show_id, "seats": [seat], **HOLD}
    answer = asking.client.post(
        "/bookings", json=body, headers=sent, environ_overrides={"REMOTE_ADDR": address}
    )
    assert answer.status_code == 202, answer.text
    asking.settle()
    found = asking.read(answer.json["id"])
    return found["failure"]["code"] if found["failure"] else "held" if found["held"] else found["status"]


@pytest.fixture
def open_another(app: Flask) -> Iterator[Callable[[int], Asking]]:
    """Opens another door, as of a process started now, for requests about bookings of a show."""
    with ExitStack() as doors:
        yield lambda show_id: Asking(doors.enter_context(open_door(app)), show_id)


@pytest.fixture
def asking(client: DoorClient, make_show: MakeShow) -> Asking:
    """Requests about bookings of a show of which a client may hold one seat."""
    return Asking(client, make_show(max_held_seats_per_client=1, max_seats_per_booking=1).id)


def test_an_address_is_a_client(asking: Asking) -> None:
    assert [hold(asking, seat) for seat in "12"] == ["held", "client_limit"]
    assert hold(asking, "2", address="192.0.2.2") == "held"
    # Who forges a proxy's word is who they were.
    assert hold(asking, "3", X_Forwarded_For="203.0.113.9") == "client_limit"


def test_a_network_of_ipv6_is_one_client(asking: Asking) -> None:
    assert hold(asking, "1", address="[2001:db8:1:2::1]") == "held"
    assert hold(asking, "2", address="[2001:db8:1:2:ffff::7]") == "client_limit"
    assert hold(asking, "2", address="[2001:db8:1:3::1]") == "held"


def test_behind_a_proxy_it_is_whom_the_proxy_tells(
    asking: Asking, enter: Callable[..., None], open_another: Callable[[int], Asking]
) -> None:
    enter(TRUSTED_PROXIES="1")
    behind = open_another(asking.show_id)
    assert hold(behind, "1", X_Forwarded_For="203.0.113.1") == "held"
    assert hold(behind, "2", X_Forwarded_For="198.51.100.7, 203.0.113.1") == "client_limit"
    assert hold(behind, "2", X_Forwarded_For="203.0.113.1, 203.0.113.2") == "held"


def test_with_a_credential_there_is_no_limit(asking: Asking) -> None:
    assert [hold(asking, seat, **ADMIN) for seat in "123"] == ["held"] * 3
    assert [hold(asking, seat) for seat in "45"] == ["held", "client_limit"]
    assert set(ask("SELECT client FROM bookings")) == {(hide("192.0.2.1"),), (None,)}


def test_batches_and_quantities_are_no_way_round_it(asking: Asking) -> None:
    wishes = [{"quantity": 1}, {"seats": ["1"]}, {"seats": ["2"]}, {"quantity": 1, "hold": False}]
    body = {"bookings": [{"show_id": asking.show_id, **HOLD, **wish} for wish in wishes]}
    answer = asking.client.post("/bookings/batch", json=body)
    asking.settle()
    found = [asking.read(booking["id"]) for booking in answer.json["bookings"]]
    assert [booking["held"] for booking in found] == [True, False, False, False]
    assert found[3]["status"] == "CONFIRMED"
    assert {booking["failure"]["code"] for booking in found[1:3]} == {"client_limit"}


def test_a_replay_from_elsewhere_stays_with_whom_it_was_of(asking: Asking) -> None:
    body = {"show_id": asking.show_id, "seats": ["1"], **HOLD}
    for address in ("192.0.2.1", "192.0.2.2"):
        asking.client.post(
            "/bookings", json=body, headers=with_key("k"), environ_overrides={"REMOTE_ADDR": address}
        )
    asking.settle()
    assert hold(asking, "2") == "client_limit"
    assert hold(asking, "2", address="192.0.2.2") == "held"


def test_whose_a_booking_is_is_told_in_its_history_alone(asking: Asking) -> None:
    booking_id = asking.settled("1", **HOLD)
    pseudonym = hide("127.0.0.1")
    assert ask("SELECT client FROM bookings") == [(pseudonym,)]
    asking.act(booking_id, "extend")
    history = asking.client.get(f"/admin/bookings/{booking_id}/history", headers=ADMIN)
    assert [each["client"] for each in history.json["items"]] == [pseudonym, None, pseudonym]
    assert "127.0.0.1" not in history.text
    told = [asking.client.get(f"/admin/bookings?show_id={asking.show_id}", headers=ADMIN).text]
    told += [asking.client.get(f"/bookings/{booking_id}").text]
    told += [str(row.payload) for row in ask("SELECT payload FROM events")]
    assert booking_id in "".join(told)
    for text in told:
        assert pseudonym not in text
        assert '"client"' not in text
        assert "127.0.0.1" not in text
