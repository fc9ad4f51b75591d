"""Each fault of a 422 points into what was sent, as RFC 6901 has it, and speaks of JSON and not of Python."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from api.parsing import load_json, validate
from api.schemas.bookings import BatchRequest, BookingRequest
from api.schemas.shows import ShowChanges, ShowRequest
from api.schemas.webhooks import EndpointChange, EndpointRequest, ReplayRequest
from core.errors import InvalidRequestError, point
from tests.api.asking import assert_problem, pointers
from tests.api.test_show_creation import PLAN
from tests.door import DoorClient
from tests.support import ADMIN

START = {"name": "Hamlet", "start_time": "2099-01-10T19:30:00Z"}
AREAS = [
    {
        "shape": "polygon",
        "position": {"x": 1, "y": 1},
        "polygon": {"points": [{"x": 0, "y": 0}, {"x": 1, "y": 2}]},
    },
    {"shape": "ellipse", "position": {"x": 1, "y": 1}, "ellipse": {"radius": {"x": 1, "y": 1}}},
    {"shape": "text", "position": {"x": 1, "y": 1}, "text": {"text": "Stage"}},
]
DRAWN = {**PLAN, "zones": [{**PLAN["zones"][0], "areas": AREAS}], "size": {"width": 10, "height": 10}}
BOOKING = {"show_id": 1, "seats": ["Stalls-A-1", "x"], "hold": True, "customer": "ann"}
BODIES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (ShowRequest, {**START, "seating_plan": DRAWN, "prices": {"Front": 900, "Back/left~1": 1, "[key]": 2}}),
    (
        ShowRequest,
        {**START, "sections": [{"name": "A", "capacity": 3}, {"name": "B", "rows": 2, "seats_per_row": 2}]},
    ),
    (
        ShowChanges,
        {"name": "x", "start_time": "2099-01-10T19:30:00Z", "currency": "EUR", "cancel_until": None},
    ),
    (BookingRequest, BOOKING),
    (BatchRequest, {"bookings": [BOOKING, {"show_id": 1, "quantity": 2, "section": "A"}]}),
    (EndpointRequest, {"url": "https://x.example/", "types": ["BOOKING_HELD"], "description": "d"}),
    (EndpointChange, {"enabled": False, "types": None}),
    (ReplayRequest, {"from_time": "2099-01-10T19:30:00Z"}),
]
NAMES = st.sampled_from(
    ["[key]", "a/b", "~", "", "0", "-1", "name", "x", "Kat I", "function-wrap[f()]", "\u2800", "\0"]
)
JUNK = st.recursive(
    st.sampled_from(
        [None, True, -1, 1.5, float("inf"), 10**30, "", "x", "\0", " ", "\u202e", "2099-13-01T00:00:00Z"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


def list_places(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where there is something in the value, by the names and indexes that lead there."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        yield from list_places(inner, *path, name)


def spoil(value: Any, path: tuple[str | int, ...], junk: Any, data: st.DataObject) -> Any:
    """The value with something else at a place, or one thing more or less there."""
    if not path:
        return junk
    spoilt = deepcopy(value)
    where = spoilt
    for part in path[:-1]:
        where = where[part]
    match data.draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            where[path[-1]] = junk
        case "remove":
            del where[path[-1]]
        case "add" if isinstance(where, dict):
            where[data.draw(NAMES)] = junk
        case "add":
            where.append(junk)
    return spoilt


def resolve(pointer: str, document: Any) -> Any:
    """What a JSON pointer points at. Raises LookupError or TypeError for one that does not."""
    assert pointer == "" or pointer.startswith("/")
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def check_faults(faults: Any, body: Any) -> None:
    assert faults
    for fault in faults:
        where, _, name = fault.pointer.rpartition("/")
        if fault.detail == "Field required":
            assert name not in resolve(where, body)
        else:
            resolve(fault.pointer, body)
        for word in ("dictionary", "instance of", "Request", "int()", "fromisoformat", "isoformat"):
            assert word not in fault.detail


@pytest.mark.parametrize(("model", "body"), BODIES, ids=lambda one: getattr(one, "__name__", ""))
def test_whatever_is_wrong_is_pointed_at(model: type[BaseModel], body: dict[str, Any]) -> None:
    places = list(list_places(body))

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        spoilt = body
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.sampled_from(places))
            try:
                spoilt = spoil(spoilt, place, data.draw(JUNK), data)
            except (LookupError, TypeError, AttributeError):
                continue
        try:
            validate(model, spoilt)
        except InvalidRequestError as refusal:
            check_faults(refusal.faults, spoilt)

    run()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prices": {"Kat I\0": 1}}, ["/prices/Kat I\0"]),
        ({"prices": {"a/b~c\0": 1}}, ["/prices/a~1b~0c\0"]),
        ({"prices": {"x" * 201: 1}}, ["/prices/" + "x" * 201]),
        ({"prices": {"[key]": "1"}}, ["/prices/[key]"]),
        ({"prices": {"~/": 1}}, ["/prices/~0~1"]),
        ({"prices": {"": 1.5}}, ["/prices/"]),
        ({"prices": []}, ["/prices"]),
        ({"seating_plan": {**PLAN, "zones": [[]]}}, ["/seating_plan/zones/0"]),
        ({"seating_plan": {**DRAWN, "size": {"height": "1"}}}, ["/seating_plan/size/height"]),
        ({"a/b": 1}, ["/a~1b"]),
    ],
    ids=str,
)
def test_pointers_of_a_show(
    client: DoorClient, show_body: dict[str, Any], fields: dict[str, Any], expected: list[str]
) -> None:
    answer = client.post("/admin/shows", json={**show_body, "seating_plan": PLAN, **fields}, headers=ADMIN)
    assert pointers(assert_problem(answer, 422, "invalid_request")) == expected


def test_pointers_of_a_query(client: DoorClient) -> None:
    for query, pointer in (("a/b=1&a/b=2", "/a~1b"), ("~=1", "/~0"), ("limit=1&limit=2", "/limit")):
        assert pointers(assert_problem(client.get(f"/shows?{query}"), 422, "invalid_request")) == [pointer]


def test_a_body_that_is_no_object(client: DoorClient) -> None:
    for body in ("[]", "null", "1", '"x"', "1.0"):
        answer = client.post("/bookings", data=body, content_type="application/json")
        problem = assert_problem(answer, 422, "invalid_request")
        assert problem["errors"] == [{"pointer": "", "detail": "Input should be a valid object"}]


def test_pointers_are_escaped() -> None:
    assert point("prices", "a~/b", 0) == "/prices/a~0~1b/0"
    assert point() == ""
    assert json.dumps(resolve(point("~1", "/"), load_json(b'{"~1": {"/": 7}}'))) == "7"
