"""Requests about keys, and what the database has of them."""

import hashlib
import re
from typing import Any

from werkzeug.test import TestResponse

from tests.acting import ask, run
from tests.door import DoorClient
from tests.support import ADMIN

PATH = "/admin/keys"
TEXT = re.compile(r"slk_([A-Za-z0-9]{8})_[A-Za-z0-9]{32}")
IN_THE_FUTURE = "2099-12-31T23:00:00Z"


def make(client: DoorClient, **fields: Any) -> TestResponse:
    return client.post(PATH, json={"name": "Partner", "role": "partner", **fields}, headers=ADMIN)


def make_key(client: DoorClient, **fields: Any) -> dict[str, Any]:
    made = make(client, **fields)
    assert made.status_code == 201, made.text
    return dict(made.json)


def read(client: DoorClient, key_id: object) -> dict[str, Any]:
    answer = client.get(f"{PATH}/{key_id}", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def rotate(client: DoorClient, key_id: object, **body: Any) -> TestResponse:
    return client.post(f"{PATH}/{key_id}/rotate", json=body, headers=ADMIN)


def revoke(client: DoorClient, key_id: object) -> TestResponse:
    return client.delete(f"{PATH}/{key_id}", headers=ADMIN)


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def read_ends(key_id: int) -> dict[bytes, float | None]:
    """In how many seconds each of a key's texts ends, by digest; None: it does not."""
    rows = ask(
        "SELECT digest, extract(epoch FROM ends_at - clock_timestamp())::float AS seconds"
        " FROM api_key_secrets WHERE key_id = :id",
        id=key_id,
    )
    return {bytes(row.digest): row.seconds for row in rows}


def read_audit() -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in ask("SELECT * FROM audit_log ORDER BY id")]


def expire(key_id: int) -> None:
    run("UPDATE api_keys SET expires_at = clock_timestamp() - interval '1 s' WHERE id = :id", id=key_id)
