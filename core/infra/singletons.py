"""What a process has one of: made at first use, and once, however many threads come at once."""

import threading
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")


def make_once(make: Callable[[], T]) -> Callable[[], T]:
    """Like functools.cache, which lets two threads that come together both make the thing."""
    lock, cached = threading.Lock(), lru_cache(maxsize=1)(make)

    @wraps(make)
    def get() -> T:
        with lock:
            return cached()

    get.cache_clear = cached.cache_clear  # type: ignore[attr-defined]
    get.cache_info = cached.cache_info  # type: ignore[attr-defined]
    return get
