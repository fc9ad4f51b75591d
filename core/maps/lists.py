"""Lists of shows, kept for a second: their contents change by sales, by operators, and by the clock."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict

from core.infra import replicas
from core.infra.json import to_json
from core.maps import cache
from core.shows.service import Show, ShowFilter, list_shows

# Shows open and close by the clock, which bumps no generation.
LIST_TTL_SECONDS = 1


def read_list(which: ShowFilter, *, to_cursor: Callable[[Show], str]) -> bytes:
    """A page of shows as JSON; `to_cursor` makes the next page's cursor of the last show."""
    digest = hashlib.sha256(to_json(asdict(which))).hexdigest()
    key = f"list:{cache.find_generation()}:{digest}"

    def build() -> tuple[str, bytes]:
        return key, _build(which, to_cursor)

    return cache.fetch_or_build(key, build, ttl_seconds=LIST_TTL_SECONDS)


def _build(which: ShowFilter, to_cursor: Callable[[Show], str]) -> bytes:
    shows = replicas.read(lambda connection: list_shows(connection, which))
    page = shows[: which.limit]
    return to_json({"items": page, "next": to_cursor(page[-1]) if len(shows) > which.limit else None})
