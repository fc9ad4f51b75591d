"""Decisions about webhooks: whom to connect to, what an answer means, when to try again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.webhooks.rules import (
    FAILURES_UNTIL_DOWN,
    LONGEST_DELAY_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Outcome,
    choose_delay,
    choose_pause,
    find_url_fault,
    is_public,
    is_worth_trying,
    judge_answer,
)

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.7", "224.0.0.1", "239.1.1.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "ftp://a.example/", "https://", "https:///path", "//a.example", "file:///etc/passwd",
        "https://user@a.example/", "https://u:p@a.example/", "https://a.example/#part", "https://a.example:x/",
        "https://a.example:99999/", "https://[::1", "https://a.example/a b", "https://ä.example/",
        "http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://a.localhost:1/", "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
    ],
)  # fmt: skip
def test_url_that_is_refused(url: str) -> None:
    assert find_url_fault(url, allow_private=False)


@pytest.mark.parametrize("url", ["https://a.example", "http://a.example:8080/x?y=z", "https://1.1.1.1/"])
def test_url_that_is_taken(url: str) -> None:
    assert find_url_fault(url, allow_private=False) is None


def test_private_url_where_allowed() -> None:
    assert find_url_fault("http://127.0.0.1:8080/", allow_private=True) is None
    assert find_url_fault("http://user@127.0.0.1/", allow_private=True)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (299, Outcome.DELIVERED),
        (199, Outcome.FAILED),
        (301, Outcome.FAILED),
        (308, Outcome.FAILED),
        (400, Outcome.FAILED),
        (410, Outcome.GONE),
        (429, Outcome.FAILED),
        (500, Outcome.FAILED),
    ],
)
def test_what_an_answer_means(status: int, outcome: Outcome) -> None:
    assert judge_answer(status, None).outcome is outcome


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("7", 7),
        ("9" * 30, LONGEST_DELAY_SECONDS),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        *[(text, None) for text in (None, "", "0", "-5", "soon", "²")],
    ],
)
def test_retry_after(sent: str | None, seconds: float | None) -> None:
    assert judge_answer(429, sent).retry_after == seconds


@given(st.integers(min_value=1, max_value=10_000))
def test_delay_grows_and_is_bounded(attempts: int) -> None:
    full = min(5 * 4 ** min(attempts - 1, 20), LONGEST_DELAY_SECONDS)
    assert full / 2 <= choose_delay(attempts).total_seconds() <= full
    assert choose_delay(attempts, retry_after=5000).total_seconds() == 5000


def test_delays_differ() -> None:
    assert len({choose_delay(3) for _ in range(20)}) > 1


def test_pause() -> None:
    assert choose_pause(0, []) == 0
    assert choose_pause(FAILURES_UNTIL_DOWN - 1, [None, 40.0, 2.0]) == 40
    assert 2.5 <= choose_pause(FAILURES_UNTIL_DOWN, [None]) <= 5
    assert choose_pause(FAILURES_UNTIL_DOWN + 50, [None]) == LONGEST_PAUSE_SECONDS
    assert choose_pause(FAILURES_UNTIL_DOWN + 50, [1000.0]) == 1000


def test_three_days() -> None:
    now = datetime.now(UTC)
    assert is_worth_trying(now - timedelta(hours=71), now)
    assert not is_worth_trying(now - timedelta(hours=73), now)
