"""Webhook endpoints over HTTP: registered, read, changed, rotated, replayed, removed; and every refusal."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.infra.jobs import RELAY_EVENTS
from core.infra.redis import get_redis
from core.shows.service import Show
from core.webhooks import service as webhooks
from tests.acting import ask, book, run, settle
from tests.door import DoorClient
from tests.support import ADMIN, wait_until

PATH = "/admin/webhook-endpoints"
URL = "https://receiver.example/hooks?tenant=1"
MakeShow = Callable[..., Show]


def register(client: DoorClient, **fields: Any) -> Any:
    return client.post(PATH, json={"url": URL, **fields}, headers=ADMIN)


def make_address(client: DoorClient, **fields: Any) -> str:
    return f"{PATH}/{register(client, **fields).get_json()['id']}"


def test_life_of_an_endpoint(client: DoorClient) -> None:
    made = register(client, types=["BOOKING_CONFIRMED"], description="orders")
    assert made.status_code == 201
    endpoint = made.get_json()
    address = f"{PATH}/{endpoint['id']}"
    assert made.headers["Location"] == address
    assert endpoint.pop("secret").startswith("whsec_")
    assert endpoint == {
        "id": endpoint["id"],
        "url": URL,
        "types": ["BOOKING_CONFIRMED"],
        "description": "orders",
        "enabled": True,
        "disabled_reason": None,
        "old_secret_until": None,
        "waiting": 0,
        "delivered": 0,
        "failed": 0,
        "given_up": 0,
        "paused_until": None,
        "last_success_at": None,
        "last_error": None,
        "last_error_at": None,
        "created_at": endpoint["created_at"],
    }
    assert client.get(address, headers=ADMIN).get_json() == endpoint
    assert client.get(PATH, headers=ADMIN).get_json() == {"items": [endpoint]}
    changed = client.patch(address, json={"types": None, "enabled": False}, headers=ADMIN)
    assert changed.get_json() == {**endpoint, "types": None, "enabled": False, "disabled_reason": "operator"}
    removed = client.delete(address, headers=ADMIN)
    assert (removed.status_code, removed.data) == (204, b"")
    assert client.get(PATH, headers=ADMIN).get_json() == {"items": []}


def test_secret_is_shown_when_it_is_made_and_never_again(client: DoorClient) -> None:
    made = register(client).get_json()
    address = f"{PATH}/{made['id']}"
    rotated = client.post(f"{address}/rotate-secret", headers=ADMIN).get_json()
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] is not None
    for answer in (client.get(address, headers=ADMIN), client.get(PATH, headers=ADMIN)):
        assert "whsec_" not in answer.text
    client.post(f"{address}/rotate-secret", headers=ADMIN)
    assert ask("SELECT cardinality(secrets) FROM webhook_endpoints")[0][0] == 2


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"url": "ftp://receiver.example/"}, "/url"),
        ({"url": "http://127.0.0.1/"}, "/url"),
        ({"url": "http://169.254.169.254/latest"}, "/url"),
        ({"url": "http://[::1]:8000/"}, "/url"),
        ({"url": "http://localhost/"}, "/url"),
        ({"url": "http://127.1/"}, "/url"),
        ({"url": "http://2130706433/"}, "/url"),
        ({"url": "http://\uff11\uff12\uff17.0.0.1/"}, "/url"),
        ({"url": "http://168.63.129.16/"}, "/url"),
        ({"url": "http://[64:ff9b::a9fe:a9fe]/"}, "/url"),
        ({"url": "https://receiver.example./"}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": None}, "/url"),
        ({"url": "https://a.example/" + "x" * 2000}, "/url"),
        ({"url": "https://a.example/\n"}, "/url"),
        ({"types": []}, "/types"),
        ({"types": ["BOOKING_SOLD"]}, "/types/0"),
        ({"types": "BOOKING_HELD"}, "/types"),
        ({"description": "x" * 201}, "/description"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
def test_registration_that_is_refused(client: DoorClient, fields: dict[str, Any], pointer: str) -> None:
    answer = register(client, **fields)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]
    assert ask("SELECT FROM webhook_endpoints") == []


def test_refusal_of_a_private_address_says_what_would_allow_it(client: DoorClient) -> None:
    answer = register(client, url="http://192.168.1.10/hooks")
    assert "WEBHOOK_ALLOW_PRIVATE" in answer.get_json()["detail"]
    assert "WEBHOOK_ALLOW_PRIVATE" in answer.get_json()["errors"][0]["detail"]


class TestSecondOfAUrl:
    @pytest.mark.parametrize("url", [URL, URL.replace("https://r", "HTTPS://R").replace("/h", ":443/h")])
    def test_refused(self, client: DoorClient, url: str) -> None:
        first = register(client).get_json()
        answer = register(client, url=url, types=["BOOKING_HELD"])
        assert (answer.status_code, answer.get_json()["code"]) == (409, "endpoint_exists")
        assert str(first["id"]) in answer.get_json()["detail"]
        assert len(ask("SELECT FROM webhook_endpoints")) == 1

    def test_also_where_the_first_is_off(self, client: DoorClient) -> None:
        client.patch(make_address(client), json={"enabled": False}, headers=ADMIN)
        assert register(client).status_code == 409

    def test_taken_once_the_first_is_removed(self, client: DoorClient) -> None:
        client.delete(make_address(client), headers=ADMIN)
        assert register(client).status_code == 201

    def test_change_to_it_is_refused(self, client: DoorClient) -> None:
        register(client)
        address = make_address(client, url="https://other.example/")
        answer = client.patch(address, json={"url": URL, "description": "x"}, headers=ADMIN)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "endpoint_exists")
        found = client.get(address, headers=ADMIN).get_json()
        assert (found["url"], found["description"]) == ("https://other.example/", None)

    def test_change_to_what_it_is_already(self, client: DoorClient) -> None:
        address = make_address(client)
        assert client.patch(address, json={"url": URL}, headers=ADMIN).status_code == 200

    def test_two_from_before_may_be_changed(self, client: DoorClient) -> None:
        address = make_address(client, url="https://other.example/")
        register(client)
        run("UPDATE webhook_endpoints SET url = :url", url=URL)
        body = {"url": URL, "description": "x"}
        assert client.patch(address, json=body, headers=ADMIN).status_code == 200

    def test_of_many_at_once_one_is_taken(self, client: DoorClient) -> None:
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: register(client).status_code, range(8)))
        assert sorted(statuses) == [201] + [409] * 7

    def test_of_registering_and_changing_at_once_one_is_taken(self, client: DoorClient) -> None:
        others = [make_address(client, url=f"https://other.example/{number}") for number in range(4)]

        def take(number: int) -> int:
            if number % 2:
                return register(client).status_code
            return client.patch(others[number // 2], json={"url": URL}, headers=ADMIN).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(take, range(8)))
        assert sorted(status for status in statuses if status != 409) in ([200], [201])
        assert ask("SELECT count(*) FROM webhook_endpoints WHERE url = :url", url=URL)[0][0] == 1


def test_change_to_a_private_address_is_refused(client: DoorClient) -> None:
    address = f"{PATH}/{register(client).get_json()['id']}"
    answer = client.patch(address, json={"url": "http://10.0.0.1/"}, headers=ADMIN)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/url")
    assert client.get(address, headers=ADMIN).get_json()["url"] == URL
    assert client.patch(address, json={}, headers=ADMIN).status_code == 422
    assert client.patch(address, json={"enabled": None}, headers=ADMIN).status_code == 422


def test_only_so_many_whoever_registers_at_once(client: DoorClient) -> None:
    run(
        "INSERT INTO webhook_endpoints (url, secrets, position)"
        " SELECT 'https://a.example/' || number, ARRAY['whsec_x'], 0 FROM generate_series(1, :taken) number",
        taken=webhooks.MAX_ENDPOINTS - 3,
    )
    urls = [f"https://b.example/{number}" for number in range(12)]
    with ThreadPoolExecutor(len(urls)) as pool:
        statuses = list(pool.map(lambda url: register(client, url=url).status_code, urls))
    assert sorted(statuses) == [201] * 3 + [422] * 9
    assert ask("SELECT count(*) FROM webhook_endpoints")[0][0] == webhooks.MAX_ENDPOINTS == 100
    # Whoever removes one makes room for one.
    found = client.get(PATH, headers=ADMIN).get_json()["items"][0]["id"]
    client.delete(f"{PATH}/{found}", headers=ADMIN)
    with ThreadPoolExecutor(len(urls)) as pool:
        again = list(pool.map(lambda url: register(client, url=f"{url}/x").status_code, urls))
    assert sorted(again) == [201] + [422] * 11


@pytest.mark.parametrize("id_", ["0", "999999", "x", "-1", "1.5", "9" * 30, "%00"])
def test_endpoint_that_is_not_there(client: DoorClient, id_: str) -> None:
    address = f"{PATH}/{id_}"
    for answer in (
        client.get(address, headers=ADMIN),
        client.delete(address, headers=ADMIN),
        client.patch(address, json={"enabled": True}, headers=ADMIN),
        client.post(f"{address}/rotate-secret", headers=ADMIN),
        client.post(f"{address}/replay", json={"from_time": "2026-01-01T00:00:00Z"}, headers=ADMIN),
        client.post(f"{address}/test", headers=ADMIN),
        client.get(f"{address}/deliveries", headers=ADMIN),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


class TestReplay:
    def test_accepted(self, client: DoorClient, make_show: MakeShow) -> None:
        show = make_show()
        book(show.id, "1")
        settle(show.id)
        event_id = client.get("/admin/events", headers=ADMIN).get_json()["items"][0]["id"]
        address = f"{PATH}/{register(client).get_json()['id']}"
        assert ask("SELECT position FROM webhook_endpoints")[0][0] == 1
        for body in ({"from_id": event_id}, {"from_time": "2026-01-01T00:00:00Z"}):
            run("UPDATE webhook_endpoints SET position = 1")
            get_redis().flushdb()
            answer = client.post(f"{address}/replay", json=body, headers=ADMIN)
            assert answer.status_code == 202
            assert ask("SELECT position FROM webhook_endpoints")[0][0] == 0
            wait_until(lambda: get_redis().exists(f"flag:{RELAY_EVENTS}"))

    def test_time_after_everything_is_no_error(self, client: DoorClient) -> None:
        address = f"{PATH}/{register(client).get_json()['id']}"
        body = {"from_time": "2099-01-01T00:00:00Z"}
        assert client.post(f"{address}/replay", json=body, headers=ADMIN).status_code == 202
        assert ask("SELECT position FROM webhook_endpoints")[0][0] == 0

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, ""),
            ({"from_time": "2026-01-01T00:00:00Z", "from_id": "0199aaaa-0000-7000-8000-000000000000"}, ""),
            ({"from_id": "0199aaaa-0000-7000-8000-000000000000"}, "/from_id"),
            ({"from_id": "x"}, "/from_id"),
            ({"from_time": "yesterday"}, "/from_time"),
        ],
    )
    def test_refused(self, client: DoorClient, body: dict[str, Any], pointer: str) -> None:
        address = f"{PATH}/{register(client).get_json()['id']}"
        answer = client.post(f"{address}/replay", json=body, headers=ADMIN)
        assert answer.status_code == 422
        assert answer.get_json()["errors"][0]["pointer"] == pointer

    def test_disabled_endpoint_is_refused(self, client: DoorClient) -> None:
        address = f"{PATH}/{register(client).get_json()['id']}"
        client.patch(address, json={"enabled": False}, headers=ADMIN)
        body = {"from_time": "2026-01-01T00:00:00Z"}
        assert client.post(f"{address}/replay", json=body, headers=ADMIN).status_code == 422
