"""Parameters of the document: of the path, the query, and headers."""

from typing import Any

from werkzeug.routing import Rule

from api.contract import Operation
from api.documentation.components import Schema, drop_null, name_component
from api.documentation.request_examples import PARAMETERS
from api.idempotency import HEADER, MAX_LENGTH, MIN_ANONYMOUS_LENGTH, MIN_LENGTH
from api.schemas.bookings import LONGEST_WAIT_SECONDS
from api.server.stream import CONTENT_TYPE as EVENT_STREAM

_ID: Schema = {"type": "integer", "format": "int64", "minimum": 1}
PATH: dict[str, dict[str, Any]] = {
    "show_id": {"description": "the show's id", "schema": _ID},
    "booking_id": {"description": "the booking's id", "schema": {"type": "string", "format": "uuid"}},
    "endpoint_id": {"description": "the endpoint's id", "schema": _ID},
    "key_id": {"description": "the key's id", "schema": _ID},
    "ticket_code": {"description": "the booking's ticket code", "schema": {"type": "string"}},
    "provider": {"description": "the payment provider", "schema": {"type": "string"}},
    "code": {"description": "the problem's code", "schema": {"type": "string"}},
}
KEY = {
    "name": HEADER,
    "in": "header",
    "schema": {"type": "string", "minLength": MIN_LENGTH, "maxLength": MAX_LENGTH},
    "description": "Printable ASCII, a UUID for example. For one show, the same key and body give the same "
    f"booking, for at least 24 hours. Without a credential {MIN_ANONYMOUS_LENGTH} characters at least.",
}
PREFER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string"},
    "example": "wait=10",
    "description": f"`wait=S` (RFC 7240): hold the answer back S seconds, {LONGEST_WAIT_SECONDS} at most.",
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag of what you have: 304 where it is still so.",
}
LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "schema": {"type": "string", "pattern": "^[0-9]{1,19}$"},
    "description": "The `id` of the last event that you have, as browsers send it; wins over `since`.",
}


def describe_parameters(rule: Rule, declared: Operation, schemas: dict[str, Schema]) -> list[dict[str, Any]]:
    """All parameters of a route; its query's schema is among these."""
    parameters = [_of_path(name) for name in sorted(rule.arguments)]
    if declared.query is not None:
        query = schemas[name_component(declared.query)]
        parameters += [_of_query(name, query) for name in query["properties"]]
    headers = [
        (declared.takes_key, KEY),
        (declared.waits, PREFER),
        (declared.has_tag, IF_NONE_MATCH),
        (declared.media_type == EVENT_STREAM, LAST_EVENT_ID),
    ]
    return parameters + [header for is_taken, header in headers if is_taken]


def _of_path(name: str) -> dict[str, Any]:
    return _exemplify({"name": name, "in": "path", "required": True, **PATH[name]})


def _of_query(name: str, query: Schema) -> dict[str, Any]:
    schema = dict(drop_null(query["properties"][name]))
    described = {"name": name, "in": "query", "required": name in query.get("required", ())}
    if said := schema.pop("description", None):
        described["description"] = said
    return _exemplify({**described, "schema": schema})


def _exemplify(parameter: dict[str, Any]) -> dict[str, Any]:
    # An optional parameter has no example: the page would send it.
    if parameter["required"] and parameter["name"] in PARAMETERS:
        parameter["example"] = PARAMETERS[parameter["name"]]
    return parameter
