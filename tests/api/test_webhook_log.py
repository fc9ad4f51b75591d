"""Tests of webhook endpoints, and the log of what they were sent, over HTTP."""

import pytest

from core.infra.jobs import DELIVER_WEBHOOKS
from core.infra.redis import get_redis
from tests.acting import ask, run
from tests.door import DoorClient
from tests.support import ADMIN, wait_until

PATH = "/admin/webhook-endpoints"
URL = "https://receiver.example/hooks"


def make_address(client: DoorClient, url: str = URL) -> str:
    made = client.post(PATH, json={"url": url}, headers=ADMIN)
    return f"{PATH}/{made.get_json()['id']}"


class TestOfAnEndpoint:
    def test_accepted_and_seen_in_the_log(self, client: DoorClient) -> None:
        address = make_address(client)
        id_ = int(address.rpartition("/")[2])
        get_redis().flushdb()
        answer = client.post(f"{address}/test", headers=ADMIN)
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"{address}/deliveries"
        test = answer.get_json()
        assert test == {
            "id": test["id"],
            "event_id": test["event_id"],
            "type": "ENDPOINT_TEST",
            "booking_id": None,
            "event_time": test["event_time"],
            "attempt": 1,
            "status": "waiting",
            "status_code": None,
            "error": None,
            "sent_at": None,
            "took_milliseconds": None,
            "next_attempt_at": None,
        }
        log = client.get(f"{address}/deliveries", headers=ADMIN)
        assert log.status_code == 200
        assert log.get_json() == {"items": [test], "next": None}
        wait_until(lambda: get_redis().exists(f"flag:{DELIVER_WEBHOOKS}:{id_}"))

    def test_one_that_is_off(self, client: DoorClient) -> None:
        address = make_address(client)
        client.patch(address, json={"enabled": False}, headers=ADMIN)
        assert client.post(f"{address}/test", json={}, headers=ADMIN).status_code == 202

    def test_refused(self, client: DoorClient) -> None:
        address = f"{make_address(client)}/test"
        assert client.post(address, json={"type": "BOOKING_HELD"}, headers=ADMIN).status_code == 422
        assert client.post(address).status_code == 401
        assert client.get(address, headers=ADMIN).status_code == 405
        assert ask("SELECT FROM webhook_attempts") == []


class TestDeliveries:
    @pytest.fixture
    def address(self, client: DoorClient) -> str:
        """An endpoint of seven attempts, the third of which failed; and another of one."""
        for url, count in (("https://other.example/", 1), (URL, 7)):
            id_ = int(make_address(client, url=url).rpartition("/")[2])
            run(
                "INSERT INTO webhook_attempts (endpoint_id, place, event_id, type, booking_id, event_time,"
                " attempt, status, status_code, sent_at, took_milliseconds)"
                " SELECT :id, n, gen_random_uuid(), 'BOOKING_HELD', gen_random_uuid(), now(), n,"
                " CASE n WHEN 3 THEN 'failed' ELSE 'delivered' END, 200, now(), 7"
                " FROM generate_series(1, cast(:count AS int)) AS n",
                id=id_,
                count=count,
            )
        return f"{PATH}/{id_}/deliveries"

    @pytest.mark.parametrize("limit", [1, 3, 7, 200])
    def test_pages_have_each_once_the_last_first(self, client: DoorClient, address: str, limit: int) -> None:
        found, cursor = [], ""
        while True:
            page = client.get(f"{address}?limit={limit}{cursor}", headers=ADMIN).get_json()
            assert 0 < len(page["items"]) <= limit
            found += [item["attempt"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found == [7, 6, 5, 4, 3, 2, 1]

    def test_what_is_new_does_not_move_a_page(self, client: DoorClient, address: str) -> None:
        cursor = client.get(f"{address}?limit=3", headers=ADMIN).get_json()["next"]
        client.post(f"{address.removesuffix('/deliveries')}/test", headers=ADMIN)
        page = client.get(f"{address}?limit=3&cursor={cursor}", headers=ADMIN).get_json()
        assert [item["attempt"] for item in page["items"]] == [4, 3, 2]

    def test_of_one_status(self, client: DoorClient, address: str) -> None:
        for status, expected in (("failed", [3]), ("delivered", [7, 6, 5, 4, 2, 1]), ("gone", [])):
            page = client.get(f"{address}?status={status}", headers=ADMIN).get_json()
            assert [item["attempt"] for item in page["items"]] == expected

    def test_of_none(self, client: DoorClient) -> None:
        answer = client.get(f"{make_address(client)}/deliveries", headers=ADMIN)
        assert answer.get_json() == {"items": [], "next": None}
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("limit=0", "/limit"),
            ("limit=201", "/limit"),
            ("limit=x", "/limit"),
            ("status=lost", "/status"),
            ("cursor=x", "/cursor"),
            ("cursor=WyJhIl0", "/cursor"),
            ("cursor=", "/cursor"),
            ("event=1", "/event"),
        ],
    )
    def test_refused(self, client: DoorClient, query: str, pointer: str) -> None:
        answer = client.get(f"{make_address(client)}/deliveries?{query}", headers=ADMIN)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")
        assert answer.get_json()["errors"][0]["pointer"] == pointer

    def test_not_for_everybody(self, client: DoorClient) -> None:
        assert client.get(f"{make_address(client)}/deliveries").status_code == 401
