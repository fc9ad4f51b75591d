"""People's names: taken as they are written, trimmed, and found however they are composed."""

# ruff: noqa: RUF001 (letters that look like others are what this is about)

import unicodedata
from typing import Any

import pytest

from tests.api.asking import Asking, assert_problem, pointers
from tests.core.test_texts import BLANK, REFUSED, TAKEN
from tests.door import DoorClient
from tests.support import ADMIN

CAFE, COMPOSED = "Cafe\u0301", "Caf\u00e9"


def create(client: DoorClient, body: dict[str, Any], **fields: Any) -> Any:
    return client.post("/admin/shows", json={**body, "total_seats": 5, **fields}, headers=ADMIN)


def create_sections(client: DoorClient, body: dict[str, Any], *names: str) -> Any:
    sections = [{"name": name, "capacity": 3, "price": n} for n, name in enumerate(names)]
    return client.post("/admin/shows", json={**body, "sections": sections}, headers=ADMIN)


def make_plan(zone: str, category: str, reference: str) -> dict[str, Any]:
    seat = {"seat_guid": CAFE, "seat_number": "1", "position": {"x": 0, "y": 0}, "category": reference}
    row = {"row_number": "1", "seats": [seat]}
    other = {**row, "seats": [{**seat, "seat_guid": f"{COMPOSED} 2"}]}
    place = {"x": 0, "y": 0}
    return {
        "name": "A hall",
        "categories": [{"name": category}],
        "zones": [
            {"name": zone, "position": place, "rows": [row]},
            {"name": unicodedata.normalize("NFC", zone), "position": place, "rows": [other]},
        ],
    }


@pytest.mark.parametrize("name", TAKEN, ids=ascii)
def test_a_name_is_kept_as_it_was_sent(client: DoorClient, show_body: dict[str, Any], name: str) -> None:
    show = create(client, {**show_body, "name": f" \u00a0{name}\u3000"}).json
    assert show["name"] == name.strip()
    assert client.get(f"/shows/{show['id']}").json["name"] == name.strip()
    for query in (name, name.strip().swapcase(), unicodedata.normalize("NFD", name)):
        found = client.get("/shows", query_string={"q": query}).json["items"]
        assert [each["id"] for each in found] == [show["id"]]
    changed = client.patch(f"/admin/shows/{show['id']}", json={"name": f"The {name}"}, headers=ADMIN)
    assert changed.json["name"] == f"The {name}".strip()


@pytest.mark.parametrize(
    "name", [*(name for name in REFUSED if "half" not in REFUSED[name]), *BLANK], ids=ascii
)
def test_what_no_name_may_be(client: DoorClient, show_body: dict[str, Any], name: str) -> None:
    problem = assert_problem(create(client, {**show_body, "name": name}), 422, "invalid_request")
    assert pointers(problem) == ["/name"]
    assert "U+" in problem["errors"][0]["detail"]
    sections = create_sections(client, show_body, "Stalls", name)
    assert pointers(assert_problem(sections, 422, "invalid_request")) == ["/sections/1/name"]
    assert client.get("/shows").json["items"] == []


def test_what_shows_nothing_is_not_searched_by(client: DoorClient, show_body: dict[str, Any]) -> None:
    create(client, {**show_body, "name": "Donau\u00addampf \u2764\ufe0f \u200fשלום"})
    for query in ("donaudampf", "Donau\u00addampf", "\u2764 ש", "\u2764\ufe0f \u200fש"):
        assert len(client.get("/shows", query_string={"q": query}).json["items"]) == 1, ascii(query)
    assert pointers(client.get("/shows", query_string={"q": " \u200d"}).json) == ["/q"]


def test_length_is_counted_in_characters_and_without_space_around(
    client: DoorClient, show_body: dict[str, Any]
) -> None:
    mask = "\U0001f3ad"
    assert create(client, {**show_body, "name": f"  {mask * 200}\u2003"}).json["name"] == mask * 200
    problem = assert_problem(create(client, {**show_body, "name": mask * 201}), 422, "invalid_request")
    assert problem["errors"] == [{"pointer": "/name", "detail": "String should have at most 200 characters"}]
    assert create_sections(client, show_body, f" {mask * 100} ").status_code == 201
    assert_problem(create_sections(client, show_body, mask * 101), 422, "invalid_request")


def test_sections_are_found_however_they_are_composed(client: DoorClient, show_body: dict[str, Any]) -> None:
    show = create_sections(client, show_body, f" {CAFE} ", "Stalls").json
    assert [section["name"] for section in show["sections"]] == [CAFE, "Stalls"]
    path = f"/shows/{show['id']}"
    for name in (CAFE, COMPOSED, f"{COMPOSED} "):
        seats = client.get(f"{path}/seats", query_string={"section": name}).json["seats"]
        assert [seat["section"] for seat in seats] == [CAFE] * 3
        found = client.get(f"{path}/suggestions", query_string={"quantity": 3, "section": name})
        assert len(found.json["suggestions"]) == 1
    asking = Asking(client, show["id"])
    sold = asking.read(asking.settled(quantity=2, section=COMPOSED))
    assert (sold["status"], sold["section"], sold["seats"]) == ("CONFIRMED", CAFE, [f"{CAFE}-1", f"{CAFE}-2"])
    batch = [{"show_id": show["id"], "quantity": 1, "section": COMPOSED}]
    assert client.post("/bookings/batch", json={"bookings": batch}).json["bookings"][0]["section"] == CAFE
    assert pointers(assert_problem(asking.post(quantity=1, section="Cafe"), 422, "invalid_request")) == [
        "/section"
    ]


def test_two_sections_have_two_names(client: DoorClient, show_body: dict[str, Any]) -> None:
    for other in (COMPOSED, f" {CAFE}", f"{CAFE}\u00a0"):
        problem = assert_problem(create_sections(client, show_body, CAFE, "B", other), 422, "invalid_request")
        assert pointers(problem) == ["/sections/2/name"]


def test_names_of_a_plan(client: DoorClient, show_body: dict[str, Any]) -> None:
    plan = make_plan(f" {CAFE}", f"{CAFE} ", COMPOSED)
    body = {**show_body, "seating_plan": plan, "prices": {COMPOSED: 700}}
    show = client.post("/admin/shows", json=body, headers=ADMIN).json
    assert [(section["name"], section["price"]) for section in show["sections"]] == [(CAFE, 700)]
    layout = client.get(f"/shows/{show['id']}/layout").json
    assert [category["name"] for category in layout["categories"]] == [CAFE]
    # Their numbers stay as they were sent; two that are written alike would be one seat's.
    seats = client.get(f"/shows/{show['id']}/seats").json["seats"]
    assert [seat["seat_number"] for seat in seats] == [CAFE, f"{COMPOSED} 2"]
    plan["zones"][1]["rows"][0]["seats"][0]["seat_guid"] = COMPOSED
    problem = assert_problem(client.post("/admin/shows", json=body, headers=ADMIN), 422, "invalid_request")
    assert pointers(problem) == ["/seating_plan/zones/1/rows/0/seats/0/seat_guid"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"prices": {CAFE: 1, COMPOSED: 2}}, f"/prices/{COMPOSED}"),
        ({"prices": {CAFE: 1, f"{CAFE} ": 2}}, f"/prices/{CAFE} "),
        ({"prices": {"a\u202eb": 1}}, "/prices/a\u202eb"),
        ({"prices": {"\u2800": 1}}, "/prices/\u2800"),
        ({"zone": "\u200b"}, "/seating_plan/zones/0/name"),
        ({"category": "\u3164"}, "/seating_plan/categories/0/name"),
        ({"reference": "a\0"}, "/seating_plan/zones/0/rows/0/seats/0/category"),
    ],
    ids=str,
)
def test_names_that_a_plan_may_not_have(
    client: DoorClient, show_body: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    prices = change.pop("prices", {})
    plan = make_plan(**{"zone": CAFE, "category": CAFE, "reference": CAFE, **change})
    answer = client.post(
        "/admin/shows", json={**show_body, "seating_plan": plan, "prices": prices}, headers=ADMIN
    )
    assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]


def test_a_customer_is_an_id(asking: Asking) -> None:
    """Compared as it was sent, space and all."""
    ids = [CAFE, COMPOSED, f" {CAFE} ", "\u200f", "\U0001f468\u200d\U0001f469"]
    for seat, customer in enumerate(ids, start=1):
        assert asking.post(str(seat), customer=customer).json["customer"] == customer
    for customer in ids:
        found = asking.client.get("/admin/bookings", query_string={"customer": customer}, headers=ADMIN)
        assert [booking["customer"] for booking in found.json["items"]] == [customer]
    for customer in ("a\nb", "\u202e", "\ufffe"):
        problem = assert_problem(asking.post("9", customer=customer), 422, "invalid_request")
        assert pointers(problem) == ["/customer"]
