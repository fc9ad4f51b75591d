"""The cache's protocol: nobody who has seen a change is served a map from before it, and Redis may vanish."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import fakeredis
import pytest

from core.infra import redis
from core.maps import cache
from core.maps.maps import read_availability, read_states
from core.settling.worker import settle_show
from core.shows.service import Show
from local.servers import EmbeddedRedis
from tests.acting import book, read_version, tell, uncommitted_batch
from tests.apart import enter
from tests.lonely import run_lonely_redis
from tests.measuring import measured
from tests.races.racing import race
from tests.support import HANGS_SECONDS, wait_until
from tests.watching import WatchedLock

MakeShow = Callable[..., Show]


@pytest.fixture(params=["fake", "real"])
def _redis(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only the real one has a clock of its own.
    if request.param == "real":
        request.getfixturevalue("database")
    else:
        server = fakeredis.FakeRedis()
        monkeypatch.setattr(redis, "get_redis", lambda: server)


def never() -> int:
    raise AssertionError("the database was asked")


@pytest.mark.usefixtures("_redis")
class TestProtocol:
    def test_published_version_needs_no_database(self) -> None:
        cache.publish_version(redis.get_redis(), 1, 17)
        assert cache.find_version(1, never) == 17

    def test_readers_ask_the_database_under_a_mark(self) -> None:
        cache.publish_version(redis.get_redis(), 1, 17)
        cache.mark_changing(1, 18)
        assert cache.find_version(1, lambda: 17) == 17
        assert cache.find_version(1, lambda: 18) == 18
        cache.publish_version(redis.get_redis(), 1, 18)
        assert cache.find_version(1, never) == 18

    def test_larger_wins(self) -> None:
        cache.publish_version(redis.get_redis(), 1, 18)
        cache.publish_version(redis.get_redis(), 1, 17)
        assert cache.find_version(1, never) == 18
        cache.publish_version(redis.get_redis(), 1, 100)
        assert cache.find_version(1, never) == 100

    def test_who_was_held_up_puts_no_old_version_back(self) -> None:
        cache.publish_version(redis.get_redis(), 1, 18)
        redis.get_redis().delete(cache.name_version_keys(1)[1])
        cache.publish_version(redis.get_redis(), 1, 17)
        assert cache.find_version(1, lambda: 18) == 18
        assert cache.find_version(1, never) == 18

    def test_late_publish_does_not_undo_a_later_mark(self) -> None:
        cache.mark_changing(1, 18)
        cache.mark_changing(1, 19)
        cache.publish_version(redis.get_redis(), 1, 18)
        assert cache.find_version(1, lambda: 19) == 19

    def test_late_mark_does_not_undo_a_later_version(self) -> None:
        cache.publish_version(redis.get_redis(), 1, 19)
        cache.mark_changing(1, 18)
        assert cache.find_version(1, never) == 19

    def test_version_is_learned_where_there_is_none(self) -> None:
        assert cache.find_version(1, lambda: 5) == 5
        assert cache.find_version(1, never) == 5

    def test_learned_version_never_overwrites_a_mark_or_a_version(self) -> None:
        def ask_while_a_batch_begins() -> int:
            cache.mark_changing(1, 6)
            return 5

        assert cache.find_version(1, ask_while_a_batch_begins) == 5
        assert cache.find_version(1, lambda: 6) == 6

        def ask_while_a_batch_ends() -> int:
            cache.publish_version(redis.get_redis(), 2, 6)
            return 5

        assert cache.find_version(2, ask_while_a_batch_ends) == 5
        assert cache.find_version(2, never) == 6

    def test_what_was_read_long_ago_is_not_learned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cache, "LEARNING_LIMIT_SECONDS", 0.0)
        assert (cache.find_version(1, lambda: 5), cache.find_version(1, lambda: 6)) == (5, 6)

    def test_shows_do_not_mix(self) -> None:
        cache.publish_version(redis.get_redis(), 1, 17)
        assert cache.find_version(11, lambda: 3) == 3

    def test_body_is_built_once_and_kept_under_what_was_read(self) -> None:
        builds: list[int] = []

        def build() -> tuple[str, bytes]:
            builds.append(1)
            return "1:18:all", b"map"

        assert cache.fetch_or_build("1:17:all", build) == b"map"
        assert cache.fetch_or_build("1:18:all", build) == b"map"
        assert (len(builds), cache.fetch_body("1:17:all")) == (1, None)

    def test_last_body_that_lasts_is_not_asked_of_redis_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def build() -> tuple[str, bytes]:
            return "1:17:all", b"map"

        for is_lasting, asked in ((True, 0), (False, 1)):
            assert cache.fetch_or_build("1:17:all", build, is_lasting=is_lasting) == b"map"
            fetched: list[str] = []
            with monkeypatch.context() as patch:
                patch.setattr(cache, "fetch_body", lambda key, keys=fetched: keys.append(key) or b"map")
                assert cache.fetch_or_build("1:17:all", build, is_lasting=is_lasting) == b"map"
            assert len(fetched) == asked
        assert cache.fetch_or_build("1:17:all", build, ttl_seconds=0, is_lasting=True) == b"map"

    def test_generation(self) -> None:
        """What is published counts, also where the next version is marked; not what a reader has learned."""
        found = [cache.find_generation()]
        mark, publish = (
            lambda: cache.mark_changing(1, 19),
            lambda: cache.publish_version(redis.get_redis(), 1, 18),
        )
        for change in (cache.bump_generation, mark, publish, lambda: cache.find_version(2, lambda: 3)):
            change()
            found.append(cache.find_generation() - found[0])
        assert found[1:] == [1, 1, 2, 2]


READERS = 8


@pytest.mark.parametrize("built", ["1:17:all", "1:18:all"])
def test_many_readers_build_once(database: dict[str, str], built: str) -> None:
    """Also where it is stored under a later version: whoever asked for the one before takes it too."""
    builds, lock = list[int](), WatchedLock()
    flight = cache.Flight(lock)

    def build() -> tuple[str, bytes]:
        builds.append(1)
        if len(builds) == 1:
            lock.await_askers(READERS)
        return built, b"map"

    with ThreadPoolExecutor(READERS) as pool:
        bodies = list(pool.map(lambda _: flight.build("1:17:all", build, ttl_seconds=10), range(READERS)))
    assert (bodies, len(builds)) == ([b"map"] * READERS, 1)
    assert cache.fetch_body(built) == b"map"


def test_uncommitted_batch_is_marked_and_a_settled_one_published(make_show: MakeShow) -> None:
    show = make_show()
    before = read_availability(show.id, since=None)
    assert cache.find_version(show.id, never) == before.version == 1
    book(show.id, "1")
    with uncommitted_batch(show.id):
        # A reader between mark and commit sees the committed map; the moment after the commit, the new one.
        assert read_availability(show.id, since=None).version == read_states(show.id).version == 1
    assert read_availability(show.id, since=None).version == read_states(show.id).version == 2
    book(show.id, "2")
    settle_show(show.id)
    assert cache.find_version(show.id, never) == 3 == read_version(show.id)


@pytest.fixture
def lonely_redis(servers: dict[str, str], tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A Redis that a test may kill or freeze; this process uses it meanwhile."""
    with run_lonely_redis(tmp_path / "redis") as server, enter({"REDIS_URL": server.url}):
        yield server


class TestWithoutRedis:
    @pytest.fixture(autouse=True, params=["gone", "frozen"])
    def _outage(
        self, request: pytest.FixtureRequest, database: dict[str, str], lonely_redis: EmbeddedRedis
    ) -> Iterator[None]:
        assert redis.get_redis().ping()
        if request.param == "gone":
            lonely_redis.stop()
            yield
            return
        assert lonely_redis.pid
        os.kill(lonely_redis.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(lonely_redis.pid, signal.SIGCONT)

    def test_everything_answers_from_the_database(self, make_show: MakeShow) -> None:
        show = make_show()
        with measured() as took:
            booking_id = book(show.id, "1")
            settle_show(show.id)
            assert tell(booking_id) == "CONFIRMED"
            assert read_availability(show.id, since=None).version == read_states(show.id).version == 2
        assert took.quiet < 2

    def test_accepting_costs_hardly_more(self, make_show: MakeShow) -> None:
        show = make_show()
        book(show.id, "1")
        with measured() as took:
            for _ in range(50):
                book(show.id, "1")
        assert took.quiet / 50 < 0.02

    def test_breaker_spares_readers_the_wait(self, make_show: MakeShow) -> None:
        show = make_show()
        for _ in range(redis.FAILURES_UNTIL_OPEN):
            cache.find_version(show.id, lambda: 1)
        with measured() as took:
            for _ in range(100):
                assert cache.find_version(show.id, lambda: 1) == 1
        assert took.quiet < 2 * redis.TIMEOUT_SECONDS

    def test_readers_do_not_queue_for_the_time_out(self, make_show: MakeShow) -> None:
        """Forty requests that meet the outage at once must not wait one after the other."""
        show = make_show()
        with measured() as took:
            assert race([partial(cache.find_version, show.id, lambda: 1)] * 40) == [1] * 40
        assert took.quiet < 1


def test_redis_is_used_again_once_it_is_back(
    database: dict[str, str], lonely_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = lonely_redis.port
    lonely_redis.stop()
    for _ in range(redis.FAILURES_UNTIL_OPEN):
        assert cache.find_version(1, lambda: 7) == 7
    with EmbeddedRedis(lonely_redis.data_dir, durable=False, port=port):
        wait_until(lambda: redis.try_redis(lambda client: client.ping(), default=None))
        cache.publish_version(redis.get_redis(), 1, 8)
        assert cache.find_version(1, never) == 8


def test_marks_are_tried_whatever_the_breaker_says(database: dict[str, str]) -> None:
    redis.breaker.open()
    cache.mark_changing(1, 18)
    cache.publish_version(redis.get_redis(), 1, 18)
    redis.breaker.close()
    assert cache.find_version(1, never) == 18


def test_one_slow_call_holds_up_no_other(database: dict[str, str]) -> None:
    """A breaker that calls under its lock would let one thread at a time talk to Redis."""
    inside = threading.Barrier(4, timeout=HANGS_SECONDS)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda _: redis.try_redis(lambda _: inside.wait() >= 0, default=None), range(4))
        assert list(found) == [True] * 4
