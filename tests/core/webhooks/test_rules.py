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
    identify_url,
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
NOW = datetime(2026, 10, 21, 7, 26, tzinfo=UTC)
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


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/", "http://[fc00::1]/"])
def test_refusal_of_a_private_address_says_what_would_allow_it(url: str) -> None:
    assert "WEBHOOK_ALLOW_PRIVATE" in str(find_url_fault(url, allow_private=False))


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://a.example/", "HTTPS://A.Example:443/"),
        ("http://a.example/?x=1", "http://a.example:80/?x=1"),
    ],
)
def test_one_url_written_in_two_ways(url: str, other: str) -> None:
    assert identify_url(url) == identify_url(other)


@pytest.mark.parametrize(
    "other",
    [
        "http://a.example/x", "https://b.example/x", "https://a.example/X", "https://a.example:8443/x",
        "https://a.example/x/", "https://a.example/x?tenant=1",
    ],
)  # fmt: skip
def test_two_urls(other: str) -> None:
    assert identify_url("https://a.example/x") != identify_url(other)


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
    attempt = judge_answer(status, None, now=NOW)
    assert (attempt.outcome, attempt.status_code) == (outcome, status)


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("9" * 30, LONGEST_DELAY_SECONDS),
        # HTTP's three forms of a date, in the order of their age, and one of mail's.
        ("Wed, 21 Oct 2026 07:28:00 GMT", 120),
        ("Wednesday, 21-Oct-26 07:28:00 GMT", 120),
        ("Wed Oct 21 07:28:00 2026", 120),
        ("Wed, 21 Oct 2026 09:28:00 +0200", 120),
        ("Sun, 06 Nov 2095 08:49:37 GMT", LONGEST_DELAY_SECONDS),
        ("Wed, 21 Oct 2026 07:26:00 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None),
        *[(text, None) for text in (None, "", " ", "0", "-5", "1.5", "soon", "²", "120, 130")],
        *[
            (text, None)
            for text in (
                "Wed, 31 Feb 2027 07:28:00 GMT",
                "Wed, 21 Oct 2026 25:28:00 GMT",
                f"Wed, 21 Oct {'9' * 20} 07:28:00 GMT",
                f"Wed, 21 Oct 2026 07:28:00 +{'9' * 11}",
                f"Wed, 21 Oct {'9' * 5_000} 07:28:00 GMT",
                "2026-10-21T07:28:00Z",
                "21 Oct 2026",
            )
        ],
    ],
)
@pytest.mark.parametrize("status", [302, 429, 503])
def test_retry_after(sent: str | None, seconds: float | None, status: int) -> None:
    assert judge_answer(status, sent, now=NOW).retry_after == seconds


@given(st.text() | st.text("0123456789:,-+ GMTWedOct"))
def test_retry_after_of_anything(sent: str) -> None:
    assert 0 < (judge_answer(503, sent, now=NOW).retry_after or 1) <= LONGEST_DELAY_SECONDS


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
