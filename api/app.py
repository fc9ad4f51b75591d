"""The Flask application, put together: every route with its contract, and what serves those in threads."""

from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from api.commands import register_commands
from api.documentation.page import register_documentation
from api.errors import NotFoundError
from api.routes import (
    admin_bookings,
    assets,
    audit,
    bookings,
    events,
    keys,
    operations,
    pages,
    payments,
    shows,
    webhooks,
)
from core.infra.settings import get_settings


def create_app() -> Flask:
    """The application. What all requests share is the door's (api/server/app.py), and not repeated here."""
    app = Flask(__name__.split(".")[0], static_folder=None)
    # A path with // is 404, not a redirect: each resource has one address.
    app.url_map.merge_slashes = False
    # Exceptions leave Flask: the door answers them as it does those of the event loop.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.register_error_handler(HTTPException, _pass_on)
    for module in (
        shows,
        bookings,
        payments,
        admin_bookings,
        events,
        webhooks,
        keys,
        audit,
        operations,
        pages,
        assets,
    ):
        app.register_blueprint(module.blueprint)
    if get_settings().docs_enabled:
        register_documentation(app)
    register_commands(app)
    return app


def _pass_on(error: HTTPException) -> Any:
    # What Flask itself refuses: files that are not there.
    if error.code == 404:
        raise NotFoundError("There is nothing at this address.") from error
    return error
