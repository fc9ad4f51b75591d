"""What the tests of requests that go together share."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

from prometheus_client.registry import REGISTRY
from werkzeug.test import EnvironBuilder

from api.request import Headers
from api.server.app import Front


def make_environ(method: str, path: str, body: bytes = b"", **headers: str) -> dict[str, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    builder = EnvironBuilder(path, method=method, data=body, headers=sent)
    return builder.get_environ() | {"REMOTE_ADDR": "127.0.0.1"}


def count_requests(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("seatline_http_requests_total", labels) or 0


class Protocol:
    """What granian gives the front for one request: its body, and a place for the answer."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.answer: tuple[int, Headers, bytes] = 0, [], b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        self.answer = status, headers, body


def ask_front(
    front: Front, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and document of the front's answer."""
    sent = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    if body is not None:
        sent |= {"content-type": "application/json", "content-length": "?"}
    scope = SimpleNamespace(
        proto="http",
        http_version="1.1",
        scheme="http",
        method=method,
        path=path,
        query_string="",
        headers=sent,
        authority="",
        client="192.0.2.1:1",
        server="127.0.0.1:80",
    )
    protocol = Protocol(json.dumps(body).encode())
    asyncio.run(front.__rsgi__(scope, protocol))
    status, told, content = protocol.answer
    return status, dict(told), json.loads(content)
