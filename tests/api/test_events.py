"""GET /admin/events: exactly one event a transition, in order, as CloudEvents."""

import uuid
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.asking import Asking, assert_problem, pointers, run_out
from tests.support import ADMIN


def read(client: FlaskClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/admin/events{query}", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def story(client: FlaskClient, booking_id: str) -> list[str]:
    return [item["type"] for item in read(client)["items"] if item["subject"] == booking_id]


def test_empty_feed(client: FlaskClient) -> None:
    assert read(client) == {"items": [], "next": 0}
    assert read(client, "?after=7") == {"items": [], "next": 7}


def test_one_event_a_transition(asking: Asking) -> None:
    held = asking.settled("1", hold=True)
    failed = asking.settled("1")
    asking.act(held, "extend")
    asking.act(held, "confirm")
    asking.settle()
    asking.act(held, "cancel")
    asking.settle()
    expired = asking.settled("2", hold=True)
    run_out(expired)
    asking.settle()
    asking.settle()
    client = asking.client
    assert story(client, held) == ["BOOKING_HELD", "BOOKING_CONFIRMED", "BOOKING_CANCELLED"]
    assert story(client, failed) == ["BOOKING_FAILED"]
    assert story(client, expired) == ["BOOKING_HELD", "BOOKING_FAILED"]
    assert len(read(client)["items"]) == 6


def test_envelope(asking: Asking) -> None:
    booking_id = asking.settled("1", "2", customer="ann")
    (event,) = read(asking.client)["items"]
    assert event.keys() == {
        "position",
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "datacontenttype",
        "data",
    }
    assert (event["specversion"], event["type"]) == ("1.0", "BOOKING_CONFIRMED")
    assert (event["subject"], event["datacontenttype"]) == (booking_id, "application/json")
    assert uuid.UUID(event["id"])
    assert event["source"]
    assert datetime.fromisoformat(event["time"])
    assert event["time"].endswith("Z")
    assert event["data"] == asking.read(booking_id)


def test_stable_when_read_again(asking: Asking) -> None:
    booking_id = asking.settled("1")
    first = read(asking.client)["items"]
    asking.act(booking_id, "cancel")
    asking.settle()
    assert read(asking.client)["items"][:1] == first


def test_pages(asking: Asking) -> None:
    ids = [asking.settled(str(number)) for number in range(1, 6)]
    found, after = [], 0
    while page := read(asking.client, f"?after={after}&limit=2")["items"]:
        found += [item["subject"] for item in page]
        assert page[-1]["position"] > after
        after = page[-1]["position"]
    assert found == ids
    assert read(asking.client, f"?after={after}") == {"items": [], "next": after}
    late = asking.settled("6")
    assert [item["subject"] for item in read(asking.client, f"?after={after}")["items"]] == [late]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("after=-1", "/after"),
        ("after=x", "/after"),
        ("after=9223372036854775808", "/after"),
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("type=BOOKING_HELD", "/type"),
    ],
)
def test_refused(client: FlaskClient, query: str, pointer: str) -> None:
    answer = client.get(f"/admin/events?{query}", headers=ADMIN)
    assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]
