"""The OpenAPI document of every route that has a contract, and of what webhook endpoints are sent."""

import re
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from api.contract import PAGES, Operation
from api.documentation.components import describe_models, name_component
from api.documentation.headers import HEADERS
from api.documentation.operations import BEARER, describe_operation, list_models
from api.documentation.webhooks import describe_webhooks, refer_to_webhooks
from api.schemas.events import BookingEvent, EndpointTest
from api.schemas.problems import Problem
from api.schemas.types import QueryModel
from core.version import VERSION

# Webhooks came with 3.1, which the usual client generators understand as far as it is used here.
OPENAPI = "3.1.0"
TITLE = "Seatline"
DESCRIPTION = """\
Seats for a show, asked for by a crowd at once. `POST /bookings` answers at once with a PENDING booking,
which is on disk and will be settled; poll it, or wait with `?wait=`, until it is CONFIRMED or FAILED.

Every error is a problem document (RFC 9457) with a stable `code`. Answers may get new fields: ignore those
that you do not know. In requests, fields that are not known are errors.
"""
CREDENTIALS = """\
A key (`slk_…`), the operator's own admin key, or, where one is set, a JWT of an OpenID Connect issuer. It has
a role: `admin` includes `operator`, which includes `box_office`, which includes `partner`. Each operation
under `/admin` says which it takes; all others take any credential, or none. One that nobody was given, or
that is over, is 401 at every address.
"""
# In the order of the page: what everybody may call comes first.
TAGS = {
    "Shows": "What is on, and which seats are to be had. Anybody may call it.",
    "Bookings": "Ask for seats, see what became of it, confirm, extend, cancel. Anybody may call it; a"
    " booking's id is the key to it.",
    "Payments": "Pay for a booking that is held, where its show requires it. Anybody may call it.",
    "The service": "Where things are in it, and what its problems mean.",
    "Operations": "Whether the service lives, is ready, and how it does.",
    "Admin: shows": "Create, change and cancel shows, with a key of the role admin.",
    "Admin: bookings": "Find bookings and what became of them, with a key.",
    "Admin: payments": "What was paid, what goes back, what differs from the provider's, with a key.",
    "Admin: events": "The feed of events, with a key.",
    "Admin: webhooks": "Register addresses that are told of events, with a key.",
    "Admin: keys": "Make, list, rotate and revoke keys, with a key of the role admin.",
    "Admin: audit": "Who changed what, with a key of the role admin.",
    "Admin: statistics": "The service in figures, with a key.",
}


def build_document(app: Flask) -> dict[str, Any]:
    """The document, made of the routes' contracts."""
    routes = sorted(_find_routes(app), key=_rank)
    spoken_of = {model for _, declared in routes for model in list_models(declared)}
    schemas = describe_models([*spoken_of, Problem, BookingEvent, EndpointTest])
    paths: dict[str, dict[str, Any]] = {}
    for rule, declared in routes:
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"})).lower()
        template = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
        paths.setdefault(template, {})[method] = describe_operation(rule, declared, schemas)
    # Queries are told of parameter by parameter.
    queries = {name_component(model) for model in spoken_of if issubclass(model, QueryModel)}
    return {
        "openapi": OPENAPI,
        "info": {"title": TITLE, "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": said} for name, said in TAGS.items()],
        "paths": paths,
        "webhooks": refer_to_webhooks(),
        "components": {
            "pathItems": describe_webhooks(),
            "schemas": {name: schema for name, schema in schemas.items() if name not in queries},
            "headers": HEADERS,
            "securitySchemes": {BEARER: {"type": "http", "scheme": "bearer", "description": CREDENTIALS}},
        },
    }


def _find_routes(app: Flask) -> list[tuple[Rule, Operation]]:
    found = (
        (rule, getattr(app.view_functions[rule.endpoint], "operation", PAGES))
        for rule in app.url_map.iter_rules()
    )
    return [(rule, declared) for rule, declared in found if declared.tag]


def _rank(route: tuple[Rule, Operation]) -> tuple[int, str]:
    rule, declared = route
    order = list(TAGS)
    return order.index(declared.tag) if declared.tag in order else len(order), rule.rule
