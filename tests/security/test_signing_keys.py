"""The keys of an issuer: found, kept, asked for anew, and what an issuer may do that is away or mad."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from api.errors import UnauthorizedError
from api.gate import oidc
from api.gate.oidc import REMEMBERED_SECONDS
from api.gate.signing_keys import (
    FRESH_SECONDS,
    KEPT_SECONDS,
    RETRY_SECONDS,
    WAIT_SECONDS,
)
from core.errors import UnavailableError
from tests.measuring import measured
from tests.security.issuer import (
    AUDIENCE,
    DISCOVERY,
    JWKS,
    Clock,
    Issuer,
    describe_key,
    run_issuer,
    trust,
)
from tests.support import run_deaf_port, run_silent_port, wait_until


def test_keys_are_asked_for_once(issuer: Issuer, clock: Clock) -> None:
    trusted = trust(issuer, clock=clock)
    for number in range(5):
        trusted.find_principal(issuer.sign(jti=str(number)))
    clock.now += FRESH_SECONDS - 1
    trusted.find_principal(issuer.sign())
    assert issuer.asked == [DISCOVERY, JWKS]


def test_a_new_key_is_found(issuer: Issuer, clock: Clock) -> None:
    trusted = trust(issuer, clock=clock)
    trusted.find_principal(issuer.sign())
    issuer.keys.append(describe_key(name="second"))
    clock.now += RETRY_SECONDS
    trusted.find_principal(issuer.sign(key="second"))
    trusted.find_principal(issuer.sign())
    assert issuer.count() == 2


def test_a_withdrawn_key_ends_in_time(issuer: Issuer, clock: Clock) -> None:
    trusted, token = trust(issuer, clock=clock), issuer.sign()
    trusted.find_principal(token)
    issuer.keys = [describe_key(name="second")]
    clock.now += FRESH_SECONDS - 1
    trusted.find_principal(token)
    clock.now += REMEMBERED_SECONDS
    assert trusted.recall(token) is None
    with pytest.raises(UnauthorizedError, match="no key"):
        trusted.find_principal(token)


def test_a_withdrawn_key_ends_at_once_where_nobody_asked_for_hours(issuer: Issuer, clock: Clock) -> None:
    trusted = trust(issuer, clock=clock)
    trusted.find_principal(issuer.sign())
    issuer.keys = []
    clock.now += 10 * KEPT_SECONDS
    with pytest.raises(UnauthorizedError, match="no key"):
        trusted.find_principal(issuer.sign())


def test_made_up_keys_are_no_flood_at_the_issuer_s(issuer: Issuer, clock: Clock) -> None:
    trusted = trust(issuer, clock=clock)
    trusted.find_principal(issuer.sign())
    clock.now += RETRY_SECONDS
    for number in range(100):
        with pytest.raises(UnauthorizedError, match="no key"):
            trusted.find_principal(issuer.sign(headers={"kid": str(number)}))
    assert issuer.count() == 2
    # Nor do they keep out who has a good one.
    trusted.find_principal(issuer.sign())


def test_many_at_once_are_one_fetch(issuer: Issuer) -> None:
    trusted, token = trust(issuer), issuer.sign()
    # Nobody is answered before all of them have asked.
    barrier = threading.Barrier(9)

    def await_all(handler: BaseHTTPRequestHandler) -> None:
        barrier.wait(60)
        issuer.answer(handler)

    def find(_: int) -> str | None:
        barrier.wait(60)
        return trusted.find_principal(token).id

    issuer.answers[DISCOVERY] = await_all
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(trusted.find_principal, token)
        wait_until(lambda: issuer.asked)
        assert list(threads.map(find, range(8))) == ["4711"] * 8
        assert first.result().id == "4711"
    assert issuer.count() == 1


def test_keys_are_kept_while_the_issuer_is_down(clock: Clock) -> None:
    with run_issuer() as issuer:
        trusted, token = trust(issuer, clock=clock), issuer.sign()
        trusted.find_principal(token)
    for later in (FRESH_SECONDS, KEPT_SECONDS - 1):
        clock.now = 1000.0 + later
        assert trusted.find_principal(token).id == "4711"
        with pytest.raises(UnavailableError):
            trusted.find_principal(issuer.sign(headers={"kid": "made-up"}))
    clock.now += 1
    with pytest.raises(UnavailableError):
        trusted.find_principal(token)
    with run_issuer(issuer):
        clock.now += RETRY_SECONDS
        assert trusted.find_principal(token).id == "4711"


def test_an_issuer_that_is_down_at_first_is_asked_again(clock: Clock) -> None:
    with run_issuer() as issuer:
        trusted, token = trust(issuer, clock=clock), issuer.sign()
    with pytest.raises(UnavailableError):
        trusted.find_principal(token)
    with run_issuer(issuer):
        clock.now += RETRY_SECONDS - 1
        with pytest.raises(UnavailableError):
            trusted.find_principal(token)
        clock.now += 1
        assert trusted.find_principal(token).id == "4711"


@pytest.mark.parametrize("run_port", [run_silent_port, run_deaf_port])
def test_an_issuer_that_is_silent_keeps_no_request_long(run_port: Callable[[], Any], issuer: Issuer) -> None:
    with run_port() as port:
        trusted = oidc.Issuer(f"http://127.0.0.1:{port}", AUDIENCE, "roles", clock=Clock())
        with measured() as took, pytest.raises(UnavailableError):
            trusted.find_principal(issuer.sign())
    assert took.quiet < WAIT_SECONDS + 0.4


def is_taken(trusted: oidc.Issuer, token: str) -> bool:
    """Whether it is taken by now."""
    try:
        return trusted.find_principal(token).id == "4711"
    except UnavailableError:
        return False


def test_who_is_known_waits_for_no_silent_issuer_but_one(issuer: Issuer, clock: Clock) -> None:
    trusted, token = trust(issuer, clock=clock), issuer.sign()
    trusted.find_principal(token)
    issuer.answers[DISCOVERY] = issuer.hang
    clock.now += FRESH_SECONDS
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(is_taken, trusted, token)
        wait_until(lambda: issuer.count(DISCOVERY) == 2)
        assert all(is_taken(trusted, token) for _ in range(20))
        assert not first.done()
        issuer.let_go.set()
        assert first.result()


def test_what_comes_too_late_is_there_for_the_next(issuer: Issuer) -> None:
    trusted, token = trust(issuer, wait_seconds=WAIT_SECONDS), issuer.sign()
    issuer.answers[JWKS] = issuer.hang
    with pytest.raises(UnavailableError):
        trusted.find_principal(token)
    issuer.let_go.set()
    wait_until(lambda: is_taken(trusted, token))
    assert issuer.count() == 1


def test_one_fetch_is_under_way_at_a_time(issuer: Issuer, clock: Clock) -> None:
    trusted, token = trust(issuer, clock=clock, wait_seconds=0), issuer.sign()
    issuer.answers[DISCOVERY] = issuer.hang
    for _ in range(3):
        assert not is_taken(trusted, token)
        clock.now += RETRY_SECONDS
    clock.now -= RETRY_SECONDS
    wait_until(lambda: issuer.asked)
    issuer.let_go.set()
    wait_until(lambda: is_taken(trusted, token))
    assert issuer.count(DISCOVERY) == 1
