"""One route of the document: what it takes, gives and refuses, as its contract says."""

from typing import Any

from pydantic import BaseModel
from werkzeug.routing import Rule

from api.contract import Operation
from api.documentation.answer_examples import ANSWERS, OUTCOMES, TEXTS
from api.documentation.components import Schema, refer
from api.documentation.headers import describe_headers
from api.documentation.parameters import describe_parameters
from api.documentation.payment_examples import NOTICE
from api.documentation.request_examples import REQUESTS, Examples
from api.errors import (
    STATUS_OF,
    ForbiddenError,
    MalformedJsonError,
    MalformedRequestError,
    PayloadTooLargeError,
    RateLimitedError,
    UnauthorizedError,
    UnsupportedMediaTypeError,
)
from api.gate.credentials import ADMIN_PREFIX
from api.pages import HTML
from api.problems import describe_problem
from api.responses import JSON, PROBLEM_JSON
from api.schemas.problems import Problem
from api.schemas.types import OptionalBody
from api.server.stream import CONTENT_TYPE as EVENT_STREAM
from core.errors import InvalidRequestError, SeatlineError, UnavailableError

BEARER = "bearer"
# The schema has no type: some tools apply it to the whole stream, others to each event, as an object.
EVENTS = {"description": "Server-Sent Events, each with `event`, `id` and `data`"}
# What can be asked next with the id in an answer's body: the parameter, and the operations that take it.
LINKS: dict[str, tuple[str, list[str]]] = {
    "create_booking": (
        "booking_id",
        ["get_booking", "confirm_booking", "extend_booking", "cancel_booking"],
    ),
    "create_show": ("show_id", ["get_show", "list_seats", "get_availability", "get_layout"]),
    "create_endpoint": (
        "endpoint_id",
        ["get_endpoint", "change_endpoint", "test_endpoint", "list_deliveries", "delete_endpoint"],
    ),
    "create_key": ("key_id", ["get_key", "rotate_key", "revoke_key"]),
}


def describe_operation(rule: Rule, declared: Operation, schemas: dict[str, Schema]) -> dict[str, Any]:
    """A route as the document has it; its query's schema is among these."""
    name, is_admin = rule.endpoint.split(".")[1], rule.rule.startswith(ADMIN_PREFIX)
    described: dict[str, Any] = {
        "operationId": name,
        "summary": declared.summary,
        "tags": [declared.tag],
        "parameters": describe_parameters(rule, declared, schemas),
        "responses": _describe_good(name, declared) | _describe_errors(rule, declared, is_admin=is_admin),
    }
    if said := _describe(declared):
        described["description"] = said
    if declared.body is not None:
        described["requestBody"] = {
            "required": not issubclass(declared.body, OptionalBody),
            "description": declared.body.__doc__,
            "content": {JSON: {"schema": refer(declared.body)} | _exemplify(REQUESTS.get(declared.body, {}))},
        }
    if declared.takes_raw:
        described["requestBody"] = {
            "required": True,
            "description": "An event as the provider makes and signs it.",
            "content": {JSON: {"schema": {"type": "object"}, "example": NOTICE}},
        }
    if is_admin:
        described["security"] = [{BEARER: []}]
    if declared.media_type == EVENT_STREAM:
        # For our page: an answer without an end cannot be shown at its end.
        described["x-stream"] = True
    return described


def _describe(declared: Operation) -> str:
    role = f"Takes the role `{declared.role}`, or one that includes it." if declared.role else ""
    return "\n\n".join(filter(None, [declared.description, role]))


def list_models(declared: Operation) -> list[type[BaseModel]]:
    """The models that a contract speaks of."""
    return [
        model for model in (declared.body, declared.query, *declared.returns.values()) if model is not None
    ]


def _exemplify(examples: Examples) -> dict[str, Any]:
    if len(examples) == 1:
        return {"example": next(iter(examples.values()))}
    return {"examples": {name: {"value": value} for name, value in examples.items()}} if examples else {}


def _describe_good(name: str, declared: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in declared.returns.items():
        answer: dict[str, Any] = {"description": "Done.", "headers": describe_headers(declared, status)}
        if model is not None:
            content = {"schema": refer(model)} | _exemplify(
                OUTCOMES.get((name, status)) or ANSWERS.get(model, {})
            )
            answer |= {"description": model.__doc__, "content": {declared.media_type: content}}
            if declared.is_page:
                answer["content"][HTML] = {"schema": {"type": "string"}, "example": "<!doctype html> …"}
        elif declared.media_type != JSON:
            schema = EVENTS if declared.media_type == EVENT_STREAM else {"type": "string"}
            content = {"schema": schema} | _exemplify(TEXTS.get(name, {}))
            answer["content"] = {declared.media_type: content}
        if name in LINKS:
            answer["links"] = _link(*LINKS[name])
        responses[str(status)] = answer
    if declared.has_tag:
        responses["304"] = {
            "description": "The client has it: its ETag was sent as If-None-Match.",
            "headers": describe_headers(declared, 304),
        }
    return responses


def _link(parameter: str, operations: list[str]) -> dict[str, Any]:
    return {
        operation: {"operationId": operation, "parameters": {parameter: "$response.body#/id"}}
        for operation in operations
    }


def _describe_errors(rule: Rule, declared: Operation, *, is_admin: bool) -> dict[str, Any]:
    errors: dict[int, list[type[SeatlineError]]] = {}
    for error in _list_errors(declared, is_admin=is_admin):
        errors.setdefault(STATUS_OF[error], []).append(error)
    return {
        str(status): {
            "description": " ".join(f"`{error.code}`: {error.title}." for error in found),
            "headers": describe_headers(declared, status),
            "content": {
                PROBLEM_JSON: {
                    "schema": refer(Problem),
                    "example": _make_problem(found[0], status, rule.rule),
                }
            },
        }
        for status, found in sorted(errors.items())
    }


def _make_problem(error: type[SeatlineError], status: int, path: str) -> dict[str, Any]:
    # Each kind is made of something else: one of no kind stands in for it.
    stand_in = SeatlineError(f"{error.title}.")
    stand_in.code, stand_in.title = error.code, error.title
    return describe_problem(stand_in, status, instance=path)


def _list_errors(declared: Operation, *, is_admin: bool) -> list[type[SeatlineError]]:
    implied: list[type[SeatlineError]] = [
        MalformedRequestError,
        RateLimitedError,
        SeatlineError,
        UnauthorizedError,
        UnavailableError,
    ]
    if is_admin:
        implied.append(ForbiddenError)
    if declared.body is not None:
        implied += [MalformedJsonError, PayloadTooLargeError, UnsupportedMediaTypeError]
    if declared.takes_raw:
        implied.append(PayloadTooLargeError)
    if declared.body is not None or declared.query is not None:
        implied.append(InvalidRequestError)
    return list(dict.fromkeys([*declared.errors, *implied]))
