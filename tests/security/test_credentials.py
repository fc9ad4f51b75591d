"""Credentials at the door: which are taken, what becomes of those that are not, and what is told of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.gate.limits import make_allowances
from core.access.principals import Principal, PrincipalKind, Role
from core.errors import UnavailableError
from core.infra.settings import get_settings
from tests.acting import ask
from tests.api.asking import Asking, assert_problem, with_key
from tests.door import DoorClient, open_door
from tests.keys import Key, choose_text, make_key, revoke, rotate
from tests.support import ADMIN, ADMIN_KEY, wait_until

Open = Callable[..., DoorClient]
UNISSUED = {
    "made like a key": f"Bearer {choose_text()}",
    "longer than a key": f"Bearer {choose_text()}x",
    "a word": "bearer wrong",
    "empty": "Bearer",
    "made like a token": "Bearer eyJhbGciOiJub25lIn0.e30.",
    "two words": f"Bearer {ADMIN_KEY} {ADMIN_KEY}",
    "part of the admin key": f"Bearer {ADMIN_KEY[:-1]}",
}
# Of each way that requests are served, what is not there, and what is not counted.
ROUTES = [
    ("GET", "/shows"),
    ("GET", "/shows/1"),
    ("GET", "/shows/1/stream"),
    ("POST", "/bookings"),
    ("GET", "/bookings/x"),
    ("OPTIONS", "/shows"),
    ("GET", "/admin/stats"),
    ("GET", "/admin/nothing"),
    ("GET", "/nothing"),
    ("DELETE", "/shows"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs/static/swagger-ui.css"),
]


@pytest.fixture
def open_anew(app: Flask, database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens another door, as of another process, with other variables."""
    with ExitStack() as doors:

        def with_variables(**variables: str) -> DoorClient:
            for name, value in variables.items():
                monkeypatch.setitem(os.environ, name, value)
            get_settings.cache_clear()
            return doors.enter_context(open_door(app, make_allowances(get_settings())))

        yield with_variables
    monkeypatch.undo()
    get_settings.cache_clear()


def assert_refused(answer: TestResponse) -> None:
    assert_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def call(client: DoorClient, key: Key, path: str = "/shows") -> int:
    return client.get(path, headers=key.headers).status_code


@pytest.mark.parametrize("credential", UNISSUED.values(), ids=UNISSUED.keys())
def test_what_nobody_issued_is_refused_on_every_route(client: DoorClient, credential: str) -> None:
    """Also where there is nothing, which is found out by nobody; and however the route is served."""
    for method, path in ROUTES:
        answer = client.open(path, method=method, headers={"Authorization": credential})
        assert_refused(answer)
        assert credential[7:] not in answer.text or not credential[7:]


@pytest.mark.parametrize("credential", ["Basic YTpi", f"Basic {ADMIN_KEY}", ADMIN_KEY, "Digest x", ""])
def test_other_schemes_are_as_none(client: DoorClient, credential: str) -> None:
    headers = {"Authorization": credential}
    for path in ("/shows", "/healthz", "/metrics"):
        assert client.get(path, headers=headers).status_code == 200
    assert client.get("/nothing", headers=headers).status_code == 404
    answer = client.get("/admin/stats", headers=headers)
    assert_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_preflight_opens_nothing_and_is_answered_whatever_comes_with_it(client: DoorClient) -> None:
    asked = {
        "Origin": "https://shop.example.com",
        "Access-Control-Request-Method": "GET",
        "Authorization": "Bearer x",
    }
    assert client.options("/shows", headers=asked).status_code == 204
    assert client.options("/admin/stats", headers=asked).status_code == 403


def test_pages_of_other_origins_may_read_the_refusal(client: DoorClient) -> None:
    answer = client.get("/shows", headers={"Origin": "https://a.example.com", "Authorization": "Bearer x"})
    assert_refused(answer)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_key_is_taken_at_once_and_everywhere(client: DoorClient, open_anew: Open) -> None:
    """Processes that have refreshed just before, and one that has not begun to."""
    others = [client, open_anew()]
    for each in others:
        assert call(each, make_key()) == 200
    key = make_key(Role.BOX_OFFICE)
    for each in (*others, open_anew()):
        assert call(each, key, "/admin/stats") == 200


def test_revoked_everywhere(client: DoorClient, open_anew: Open) -> None:
    """Within five seconds, of which a busy machine may make more: judged by the ring's own tests."""
    key, doors = make_key(), [client, open_anew()]
    assert [call(each, key) for each in doors] == [200, 200]
    revoke(key)
    wait_until(lambda: [call(each, key) for each in doors] == [401, 401])


def test_revoked_before_it_was_ever_used(client: DoorClient) -> None:
    key = make_key()
    revoke(key)
    assert call(client, key) == 401


def test_expired(client: DoorClient) -> None:
    assert call(client, make_key(expires_in=-1)) == 401
    assert call(client, make_key(expires_in=3600)) == 200
    soon = make_key(expires_in=2)
    wait_until(lambda: call(client, soon) == 401)


def test_rotated(client: DoorClient) -> None:
    """Both texts within the overlap, and the new one alone after it."""
    old = make_key()
    new = rotate(old, overlap_seconds=3600)
    assert [call(client, key) for key in (old, new)] == [200, 200]
    newest = rotate(new, overlap_seconds=0)
    wait_until(lambda: [call(client, key) for key in (old, new, newest)] == [200, 401, 200])


def test_what_belongs_to_a_key_does_so_through_its_rotation(asking: Asking) -> None:
    key, other = make_key(), make_key()
    new = rotate(key, overlap_seconds=3600)
    body = {"show_id": asking.show_id, "seats": ["1"]}

    def post(headers: dict[str, str]) -> str:
        answer = asking.client.post("/bookings", json=body, headers={**headers, **with_key("a key")})
        assert answer.status_code == 202
        return str(answer.json["id"])

    mine = {post(key.headers), post(new.headers), post(key.headers)}
    others = {post(other.headers), post(ADMIN), post({})}
    assert (len(mine), len(others), len(mine | others)) == (1, 3, 4)


LIMITED = {
    "RATE_LIMIT_ENABLED": "true",
    "RATE_LIMIT": "5/minute",
    "BOOKING_RATE_LIMIT": "5/minute",
    "ADMIN_RATE_LIMIT": "5/minute",
}


def test_a_keys_own_allowance_takes_the_place_of_all_three(open_anew: Open) -> None:
    client, key = open_anew(**LIMITED), make_key(Role.ADMIN, rate_limit="4/minute;1000/hour")
    ways = [("GET", "/shows"), ("POST", "/bookings"), ("GET", "/admin/bookings"), ("GET", "/nothing")]
    answers = [client.open(path, method=method, headers=key.headers) for method, path in ways]
    assert [answer.headers["RateLimit-Limit"] for answer in answers] == ["4"] * 4
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["3", "2", "1", "0"]
    for method, path in ways:
        assert_problem(client.open(path, method=method, headers=key.headers), 429, "rate_limited")
    # It is counted by nobody else's, and nobody else by it.
    assert client.get("/shows").headers["RateLimit-Remaining"] == "4"
    other = client.get("/shows", headers=make_key(rate_limit="4/minute").headers)
    assert other.headers["RateLimit-Remaining"] == "3"


def test_an_allowance_is_the_keys_through_its_rotation(open_anew: Open) -> None:
    client, key = open_anew(**LIMITED), make_key(rate_limit="10/minute")
    new = rotate(key, overlap_seconds=3600)
    told = [client.get("/shows", headers=each.headers) for each in (key, new, key)]
    assert [answer.headers["RateLimit-Remaining"] for answer in told] == ["9", "8", "7"]


@pytest.mark.parametrize(
    "limit", ["", "many", "0/minute", "-1/minute", "5/fortnight", "9" * 30 + "/minute", "5"]
)
def test_an_allowance_that_nobody_understands_is_as_none(open_anew: Open, limit: str) -> None:
    client, key = open_anew(**LIMITED), make_key(rate_limit=limit)
    assert client.get("/shows", headers=key.headers).headers["RateLimit-Limit"] == "5"


def test_whoever_tries_keys_out_uses_up_the_address_and_whoever_has_one_does_not(open_anew: Open) -> None:
    client, key = open_anew(**LIMITED), make_key()
    assert call(client, key) == 200
    assert client.get("/shows").headers["RateLimit-Remaining"] == "4"
    tried = [client.get("/shows", headers={"Authorization": f"Bearer {choose_text()}"}) for _ in range(5)]
    assert [answer.status_code for answer in tried] == [401] * 4 + [429]
    assert tried[0].headers["RateLimit-Remaining"] == "3"
    assert [client.get("/shows").status_code, call(client, key)] == [429, 200]


def test_others_at_an_address_do_not_keep_the_owner_of_a_key_out(open_anew: Open) -> None:
    """Of a process that knows no key yet."""
    client, key = open_anew(**LIMITED), make_key()
    assert [client.get("/shows").status_code for _ in range(6)] == [200] * 5 + [429]
    assert call(client, key) == 200


def test_probes_are_no_way_to_try_keys_out_without_being_counted(open_anew: Open) -> None:
    client = open_anew(**LIMITED)
    found = [client.get("/healthz", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(6)]
    assert found == [401] * 5 + [429]
    assert client.get("/healthz").status_code == 200


def test_the_token_of_metrics_is_a_credential_but_nobodys(open_anew: Open) -> None:
    client = open_anew(METRICS_TOKEN="a-token-for-metrics-alone-of-the-tests")
    headers = {"Authorization": "Bearer a-token-for-metrics-alone-of-the-tests"}
    assert client.get("/metrics", headers=headers).status_code == 200
    assert client.get("/admin/stats", headers=headers).status_code == 401


class Issuer:
    """Takes one token; knows nothing of another one's issuer, which is away."""

    def __init__(self) -> None:
        self.verified = 0
        self._known: set[str] = set()

    def find_principal(self, token: str) -> Principal:
        self.verified += 1
        if token == "away.away.away":
            raise UnavailableError("The issuer does not answer.")
        self._known.add(token)
        return self._tell()

    def recall(self, token: str) -> Principal | None:
        return self._tell() if token in self._known else None

    def _tell(self) -> Principal:
        return Principal(
            kind=PrincipalKind.OIDC, id="ann", name="Ann", role=Role.OPERATOR, owner="oidc:issuer:ann"
        )


def test_tokens_of_the_issuer(open_anew: Open) -> None:
    """Verified once, and remembered by the issuer; where it cannot be asked nobody knows."""
    client, issuer = open_anew(), Issuer()
    client.doorway.door._credentials._issuer = issuer
    good, away = {"Authorization": "Bearer a.b.c"}, {"Authorization": "Bearer away.away.away"}
    assert [client.get("/admin/events", headers=good).status_code for _ in range(3)] == [200] * 3
    assert issuer.verified == 1
    assert client.get("/admin/webhook-endpoints", headers=good).status_code == 403
    answer = client.get("/shows", headers=away)
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]
    assert client.get("/healthz", headers=away).status_code == 200


def test_use_is_noted(client: DoorClient) -> None:
    key, unused = make_key(), make_key()

    def is_noted(each: Key) -> Any:
        return ask("SELECT last_used_at IS NOT NULL FROM api_keys WHERE id = :id", id=each.id)[0][0]

    assert call(client, key) == 200
    wait_until(lambda: is_noted(key))
    assert not is_noted(unused)
