"""Which role may call what: every route of the document with every role and none, and what is not there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.access.principals import Role
from core.shows.service import Show
from tests.api.asking import Asking, assert_problem
from tests.door import DoorClient
from tests.keys import make_key
from tests.support import ADMIN

# The least role of each operation, written out; what is in no list, anybody may call.
ADMIN_ONLY = """
POST /admin/shows
PATCH /admin/shows/{show_id}
POST /admin/shows/{show_id}/cancel
GET /admin/webhook-endpoints
POST /admin/webhook-endpoints
GET /admin/webhook-endpoints/{endpoint_id}
PATCH /admin/webhook-endpoints/{endpoint_id}
DELETE /admin/webhook-endpoints/{endpoint_id}
POST /admin/webhook-endpoints/{endpoint_id}/rotate-secret
GET /admin/keys
POST /admin/keys
GET /admin/keys/{key_id}
DELETE /admin/keys/{key_id}
POST /admin/keys/{key_id}/rotate
GET /admin/audit
"""
OPERATORS = """
GET /admin/events
GET /admin/webhook-endpoints/{endpoint_id}/deliveries
POST /admin/webhook-endpoints/{endpoint_id}/replay
POST /admin/webhook-endpoints/{endpoint_id}/test
GET /admin/database
POST /admin/bookings/{booking_id}/refund
"""
BOX_OFFICES = """
GET /admin/bookings
GET /admin/bookings/{booking_id}/history
GET /admin/payments
GET /admin/stats
GET /admin/tickets/{ticket_code}
"""
LEAST = {
    name: role
    for role, names in (
        (Role.ADMIN, ADMIN_ONLY),
        (Role.OPERATOR, OPERATORS),
        (Role.BOX_OFFICE, BOX_OFFICES),
    )
    for name in names.split("\n")
    if name
}
# Whom each least role lets pass.
PASSING = {
    Role.ADMIN: {Role.ADMIN},
    Role.OPERATOR: {Role.ADMIN, Role.OPERATOR},
    Role.BOX_OFFICE: {Role.ADMIN, Role.OPERATOR, Role.BOX_OFFICE},
}
ARGUMENTS = {"booking_id": "0199c0de-0000-7000-8000-000000000000", "code": "x", "ticket_code": "x"}

Credentials = dict[Role | None, dict[str, str]]


@pytest.fixture
def credentials(client: DoorClient) -> Credentials:
    """The headers of each role, and of nobody."""
    return {None: {}} | {role: make_key(role).headers for role in Role}


def list_operations(client: DoorClient) -> Iterator[tuple[str, str, str]]:
    """Each operation's name, method and an address of it at which there is nothing."""
    for path, item in client.get("/openapi.json").json["paths"].items():
        address = path
        while "{" in address:
            before, _, rest = address.partition("{")
            name, _, after = rest.partition("}")
            address = f"{before}{ARGUMENTS.get(name, '999999')}{after}"
        for method in item:
            yield f"{method.upper()} {path}", method.upper(), address


def call(client: DoorClient, method: str, path: str, headers: dict[str, str]) -> TestResponse:
    body: Any = {} if method in ("POST", "PATCH") else None
    return client.open(path, method=method, headers=headers, json=body)


def judge(answer: TestResponse, least: Role | None, role: Role | None) -> None:
    """Fail where the answer is not as the least role says."""
    if least is None or role in PASSING[least]:
        assert answer.status_code not in (401, 403)
        assert answer.status_code < 500
    elif role is None:
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    else:
        assert_problem(answer, 403, "forbidden")


@pytest.mark.parametrize("role", [None, *Role])
def test_every_route_with_every_role(client: DoorClient, credentials: Credentials, role: Role | None) -> None:
    asked = set()
    for name, method, path in list_operations(client):
        least = LEAST.get(name)
        assert (least is None) != path.startswith("/admin"), f"{name} is in no list"
        for each in (method, "HEAD") if method == "GET" and "/stream" not in path else (method,):
            answer = call(client, each, path, credentials[role])
            if each != "HEAD":
                judge(answer, least, role)
            else:
                assert (answer.status_code in (401, 403)) == (
                    least is not None and role not in PASSING[least]
                )
        asked.add(name)
    assert len(asked) > 30


def test_the_admin_key_may_all(client: DoorClient) -> None:
    for name, method, path in list_operations(client):
        judge(call(client, method, path, ADMIN), LEAST.get(name), Role.ADMIN)


def test_no_route_is_left_out_of_the_document(app: Flask) -> None:
    """Every rule under /admin says who may call it, also one that the document would not have."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin"):
            assert app.view_functions[rule.endpoint].operation.role is not None, rule.rule  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/admin/", "/admin/nothing", "/admin/shows/1/nothing"])
def test_what_is_not_there_is_found_out_by_those_who_may_read(
    client: DoorClient, credentials: Credentials, path: str
) -> None:
    found = {role: call(client, "GET", path, headers).status_code for role, headers in credentials.items()}
    assert found == {
        None: 401,
        Role.PARTNER: 403,
        Role.BOX_OFFICE: 404,
        Role.OPERATOR: 404,
        Role.ADMIN: 404,
    }


def test_a_method_that_is_refused_tells_nothing_either(client: DoorClient, credentials: Credentials) -> None:
    found = [call(client, "PUT", "/admin/shows", headers).status_code for headers in credentials.values()]
    assert sorted(found) == [401, 403, 405, 405, 405]


def test_only_the_box_office_cancels_after_the_window(
    client: DoorClient, make_show: Callable[..., Show], credentials: Credentials
) -> None:
    asking = Asking(client, make_show(cancel_until="2001-01-01T00:00:00Z").id)
    found = {}
    for number, (role, headers) in enumerate(credentials.items(), 1):
        booking_id = asking.settled(str(number))
        found[role] = client.post(f"/bookings/{booking_id}/cancel", headers=headers).status_code
    assert found == {
        None: 409,
        Role.PARTNER: 409,
        Role.BOX_OFFICE: 202,
        Role.OPERATOR: 202,
        Role.ADMIN: 202,
    }


def test_a_large_body_is_taken_of_admins_alone(client: DoorClient, credentials: Credentials) -> None:
    """Whoever may not create shows is refused by what it may do, and not for the size of what it sent."""
    body = {"name": "x" * 100_000}
    found = {
        role: client.post("/admin/shows", json=body, headers=headers).status_code
        for role, headers in credentials.items()
    }
    assert found == {
        None: 401,
        Role.PARTNER: 403,
        Role.BOX_OFFICE: 403,
        Role.OPERATOR: 403,
        Role.ADMIN: 422,
    }
