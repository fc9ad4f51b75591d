"""Routes: what each takes, gives and refuses is said once, and enforced, served and documented from there."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flask import Response
from pydantic import BaseModel
from werkzeug.datastructures import Headers

from api.errors import PayloadTooLargeError
from api.idempotency import read_key
from api.parsing import BODY_LIMIT, PATH_PARSERS, parse_body, parse_query
from api.request import Given, Request, get_current
from api.responses import Answer
from core.access.principals import Role
from core.errors import SeatlineError

View = Callable[..., Any]
# No request is left without an answer for longer, whatever became of what it needs: 2 s is the promise.
ANSWER_SECONDS = 1.9


class Served(StrEnum):
    """How a route is served; a view is called with what its contract has of `body`, `query` and `key`."""

    # By Flask, in a thread: `view(**given)` returns an Answer.
    THREAD = "thread"
    # On the event loop: `await view(request, **given)` returns an Answer. It must not block.
    LOOP = "loop"
    # In a thread, once for all who ask for the same meanwhile: `view(**given)` returns a Representation.
    SHARED = "shared"
    # In a thread, and then on the loop: `view(request, **given)` returns an Answer that the client follows.
    STREAM = "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A route's contract.

    `returns` maps a status to the model of its body, None where it has none; `headers` tells what headers of
    its own a good answer has. `weigh` tells how many requests a body counts as; `seconds` is the time to
    answer in; a large `body_limit` is only for admins. `role` is the least that may call it; None: anybody
    may. What is urgent is answered whatever else is under way; what is not counted is against no allowance.
    `takes_raw`: the view is given the bytes of the body, which somebody signed, before its allowance is
    judged, so that it may set the request free. `is_page`: it is answered as a page for a person as well,
    where Accept prefers one. What has no `tag` is none of the API's, and not in the OpenAPI document.
    """

    summary: str
    tag: str
    returns: dict[int, type[BaseModel] | None]
    errors: Sequence[type[SeatlineError]] = ()
    body: type[BaseModel] | None = None
    body_limit: int = BODY_LIMIT
    query: type[BaseModel] | None = None
    takes_key: bool = False
    takes_raw: bool = False
    waits: bool = False
    has_tag: bool = False
    description: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    is_page: bool = False
    served: Served = Served.THREAD
    weight: int = 1
    weigh: Callable[[Any], int] | None = None
    seconds: float = ANSWER_SECONDS
    is_urgent: bool = False
    is_counted: bool = True
    role: Role | None = None


# What is not said to have another: pages and files of Swagger UI, which flasgger routes by itself, and
# addresses at which there is nothing.
PAGES = Operation(summary="", tag="", returns={})


def operation(**contract: Any) -> Callable[[View], View]:
    """Give a view its contract."""
    declared = Operation(**contract)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def run(**path: Any) -> Response:
            answer: Answer = view(**parse_request(declared, get_current()))
            response = Response(answer.body, answer.status)
            # Not beside Flask's own: an answer without a body has no type.
            response.headers = Headers(answer.headers)
            return response

        found: Any = run if declared.served is Served.THREAD else view
        found.operation = declared
        return found  # type: ignore[no-any-return]

    return decorate


def parse_request(declared: Operation, request: Request) -> Given:
    """What a view is called with. Raises what refuses the path, the query, the body or the key."""
    given: Given = {name: PATH_PARSERS[name](text) for name, text in request.arguments.items()}
    if declared.query is not None:
        given["query"] = parse_query(declared.query, request.query)
    if declared.body is not None:
        body = parse_body(declared.body, request, limit=declared.body_limit)
        given["body"] = body
        if declared.takes_key:
            given["key"] = read_key(request, body)
    if declared.takes_raw:
        if len(request.body) > declared.body_limit:
            raise PayloadTooLargeError(declared.body_limit)
        given["raw"] = request.body
    return given
