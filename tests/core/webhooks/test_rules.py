"""Decisions about webhooks: what an answer means, when to try again."""

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
    is_worth_trying,
    judge_answer,
)

NOW = datetime(2026, 10, 21, 7, 26, tzinfo=UTC)


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
