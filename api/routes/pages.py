"""What the service tells of itself, to people and to programs: where things are, what its problems mean."""

from typing import Any

from flask import Blueprint

from api.contract import Served, operation
from api.errors import ERROR_OF, NotFoundError
from api.pages import respond_page
from api.problems import explain_problem
from api.request import Request
from api.responses import Answer
from api.schemas import pages as schemas
from api.server.groups import Groups
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
    description=AS_LIKED,
    is_page=True,
    tag=TAG,
    returns={200: schemas.ServiceIndex},
)
async def get_index(request: Request, groups: Groups) -> Answer:
    """What answers here."""
    links = INDEX["links"]
    if not get_settings().docs_enabled:
        links = {name: path for name, path in links.items() if name not in DOCUMENTATION}
    return respond_page(request, "index.html", {**INDEX, "links": links})


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
    return respond_page(request, "problems.html", {"items": items})


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
    return respond_page(request, "problem.html", explain_problem(code))
