"""Every route under /admin that changes something leaves one entry in the audit log; refusals leave none."""

import re
from typing import Any

import pytest

from core.access.pseudonyms import hide
from tests.acting import ask
from tests.api.audit_cases import CASES, ENDPOINT, Case, make_endpoint, make_key, make_show
from tests.door import DoorClient
from tests.support import ADMIN

ADDRESS = "127.9.8.7"
IDS = [" ".join(route) for route in CASES]
CHANGING = {"post", "put", "patch", "delete"}
# A webhook's secret, a key, and a token that was sent.
SECRET = re.compile(r"whsec_|slk_\w{8}_|canary-of-the-receiver")


def list_changing(client: DoorClient) -> set[tuple[str, str]]:
    """Method and path of each route under /admin that does not only read."""
    paths = client.get("/openapi.json").json["paths"]
    return {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, item in paths.items()
        for method in item.keys() & CHANGING
        if path.startswith("/admin/")
    }


def send(client: DoorClient, method: str, path: str, case: Case, *, request_id: str) -> Any:
    headers = {**ADMIN, "X-Request-ID": request_id}
    return client.open(
        path, method=method, json=case.body, headers=headers, environ_base={"REMOTE_ADDR": ADDRESS}
    )


def read_log() -> list[Any]:
    return ask("SELECT * FROM audit_log ORDER BY id")


def test_each_route_that_changes_something_has_a_case(client: DoorClient) -> None:
    """One without was added: give it one in audit_cases.py, by which it is judged below."""
    assert list_changing(client) == CASES.keys()


@pytest.mark.parametrize(("method", "path"), CASES, ids=IDS)
def test_a_change_leaves_one_entry(client: DoorClient, method: str, path: str) -> None:
    case = CASES[method, path]
    made = case.make(client) if case.make else None
    before = len(read_log())
    answer = send(client, method, path.format(made), case, request_id="a-change")
    assert 200 <= answer.status_code < 300, answer.text
    (entry,) = read_log()[before:]
    noun = case.action.partition(".")[0]
    assert (entry.action, entry.target) == (case.action, f"{noun}:{made or answer.json['id']}")
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("admin_key", None, "ADMIN_API_KEY")
    assert (entry.actor_role, entry.request_id) == ("admin", "a-change")
    assert entry.client == hide(ADDRESS)
    for document, names in ((entry.before, case.before), (entry.after, case.after)):
        assert (document and document.keys()) == names
    assert not SECRET.search(str(entry))
    assert ADDRESS not in str(entry)


@pytest.mark.parametrize(("method", "path"), CASES, ids=IDS)
def test_a_refusal_leaves_none(client: DoorClient, method: str, path: str) -> None:
    """Of a body that cannot be, and of what is not there."""
    unknown = path.format(999_999_999)
    answers = [client.open(unknown, method=method, json={"no_such": "field"}, headers=ADMIN)]
    if unknown != path:
        answers.append(client.open(unknown, method=method, json=CASES[method, path].body, headers=ADMIN))
    assert {answer.status_code for answer in answers} <= {404, 422}
    assert read_log() == []


def test_what_was_so_already_leaves_none(client: DoorClient) -> None:
    show_id, endpoint_id = make_show(client), make_endpoint(client)
    endpoint = f"/admin/webhook-endpoints/{endpoint_id}"
    repeated = [
        ("POST", f"/admin/shows/{show_id}/cancel", {}),
        ("POST", f"{endpoint}/test", {}),
        ("PATCH", endpoint, {"enabled": False}),
        ("DELETE", f"/admin/keys/{make_key(client)}", {}),
    ]
    for method, path, body in repeated:
        counts = []
        for _ in range(2):
            assert client.open(path, method=method, json=body, headers=ADMIN).status_code < 300
            counts.append(len(read_log()))
        assert counts[1] == counts[0], path
    again = client.patch(endpoint, json={"url": ENDPOINT["url"], "enabled": False}, headers=ADMIN)
    assert again.status_code == 200
    other = make_show(client)
    count = len(read_log())
    assert client.patch(f"/admin/shows/{other}", json={"name": "Hamlet"}, headers=ADMIN).status_code == 200
    assert len(read_log()) == count


def test_that_a_token_in_a_url_changed_is_told_and_not_the_token(client: DoorClient) -> None:
    path = f"/admin/webhook-endpoints/{make_endpoint(client)}"
    url = ENDPOINT["url"].replace("canary", "other-canary")
    assert client.patch(path, json={"url": url}, headers=ADMIN).status_code == 200
    entry = read_log()[-1]
    assert entry.before.keys() == entry.after.keys() == {"url"}
    assert entry.before != entry.after
    assert entry.after["url"].startswith("https://receiver.example/")
    assert "canary" not in str(entry)


def test_a_hall_is_told_by_its_size(client: DoorClient, show_body: dict[str, Any]) -> None:
    sections = [{"name": f"Section {n}", "capacity": 3} for n in range(1000)]
    made = client.post("/admin/shows", json={**show_body, "sections": sections}, headers=ADMIN)
    assert made.status_code == 201
    (entry,) = read_log()
    assert (entry.after["total_seats"], entry.after["sections"]) == (3000, 1000)
    assert len(str(entry.after)) < 1000
