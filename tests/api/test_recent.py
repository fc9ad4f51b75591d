"""What was accepted a moment ago is waited for without a read, unless it may have changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from api.server.long_poll import Limits, LongPolls
from api.server.poll import Seen
from api.server.recent import Recent
from core.bookings.announcements import encode
from core.bookings.views import Booking
from core.infra.json import to_json
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import get_redis
from tests import acting
from tests.api.asking import Asking
from tests.support import wait_until

IDS = [UUID(int=n) for n in range(5)]
SEEN = Seen(1, "acquire", b"{}")


def test_it_is_known_once_it_was_accepted_and_until_it_changes() -> None:
    known = Recent(60)
    assert not known
    known.expect(IDS[:2])
    assert known.find(IDS[0]) is None
    known.add(IDS[:1], [SEEN])
    assert known.find(IDS[0]) is SEEN
    known.forget(IDS[0].bytes)
    assert known.find(IDS[0]) is None


def test_change_that_is_announced_before_the_acceptance_is_known_counts() -> None:
    known = Recent(60)
    known.expect(IDS[:1])
    known.forget(IDS[0].bytes)
    known.add(IDS[:1], [SEEN])
    assert known.find(IDS[0]) is None


def test_what_was_not_accepted_here_is_not_known() -> None:
    known = Recent(60)
    known.add(IDS, [SEEN] * len(IDS))
    assert [known.find(booking_id) for booking_id in IDS] == [None] * len(IDS)


def test_its_time_is_short() -> None:
    known = Recent(0)
    known.expect(IDS[:1])
    known.add(IDS[:1], [SEEN])
    assert known.find(IDS[0]) is None
    known.expect(IDS[1:2])
    assert len(known._bookings) == 1


def test_only_so_many_are_known() -> None:
    known = Recent(60, at_most=3)
    for booking_id in IDS:
        known.expect([booking_id])
        known.add([booking_id], [SEEN])
    assert [known.find(booking_id) is not None for booking_id in IDS] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("seconds", "is_done", "is_ending", "is_recalled"),
    [
        (20, False, False, True),
        (0.5, False, False, False),
        (0, False, False, False),
        (20, True, False, False),
        (20, False, True, False),
    ],
)
def test_it_is_recalled_where_it_is_no_answer_and_there_is_time_to_look_again(
    seconds: float, is_done: bool, is_ending: bool, is_recalled: bool
) -> None:
    async def read(_: UUID) -> Booking | None:
        return None

    polls = LongPolls(read, Limits(look_again_seconds=1))
    polls.recent.expect(IDS[:1])
    polls.recent.add(IDS[:1], [SEEN])
    polls.is_ending = is_ending
    with polls.enter("a client", IDS[:1], seconds=seconds) as (poll,):
        assert poll.recall(lambda _: is_done) is (SEEN if is_recalled else None)


def test_whoever_books_and_waits_is_told_without_a_read(asking: Asking) -> None:
    """The table has the booking no more: what is announced of it is all that there is to tell."""
    booking = asking.post("1").json
    confirmed = acting.read(UUID(booking["id"]))._replace(status="CONFIRMED", wants=None)
    confirmed = confirmed._replace(updated_at=confirmed.updated_at + timedelta(seconds=1))
    acting.run("DELETE FROM bookings")
    polls = asking.client.application.door._groups.polls  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(asking.client.get, f"/bookings/{booking['id']}?wait=20")
        wait_until(lambda: polls._waiting)
        get_redis().publish(BOOKINGS_CHANNEL, encode([(confirmed, to_json(confirmed.to_document()))]))
        assert answer.result().json["status"] == "CONFIRMED"
    assert asking.client.get(f"/bookings/{booking['id']}?wait=20").status_code == 404


def test_whoever_has_seen_more_is_told_no_less(asking: Asking) -> None:
    """The outcome was read, and its announcement is on its way, or lost."""
    booking = asking.post("1").json
    acting.settle(booking["show_id"])
    tag = asking.client.get(f"/bookings/{booking['id']}").headers["ETag"]
    answer = asking.client.get(f"/bookings/{booking['id']}?wait=1", headers={"If-None-Match": tag})
    assert answer.status_code == 304


def test_outcome_that_was_not_announced_is_found_by_looking(asking: Asking) -> None:
    booking = asking.post("1").json
    acting.settle(booking["show_id"])
    answer = asking.client.get(f"/bookings/{booking['id']}?wait=20")
    assert answer.json["status"] == "CONFIRMED"
