"""Seat maps of a show: /seats, /layout, /availability, /suggestions."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest

from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, pointers
from tests.demo import make_first_demo_show
from tests.door import DoorClient

SECTIONS = [
    {"name": "Stalls", "rows": 3, "seats_per_row": 4, "price": 4500},
    {"name": "Standing", "capacity": 5, "price": 2500},
]


@pytest.fixture
def hall(client: DoorClient, make_show: Callable[..., Show]) -> Asking:
    """A show of rows and of standing room."""
    return Asking(client, make_show(sections=SECTIONS).id)


def read(hall: Asking, path: str) -> dict[str, Any]:
    answer = hall.client.get(f"/shows/{hall.show_id}/{path}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def test_seats_in_pages(hall: Asking) -> None:
    whole = read(hall, "seats")
    assert (whole["show_id"], whole["version"], whole["next"]) == (hall.show_id, 1, None)
    found, path = [], "seats?limit=7"
    while path:
        page = read(hall, path)
        found += page["seats"]
        path = f"seats?limit=7&cursor={page['next']}" if page["next"] else ""
    assert found == whole["seats"]
    assert len(found) == 17


def test_page_that_ends_with_the_hall_has_no_next(hall: Asking) -> None:
    assert read(hall, "seats?limit=17")["next"] is None


def test_seats_by_status_and_section(hall: Asking) -> None:
    hall.settled("Stalls-A-2", "Standing-1")
    hall.settled("Stalls-B-1", hold=True)

    def numbers(query: str) -> list[str]:
        return [seat["seat_number"] for seat in read(hall, f"seats?{query}")["seats"]]

    assert numbers("status=booked") == ["Stalls-A-2", "Standing-1"]
    assert numbers("status=held") == ["Stalls-B-1"]
    assert numbers("status=booked&section=Standing") == ["Standing-1"]
    assert len(numbers("status=available")) == 14
    assert numbers("status=held&section=Standing") == []
    assert len(numbers("section=Stalls")) == 12


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("seats?limit=0", "/limit"),
        ("seats?limit=10001", "/limit"),
        ("seats?status=free", "/status"),
        ("seats?section=Balcony", "/section"),
        ("seats?section=%00", "/section"),
        ("seats?cursor=WyJhIl0", "/cursor"),
        ("seats?cursor=!", "/cursor"),
        ("seats?row=A", "/row"),
        ("availability?since=-1", "/since"),
        ("availability?since=2", "/since"),
        ("availability?since=now", "/since"),
        ("availability?since=99999999999999999999", "/since"),
        ("availability?format=columns", "/format"),
        ("availability?format=", "/format"),
        ("availability?format=states&since=1", "/since"),
        ("availability?since=1&format=states", "/since"),
        ("layout?format=states", "/format"),
        ("layout?format=Columns", "/format"),
        ("layout?since=1", "/since"),
        ("suggestions", "/quantity"),
        ("suggestions?quantity=0", "/quantity"),
        ("suggestions?quantity=1&section=Balcony", "/section"),
        ("suggestions?quantity=1&near=Stalls-Z-1", "/near"),
    ],
)
def test_refused(hall: Asking, path: str, pointer: str) -> None:
    answer = hall.client.get(f"/shows/{hall.show_id}/{path}")
    assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]


def test_since_from_the_future_is_refused_even_to_who_has_the_map(hall: Asking) -> None:
    answer = hall.client.get(
        f"/shows/{hall.show_id}/availability?since=2", headers={"If-None-Match": 'W/"1"'}
    )
    assert_problem(answer, 422, "invalid_request")


def test_availability(hall: Asking) -> None:
    assert read(hall, "availability") == {"show_id": hall.show_id, "version": 1, "held": [], "booked": []}
    hall.settled("Standing-2", "Stalls-A-1")
    held = hall.settled("Stalls-C-4", hold=True)
    full = read(hall, "availability")
    assert full == {
        "show_id": hall.show_id,
        "version": 3,
        "held": ["Stalls-C-4"],
        "booked": ["Stalls-A-1", "Standing-2"],
    }
    hall.act(held, "cancel")
    hall.settle()
    assert read(hall, "availability")["held"] == []


def test_availability_since(hall: Asking) -> None:
    hall.settled("Standing-2")
    held = hall.settled("Stalls-C-4", hold=True)
    hall.act(held, "cancel")
    hall.settle()
    show_id = hall.show_id

    def since(version: int) -> dict[str, Any]:
        return read(hall, f"availability?since={version}")

    everything = {"Stalls-C-4": "available", "Standing-2": "booked"}
    assert since(1) == {"show_id": show_id, "version": 4, "since": 1, "changes": everything}
    assert since(2) == {"show_id": show_id, "version": 4, "since": 2, "changes": {"Stalls-C-4": "available"}}
    assert since(4) == {"show_id": show_id, "version": 4, "since": 4, "changes": {}}


def test_version_stays_where_no_seat_changes(hall: Asking) -> None:
    hall.settled("Standing-1")
    hall.settled("Standing-1")
    assert read(hall, "availability")["version"] == 2


def test_layout(hall: Asking) -> None:
    layout = read(hall, "layout")
    assert layout.keys() == {"show_id", "size", "sections", "areas", "categories"}
    assert layout["size"]["width"] > 0
    assert layout["size"]["height"] > 0
    stalls, standing = layout["sections"]
    assert (stalls["name"], stalls["numbered"], stalls["capacity"]) == ("Stalls", True, 12)
    seat = stalls["seats"][5]
    assert seat.keys() == {"seat_number", "row", "label", "x", "y", "price", "category"}
    assert (seat["seat_number"], seat["row"], seat["label"]) == ("Stalls-B-2", "B", "2")
    assert seat["price"] == 4500
    places = {(seat["x"], seat["y"]) for seat in stalls["seats"]}
    assert len(places) == 12
    assert standing == {"name": "Standing", "numbered": False, "capacity": 5, "seats": []}


def test_layout_by_columns(hall: Asking) -> None:
    layout = read(hall, "layout?format=columns")
    assert layout.keys() == {"show_id", "size", "sections", "areas", "categories", "seats"}
    assert layout["sections"] == [
        {"name": "Stalls", "numbered": True, "capacity": 12},
        {"name": "Standing", "numbered": False, "capacity": 5},
    ]
    properties = {"seat_number", "section", "row", "label", "x", "y", "category", "price"}
    assert layout["seats"].keys() == properties
    assert {len(column) for column in layout["seats"].values()} == {17}
    one = {name: column[5] for name, column in layout["seats"].items()}
    placed = read(hall, "layout")["sections"][0]["seats"][5]
    assert one == {**placed, "section": 0}
    assert {name: column[-1] for name, column in layout["seats"].items()} == {
        "seat_number": "Standing-5",
        "section": 1,
        "row": None,
        "label": "5",
        "x": None,
        "y": None,
        "category": None,
        "price": 2500,
    }


def test_states(hall: Asking) -> None:
    assert read(hall, "availability?format=states") == {
        "show_id": hall.show_id,
        "version": 1,
        "states": b64encode(bytes(5)).decode(),
    }
    hall.settled("Stalls-A-2", "Standing-5")
    hall.settled("Stalls-B-1", hold=True)
    found = read(hall, "availability?format=states")
    assert (found["version"], b64decode(found["states"])) == (3, bytes([0b1000, 0b1, 0, 0, 0b10]))


def test_formats_have_the_seats_in_the_order_of_the_list(client: DoorClient) -> None:
    """Of a hall that somebody drew."""
    demo = Asking(client, make_first_demo_show().id)
    demo.settled("D-14-1", "D-14-2")
    listed = read(demo, "seats?limit=10000")["seats"]
    layout = read(demo, "layout?format=columns")
    columns, names = layout["seats"], [section["name"] for section in layout["sections"]]
    for name in ("seat_number", "row", "price"):
        assert columns[name] == [seat[name] for seat in listed]
    assert [names[index] for index in columns["section"]] == [seat["section"] for seat in listed]
    prices = [category["price"] for category in layout["categories"]]
    assert [prices[index] for index in columns["category"]] == columns["price"]
    packed = b64decode(read(demo, "availability?format=states")["states"])
    booked = [seat for seat in range(len(listed)) if packed[seat // 4] >> 2 * (seat % 4) & 3 == 2]
    assert [listed[seat]["seat_number"] for seat in booked] == ["D-14-1", "D-14-2"]


@pytest.mark.parametrize("path", ["layout", "layout?format=columns"])
def test_layout_is_cacheable_for_a_day(hall: Asking, path: str) -> None:
    control = hall.client.get(f"/shows/{hall.show_id}/{path}").headers["Cache-Control"]
    assert "max-age=86400" in control
    assert "immutable" in control


def test_suggestions(hall: Asking) -> None:
    found = read(hall, "suggestions?quantity=2&section=Stalls&near=Stalls-C-1")
    assert found["version"] == 1
    assert 1 <= len(found["suggestions"]) <= 3
    assert found["suggestions"][0] == {
        "seats": ["Stalls-C-1", "Stalls-C-2"],
        "together": True,
        "amount": 9000,
    }
    seats = [seat for suggestion in found["suggestions"] for seat in suggestion["seats"]]
    assert len(seats) == len(set(seats))


def test_suggestions_leave_out_what_is_taken(hall: Asking) -> None:
    best = read(hall, "suggestions?quantity=2")["suggestions"][0]["seats"]
    hall.settled(*best)
    left = [
        s for suggestion in read(hall, "suggestions?quantity=2")["suggestions"] for s in suggestion["seats"]
    ]
    assert not set(best) & set(left)
    assert read(hall, "suggestions?quantity=16")["suggestions"] == []


def test_suggestions_for_more_than_anybody_books_are_none(hall: Asking) -> None:
    assert read(hall, "suggestions?quantity=100000&near=Stalls-A-1")["suggestions"] == []


def test_quantity_bookings_get_what_was_suggested_first(hall: Asking) -> None:
    best = read(hall, "suggestions?quantity=3&section=Stalls")["suggestions"][0]
    booking = hall.read(hall.settled(quantity=3, section="Stalls"))
    assert (booking["seats"], booking["amount"]) == (best["seats"], best["amount"])


@pytest.mark.parametrize(
    "path", ["seats", "availability", "availability?format=states", "layout", "layout?format=columns"]
)
def test_maps_are_compressed_for_who_takes_it(hall: Asking, path: str) -> None:
    plain = hall.client.get(f"/shows/{hall.show_id}/{path}")
    packed = hall.client.get(f"/shows/{hall.show_id}/{path}", headers={"Accept-Encoding": "gzip"})
    assert plain.headers.get("Content-Encoding") is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert packed.headers["ETag"] == plain.headers["ETag"]
