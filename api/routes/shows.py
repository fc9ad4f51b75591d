"""Shows and their seats: what everybody may read, what operators may do."""

from datetime import datetime

from flask import Blueprint, Response, request

from api.contract import operation
from api.paging import decode_cursor, encode_cursor, refuse_cursor
from api.responses import (
    IMMUTABLE,
    LONGEST_VERSION,
    NO_STORE,
    REVALIDATE,
    find_known_version,
    make_tag,
    respond,
    respond_gzip,
    respond_map,
    respond_tagged,
    tag,
)
from api.schemas import shows as schemas
from api.schemas.types import EmptyBody, parse_time
from api.server import stream as live
from core.errors import InvalidRequestError, UnavailableError
from core.infra.db import replica, transaction
from core.infra.jobs import nudge
from core.infra.json import to_json
from core.maps import maps
from core.maps.cache import bump_generation
from core.maps.lists import read_list
from core.shows import service
from core.shows.errors import ShowCancelledError, ShowNotFoundError

blueprint = Blueprint("shows", __name__)
TAG, ADMIN_TAG = "Shows", "Admin: shows"
# A hall of 100,000 drawn seats.
PATH_OF_CREATION = "/admin/shows"
SHOW_LIMIT = 32 * 1024 * 1024


@blueprint.get("/shows")
@operation(
    summary="List shows, soonest first",
    tag=TAG,
    query=schemas.ShowsQuery,
    returns={200: schemas.ShowPage},
    errors=[InvalidRequestError],
    has_tag=True,
)
def list_shows(query: schemas.ShowsQuery) -> Response:
    """A page of shows."""
    after = None
    if query.cursor is not None:
        time, show_id = decode_cursor(query.cursor, str, int)
        after = (_parse_position(time), show_id)
    which = service.ShowFilter(
        start_from=query.start_from, status=query.status, name=query.q, after=after, limit=query.limit
    )
    body = read_list(which, to_cursor=lambda show: encode_cursor(show.start_time, show.id))
    return respond_tagged(body, cache=REVALIDATE)


def _parse_position(time: str) -> datetime:
    try:
        return parse_time(time)
    except ValueError as error:
        raise refuse_cursor() from error


@blueprint.get("/shows/<show_id>")
@operation(
    summary="Read a show",
    tag=TAG,
    returns={200: schemas.ShowAnswer},
    errors=[ShowNotFoundError],
    has_tag=True,
)
def get_show(show_id: int) -> Response:
    """A show as it is now."""
    with replica() as connection:
        show = service.get_show(connection, show_id)
    return respond_tagged(to_json(show), cache=REVALIDATE)


@blueprint.get("/shows/<show_id>/seats")
@operation(
    summary="List a show's seats, in seat order",
    tag=TAG,
    query=schemas.SeatsQuery,
    returns={200: schemas.SeatPage},
    errors=[ShowNotFoundError, InvalidRequestError],
    has_tag=True,
)
def list_seats(show_id: int, query: schemas.SeatsQuery) -> Response:
    """A page of seats, of one version of the map."""
    after = decode_cursor(query.cursor, int)[0] if query.cursor is not None else 0
    which = maps.SeatsFilter(after=after, status=query.status, section=query.section, limit=query.limit)
    return respond_map(maps.read_seats(show_id, which, known=find_known_version(), to_cursor=encode_cursor))


@blueprint.get("/shows/<show_id>/availability")
@operation(
    summary="Which seats are taken, or changed since a version",
    tag=TAG,
    query=schemas.AvailabilityQuery,
    returns={200: schemas.AvailabilityAnswer},
    errors=[ShowNotFoundError, InvalidRequestError],
    has_tag=True,
)
def get_availability(show_id: int, query: schemas.AvailabilityQuery) -> Response:
    """Held and booked seats; or the changes after version `since`."""
    return respond_map(maps.read_availability(show_id, since=query.since, known=find_known_version()))


@blueprint.get("/shows/<show_id>/stream")
@operation(
    summary="Follow a show's seats as they change",
    description="Server-Sent Events: `event: seats`, `id` the map's version, `data` an object from seat "
    "number to status. First the seats that changed after `since`, or after the `Last-Event-ID` that a "
    "browser sends when it connects again; all seats where there is neither, or it is from the future. "
    "A comment line every 15 seconds where nothing changes.",
    tag=TAG,
    query=schemas.StreamQuery,
    returns={200: None},
    errors=[ShowNotFoundError, InvalidRequestError, UnavailableError],
    media_type=live.CONTENT_TYPE,
)
def follow_show(show_id: int, query: schemas.StreamQuery) -> Response:
    """The first event; what comes after it is sent by whoever took the request (api/server/app.py)."""
    found = maps.read_statuses(show_id, since=_find_last_event(query.since))
    request.environ[live.FOLLOWS] = live.Follow(show_id, found.version)
    response = Response(live.to_event(found), content_type=live.CONTENT_TYPE)
    response.headers["Cache-Control"] = NO_STORE
    # nginx would keep events back until it has a few KiB of them.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _find_last_event(since: int | None) -> int | None:
    last = request.headers.get("Last-Event-ID", "")
    if not last:
        return since
    if not (last.isascii() and last.isdigit() and len(last) <= LONGEST_VERSION):
        raise InvalidRequestError("The Last-Event-ID is none that was given here.", pointer="/Last-Event-ID")
    return int(last)


@blueprint.get("/shows/<show_id>/layout")
@operation(
    summary="Where the seats are; never changes",
    tag=TAG,
    returns={200: schemas.LayoutAnswer},
    errors=[ShowNotFoundError],
    has_tag=True,
)
def get_layout(show_id: int) -> Response:
    """The layout of the hall."""
    body = maps.read_layout(show_id)
    response = respond_gzip(body)
    response.headers["Cache-Control"] = IMMUTABLE
    return tag(response, make_tag(body))


@blueprint.get("/shows/<show_id>/suggestions")
@operation(
    summary="Up to three sets of free seats, best first",
    tag=TAG,
    query=schemas.SuggestionsQuery,
    returns={200: schemas.SuggestionsAnswer},
    errors=[ShowNotFoundError, InvalidRequestError],
    has_tag=True,
)
def suggest_seats(show_id: int, query: schemas.SuggestionsQuery) -> Response:
    """A hint, by the rule that quantity bookings are served by; no promise."""
    return respond_map(
        maps.read_suggestions(
            show_id,
            quantity=query.quantity,
            section=query.section,
            near=query.near,
            known=find_known_version(),
        )
    )


@blueprint.post(PATH_OF_CREATION)
@operation(
    summary="Create a show and its seats",
    tag=ADMIN_TAG,
    body=schemas.ShowRequest,
    body_limit=SHOW_LIMIT,
    headers={"Location": "where the show is"},
    returns={201: schemas.ShowAnswer},
    errors=[InvalidRequestError],
)
def create_show(body: schemas.ShowRequest) -> Response:
    """A new show, by total_seats, sections, or a seating plan."""
    with transaction() as connection:
        show = service.create_show(connection, body.to_new())
    bump_generation()
    return respond(show, status=201, Location=f"/shows/{show.id}")


@blueprint.patch("/admin/shows/<show_id>")
@operation(
    summary="Change a show's name, times or limits",
    tag=ADMIN_TAG,
    body=schemas.ShowChanges,
    returns={200: schemas.ShowAnswer},
    errors=[ShowNotFoundError, ShowCancelledError, InvalidRequestError],
)
def change_show(show_id: int, body: schemas.ShowChanges) -> Response:
    """The show with the changes."""
    with transaction() as connection:
        show = service.update_show(connection, show_id, body.to_changes())
    bump_generation()
    return respond(show)


@blueprint.post("/admin/shows/<show_id>/cancel")
@operation(
    summary="Cancel a show and all of its bookings",
    tag=ADMIN_TAG,
    body=EmptyBody,
    returns={202: schemas.ShowAnswer, 200: schemas.ShowAnswer},
    errors=[ShowNotFoundError],
)
def cancel_show(show_id: int, body: EmptyBody) -> Response:
    """The show, which takes no booking any more; workers cancel those it has. Again: 200."""
    with transaction() as connection:
        show, is_first = service.cancel_show(connection, show_id)
    bump_generation()
    nudge(show_id)
    return respond(show, status=202 if is_first else 200)
