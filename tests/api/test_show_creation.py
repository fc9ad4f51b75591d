"""POST /admin/shows: the three ways to describe a hall, and what is refused."""

import json
import time
import tracemalloc
from copy import deepcopy
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.parsing import MAX_FIELDS, MAX_VALUES
from core.infra.settings import get_settings
from tests.api.asking import assert_problem, pointers
from tests.door import DoorClient
from tests.support import ADMIN, ROOT

PLAN: dict[str, Any] = {
    "name": "A hall",
    "categories": [{"name": "Front", "color": "#ff0000"}, {"name": "Back"}],
    "zones": [
        {
            "name": "Floor",
            "position": {"x": 10, "y": 20},
            "rows": [
                {
                    "row_number": "1",
                    "position": {"x": 1, "y": 2},
                    "seats": [
                        {
                            "seat_guid": f"guid-{number}",
                            "seat_number": str(number),
                            "position": {"x": number * 10, "y": 0},
                            "category": category,
                        }
                        for number, category in ((1, "Front"), (2, "Back"))
                    ],
                }
            ],
            "areas": [{"shape": "circle", "position": {"x": 5, "y": 5}, "circle": {"radius": 3}}],
        }
    ],
}


def create(client: DoorClient, body: dict[str, Any], **fields: Any) -> TestResponse:
    return client.post("/admin/shows", json={**body, **fields}, headers=ADMIN)


def create_planned(client: DoorClient, body: dict[str, Any], change: Any) -> TestResponse:
    plan = deepcopy(PLAN)
    change(plan)
    return create(client, body, seating_plan=plan)


def list_seats(client: DoorClient, show_id: int) -> list[dict[str, Any]]:
    return list(client.get(f"/shows/{show_id}/seats?limit=10000").json["seats"])


def test_total_seats(client: DoorClient, show_body: dict[str, Any]) -> None:
    answer = create(client, show_body, total_seats=120, price=50)
    assert answer.status_code == 201
    show = answer.json
    assert answer.headers["Location"] == f"/shows/{show['id']}"
    assert isinstance(show["id"], int)
    expected = {
        "name": "Hamlet",
        "start_time": "2099-01-10T19:30:00Z",
        "total_seats": 120,
        "status": "on_sale",
        "currency": "EUR",
        "price": 50,
        "hold_seconds": get_settings().hold_seconds,
        "max_seats_per_booking": 10,
        "max_seats_per_customer": None,
        "max_held_seats_per_client": None,
        "sales_open_at": None,
        "sales_close_at": None,
        "cancel_until": None,
        "payment_required": False,
        "time_zone": "UTC",
        "focus": None,
        "seats": {"available": 120, "held": 0, "booked": 0},
    }
    assert {name: show[name] for name in expected} == expected
    assert show["created_at"].endswith("Z")
    seats = list_seats(client, show["id"])
    assert [seat["seat_number"] for seat in seats] == [str(number) for number in range(1, 121)]
    first = {"seat_number": "1", "status": "available", "section": None, "row": None, "price": 50}
    assert seats[0] == first
    assert client.get(f"/shows/{show['id']}").json == show


def test_sections(client: DoorClient, show_body: dict[str, Any]) -> None:
    stalls = {"name": "Stalls", "rows": 28, "seats_per_row": 2, "price": 4500}
    show = create(
        client, show_body, sections=[stalls, {"name": "Standing", "capacity": 3, "price": 2500}]
    ).json
    assert show["total_seats"] == 59
    assert [(s["name"], s["price"]) for s in show["sections"]] == [("Stalls", 4500), ("Standing", 2500)]
    seats = list_seats(client, show["id"])
    numbers = [seat["seat_number"] for seat in seats]
    assert numbers[:3] == ["Stalls-A-1", "Stalls-A-2", "Stalls-B-1"]
    assert numbers[-5:] == ["Stalls-AB-1", "Stalls-AB-2", "Standing-1", "Standing-2", "Standing-3"]
    assert (seats[2]["section"], seats[2]["row"]) == ("Stalls", "B")
    assert (seats[-1]["section"], seats[-1]["row"], seats[-1]["price"]) == ("Standing", None, 2500)


def test_seating_plan(client: DoorClient, show_body: dict[str, Any]) -> None:
    show = create(client, show_body, seating_plan=PLAN, prices={"Front": 900}).json
    assert (show["total_seats"], [s["name"] for s in show["sections"]]) == (2, ["Floor"])
    one, two = list_seats(client, show["id"])
    assert one == {
        "seat_number": "guid-1",
        "status": "available",
        "section": "Floor",
        "row": "1",
        "price": 900,
    }
    assert (two["seat_number"], two["price"]) == ("guid-2", 0)


def test_real_hall(client: DoorClient, show_body: dict[str, Any]) -> None:
    plan = json.loads((ROOT / "local/halls/riethsporthalle-erfurt.json").read_text())
    prices = {category["name"]: 1000 + index for index, category in enumerate(plan["categories"])}
    show = create(client, show_body, seating_plan=plan, prices=prices).json
    assert show["total_seats"] == show["seats"]["available"] == 1222
    seats = list_seats(client, show["id"])
    drawn = [
        (seat["seat_guid"], zone["name"], prices[seat["category"]])
        for zone in plan["zones"]
        for row in zone["rows"]
        for seat in row["seats"]
    ]
    assert [(s["seat_number"], s["section"], s["price"]) for s in seats] == drawn


def test_every_option(client: DoorClient, show_body: dict[str, Any]) -> None:
    options = {
        "currency": "CHF",
        "hold_seconds": 15,
        "max_seats_per_booking": 4,
        "max_seats_per_customer": 6,
        "max_held_seats_per_client": 5,
        "sales_open_at": "2098-01-01T00:00:00Z",
        "sales_close_at": "2098-12-31T00:00:00Z",
        "cancel_until": "2098-12-30T00:00:00Z",
        "payment_required": True,
        "time_zone": "Pacific/Chatham",
        "focus": "left",
    }
    show = create(client, show_body, total_seats=1, **options).json
    assert {name: show[name] for name in options} == options
    assert show["status"] == "scheduled"


def test_start_in_the_past_is_closed(client: DoorClient, show_body: dict[str, Any]) -> None:
    answer = create(client, show_body, total_seats=1, start_time="2001-01-10T20:30:00+01:00")
    assert (answer.status_code, answer.json["status"]) == (201, "closed")
    assert answer.json["start_time"] == "2001-01-10T19:30:00Z"


def test_largest_hall(client: DoorClient, show_body: dict[str, Any]) -> None:
    assert create(client, show_body, total_seats=100_000).json["seats"]["available"] == 100_000


REFUSED = {
    "no hall": ({}, ""),
    "two halls": ({"total_seats": 1, "sections": [{"name": "A", "capacity": 1}]}, ""),
    "no seat": ({"total_seats": 0}, "/total_seats"),
    "a text": ({"total_seats": "12"}, "/total_seats"),
    "a fraction": ({"total_seats": 1.5}, "/total_seats"),
    "a truth value": ({"total_seats": True}, "/total_seats"),
    "too large": ({"total_seats": 100_001}, "/total_seats"),
    "sections too large": ({"sections": [{"name": "A", "rows": 1000, "seats_per_row": 101}]}, "/sections"),
    "no section": ({"sections": []}, "/sections"),
    "many sections": ({"sections": [{"name": "A", "capacity": 1}] * 1001}, "/sections"),
    "many rows": ({"sections": [{"name": "A", "rows": 10_001, "seats_per_row": 1}]}, "/sections/0/rows"),
    "many rows together": (
        {"sections": [{"name": name, "rows": 5_001, "seats_per_row": 1} for name in "AB"]},
        "/sections",
    ),
    "immense sections": (
        {"sections": [{"name": name, "rows": 5_000, "seats_per_row": 100_000} for name in "AB"]},
        "/sections",
    ),
    "many zones": ({"seating_plan": {**PLAN, "zones": PLAN["zones"] * 1001}}, "/seating_plan/zones"),
    "many prices": ({"seating_plan": PLAN, "prices": dict.fromkeys(map(str, range(1001)), 1)}, "/prices"),
    "same name twice": ({"sections": [{"name": "A", "capacity": 1}] * 2}, "/sections/1/name"),
    "rows and capacity": (
        {"sections": [{"name": "A", "rows": 1, "seats_per_row": 1, "capacity": 1}]},
        "/sections/0",
    ),
    "rows alone": ({"sections": [{"name": "A", "rows": 1}]}, "/sections/0"),
    "same number twice": (
        {
            "sections": [
                {"name": "X", "rows": 1, "seats_per_row": 1},
                {"name": "X-A", "capacity": 1},
            ]
        },
        "/sections/1/name",
    ),
    "unknown field": ({"total_seats": 1, "colour": "red"}, "/colour"),
    "unknown field inside": ({"sections": [{"name": "A", "capacity": 1, "x": 1}]}, "/sections/0/x"),
    "negative price": ({"total_seats": 1, "price": -1}, "/price"),
    "currency": ({"total_seats": 1, "currency": "euro"}, "/currency"),
    "short hold": ({"total_seats": 1, "hold_seconds": 14}, "/hold_seconds"),
    "long hold": ({"total_seats": 1, "hold_seconds": 901}, "/hold_seconds"),
    "name": ({"total_seats": 1, "name": ""}, "/name"),
    "name with NUL": ({"total_seats": 1, "name": "a\0b"}, "/name"),
    "time without offset": ({"total_seats": 1, "start_time": "2099-01-10T19:30:00"}, "/start_time"),
    "no such day": ({"total_seats": 1, "start_time": "2099-02-30T19:30:00Z"}, "/start_time"),
    "time as number": ({"total_seats": 1, "start_time": 4070908800}, "/start_time"),
    "closes before it opens": (
        {
            "total_seats": 1,
            "sales_open_at": "2098-01-02T00:00:00Z",
            "sales_close_at": "2098-01-01T00:00:00Z",
        },
        "/sales_open_at",
    ),
    "prices without a plan": ({"total_seats": 1, "prices": {"A": 1}}, ""),
    "undeclared price": ({"seating_plan": PLAN, "prices": {"A/B": 1}}, "/prices/A~1B"),
}


@pytest.mark.parametrize(("fields", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(client: DoorClient, show_body: dict[str, Any], fields: dict[str, Any], pointer: str) -> None:
    problem = assert_problem(create(client, show_body, **fields), 422, "invalid_request")
    assert pointer in pointers(problem)
    assert client.get("/shows").json["items"] == []


def test_a_body_of_millions_of_values_is_not_even_parsed(
    client: DoorClient, show_body: dict[str, Any]
) -> None:
    body = json.dumps({**show_body, "seating_plan": {**PLAN, "zones": []}})
    body = body.replace('"zones": []', f'"zones": [{"[]," * MAX_VALUES}[]]')
    tracemalloc.start()
    try:
        answer = client.post("/admin/shows", data=body, content_type="application/json", headers=ADMIN)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(MAX_VALUES) in assert_problem(answer, 422, "invalid_request")["detail"]
    # Parsed it takes twenty times as much.
    assert peak < 8 * len(body)


def test_plan_with_one_seat_twice(client: DoorClient, show_body: dict[str, Any]) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["zones"][0]["rows"][0]["seats"][1]["seat_guid"] = "guid-1"

    problem = assert_problem(create_planned(client, show_body, change), 422, "invalid_request")
    assert pointers(problem) == ["/seating_plan/zones/0/rows/0/seats/1/seat_guid"]


def test_plan_with_undeclared_category(client: DoorClient, show_body: dict[str, Any]) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["zones"][0]["rows"][0]["seats"][0]["category"] = "Nowhere"

    problem = assert_problem(create_planned(client, show_body, change), 422, "invalid_request")
    assert pointers(problem) == ["/seating_plan/zones/0/rows/0/seats/0/category"]


def test_plan_fields_that_are_not_read(client: DoorClient, show_body: dict[str, Any]) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["uuid"] = plan["zones"][0]["zone_id"] = "x"
        plan["zones"][0]["rows"][0] |= {"row_number_position": "both", "start_direction": 7}
        plan["zones"][0]["areas"][0]["unheard_of"] = {"deep": [1, 2.5, None]}

    assert create_planned(client, show_body, change).status_code == 201


@pytest.mark.parametrize("value", [10**30, -(2**63) - 1, 2**64, "\0", {"\0": 1}])
def test_plan_values_that_cannot_be_kept(
    client: DoorClient, show_body: dict[str, Any], value: object
) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["zones"][0]["areas"][0]["unheard_of"] = [value]

    assert_problem(create_planned(client, show_body, change), 422, "invalid_request")


@pytest.mark.parametrize("template", ["{{{}}}", '{{"prices": {{{}}}}}', '{{"sections": [{{{}}}]}}'])
def test_object_of_too_many_fields_costs_no_error_each(client: DoorClient, template: str) -> None:
    fields = ",".join(f'"{number:x}":0' for number in range(300_000))
    began = time.process_time()
    answer = client.post(
        "/admin/shows", data=template.format(fields), content_type="application/json", headers=ADMIN
    )
    assert str(MAX_FIELDS) in assert_problem(answer, 422, "invalid_request")["detail"]
    # A tenth of a second; an error for each field takes many.
    assert time.process_time() - began < 2
