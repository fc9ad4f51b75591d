"""A lock that tells who asks for it."""

from threading import Lock, Semaphore
from types import TracebackType

from tests.support import HANGS_SECONDS


class WatchedLock:
    """A lock in place of another: a test waits until so many have asked for it."""

    def __init__(self) -> None:
        self._lock, self._askers = Lock(), Semaphore(0)

    def await_askers(self, count: int) -> None:
        """Wait until so many more have asked, whether they have it or not."""
        for _ in range(count):
            assert self._askers.acquire(timeout=HANGS_SECONDS)

    def __enter__(self) -> None:
        self._askers.release()
        self._lock.acquire()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._lock.release()
