"""What the tests of requests that go together share."""

from typing import Any

from prometheus_client.registry import REGISTRY
from werkzeug.test import EnvironBuilder


def make_environ(method: str, path: str, body: bytes = b"", **headers: str) -> dict[str, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    builder = EnvironBuilder(path, method=method, data=body, headers=sent)
    return builder.get_environ() | {"REMOTE_ADDR": "127.0.0.1"}


def count_requests(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("seatline_http_requests_total", labels) or 0
