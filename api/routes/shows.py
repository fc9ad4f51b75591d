"""Shows and their seats: what everybody may read, what operators may do."""

from contextlib import suppress
from datetime import datetime

from flask import Blueprint

from api.contract import Served, operation
from api.paging import decode_cursor, encode_cursor, refuse_cursor
from api.request import Request, get_current
from api.responses import (
    IMMUTABLE,
    REVALIDATE,
    Answer,
    Representation,
    make_tag,
    represent,
    represent_gzip,
    respond,
    respond_bytes,
)
from api.schemas import seats
from api.schemas import shows as schemas
from api.schemas.types import EmptyBody, parse_time
from api.server.stream import CONTENT_TYPE as EVENT_STREAM
from api.server.stream import Follow, to_event
from core.access.principals import Role
from core.audit.service import changing
from core.bookings.unsold import change_show as change_unsold_show
from core.errors import InvalidRequestError, UnavailableError
from core.infra.db import primary
from core.infra.jobs import nudge
from core.infra.json import to_json
from core.maps import maps
from core.maps.cache import bump_generation
from core.maps.lists import read_list
from core.shows import service
from core.shows.errors import ShowCancelledError, ShowHasBookingsError, ShowNotFoundError

blueprint = Blueprint("shows", __name__)
TAG, ADMIN_TAG = "Shows", "Admin: shows"
# A hall of 100,000 drawn seats, and the time to make them.
SHOW_LIMIT, CREATION_SECONDS = 32 * 1024 * 1024, 30
# Choosing seats costs what ten other reads do.
SUGGESTIONS_WEIGH = 10
# Digits of a version, which is a bigint.
LONGEST_VERSION = 19


@blueprint.get("/shows")
@operation(
    served=Served.SHARED,
    summary="List shows, soonest first",
    tag=TAG,
    query=schemas.ShowsQuery,
    returns={200: schemas.ShowPage},
    errors=[InvalidRequestError],
    has_tag=True,
)
def list_shows(query: schemas.ShowsQuery) -> Representation:
    """A page of shows."""
    after = None
    if query.cursor is not None:
        time, show_id = decode_cursor(query.cursor, str, int)
        after = (_parse_position(time), show_id)
    which = service.ShowFilter(
        start_from=query.start_from, status=query.status, name=query.q, after=after, limit=query.limit
    )
    body = read_list(which, to_cursor=lambda show: encode_cursor(show.start_time, show.id))
    return represent(body, cache=REVALIDATE)


def _parse_position(time: str) -> datetime:
    try:
        return parse_time(time)
    except ValueError as error:
        raise refuse_cursor() from error


@blueprint.get("/shows/<show_id>")
@operation(
    served=Served.SHARED,
    summary="Read a show",
    tag=TAG,
    returns={200: schemas.ShowAnswer},
    errors=[ShowNotFoundError],
    has_tag=True,
)
def get_show(show_id: int) -> Representation:
    """A show as it is now."""
    with primary() as connection:
        show = service.get_show(connection, show_id)
    return represent(to_json(show), cache=REVALIDATE)


@blueprint.get("/shows/<show_id>/seats")
@operation(
    served=Served.SHARED,
    summary="List a show's seats, in seat order",
    tag=TAG,
    query=seats.SeatsQuery,
    returns={200: seats.SeatPage},
    errors=[ShowNotFoundError, InvalidRequestError],
    has_tag=True,
)
def list_seats(show_id: int, query: seats.SeatsQuery) -> Representation:
    """A page of seats, of one version of the map."""
    after = decode_cursor(query.cursor, int)[0] if query.cursor is not None else 0
    which = maps.SeatsFilter(after=after, status=query.status, section=query.section, limit=query.limit)
    return _represent_map(show_id, maps.read_seats(show_id, which, to_cursor=encode_cursor))


@blueprint.get("/shows/<show_id>/availability")
@operation(
    served=Served.SHARED,
    summary="Which seats are taken, or changed since a version",
    description="With `format=states` two bits for every seat, in the order of `/seats` and of "
    "`/layout?format=columns`: 100,000 seats are 33 KB. Not with `since`: 422.",
    tag=TAG,
    query=seats.AvailabilityQuery,
    returns={200: seats.AvailabilityAnswer},
    errors=[ShowNotFoundError, InvalidRequestError],
    has_tag=True,
)
def get_availability(show_id: int, query: seats.AvailabilityQuery) -> Representation:
    """Held and booked seats; or the changes after version `since`; or the state of every seat."""
    if query.format is seats.AvailabilityFormat.STATES:
        return _represent_map(show_id, maps.read_states(show_id))
    return _represent_map(show_id, maps.read_availability(show_id, since=query.since))


def _represent_map(show_id: int, found: maps.Map) -> Representation:
    return represent_gzip(
        found.body, tag=str(found.version), cache=REVALIDATE, map_version=(show_id, found.version)
    )


@blueprint.get("/shows/<show_id>/stream")
@operation(
    served=Served.STREAM,
    summary="Follow a show's seats as they change",
    description="Server-Sent Events: `event: seats`, `id` the map's version, `data` an object from seat "
    "number to status. First the seats that changed after `since`, or after the `Last-Event-ID` that a "
    "browser sends when it connects again; all seats where there is neither, or it is from the future. "
    "A comment line every 15 seconds where nothing changes. `curl -N` shows them as they come.",
    tag=TAG,
    query=seats.StreamQuery,
    returns={200: None},
    errors=[ShowNotFoundError, InvalidRequestError, UnavailableError],
    media_type=EVENT_STREAM,
)
def follow_show(request: Request, show_id: int, query: seats.StreamQuery) -> Answer:
    """The first event; the door sends what comes after it."""
    found = maps.read_statuses(show_id, since=_find_last_event(request, query.since))
    # nginx would keep events back until it has a few KiB of them.
    answer = respond_bytes(to_event(found), content_type=EVENT_STREAM, X_Accel_Buffering="no")
    answer.follow = Follow(show_id, found.version)
    return answer


def _find_last_event(request: Request, since: int | None) -> int | None:
    last = request.headers.get("last-event-id", "")
    if not last:
        return since
    if not (last.isascii() and last.isdigit() and len(last) <= LONGEST_VERSION):
        raise InvalidRequestError("The Last-Event-ID is none that was given here.", pointer="/Last-Event-ID")
    return int(last)


@blueprint.get("/shows/<show_id>/layout")
@operation(
    served=Served.SHARED,
    summary="Where the seats are; never changes",
    description="With `format=columns` every seat, those of unnumbered sections too, in one list for each "
    "property, in the order of `/seats`: half the size, for pages that draw large halls.",
    tag=TAG,
    query=seats.LayoutQuery,
    returns={200: seats.LayoutAnswer},
    errors=[ShowNotFoundError, InvalidRequestError],
    has_tag=True,
)
def get_layout(show_id: int, query: seats.LayoutQuery) -> Representation:
    """The layout of the hall."""
    body = maps.read_layout(show_id, by_columns=query.format is seats.LayoutFormat.COLUMNS)
    return represent_gzip(body, tag=make_tag(body), cache=IMMUTABLE)


@blueprint.get("/shows/<show_id>/suggestions")
@operation(
    served=Served.SHARED,
    weight=SUGGESTIONS_WEIGH,
    summary="Up to three sets of free seats, best first",
    tag=TAG,
    query=seats.SuggestionsQuery,
    returns={200: seats.SuggestionsAnswer},
    errors=[ShowNotFoundError, InvalidRequestError],
    has_tag=True,
)
def suggest_seats(show_id: int, query: seats.SuggestionsQuery) -> Representation:
    """A hint, by the rule that quantity bookings are served by; no promise."""
    found = maps.read_suggestions(show_id, quantity=query.quantity, section=query.section, near=query.near)
    return _represent_map(show_id, found)


@blueprint.post("/admin/shows")
@operation(
    role=Role.ADMIN,
    summary="Create a show and its seats",
    tag=ADMIN_TAG,
    body=schemas.ShowRequest,
    body_limit=SHOW_LIMIT,
    seconds=CREATION_SECONDS,
    headers={"Location": "where the show is"},
    returns={201: schemas.ShowAnswer},
    errors=[InvalidRequestError],
)
def create_show(body: schemas.ShowRequest) -> Answer:
    """A new show, by total_seats, sections, or a seating plan."""
    with changing(get_current().author) as change:
        show = service.create_show(change.connection, body.to_new())
        change.tell("show.create", f"show:{show.id}", after=service.describe_show(show))
    # The show is there, with statistics or without.
    with suppress(UnavailableError), primary() as connection:
        service.analyze_if_large(connection, show)
    bump_generation()
    return respond(show, status=201, Location=f"/shows/{show.id}")


@blueprint.patch("/admin/shows/<show_id>")
@operation(
    role=Role.ADMIN,
    summary="Change a show's name, times or limits; while nothing of it is sold its currency too",
    tag=ADMIN_TAG,
    body=schemas.ShowChanges,
    returns={200: schemas.ShowAnswer},
    errors=[ShowNotFoundError, ShowCancelledError, ShowHasBookingsError, InvalidRequestError],
)
def change_show(show_id: int, body: schemas.ShowChanges) -> Answer:
    """The show with the changes."""
    with changing(get_current().author) as change:
        before = service.lock_show(change.connection, show_id)
        show = change_unsold_show(change.connection, show_id, body.to_changes())
        change.tell(
            "show.change",
            f"show:{show_id}",
            before=service.describe_show(before),
            after=service.describe_show(show),
        )
    bump_generation()
    return respond(show)


@blueprint.post("/admin/shows/<show_id>/cancel")
@operation(
    role=Role.ADMIN,
    summary="Cancel a show and all of its bookings",
    tag=ADMIN_TAG,
    body=EmptyBody,
    returns={202: schemas.ShowAnswer, 200: schemas.ShowAnswer},
    errors=[ShowNotFoundError],
)
def cancel_show(show_id: int, body: EmptyBody) -> Answer:
    """The show, which takes no booking any more; workers cancel those it has. Again: 200."""
    with changing(get_current().author) as change:
        before = service.lock_show(change.connection, show_id)
        show, is_first = service.cancel_show(change.connection, show_id)
        change.tell(
            "show.cancel", f"show:{show_id}", before={"status": before.status}, after={"status": show.status}
        )
    bump_generation()
    nudge(show_id)
    return respond(show, status=202 if is_first else 200)
