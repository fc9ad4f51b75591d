"""What never changes about shows, kept in the process: their halls."""

import threading
from dataclasses import dataclass

from cachetools import LRUCache

from core.halls.build import Hall, build_hall
from core.infra.db import primary
from core.shows import queries
from core.shows.errors import ShowNotFoundError

# Halls in memory at most, by weight: about 40 MB where all of them are drawn plans.
MAX_WEIGHT = 250_000


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What a process remembers of a show."""

    hall: Hall


_entries: LRUCache[int, CatalogueEntry] = LRUCache(MAX_WEIGHT, getsizeof=lambda entry: entry.hall.weight)
_lock = threading.Lock()
# Two shows rarely share one, and then one only waits for the other.
_loading = [threading.Lock() for _ in range(64)]


def get_entry(show_id: int) -> CatalogueEntry:
    """The show's entry, without a query where this process has seen the show. Raises ShowNotFoundError.

    Call it with no connection in hand: it may take one.
    """
    if entry := find_entry(show_id):
        return entry
    # One of those that come at once draws the hall up, which takes a second for a large plan.
    with _loading[show_id % len(_loading)]:
        return find_entry(show_id) or _load(show_id)


def find_entry(show_id: int) -> CatalogueEntry | None:
    """The show's entry where this process has seen the show."""
    with _lock:
        return _entries.get(show_id)


def _load(show_id: int) -> CatalogueEntry:
    with primary() as connection:
        description = queries.select_hall(connection, show_id)
    if description is None:
        raise ShowNotFoundError(show_id)
    hall = build_hall(description)
    entry = CatalogueEntry(hall)
    with _lock:
        _entries[show_id] = entry
    return entry


def forget_shows() -> None:
    """Forget everything: for tests, whose databases begin anew."""
    with _lock:
        _entries.clear()
