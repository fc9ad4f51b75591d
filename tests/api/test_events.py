"""GET /admin/events: exactly one event a transition, in order, as CloudEvents."""

import uuid
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.asking import Asking, assert_problem, expire, pointers
from tests.support import ADMIN


def read(client: FlaskClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/admin/events{query}", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def story(client: FlaskClient, booking_id: str) -> list[str]:
    return [item["type"] for item in read(client)["items"] if item["subject"] == booking_id]


def test_empty_feed(client: FlaskClient) -> None:
    start = read(client)["next"]
    assert read(client) == {"items": [], "next": start}
    assert read(client, f"?after={start}") == {"items": [], "next": start}
    assert (
        read(client, "?after=7")["next"] == read(client, f"?after={read(client, '?after=7')['next']}")["next"]
    )


def test_one_event_a_transition(asking: Asking) -> None:
    held = asking.settled("1", hold=True)
    failed = asking.settled("1")
    asking.act(held, "extend")
    asking.act(held, "confirm")
    asking.settle()
    asking.act(held, "cancel")
    asking.settle()
    expired = asking.settled("2", hold=True)
    expire(expired)
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
    found, positions, page = [], [0], read(asking.client, "?limit=2")
    while items := page["items"]:
        found += [item["subject"] for item in items]
        positions += [item["position"] for item in items]
        page = read(asking.client, f"?after={page['next']}&limit=2")
    assert found == ids
    assert positions == sorted(set(positions))
    assert read(asking.client, f"?after={page['next']}") == page
    late = asking.settled("6")
    assert [item["subject"] for item in read(asking.client, f"?after={page['next']}")["items"]] == [late]


def test_number_from_before_is_taken_like_the_cursor(asking: Asking) -> None:
    ids = [asking.settled(str(number)) for number in range(1, 4)]
    first = read(asking.client, "?limit=1")
    assert isinstance(first["next"], str)
    by_number = read(asking.client, f"?after={first['items'][0]['position']}")
    assert by_number == read(asking.client, f"?after={first['next']}")
    assert [item["subject"] for item in by_number["items"]] == ids[1:]
    assert len(read(asking.client, "?after=0")["items"]) == 3
    assert read(asking.client, "?after=9223372036854775807")["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("after=-1", "/after"),
        ("after=x", "/after"),
        ("after=9223372036854775808", "/after"),
        ("after=", "/after"),
        ("after=1&after=2", "/after"),
        ("after=1.0", "/after"),
        ("after=%2B1", "/after"),
        ("after=%201", "/after"),
        ("after=%D9%A1", "/after"),
        ("after=%00", "/after"),
        # [], [-1], ["1"], [true], [1,2], [2**63], [2**64], and [5] with junk around it.
        ("after=W10", "/after"),
        ("after=Wy0xXQ", "/after"),
        ("after=WyIxIl0", "/after"),
        ("after=W3RydWVd", "/after"),
        ("after=WzEsMl0", "/after"),
        ("after=WzkyMjMzNzIwMzY4NTQ3NzU4MDhd", "/after"),
        ("after=WzE4NDQ2NzQ0MDczNzA5NTUxNjE2XQ", "/after"),
        ("after=!WzVd", "/after"),
        ("after=WzVd===", "/after"),
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("type=BOOKING_HELD", "/type"),
    ],
)
def test_refused(client: FlaskClient, query: str, pointer: str) -> None:
    answer = client.get(f"/admin/events?{query}", headers=ADMIN)
    assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]
