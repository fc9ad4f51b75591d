"""A plain HTTP client: one connection kept alive, JSON in and out."""

import gzip
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `document` is None where there was no body."""

    status: int
    headers: http.client.HTTPMessage
    document: Any


class Client:
    """One connection to the service; counts its requests."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=timeout_seconds)
        self.requests = 0

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; header names are given with underscores.

        Raises OSError or http.client.HTTPException where no answer came; the next call connects anew.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        payload = None
        if body is not None:
            payload, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        self.requests += 1
        try:
            self._connection.request(method, path, payload, {"Accept-Encoding": "gzip", **sent})
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        if response.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        return Answer(response.status, response.headers, json.loads(raw) if raw else None)

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()
