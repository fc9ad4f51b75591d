"""GET /admin/audit: filters, pages, what an entry has, and what is refused."""

from typing import Any

import pytest

from core.access.principals import Principal, PrincipalKind, Role
from core.audit.service import Author, record
from core.infra.db import transaction
from tests.api.asking import assert_problem, pointers
from tests.api.audit_cases import make_show
from tests.door import DoorClient
from tests.support import ADMIN

PATH = "/admin/audit"
ANN = Principal(kind=PrincipalKind.OIDC, id="ann", name="Ann", role=Role.ADMIN, owner="oidc:ann")
BOX = Principal(kind=PrincipalKind.KEY, id="7", name="Box office", role=Role.OPERATOR, owner="key:7")


def read(client: DoorClient, **query: Any) -> Any:
    answer = client.get(PATH, query_string=query, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def written(client: DoorClient) -> None:
    """Six changes, by two, of three shows."""
    with transaction() as connection:
        for number in range(6):
            author = Author((ANN, BOX)[number % 2], f"request-{number}", "a-pseudonym")
            action = "show.cancel" if number > 3 else "show.change"
            record(connection, author, action, f"show:{number % 3}", after={"number": number})


def list_numbers(page: Any) -> list[int]:
    return [entry["after"]["number"] for entry in page["items"]]


def test_an_entry(client: DoorClient) -> None:
    made = client.post(
        "/admin/shows",
        json={"name": "Hamlet", "start_time": "2099-01-10T19:30:00Z", "total_seats": 3},
        headers={**ADMIN, "X-Request-ID": "mine"},
    )
    page = read(client)
    (entry,) = page["items"]
    assert page["next"] is None
    assert entry.keys() == {
        "id", "at", "actor", "action", "target", "request_id", "client", "before", "after"
    }  # fmt: skip
    assert entry["actor"] == {"kind": "admin_key", "id": None, "name": "ADMIN_API_KEY", "role": "admin"}
    assert (entry["action"], entry["target"]) == ("show.create", f"show:{made.json['id']}")
    assert (entry["request_id"], entry["before"]) == ("mine", None)
    assert entry["at"].endswith("Z")
    assert len(entry["client"]) == 24
    shown = {name: made.json[name] for name in entry["after"] if name != "sections"}
    assert entry["after"] == {**shown, "sections": 1}


def test_a_change_has_a_line_in_the_log(client: DoorClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="core.audit.service")
    body = {"name": "Hamlet", "start_time": "2099-01-10T19:30:00Z", "total_seats": 3}
    made = client.post("/admin/shows", json=body, headers={**ADMIN, "X-Request-ID": "mine"}).json
    path = f"/admin/shows/{made['id']}"
    client.patch(path, json={"name": "Hamlet"}, headers=ADMIN)
    client.patch(path, json={"name": "x", "unknown": 1}, headers=ADMIN)
    (line,) = [record.__dict__ for record in caplog.records if record.message == "changed"]
    told = {name: line[name] for name in ("action", "target", "actor", "role", "request_id")}
    assert told == {
        "action": "show.create",
        "target": f"show:{made['id']}",
        "actor": "ADMIN_API_KEY",
        "role": "admin",
        "request_id": "mine",
    }


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [5, 4, 3, 2, 1, 0]),
        ({"actor": "ann"}, [4, 2, 0]),
        ({"actor": "Ann"}, [4, 2, 0]),
        ({"actor": "7"}, [5, 3, 1]),
        ({"actor": "Box office"}, [5, 3, 1]),
        ({"actor": "nobody"}, []),
        ({"action": "show.cancel"}, [5, 4]),
        ({"target": "show:1"}, [4, 1]),
        ({"target": "show:1", "action": "show.change"}, [1]),
        ({"target": "show:1", "actor": "ann", "action": "show.cancel"}, [4]),
        ({"target": "show"}, []),
    ],
)
def test_newest_first_by_filter(
    client: DoorClient, written: None, query: dict[str, str], numbers: list[int]
) -> None:
    assert list_numbers(read(client, **query)) == numbers


def test_pages(client: DoorClient, written: None) -> None:
    found, cursor = [], {}
    for _ in range(2):
        page = read(client, actor="ann", limit=2, **cursor)
        found += list_numbers(page)
        cursor = {"cursor": page["next"]}
        # What is written meanwhile is newer than what is paged through.
        make_show(client)
    assert (found, page["next"]) == ([4, 2, 0], None)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=x", "/limit"),
        ("cursor=nonsense", "/cursor"),
        ("cursor=WyJ4Il0", "/cursor"),
        ("cursor=WzEsMl0", "/cursor"),
        ("actor=", "/actor"),
        ("target=%00", "/target"),
        ("action=a&action=b", "/action"),
        ("who=ann", "/who"),
    ],
)
def test_refused(client: DoorClient, query: str, pointer: str) -> None:
    answer = client.get(f"{PATH}?{query}", headers=ADMIN)
    assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]


def test_wants_a_key(client: DoorClient) -> None:
    assert_problem(client.get(PATH), 401, "unauthorized")
