"""Seat maps: who reads one gets one version of it, never a mix, and none older than what it has seen."""

import gzip
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.errors import InvalidRequestError
from core.halls.best import BestSeats
from core.halls.build import Hall
from core.infra.db import primary
from core.infra.json import to_json
from core.maps import cache
from core.maps.pages import GZIP_LEVEL, KeptPages, Packed, Page, Reading
from core.maps.reading import read_version
from core.seats import queries
from core.shows.catalogue import get_entry

# Clients keep a layout for a day; here it stands in the memory of the broker.
LAYOUT_TTL_SECONDS = 60
# A map is kept behind its version, which may be newer than the one it was asked for by.
VERSION_BYTES = 8
STATE_BITS, STATES_A_BYTE = 2, 4
_ARE_FREE = bytes.maketrans(b"\0\1\2", b"\1\0\0")


@dataclass(frozen=True, slots=True)
class Map:
    """A map at a version; `body` is gzipped JSON, empty where nothing is new to whoever asked."""

    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class SeatsFilter:
    """Which seats to list: those after seat id `after`, of a status, of a section."""

    after: int = 0
    status: str | None = None
    section: str | None = None
    limit: int = 1000


# Builds a map of this version or a later one.
Build = Callable[[int], Packed]

kept_pages = KeptPages()


def read_seats(show_id: int, which: SeatsFilter, *, to_cursor: Callable[[int], str]) -> Map:
    """A page of seats in seat order; `to_cursor` makes the next page's cursor of the last seat's id.

    Raises ShowNotFoundError, InvalidRequestError for a section the hall has not.
    """
    which = replace(which, section=_spell_section(get_entry(show_id).hall, which.section))
    if page := kept_pages.find((show_id, which)):
        return _read_page(show_id, page)

    def read(at_least: int | None) -> Reading:
        rows = read_version(
            at_least,
            lambda connection: queries.select_seats(
                connection,
                show_id,
                after=which.after,
                status=which.status,
                section=which.section,
                limit=which.limit + 1,
            ),
        )
        found = [row for row in rows if row.id is not None]
        more = to_cursor(found[which.limit - 1].id) if len(found) > which.limit else None
        return Reading(rows[0].version, found[: which.limit], more)

    def build(at_least: int) -> Packed:
        first = read(at_least)
        page = Page(show_id, read, first)
        # With a status, seats come and go.
        if first.rows and which.status is None:
            kept_pages.keep((show_id, which), page)
        return page.packed

    name = f"seats:{which.after}:{which.status}:{which.limit}:{which.section}"
    return _read(show_id, name, build=build)


def _spell_section(hall: Hall, name: str | None) -> str | None:
    found = hall.find_section(name) if name is not None else None
    if name is not None and found is None:
        raise InvalidRequestError(f"The show has no section {name!r}.", pointer="/section")
    return found


def _read_page(show_id: int, page: Page) -> Map:
    """Where the database has to be asked for the version, it tells at once what has changed."""
    current = cache.find_version(show_id, page.follow)
    if current > page.packed.version:
        page.follow(current)
    packed = page.packed
    return Map(packed.version, packed.body)


def read_availability(show_id: int, *, since: int | None) -> Map:
    """Held and booked seats, or the seats that changed after version `since`.

    Raises ShowNotFoundError, InvalidRequestError for a `since` from the future.
    """
    if since is None:
        return _read(show_id, "availability", build=partial(_build_availability, show_id))
    return _read(show_id, f"since:{since}", build=partial(_build_changes, show_id, since))


def _build_availability(show_id: int, at_least: int) -> Packed:
    rows = read_version(at_least, lambda connection: queries.select_occupied(connection, show_id))
    version = rows[0].version
    by_status = {
        status: [row.seat_number for row in rows if row.status == status] for status in ("held", "booked")
    }
    return _pack(version, {"show_id": show_id, "version": version, **by_status})


def read_states(show_id: int) -> Map:
    """Every seat's state in seat order, two bits each, as base64. Raises ShowNotFoundError."""
    return _read(show_id, "states", build=partial(_build_states, show_id))


def _build_states(show_id: int, at_least: int) -> Packed:
    ((version, states),) = _select_states(show_id, at_least)
    text = b64encode(pack_states(states)).decode()
    return _pack(version, {"show_id": show_id, "version": version, "states": text})


def _select_states(show_id: int, at_least: int) -> list[queries.States]:
    return read_version(at_least, lambda connection: queries.select_states(connection, show_id))


def pack_states(states: bytes) -> bytes:
    """Four states, of two bits each, in a byte; the first in its lowest bits, as in the first byte."""
    # Each fourth state has a byte of one large number to itself; shifted, the four numbers do not meet.
    numbers = (int.from_bytes(states[place::STATES_A_BYTE], "little") for place in range(STATES_A_BYTE))
    together = sum(number << STATE_BITS * place for place, number in enumerate(numbers))
    return together.to_bytes(ceil(len(states) / STATES_A_BYTE), "little")


def _build_changes(show_id: int, since: int, at_least: int) -> Packed:
    # The client may have seen a version that Redis lost: a replica must have both.
    wanted = max(at_least, since)
    rows = read_version(wanted, lambda connection: queries.select_changed(connection, show_id, since))
    version = rows[0].version
    if since > version:
        raise InvalidRequestError(
            f"Version {since} is yet to come; the map is at {version}.", pointer="/since"
        )
    changes = {row.seat_number: row.status for row in rows if row.seat_number is not None}
    return _pack(version, {"show_id": show_id, "version": version, "since": since, "changes": changes})


def read_statuses(show_id: int, *, since: int | None) -> Map:
    """Every seat's status, or those that changed after version `since`, and none where nothing has.

    A `since` from the future is none that this map ever had: all of it. Raises ShowNotFoundError.
    """

    def read_changed(connection: Connection) -> list[Row[Any]]:
        rows = queries.select_changed(connection, show_id, -1 if since is None else since)
        is_of_future = since is not None and bool(rows) and since > rows[0].version
        return queries.select_changed(connection, show_id, -1) if is_of_future else rows

    def build(at_least: int) -> Packed:
        rows = read_version(max(at_least, since or 0), read_changed)
        statuses = {row.seat_number: row.status for row in rows if row.seat_number is not None}
        return _pack(rows[0].version, statuses)

    return _read(show_id, f"statuses:{since}", known=since, build=build)


def read_suggestions(show_id: int, *, quantity: int, section: str | None, near: str | None) -> Map:
    """Up to three sets of free seats, best first, by the rule that quantity bookings are served by.

    Raises ShowNotFoundError, InvalidRequestError for a section or seat the hall has not.
    """
    hall = get_entry(show_id).hall
    section = _spell_section(hall, section)
    if near is not None and hall.price_of(near) is None:
        raise InvalidRequestError(f"The show has no seat {near!r}.", pointer="/near")

    def build(at_least: int) -> Packed:
        ((version, states),) = _select_states(show_id, at_least)
        choices = BestSeats(hall, states.translate(_ARE_FREE)).suggest(quantity, section=section, near=near)
        suggestions = [{"seats": c.seats, "together": c.together, "amount": c.amount} for c in choices]
        return _pack(version, {"version": version, "suggestions": suggestions})

    return _read(show_id, f"suggestions:{quantity}:{section}:{near}", build=build)


def read_layout(show_id: int, *, by_columns: bool) -> bytes:
    """The layout of a show's hall as gzipped JSON; it never changes.

    `by_columns`: every seat, in one list for each property. Raises ShowNotFoundError.
    """
    hall = get_entry(show_id).hall
    key = f"{show_id}:columns" if by_columns else f"{show_id}:layout"

    def build() -> tuple[str, bytes]:
        layout = hall.columns() if by_columns else hall.layout()
        return key, _compress({"show_id": show_id, **layout})

    return cache.fetch_or_build(key, build, ttl_seconds=LAYOUT_TTL_SECONDS, is_lasting=True)


def _read(show_id: int, name: str, *, build: Build, known: int | None = None) -> Map:
    get_entry(show_id)
    current = cache.find_version(show_id, lambda: _ask_version(show_id))
    if known == current:
        return Map(current, b"")

    def build_body() -> tuple[str, bytes]:
        version, body = build(current)
        return f"{show_id}:{version}:{name}", version.to_bytes(VERSION_BYTES) + body

    kept = cache.fetch_or_build(f"{show_id}:{current}:{name}", build_body, is_lasting=True)
    return Map(int.from_bytes(kept[:VERSION_BYTES]), kept[VERSION_BYTES:])


def _ask_version(show_id: int) -> int:
    with primary() as connection:
        version = queries.select_version(connection, show_id)
    if version is None:
        raise InvalidRequestError(f"There is no map of show {show_id}.")
    return version


def _pack(version: int, document: dict[str, Any]) -> Packed:
    return Packed(version, _compress(document))


def _compress(document: dict[str, Any]) -> bytes:
    return gzip.compress(to_json(document), GZIP_LEVEL, mtime=0)
