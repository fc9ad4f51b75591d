"""Races: many threads that start at once, and workers that settle meanwhile."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

from core.bookings.idempotency import Key
from core.errors import SeatlineError, UnavailableError
from core.settling import worker
from tests import acting
from tests.acting import has_work
from tests.support import wait_until

T = TypeVar("T")


def insist(run: Callable[[], T]) -> T:
    """Ask again where the answer is 503, as a client does."""
    while True:
        try:
            return run()
        except UnavailableError:
            continue


def book(show_id: int, *seats: str, **options: Any) -> UUID:
    """Accept one booking, however often that has to be asked for; its id."""
    key = Key("anonymous", str(uuid4()), "fingerprint")
    return insist(partial(acting.book, show_id, *seats, key=key, **options))


def race(
    runs: Sequence[Callable[[], T]], *, begin: Callable[[], object] = lambda: None
) -> list[T | SeatlineError]:
    """What each came to when all were started at once, once it has begun: its result, or its refusal.

    Fails on other errors.
    """
    start = threading.Barrier(len(runs), partial(insist, begin))
    outcomes: dict[int, T | SeatlineError] = {}
    errors: list[BaseException] = []

    def enter(index: int, run: Callable[[], T]) -> None:
        start.wait()
        try:
            outcomes[index] = insist(run)
        except SeatlineError as refusal:
            outcomes[index] = refusal
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=enter, args=pair) for pair in enumerate(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return [outcomes[index] for index in range(len(runs))]


@contextmanager
def settlers(*show_ids: int, count: int = 3) -> Iterator[None]:
    """Workers that settle these shows over and over; at the end nothing of them waits. Fails on any error."""
    errors: list[BaseException] = []
    stop = threading.Event()

    def work(turn: int) -> None:
        while not stop.is_set():
            for show_id in show_ids[turn % len(show_ids) :] + show_ids[: turn % len(show_ids)]:
                try:
                    worker.settle_show(show_id)
                except UnavailableError:
                    continue
                except BaseException as error:
                    errors.append(error)
                    return

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
        wait_until(lambda: errors or not any(map(has_work, show_ids)))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
