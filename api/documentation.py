"""The OpenAPI document, made of the routes' own contracts, and Swagger UI over it."""

import re
from pathlib import Path
from typing import Any

import flask_swagger_ui
from flasgger import Swagger
from flask import Flask, Response, request
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from api.contract import Operation
from api.errors import (
    STATUS_OF,
    MalformedJsonError,
    MalformedRequestError,
    PayloadTooLargeError,
    RateLimitedError,
    UnauthorizedError,
    UnsupportedMediaTypeError,
)
from api.gate.credentials import ADMIN_PREFIX
from api.idempotency import HEADER, MAX_LENGTH, MIN_ANONYMOUS_LENGTH, MIN_LENGTH
from api.responses import JSON
from api.schemas.bookings import LONGEST_WAIT_SECONDS
from api.server.stream import CONTENT_TYPE as EVENT_STREAM
from core.errors import InvalidRequestError, SeatlineError, UnavailableError

VERSION = "1.0.0"
REF = "#/components/schemas/{model}"
ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
DESCRIPTION = """\
Seats for a show, asked for by a crowd at once. `POST /bookings` answers at once with a PENDING booking,
which is on disk and will be settled; poll it, or wait with `?wait=`, until it is CONFIRMED or FAILED.

Every error is a problem document (RFC 9457) with a stable `code`.
"""
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string", "description": "at 500: find the log by it"},
        "errors": {
            "type": "array",
            "description": "at 422: what is wrong where",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "a JSON pointer into the request"},
                    "detail": {"type": "string"},
                    "code": {
                        "type": "string",
                        "description": "in a batch: what this item would be refused for",
                    },
                },
            },
        },
    },
}
PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "show_id": {"type": "integer", "minimum": 1},
    "booking_id": {"type": "string", "format": "uuid"},
    "endpoint_id": {"type": "integer", "minimum": 1},
}
# Of each event that is sent.
EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("event", "id", "data")},
    "required": ["event", "id", "data"],
}
KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "schema": {"type": "string", "minLength": MIN_LENGTH, "maxLength": MAX_LENGTH},
    "description": "Printable ASCII, a UUID for example. For one show, the same key and body give the same "
    f"booking, for at least 24 hours. Without a credential {MIN_ANONYMOUS_LENGTH} characters at least.",
}

PREFER_PARAMETER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string"},
    "example": "wait=10",
    "description": f"`wait=S` (RFC 7240): hold the answer back S seconds, {LONGEST_WAIT_SECONDS} at most.",
}


def register_documentation(app: Flask) -> None:
    """Serve the document at /openapi.json and Swagger UI at /docs, all of it from installed packages."""
    Swagger(
        app,
        config={
            "openapi": "3.1.0",
            "title": "Seatline",
            "headers": [],
            "specs": [{"endpoint": "openapi", "route": "/openapi.json", "rule_filter": lambda rule: False}],
            "static_url_path": "/docs/static",
            "static_folder": str(ASSETS),
            "specs_route": "/docs/",
            "swagger_ui": True,
            "auth": {},
            # The bar is but a field for another document's address, and wants jQuery.
            "hide_top_bar": True,
            "ui_params": {"tryItOutEnabled": True},
        },
        template=build_document(app),
    )
    # Templates of api/templates come before flasgger's: ours leave out a font from elsewhere, and jQuery.
    app.after_request(_confine_pages)


def _confine_pages(response: Response) -> Response:
    if request.path.startswith("/docs"):
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; frame-ancestors 'none'"
        )
    return response


def build_document(app: Flask) -> dict[str, Any]:
    """The OpenAPI 3.1 document of every route that has a contract."""
    routes = sorted(_find_routes(app), key=lambda route: route[0].rule)
    models: set[type[BaseModel]] = set()
    paths: dict[str, dict[str, Any]] = {}
    for rule, declared in routes:
        models |= {model for model in (declared.body, *declared.returns.values()) if model is not None}
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"})).lower()
        paths.setdefault(_to_template(rule), {})[method] = _describe(rule, declared)
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Seatline", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": PROBLEM},
            "securitySchemes": {"admin": {"type": "http", "scheme": "bearer"}},
        },
    }


def _find_routes(app: Flask) -> list[tuple[Rule, Operation]]:
    views = ((rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules())
    return [(rule, view.operation) for rule, view in views if hasattr(view, "operation")]


def _to_template(rule: Rule) -> str:
    return re.sub(r"<(\w+)>", r"{\1}", rule.rule)


def _describe(rule: Rule, declared: Operation) -> dict[str, Any]:
    is_admin = rule.rule.startswith(ADMIN_PREFIX)
    described: dict[str, Any] = {
        "operationId": rule.endpoint.split(".")[1],
        "summary": declared.summary,
        "tags": [declared.tag],
        "parameters": _describe_parameters(rule, declared),
        "responses": _describe_responses(declared, is_admin=is_admin),
    }
    if declared.description:
        described["description"] = declared.description
    if declared.body is not None:
        schema = {"$ref": REF.format(model=declared.body.__name__)}
        described["requestBody"] = {
            "required": bool(declared.body.model_fields),
            "content": {"application/json": {"schema": schema}},
        }
    if is_admin:
        described["security"] = [{"admin": []}]
    return described


def _describe_parameters(rule: Rule, declared: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": PATH_SCHEMAS[name]}
        for name in sorted(rule.arguments)
    ]
    if declared.query is not None:
        parameters += _describe_query(declared.query)
    if declared.takes_key:
        parameters.append(KEY_PARAMETER)
    if declared.waits:
        parameters.append(PREFER_PARAMETER)
    return parameters


def _describe_query(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=REF)
    definitions = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _inline(described, definitions),
        }
        for name, described in schema["properties"].items()
    ]


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    # An enum of a query is written out where it stands; and «null» is no text that a query could carry.
    if isinstance(schema, list):
        return [_inline(item, definitions) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    return {
        name: _inline(value, definitions)
        for name, value in schema.items()
        if not (name == "default" and value is None)
    }


def _describe_responses(declared: Operation, *, is_admin: bool) -> dict[str, Any]:
    responses = {str(status): _describe_answer(model, declared) for status, model in declared.returns.items()}
    if declared.has_tag:
        responses["304"] = {"description": "The client has it: its ETag was sent as If-None-Match."}
    errors: dict[int, list[str]] = {}
    for error in _list_errors(declared, is_admin=is_admin):
        errors.setdefault(STATUS_OF[error], []).append(f"`{error.code}`: {error.title}.")
    for status, lines in sorted(errors.items()):
        responses[str(status)] = {
            "description": " ".join(lines),
            "content": {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}},
        }
    return responses


def _list_errors(declared: Operation, *, is_admin: bool) -> list[type[SeatlineError]]:
    implied: list[type[SeatlineError]] = [
        MalformedRequestError,
        RateLimitedError,
        SeatlineError,
        UnavailableError,
    ]
    if is_admin:
        implied.append(UnauthorizedError)
    if declared.body is not None:
        implied += [MalformedJsonError, PayloadTooLargeError, UnsupportedMediaTypeError]
    if declared.body is not None or declared.query is not None:
        implied.append(InvalidRequestError)
    return list(dict.fromkeys([*declared.errors, *implied]))


def _describe_answer(model: type[BaseModel] | None, declared: Operation) -> dict[str, Any]:
    headers = {"X-Request-ID": {"schema": {"type": "string"}, "description": "the caller's own, or ours"}}
    if declared.has_tag:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "send it back as If-None-Match"}
    headers |= {
        name: {"schema": {"type": "string"}, "description": said} for name, said in declared.headers.items()
    }
    if declared.takes_key:
        headers["Idempotent-Replayed"] = {
            "schema": {"type": "string"},
            "description": "true where the Idempotency-Key had been used for this very request",
        }
    if declared.waits:
        headers["Preference-Applied"] = {
            "schema": {"type": "string"},
            "description": "the `wait` that the answer was held back for",
        }
    answer: dict[str, Any] = {"description": "Done.", "headers": headers}
    if model:
        schema = {"$ref": REF.format(model=model.__name__)}
        answer |= {"description": model.__doc__, "content": {declared.media_type: {"schema": schema}}}
    elif declared.media_type != JSON:
        schema = EVENT_SCHEMA if declared.media_type == EVENT_STREAM else {"type": "string"}
        answer["content"] = {declared.media_type: {"schema": schema}}
    return answer
