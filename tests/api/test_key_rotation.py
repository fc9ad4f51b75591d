"""A key gets another text; what the audit log has of keys; and that nothing keeps a key's text."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.acting import ask, run
from tests.api.asking import assert_problem, pointers
from tests.api.key_asking import (
    IN_THE_FUTURE,
    PATH,
    TEXT,
    digest,
    expire,
    make,
    make_key,
    read,
    read_audit,
    read_ends,
    revoke,
    rotate,
)
from tests.door import DoorClient
from tests.support import ADMIN


class TestRotating:
    def test_the_same_key_with_another_text(self, client: DoorClient) -> None:
        key = make_key(client, name="A", role="operator", rate_limit="5/minute", expires_at=IN_THE_FUTURE)
        answer = rotate(client, key["id"], overlap_seconds=3600)
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"{PATH}/{key['id']}"
        assert answer.headers["Cache-Control"] == "no-store"
        rotated = dict(answer.json)
        found = TEXT.fullmatch(rotated["key"])
        assert found
        assert found[1] == rotated["prefix"]
        assert rotated["key"] != key["key"]
        assert {**rotated, "key": 0, "prefix": 0} == {**key, "key": 0, "prefix": 0}
        assert {**read(client, key["id"]), "key": rotated["key"]} == rotated

    def test_the_text_before_ends_after_the_overlap(self, client: DoorClient) -> None:
        key = make_key(client)
        new = rotate(client, key["id"], overlap_seconds=604_800).json
        ends = read_ends(key["id"])
        assert ends.keys() == {digest(key["key"]), digest(new["key"])}
        assert ends[digest(new["key"])] is None
        assert 604_000 < (ends[digest(key["key"])] or 0) <= 604_800

    def test_without_an_overlap_it_has_ended(self, client: DoorClient) -> None:
        for body in ({}, {"overlap_seconds": 0}):
            key = make_key(client)
            rotate(client, key["id"], **body)
            assert (read_ends(key["id"])[digest(key["key"])] or 1) <= 0

    def test_within_an_overlap_all_go_on(self, client: DoorClient) -> None:
        """Each until its own end: a longer overlap, later, lengthens no earlier one."""
        key = make_key(client)
        second = rotate(client, key["id"], overlap_seconds=1000).json
        third = rotate(client, key["id"], overlap_seconds=100_000).json
        ends = read_ends(key["id"])
        assert 0 < (ends[digest(key["key"])] or 0) <= 1000
        assert 90_000 < (ends[digest(second["key"])] or 0) <= 100_000
        assert ends[digest(third["key"])] is None

    def test_a_shorter_overlap_shortens_those_before(self, client: DoorClient) -> None:
        key = make_key(client)
        rotate(client, key["id"], overlap_seconds=100_000)
        new = rotate(client, key["id"]).json
        ends = read_ends(key["id"])
        assert len(ends) == 3
        assert ends.pop(digest(new["key"])) is None
        assert all(seconds is not None and seconds <= 0 for seconds in ends.values())

    def test_many_at_once_leave_one_that_does_not_end(self, client: DoorClient) -> None:
        key = make_key(client)
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: rotate(client, key["id"], overlap_seconds=60), range(6)))
        assert [answer.status_code for answer in answers] == [201] * 6
        ends = read_ends(key["id"])
        assert ends.keys() == {digest(made["key"]) for made in (key, *(answer.json for answer in answers))}
        assert list(ends.values()).count(None) == 1

    @pytest.mark.parametrize("overlap", [-1, 604_801, 1.5, "60", True, None])
    def test_refused(self, client: DoorClient, overlap: object) -> None:
        key = make_key(client)
        problem = assert_problem(rotate(client, key["id"], overlap_seconds=overlap), 422, "invalid_request")
        assert pointers(problem) == ["/overlap_seconds"]
        assert len(read_ends(key["id"])) == 1

    @pytest.mark.parametrize("end", [revoke, lambda _, key_id: expire(key_id)])
    def test_what_works_no_more(self, client: DoorClient, end: Any) -> None:
        key = make_key(client)
        end(client, key["id"])
        problem = assert_problem(rotate(client, key["id"], overlap_seconds=60), 404, "key_not_found")
        assert str(key["id"]) in problem["detail"]
        assert read_ends(key["id"]) == {digest(key["key"]): None}


def test_audit_log(client: DoorClient) -> None:
    headers = {**ADMIN, "X-Request-ID": "the-request"}
    body = {"name": "A", "role": "partner", "expires_at": IN_THE_FUTURE}
    key = client.post(PATH, json=body, headers=headers).json
    rotated = rotate(client, key["id"], overlap_seconds=60).json
    revoke(client, key["id"])
    made, changed, ended = read_audit()
    assert (made["action"], changed["action"], ended["action"]) == ("key.create", "key.rotate", "key.revoke")
    assert {entry["target"] for entry in (made, changed, ended)} == {f"key:{key['id']}"}
    assert (made["actor_kind"], made["actor_role"], made["request_id"]) == (
        "admin_key",
        "admin",
        "the-request",
    )
    assert made["before"] is None
    assert made["after"] == {**body, "prefix": key["prefix"], "rate_limit": None}
    assert changed["before"] == {"prefix": key["prefix"], "overlap_seconds": None}
    assert changed["after"] == {"prefix": rotated["prefix"], "overlap_seconds": 60}
    assert ended["before"] == {"revoked_at": None}
    assert ended["after"] == {"revoked_at": read(client, key["id"])["revoked_at"]}


def test_nothing_changes_where_the_audit_log_cannot_be_written(client: DoorClient) -> None:
    key = make_key(client)
    run("ALTER TABLE audit_log ADD CONSTRAINT is_full CHECK (false) NOT VALID")
    try:
        assert make(client).status_code == 500
        assert rotate(client, key["id"]).status_code == 500
        assert revoke(client, key["id"]).status_code == 500
    finally:
        run("ALTER TABLE audit_log DROP CONSTRAINT is_full")
    assert client.get(PATH, headers=ADMIN).json["items"] == [
        {name: value for name, value in key.items() if name != "key"}
    ]
    assert read_ends(key["id"]) == {digest(key["key"]): None}


def test_a_text_is_in_its_own_answer_and_nowhere_else(
    client: DoorClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    key = make_key(client)
    rotated = rotate(client, key["id"], overlap_seconds=60).json
    revoke(client, key["id"])
    secrets = [text.rpartition("_")[2] for text in (key["key"], rotated["key"])]
    kept = [client.get(path, headers=ADMIN).text for path in (PATH, f"{PATH}/{key['id']}")]
    kept += [ask(f"SELECT t::text FROM {table} t") for table in ("api_keys", "api_key_secrets", "audit_log")]
    kept += [record.getMessage() + str(record.__dict__) for record in caplog.records]
    assert all(kept[:5])
    assert not [secret for secret in secrets for text in kept if secret in str(text)]
    rows = ask("SELECT digest, prefix FROM api_key_secrets")
    assert {(bytes(row.digest), row.prefix) for row in rows} == {
        (digest(made["key"]), made["prefix"]) for made in (key, rotated)
    }
