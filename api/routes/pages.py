"""What the service tells of itself, to people and to programs: where things are, what its problems mean."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from api.contract import Served, operation
from api.errors import ERROR_OF, NotFoundError
from api.pages import prefers_page, respond_either, respond_page
from api.parsing import parse_booking_id, parse_show_id
from api.problems import explain_problem
from api.request import Request
from api.responses import Answer
from api.schemas import pages as schemas
from api.server.groups import Groups
from core.bookings.errors import BookingNotFoundError
from core.errors import SeatlineError
from core.infra.settings import get_settings

blueprint = Blueprint("pages", __name__)
TAG = "The service"
INDEX: dict[str, Any] = {
    "name": "Seatline",
    "links": {
        "documentation": "/docs",
        "openapi": "/openapi.json",
        "shows": "/shows",
        "problems": "/problems",
        "health": "/healthz",
    },
}
DOCUMENTATION = "documentation", "openapi"
AS_LIKED = "A page for a person where `Accept` prefers `text/html`, as browsers do; else JSON."


@blueprint.get("/")
@operation(
    served=Served.LOOP,
    summary="Where things are in this service",
    description="What is on, as a page for a person where `Accept` prefers `text/html`; else JSON.",
    is_page=True,
    tag=TAG,
    returns={200: schemas.ServiceIndex},
)
async def get_index(request: Request, groups: Groups) -> Answer:
    """What answers here."""
    return respond_either(request, "shows.html", {**INDEX, "links": _find_links()})


def _find_links() -> dict[str, str]:
    links: dict[str, str] = INDEX["links"]
    if get_settings().docs_enabled:
        return links
    return {name: path for name, path in links.items() if name not in DOCUMENTATION}


@blueprint.get("/problems")
@operation(
    served=Served.LOOP,
    summary="What can go wrong, and what to do then",
    description=AS_LIKED,
    is_page=True,
    tag=TAG,
    returns={200: schemas.ProblemTypes},
)
async def list_problems(request: Request, groups: Groups) -> Answer:
    """All problems."""
    items = sorted(map(explain_problem, ERROR_OF.values()), key=lambda each: (each["status"], each["code"]))
    return respond_either(request, "problems.html", {"items": items})


@blueprint.get("/problems/<code>")
@operation(
    served=Served.LOOP,
    summary="What a problem means, and what to do about it",
    description=f"The `type` of a problem document leads here. {AS_LIKED}",
    is_page=True,
    tag=TAG,
    returns={200: schemas.ProblemType},
    errors=[NotFoundError],
)
async def get_problem(request: Request, groups: Groups, code: type[SeatlineError]) -> Answer:
    """One problem."""
    return respond_either(request, "problem.html", explain_problem(code))


@blueprint.get("/s/<id>")
@operation(served=Served.LOOP, summary="A show's page", tag="", returns={200: None})
async def get_show_page(request: Request, groups: Groups, id: str) -> Answer:
    """Where a person chooses seats."""
    return _respond_shell(request, "show.html", parse_show_id, id)


@blueprint.get("/b/<id>")
@operation(served=Served.LOOP, summary="A booking's page", tag="", returns={200: None})
async def get_booking_page(request: Request, groups: Groups, id: str) -> Answer:
    """Where a person has what was booked."""
    # Its address is the key to the booking.
    answer = _respond_shell(request, "booking.html", parse_booking_id, id, referrer="no-referrer")
    answer.headers.append(("X-Robots-Tag", "noindex"))
    return answer


def _respond_shell(
    request: Request, template: str, parse: Callable[[str], object], id_: str, **more: Any
) -> Answer:
    """The shell, the same for every well-formed id: its script asks the API whether that exists."""
    try:
        parse(id_)
    except SeatlineError as error:
        if not prefers_page(request):
            raise
        is_booking = isinstance(error, BookingNotFoundError)
        return respond_page(request, "missing.html", {"is_booking": is_booking}, status=404, **more)
    return respond_page(request, template, {"links": _find_links()}, **more)
