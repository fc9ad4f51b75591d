"""Where shows take place: time zones, plans as their tools write them, and what their audience looks at."""

from typing import Any

import pytest

from core.halls.limits import LONGEST_SECTION
from tests.api.asking import Asking, assert_problem, pointers
from tests.api.test_show_creation import create
from tests.door import DoorClient
from tests.support import ADMIN

ROWS, SEATS = 9, 11
FRONT_MIDDLE = ["A-5", "A-6"]


def draw(*, front: str, stage: str | None = None, named: bool = False, **zone: Any) -> dict[str, Any]:
    """A plan of straight rows "A" to "I", the first at this side, and perhaps a stage there."""
    rows = []
    for index in range(ROWS):
        letter, far = "ABCDEFGHI"[index], 300 + 40 * (index if front in ("top", "left") else ROWS - index)
        places = [
            (400 + 25 * seat, far) if front in ("top", "bottom") else (far, 400 + 25 * seat)
            for seat in range(SEATS)
        ]
        seats = [
            {"seat_guid": f"{letter}-{seat}", "position": {"x": x, "y": y}}
            for seat, (x, y) in enumerate(places)
        ]
        rows.append({"row_number": letter if named else None, "seats": seats})
    areas = []
    if stage:
        x, y = {"top": (525, 50), "bottom": (525, 950), "left": (50, 525), "right": (950, 525)}[front]
        areas = [
            {
                "shape": "rectangle",
                "position": {"x": x - 40, "y": y - 40},
                "rectangle": {"width": 80, "height": 80},
                "text": {"text": stage},
            }
        ]
    size = {"width": 1000, "height": 1000}
    return {"size": size, "zones": [{"rows": rows, "areas": areas, **zone}]}


def best(client: DoorClient, show_id: int) -> list[str]:
    found = client.get(f"/shows/{show_id}/suggestions?quantity=2").json["suggestions"]
    return list(found[0]["seats"])


@pytest.mark.parametrize("front", ["top", "bottom", "left", "right"])
@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ({"stage": "S T A G E"}, None),
        ({"stage": "\u821e\u53f0"}, None),
        ({"named": True}, None),
        ({}, "side"),
        ({}, "place"),
    ],
    ids=["letters apart", "Chinese", "names of rows", "a side", "a place"],
)
def test_the_front_row_is_sold_first(
    client: DoorClient, show_body: dict[str, Any], front: str, drawn: dict[str, Any], said: str | None
) -> None:
    places = {"top": (525, 0), "bottom": (525, 1000), "left": (0, 525), "right": (1000, 525)}
    x, y = places[front]
    focus = {None: None, "side": front, "place": {"x": x, "y": y}}[said]
    show = create(client, show_body, seating_plan=draw(front=front, **drawn), focus=focus).json
    assert show["focus"] == focus
    assert client.get(f"/shows/{show['id']}").json == client.get("/shows").json["items"][0] == show
    assert best(client, show["id"]) in (["A-4", "A-5"], ["A-5", "A-6"])
    asking = Asking(client, show["id"])
    assert asking.read(asking.settled(quantity=1))["seats"] == ["A-5"]


def test_what_is_said_counts_before_what_is_drawn(client: DoorClient, show_body: dict[str, Any]) -> None:
    plan = draw(front="top", stage="Stage", named=True)
    show = create(client, show_body, seating_plan=plan, focus="bottom").json
    assert best(client, show["id"])[0].startswith("I-")


def test_of_halls_that_are_made_too(client: DoorClient, show_body: dict[str, Any]) -> None:
    sections = [{"name": "S", "rows": 5, "seats_per_row": 9}]
    for focus, first in (("top", "S-A-4"), ("bottom", "S-E-4"), ({"x": -1e9, "y": 0}, "S-A-1")):
        show = create(client, show_body, sections=sections, focus=focus).json
        assert show["focus"] == focus
        assert best(client, show["id"])[0] == first
        areas = client.get(f"/shows/{show['id']}/layout").json["areas"]
        assert [area["text"]["text"] for area in areas] == (["Stage"] if focus == "top" else [])


@pytest.mark.parametrize(
    ("focus", "pointer"),
    [
        ("front", "/focus"),
        ("TOP", "/focus"),
        ("", "/focus"),
        (7, "/focus"),
        (True, "/focus"),
        ([1, 2], "/focus"),
        ({}, "/focus/x"),
        ({"x": 1}, "/focus/y"),
        ({"x": "1", "y": 2}, "/focus/x"),
        ({"x": None, "y": 2}, "/focus/x"),
        ({"x": True, "y": 2}, "/focus/x"),
        ({"x": 1e10, "y": 2}, "/focus/x"),
        ({"x": 1, "y": -1e308}, "/focus/y"),
        ({"x": 1, "y": 2, "z": 3}, "/focus/z"),
    ],
)
def test_what_is_no_place_is_refused(
    client: DoorClient, show_body: dict[str, Any], focus: object, pointer: str
) -> None:
    problem = assert_problem(create(client, show_body, total_seats=9, focus=focus), 422, "invalid_request")
    assert pointer in pointers(problem)
    assert client.get("/shows").json["items"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_what_is_no_number_is_refused(client: DoorClient, number: str) -> None:
    show = '"name": "A", "start_time": "2099-01-01T00:00:00Z", "total_seats": 9'
    body = f'{{{show}, "focus": {{"x": {number}, "y": 0}}}}'
    answer = client.post("/admin/shows", data=body, content_type="application/json", headers=ADMIN)
    assert answer.status_code in (400, 422)


ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Argentina/Buenos_Aires",
    "Asia/Kathmandu",
    "Etc/GMT+12",
    "US/Pacific",
    "GB",
]


@pytest.mark.parametrize("zone", ZONES)
def test_time_zones(client: DoorClient, show_body: dict[str, Any], zone: str) -> None:
    show = create(client, show_body, total_seats=1, time_zone=zone).json
    assert show["time_zone"] == zone
    # Times stay as they are.
    assert show["start_time"] == "2099-01-10T19:30:00Z"
    changed = client.patch(f"/admin/shows/{show['id']}", json={"time_zone": "Asia/Tokyo"}, headers=ADMIN).json
    assert changed == {**show, "time_zone": "Asia/Tokyo"}
    assert client.get(f"/shows/{show['id']}").json == client.get("/shows").json["items"][0] == changed


@pytest.mark.parametrize(
    "zone",
    [
        "",
        " ",
        "europe/berlin",
        "Berlin",
        "CEST",
        "+02:00",
        "../etc/passwd",
        "Europe",
        "posix/UTC",
        "localtime",
        "UTC\n",
        7,
        None,
    ],
)
def test_what_is_no_time_zone_is_refused(client: DoorClient, show_body: dict[str, Any], zone: object) -> None:
    problem = assert_problem(create(client, show_body, total_seats=1, time_zone=zone), 422, "invalid_request")
    assert pointers(problem) == ["/time_zone"]
    assert client.get("/shows").json["items"] == []


def test_a_plan_of_seats_alone(client: DoorClient, show_body: dict[str, Any]) -> None:
    plan = {"zones": [{"rows": [{"seats": [{"seat_guid": "a", "category": ""}, {"seat_guid": "b"}]}]}]}
    show = create(client, show_body, seating_plan=plan, prices={"": 900}).json
    assert (show["total_seats"], [one["name"] for one in show["sections"]]) == (2, [None])
    seats = client.get(f"/shows/{show['id']}/seats").json["seats"]
    assert [(one["seat_number"], one["section"], one["row"], one["price"]) for one in seats] == [
        ("a", None, None, 900),
        ("b", None, None, 900),
    ]
    layout = client.get(f"/shows/{show['id']}/layout").json
    assert layout["categories"] == [{"name": "", "color": None, "price": 900}]
    assert [one["label"] for one in layout["sections"][0]["seats"]] == ["a", "b"]
    asking = Asking(client, show["id"])
    assert asking.read(asking.settled("a", "b"))["amount"] == 1800


def test_seats_of_one_number_are_all_named(client: DoorClient, show_body: dict[str, Any]) -> None:
    plan = draw(front="top")
    for row in plan["zones"][0]["rows"]:
        row["seats"] += [{"seat_guid": row["seats"][0]["seat_guid"]}, {"seat_guid": "A-0"}]
    problem = assert_problem(create(client, show_body, seating_plan=plan), 422, "invalid_request")
    assert len(pointers(problem)) == 2 * ROWS
    assert problem["errors"][2] == {
        "pointer": f"/seating_plan/zones/0/rows/1/seats/{SEATS}/seat_guid",
        "detail": '"B-0" is the seat_guid of /seating_plan/zones/0/rows/1/seats/0 too',
    }
    plan["zones"] *= 2
    problem = assert_problem(create(client, show_body, seating_plan=plan), 422, "invalid_request")
    assert len(pointers(problem)) == 20
    assert (
        problem["detail"]
        == f"{4 * ROWS + ROWS * SEATS} things about the hall are wrong; errors has the first 20."
    )
    assert client.get("/shows").json["items"] == []


@pytest.mark.parametrize(
    "name", ["Z" * LONGEST_SECTION, "\u00c9" * LONGEST_SECTION, "\U0001f3ad" * LONGEST_SECTION]
)
def test_the_longest_name_of_a_zone_can_be_asked_for(
    client: DoorClient, show_body: dict[str, Any], name: str
) -> None:
    show_id = create(client, show_body, seating_plan=draw(front="top", name=name)).json["id"]
    asking = Asking(client, show_id)
    query = {"section": name}
    assert len(client.get(f"/shows/{show_id}/seats", query_string=query).json["seats"]) == ROWS * SEATS
    found = client.get(f"/shows/{show_id}/suggestions", query_string={**query, "quantity": "2"}).json
    assert found["suggestions"]
    assert asking.read(asking.settled(quantity=2, section=name))["status"] == "CONFIRMED"
    longer = {"section": name + "Z"}
    for answer, pointer in (
        (
            create(client, show_body, seating_plan=draw(front="top", name=name + "Z")),
            "/seating_plan/zones/0/name",
        ),
        (create(client, show_body, sections=[{"name": name + "Z", "capacity": 1}]), "/sections/0/name"),
        (client.get(f"/shows/{show_id}/seats", query_string=longer), "/section"),
        (client.get(f"/shows/{show_id}/suggestions", query_string={**longer, "quantity": "2"}), "/section"),
        (asking.post(quantity=1, **longer), "/section"),
    ):
        assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]
