"""The Flask application, put together."""

import re
import uuid
from typing import Any

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from api.commands import register_commands
from api.documentation import register_documentation
from api.errors import register_errors
from api.gate.allowances import register_limits
from api.gate.credentials import ADMIN_PREFIX, require_admin
from api.gate.proxies import trust_proxies
from api.metrics import register_metrics
from api.parsing import BODY_LIMIT, require_text
from api.routes import bookings, events, operations, shows, webhooks
from core.infra.settings import get_settings

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


def create_app() -> Flask:
    """The application, with every route, error, metric and document it has."""
    app = Flask(__name__.split(".")[0], static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.wsgi_app = _hear_proxies(app.wsgi_app)  # type: ignore[method-assign]
    for module in (shows, bookings, events, webhooks, operations):
        app.register_blueprint(module.blueprint)
    app.before_request(_name_request)
    app.after_request(_add_headers)
    register_metrics(app)
    register_errors(app)
    register_limits(app)
    # After the limits, which so hold for whoever tries out keys.
    app.before_request(_guard_admin)
    app.before_request(require_text)
    register_documentation(app)
    register_commands(app)
    return app


def choose_request_id(sent: str | None) -> str:
    """The caller's own id for the request where it is a sane one, else a new one."""
    return sent if sent and REQUEST_ID.fullmatch(sent) else str(uuid.uuid4())


def _hear_proxies(app: Any) -> Any:
    proxies = get_settings().trusted_proxies

    def run(environ: dict[str, Any], start_response: Any) -> Any:
        trust_proxies(environ, proxies)
        return app(environ, start_response)

    return run if proxies else app


def _name_request() -> None:
    g.request_id = choose_request_id(request.headers.get("X-Request-ID"))
    clear_contextvars()
    bind_contextvars(request_id=g.request_id)


def _guard_admin() -> None:
    # Whatever is under it, and also what is not there: without a key nothing of it can be found out.
    if request.path.startswith(ADMIN_PREFIX):
        require_admin()


def _add_headers(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id") or str(uuid.uuid4())
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
