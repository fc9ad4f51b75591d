"""Without beat: any worker sweeps in its place, one of them at a time, by the database's clock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core.settling import sweeping
from core.shows.service import Show
from tests.acting import book, end_hold, hold, run, tell_all

MakeShow = Callable[..., Show]


def silence(seconds: float) -> None:
    """Let the last sweep have been so long ago."""
    run("UPDATE heartbeats SET at = clock_timestamp() - make_interval(secs => :s)", s=seconds)


def test_nothing_to_do_while_beat_sweeps(make_show: MakeShow) -> None:
    sweeping.sweep_shows()
    assert not sweeping.stand_in_for_beat()


def test_one_of_all_stands_in(make_show: MakeShow) -> None:
    show, quiet = make_show(), make_show()
    waiting, expired = book(show.id, "1"), hold(quiet.id, "1")
    end_hold(expired)
    run("UPDATE bookings SET updated_at = updated_at - interval '2 s'")
    silence(60)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: sweeping.stand_in_for_beat(), range(8))).count(True) == 1
    assert tell_all([waiting, expired]) == ["CONFIRMED", "hold_expired"]
    assert not sweeping.stand_in_for_beat()
