"""`/metrics` of workers, outbound and beat, on a port of their own (METRICS_PORT)."""

import hmac
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.infra.ports import require_free_port, resolve
from core.infra.prometheus import collect_processes
from core.infra.settings import get_settings

log = logging.getLogger(__name__)

PATH = "/metrics"
# A scraper sends and reads at once. One that does not holds the next up for so long: one goes at a time.
CLIENT_SECONDS = 5

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], object]


class _Server(WSGIServer):
    def handle_error(self, *_: Any) -> None:
        log.exception("metrics not told")


class _Handler(WSGIRequestHandler):
    def handle(self) -> None:
        # The socket's own timeout would begin anew with each byte.
        end = threading.Timer(CLIENT_SECONDS, self._cut)
        end.daemon = True
        end.start()
        try:
            with suppress(OSError):
                super().handle()
        finally:
            end.cancel()

    def _cut(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Nothing: a line a scrape would drown what matters."""


def serve_metrics() -> None:
    """Answer from a thread, where METRICS_PORT is set. Exits with one line where the port is taken."""
    settings = get_settings()
    if settings.metrics_port is None:
        return
    require_free_port("METRICS_PORT", settings.host, settings.metrics_port)
    _Server.address_family, address = resolve(settings.host, settings.metrics_port)
    server = make_server(address, settings.metrics_port, answer, _Server, _Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def answer(request: Environ, start_response: Start) -> Iterable[bytes]:
    """The metrics of this process and its children, to who may have them."""
    status, headers, body = _answer(request)
    start_response(f"{status.value} {status.phrase}", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _answer(request: Environ) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
    if request["PATH_INFO"] != PATH:
        return HTTPStatus.NOT_FOUND, [], b""
    if request["REQUEST_METHOD"] != "GET":
        return HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", "GET")], b""
    if (token := get_settings().metrics_token) and not _has(request, token):
        return HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", "Bearer")], b""
    return HTTPStatus.OK, [("Content-Type", CONTENT_TYPE_LATEST)], generate_latest(collect_processes())


def _has(request: Environ, token: str) -> bool:
    scheme, _, credential = request.get("HTTP_AUTHORIZATION", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(credential.strip().encode(), token.encode())
