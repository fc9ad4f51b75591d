"""Pages that follow their show: what they say after any number of changes is what the database says."""

import gzip
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from core.infra.redis import get_redis
from core.maps import maps, pages
from core.maps.pages import KeptPages, Page, Reading
from core.shows.service import Show
from tests.acting import book, cancel, has_work, hold, read_seats, run, settle_all
from tests.apart import forget_database
from tests.support import HANGS_SECONDS
from tests.watching import WatchedLock

MakeShow = Callable[..., Show]

SEATS = 250
ALL = maps.SeatsFilter(limit=SEATS)


def look(show_id: int, which: maps.SeatsFilter = ALL) -> maps.Map:
    return maps.read_seats(show_id, which, to_cursor=str)


def unpack(body: bytes | None) -> dict[str, Any]:
    assert body is not None
    return dict(json.loads(gzip.decompress(body)))


def statuses(document: dict[str, Any]) -> dict[str, str]:
    return {seat["seat_number"]: seat["status"] for seat in document["seats"]}


def look_anew(show_id: int, which: maps.SeatsFilter = ALL) -> maps.Map:
    forget_database()
    get_redis().flushall()
    return look(show_id, which)


@pytest.fixture
def show(database: dict[str, str], make_show: MakeShow) -> Show:
    """A show whose page is packed in three parts."""
    return make_show(total_seats=SEATS)


def test_a_page_that_followed_is_the_page_read_anew_byte_for_byte(show: Show) -> None:
    chance, ids = random.Random(5), []
    look(show.id)
    for _ in range(12):
        for seat in chance.sample(range(1, SEATS + 1), 7):
            ids.append(book(show.id, str(seat), hold=chance.random() < 0.5))
        settle_all(show.id)
        for booking_id in chance.sample(ids, 2):
            run("UPDATE bookings SET wants = 'cancel' WHERE id = :id AND status = 'CONFIRMED'", id=booking_id)
        settle_all(show.id)
        followed = look(show.id)
        assert statuses(unpack(followed.body)) == read_seats(show.id)
        assert followed == look_anew(show.id)


def test_only_what_changed_is_read(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    look(show.id)
    book(show.id, "101")
    settle_all(show.id)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the whole page was read")

    monkeypatch.setattr(maps.queries, "select_seats", refuse)
    found = unpack(look(show.id).body)
    assert (found["version"], statuses(found)["101"]) == (2, "booked")
    monkeypatch.setattr(pages, "PAGE_TTL_SECONDS", -1)
    hold(show.id, "102")
    with pytest.raises(AssertionError, match="whole page"):
        look(show.id)


def test_seats_of_other_pages_and_sections_leave_a_page_as_it_is(make_show: MakeShow) -> None:
    sections = [{"name": "A", "capacity": 150, "price": 1}, {"name": "B", "capacity": 150, "price": 2}]
    show = make_show(sections=sections)
    first, second = maps.SeatsFilter(limit=200), maps.SeatsFilter(section="B", limit=200)
    cursor = unpack(look(show.id, first).body)["next"]
    third = maps.SeatsFilter(after=int(cursor), limit=200)
    for which in (second, third):
        look(show.id, which)
    for seat in ("A-1", "A-150", "B-1", "B-50", "B-51", "B-150"):
        book(show.id, seat)
        settle_all(show.id)
        for which in (first, second, third):
            found = unpack(look(show.id, which).body)
            known = read_seats(show.id)
            assert {seat: known[seat] for seat in statuses(found)} == statuses(found)
    lengths = [len(unpack(look(show.id, which).body)["seats"]) for which in (first, second, third)]
    assert lengths == [200, 150, 100]


def test_a_database_put_back_to_an_earlier_state_is_believed(show: Show) -> None:
    look(show.id)
    booking_id = book(show.id, "7")
    settle_all(show.id)
    assert statuses(unpack(look(show.id).body))["7"] == "booked"
    cancel(booking_id)
    settle_all(show.id)
    look(show.id)
    run("UPDATE show_versions SET version = 1")
    page = maps.kept_pages.find((show.id, ALL))
    assert page is not None
    assert page.follow() == 1
    assert statuses(unpack(page.packed.body)) == read_seats(show.id)


def test_readers_during_a_sale_see_no_mix_and_never_an_older_map(show: Show) -> None:
    is_over = False

    def follow() -> list[tuple[int, int]]:
        seen = []
        while not is_over:
            found = unpack(look(show.id).body)
            seen.append((found["version"], list(statuses(found).values()).count("booked")))
        return seen

    with ThreadPoolExecutor(4) as threads:
        readers = [threads.submit(follow) for _ in range(4)]
        for seat in range(1, 61):
            book(show.id, str(seat))
            settle_all(show.id)
            # Whoever has seen it settled reads no map from before.
            assert unpack(look(show.id).body)["version"] == seat + 1
        assert not has_work(show.id)
        is_over = True
    for reader in readers:
        seen = reader.result()
        assert seen == sorted(seen)
        assert all(booked == version - 1 for version, booked in seen)
        assert len({version for version, _ in seen}) > 5


def test_all_who_wait_for_a_look_share_the_next(show: Show) -> None:
    look(show.id)
    kept = maps.kept_pages.find((show.id, ALL))
    assert kept is not None
    looks, go_on, lock = list[int](), Event(), WatchedLock()

    class SlowPage(Page):
        def _catch_up(self, at_least: int | None) -> bool:
            looks.append(1)
            assert go_on.wait(HANGS_SECONDS)
            return super()._catch_up(at_least)

    page = SlowPage(show.id, kept._read, kept._read(None), lock=lock)
    with ThreadPoolExecutor(5) as threads:
        first = threads.submit(page.follow)
        lock.await_askers(1)
        # What is committed after the first look began is not in it: who asks now must see it.
        book(show.id, "1")
        settle_all(show.id)
        waiting = [threads.submit(page.follow) for _ in range(4)]
        lock.await_askers(len(waiting))
        go_on.set()
        assert {each.result() for each in waiting} == {2}
        first.result()
    assert len(looks) == 2


def test_a_look_that_failed_is_no_one_elses(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    look(show.id)
    page = maps.kept_pages.find((show.id, ALL))
    assert page is not None
    book(show.id, "1")
    settle_all(show.id)
    with monkeypatch.context() as patch:
        patch.setattr(page, "_catch_up", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            page.follow()
    assert page.follow() == 2


def test_pages_not_asked_for_longest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SEATS_KEPT", 5)

    class Row:
        id, seat_number, status, section, row, price = 1, "1", "available", None, None, 0

    def make(seats: int) -> Page:
        reading = Reading(1, [Row()] * seats, None)
        return Page(1, lambda _: reading, reading)

    kept = KeptPages()
    for key, seats in (("a", 2), ("b", 2)):
        kept.keep(key, make(seats))
    assert kept.find("a")
    kept.keep("c", make(3))
    assert [bool(kept.find(key)) for key in "abc"] == [True, False, True]
