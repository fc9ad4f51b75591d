"""Keys over HTTP: made, listed, revoked; and every refusal."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acting import ask
from tests.api.asking import assert_problem, pointers
from tests.api.key_asking import (
    IN_THE_FUTURE,
    PATH,
    TEXT,
    expire,
    make,
    make_key,
    read,
    read_audit,
    revoke,
    rotate,
)
from tests.door import DoorClient
from tests.support import ADMIN


class TestMaking:
    def test_answer(self, client: DoorClient) -> None:
        made = make(client, name=" Box office ", role="box_office")
        assert made.status_code == 201
        assert made.headers["Cache-Control"] == "no-store"
        key = dict(made.json)
        assert made.headers["Location"] == f"{PATH}/{key['id']}"
        found = TEXT.fullmatch(key.pop("key"))
        assert found
        assert key == {
            "id": key["id"],
            "name": "Box office",
            "role": "box_office",
            "prefix": found[1],
            "rate_limit": None,
            "created_at": key["created_at"],
            "expires_at": None,
            "last_used_at": None,
            "revoked_at": None,
        }
        assert type(key["id"]) is int
        age = datetime.now(UTC) - datetime.fromisoformat(key["created_at"])
        assert abs(age.total_seconds()) < 300
        assert read(client, key["id"]) == key

    @pytest.mark.parametrize("role", ["admin", "operator", "box_office", "partner"])
    def test_each_role(self, client: DoorClient, role: str) -> None:
        assert make_key(client, role=role)["role"] == role

    def test_optional_fields(self, client: DoorClient) -> None:
        limit = "100/second;6000/minute"
        key = make_key(client, expires_at="2100-01-01T00:00:00+01:00", rate_limit=limit)
        assert (key["expires_at"], key["rate_limit"]) == (IN_THE_FUTURE, limit)
        nothing = make_key(client, expires_at=None, rate_limit=None)
        assert (nothing["expires_at"], nothing["rate_limit"]) == (None, None)

    def test_two_of_one_name_are_two(self, client: DoorClient) -> None:
        one, two = make_key(client), make_key(client)
        assert one["id"] < two["id"]
        assert one["key"] != two["key"]

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"name": ""}, "/name"),
            ({"name": "   "}, "/name"),
            ({"name": "\u200b"}, "/name"),
            ({"name": "a\nb"}, "/name"),
            ({"name": "a\x00"}, "/name"),
            ({"name": "x" * 201}, "/name"),
            ({"name": None}, "/name"),
            ({"name": 5}, "/name"),
            ({"role": "root"}, "/role"),
            ({"role": "ADMIN"}, "/role"),
            ({"role": None}, "/role"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
            ({"expires_at": "tomorrow"}, "/expires_at"),
            ({"expires_at": "2099-01-01T00:00:00"}, "/expires_at"),
            ({"expires_at": 4102444800}, "/expires_at"),
            ({"rate_limit": ""}, "/rate_limit"),
            ({"rate_limit": "many"}, "/rate_limit"),
            ({"rate_limit": "6000/fortnight"}, "/rate_limit"),
            ({"rate_limit": "0/minute"}, "/rate_limit"),
            ({"rate_limit": "1000000001/minute"}, "/rate_limit"),
            ({"rate_limit": "5/minute;0/hour"}, "/rate_limit"),
            ({"rate_limit": "5/100 years"}, "/rate_limit"),
            ({"rate_limit": "9/minute;" * 20 + "9/minute"}, "/rate_limit"),
            ({"rate_limit": 6000}, "/rate_limit"),
            ({"key": "slk_mine"}, "/key"),
            ({"id": 7}, "/id"),
        ],
    )
    def test_refused(self, client: DoorClient, fields: dict[str, Any], pointer: str) -> None:
        problem = assert_problem(make(client, **fields), 422, "invalid_request")
        assert pointers(problem) == [pointer]
        assert ask("SELECT FROM api_keys") == read_audit() == []

    @pytest.mark.parametrize("field", ["name", "role"])
    def test_must_be_given(self, client: DoorClient, field: str) -> None:
        body = {"name": "a", "role": "partner"}
        del body[field]
        answer = client.post(PATH, json=body, headers=ADMIN)
        assert pointers(assert_problem(answer, 422, "invalid_request")) == [f"/{field}"]


class TestListing:
    def test_newest_first_in_pages(self, client: DoorClient) -> None:
        keys = [make_key(client, name=f"key {number}") for number in range(5)]
        revoke(client, keys[1]["id"])
        expire(keys[2]["id"])
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = client.get(f"{PATH}?limit=2{cursor}", headers=ADMIN).json
            assert len(page["items"]) == 2 or page["next"] is None
            found += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found == [read(client, key["id"]) for key in reversed(keys)]
        assert client.get(PATH, headers=ADMIN).json == {"items": found, "next": None}

    def test_rotated_key_is_listed_once(self, client: DoorClient) -> None:
        key = make_key(client)
        rotate(client, key["id"], overlap_seconds=60)
        (found,) = client.get(PATH, headers=ADMIN).json["items"]
        assert found["id"] == key["id"]

    def test_none(self, client: DoorClient) -> None:
        assert client.get(PATH, headers=ADMIN).json == {"items": [], "next": None}

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("limit=0", "/limit"),
            ("limit=201", "/limit"),
            ("limit=x", "/limit"),
            ("cursor=x", "/cursor"),
            ("cursor=WyJ4Il0", "/cursor"),
            ("role=admin", "/role"),
        ],
    )
    def test_refused(self, client: DoorClient, query: str, pointer: str) -> None:
        answer = client.get(f"{PATH}?{query}", headers=ADMIN)
        assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]


class TestRevoking:
    def test_stays_in_the_list(self, client: DoorClient) -> None:
        key = make_key(client)
        answer = revoke(client, key["id"])
        assert (answer.status_code, answer.data) == (204, b"")
        revoked = read(client, key["id"])
        assert revoked["revoked_at"] is not None
        assert {**revoked, "revoked_at": None, "key": key["key"]} == key
        assert client.get(PATH, headers=ADMIN).json["items"] == [revoked]

    def test_again_changes_nothing(self, client: DoorClient) -> None:
        key = make_key(client)
        revoke(client, key["id"])
        revoked = read(client, key["id"])
        assert revoke(client, key["id"]).status_code == 204
        assert read(client, key["id"]) == revoked
        assert [entry["action"] for entry in read_audit()] == ["key.create", "key.revoke"]

    def test_expired_key(self, client: DoorClient) -> None:
        key = make_key(client)
        expire(key["id"])
        assert revoke(client, key["id"]).status_code == 204
        assert read(client, key["id"])["revoked_at"] is not None

    def test_many_at_once_are_one(self, client: DoorClient) -> None:
        key = make_key(client)
        with ThreadPoolExecutor(6) as pool:
            statuses = set(pool.map(lambda _: revoke(client, key["id"]).status_code, range(6)))
        assert statuses == {204}
        assert [entry["action"] for entry in read_audit()] == ["key.create", "key.revoke"]


@pytest.mark.parametrize("key_id", ["0", "999999", "x", "-1", "1.5", "9" * 30, "%00"])
def test_key_that_is_not_there(client: DoorClient, key_id: str) -> None:
    for answer in (
        client.get(f"{PATH}/{key_id}", headers=ADMIN),
        revoke(client, key_id),
        rotate(client, key_id),
    ):
        assert_problem(answer, 404, "key_not_found")
    assert read_audit() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PATH),
        ("GET", PATH),
        ("GET", f"{PATH}/1"),
        ("DELETE", f"{PATH}/1"),
        ("POST", f"{PATH}/1/rotate"),
    ],
)
def test_wants_a_credential(client: DoorClient, method: str, path: str) -> None:
    assert_problem(client.open(path, method=method), 401, "unauthorized")
