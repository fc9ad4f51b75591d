"""A request handed to Flask, in a thread, as WSGI has it (PEP 3333)."""

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any

from api.request import Request
from api.responses import Answer, Headers

WsgiApp = Callable[..., Iterable[bytes]]

# The only request headers that Swagger UI's pages and files are given: ranges are not served.
CONDITIONS = {"if-none-match": "HTTP_IF_NONE_MATCH", "if-modified-since": "HTTP_IF_MODIFIED_SINCE"}


def run_wsgi(app: WsgiApp, request: Request) -> Answer:
    """The application's answer; whatever a view raises comes out of it."""
    started: list[Any] = []

    def start_response(status: str, headers: Headers, _exc_info: Any = None) -> None:
        started[:] = int(status.split(" ", 1)[0]), headers

    parts = app(_make_environ(request), start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers = started
    return Answer(status, [header for header in headers if header[0] != "Content-Length"], body)


def _make_environ(request: Request) -> dict[str, Any]:
    # Only what routes a request: a view reads the request itself. Text is bytes read as Latin-1.
    return {
        # An answer to HEAD has the headers of GET, its length too; granian leaves out the body.
        "REQUEST_METHOD": "GET" if request.method == "HEAD" else request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8").decode("latin-1"),
        "QUERY_STRING": request.query_string.encode("utf-8").decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        # No page depends on what a client calls us.
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    } | {variable: request.headers[name] for name, variable in CONDITIONS.items() if name in request.headers}
