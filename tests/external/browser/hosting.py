"""A static server of the tests' own: modules of web/, and pages of other origins than Seatline's."""

import mimetypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support import ROOT

WEB = ROOT / "web"
ASSETS = "/assets/here/"
EMPTY = "<!doctype html><html lang=en><meta charset=utf-8><title>Empty</title><main></main>"
# What pages of Seatline have, but that modules may ask a service of another origin.
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self' http://127.0.0.1:*; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types lit-html"
)


@dataclass(frozen=True, slots=True)
class Document:
    """What stands at a path."""

    body: str
    kind: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Host:
    """An origin: `url` has no slash at its end; `documents` by path, to which tests add theirs."""

    url: str
    documents: dict[str, Document]


@contextmanager
def run_host() -> Iterator[Host]:
    """An origin that serves web/ under /assets/here/ and, at /, an empty page under a strict policy."""
    documents = {"/": Document(EMPTY, headers={"Content-Security-Policy": STRICT})}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            document = documents.get(path)
            if document:
                self._answer(200, document.body.encode(), document.kind, document.headers)
            elif (asset := _read_asset(path)) is not None:
                self._answer(200, asset, mimetypes.guess_type(path)[0] or "text/plain; charset=utf-8")
            else:
                self._answer(204 if path == "/favicon.ico" else 404, b"", "text/plain")

        def _answer(
            self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None
        ) -> None:
            self.send_response(status)
            given = {"Content-Type": kind, "Access-Control-Allow-Origin": "*", **(headers or {})}
            if status != 204:
                given["Content-Length"] = str(len(body))
            for name, value in given.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: what a browser asks is of use only where a test fails, and traces have it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Host(f"http://127.0.0.1:{server.server_port}", documents)
        server.shutdown()


def _read_asset(path: str) -> bytes | None:
    file = (WEB / path.removeprefix(ASSETS)).resolve()
    if path.startswith(ASSETS) and file.is_relative_to(WEB) and file.is_file():
        return file.read_bytes()
    return None
