"""The door in this process: what granian would do for it, and a client that goes through it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask
from werkzeug.test import Client, TestResponse

from api.responses import Headers
from api.server.app import Door
from tests.conforming import Conformity, find_conformity

ANSWER_SECONDS = 60


class SentHeaders(dict[str, str]):
    """Headers as granian gives them: lower-case names, one value each here."""

    def get_all(self, name: str) -> list[str]:
        return [self[name]] if name in self else []


class Transport:
    """A stream; whoever reads it here goes away after the first piece."""

    def __init__(self, protocol: "Protocol") -> None:
        self._protocol = protocol

    async def send_bytes(self, piece: bytes) -> None:
        self._protocol.pieces.append(piece)
        self._protocol.streamed.set_result(None)


class Protocol:
    """What granian gives for one request: its body, and a place for the answer."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.status, self.headers = 0, list[tuple[str, str]]()
        self.pieces: list[bytes] = []
        self.answered: Future[None] = Future()
        self.streamed: Future[None] = Future()

    def fail(self, served: Future[None]) -> None:
        """Pass the error of a request that was not answered to the reader of its answer."""
        if not served.cancelled() and (error := served.exception()) and not self.answered.done():
            self.answered.set_exception(error)

    async def __call__(self) -> bytes:
        return self._body

    async def client_disconnect(self) -> None:
        await asyncio.get_running_loop().create_future()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    def response_empty(self, status: int, headers: Headers) -> None:
        self.status, self.headers = status, headers
        self.answered.set_result(None)

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        self.pieces.append(body)
        self.response_empty(status, headers)

    def response_file(self, status: int, headers: Headers, path: str) -> None:
        self.response_bytes(status, headers, Path(path).read_bytes())

    def response_stream(self, status: int, headers: Headers) -> Transport:
        self.status, self.headers = status, headers
        return Transport(self)


def make_scope(method: str, path: str, query: str, headers: dict[str, str], address: str) -> Any:
    """What granian tells of a request."""
    return SimpleNamespace(
        proto="http",
        http_version="1.1",
        scheme="http",
        method=method,
        path=path,
        query_string=query,
        headers=SentHeaders(headers),
        authority=None,
        client=f"{address}:1",
        server="127.0.0.1:80",
    )


class Doorway:
    """A door on an event loop of its own, in a thread, as a WSGI application for werkzeug's client."""

    def __init__(self, door: Door, conformity: Conformity) -> None:
        self.door, self.loop = door, asyncio.new_event_loop()
        self._conformity = conformity
        self._thread = threading.Thread(target=self._run, name="door", daemon=True)
        self._thread.start()
        self.call(door.begin, self.loop)

    def _run(self) -> None:
        # It cancels at its end what is left: a pending task would be destroyed in the middle of a later test.
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.get_loop().run_forever()

    def call(self, run: Callable[..., Any], *arguments: Any) -> Any:
        """Call something on the door's loop."""

        async def on_loop() -> Any:
            return run(*arguments)

        return asyncio.run_coroutine_threadsafe(on_loop(), self.loop).result(ANSWER_SECONDS)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ["wsgi.input"].read()
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace") or "/"
        scope = make_scope(
            environ["REQUEST_METHOD"],
            path,
            environ["QUERY_STRING"].encode("latin-1").decode("utf-8", "replace"),
            _read_headers(environ),
            environ.get("REMOTE_ADDR") or "127.0.0.1",
        )
        protocol = Protocol(given)
        served = asyncio.run_coroutine_threadsafe(self.door.__rsgi__(scope, protocol), self.loop)
        served.add_done_callback(protocol.fail)
        done, _ = wait([protocol.answered, protocol.streamed], ANSWER_SECONDS, FIRST_COMPLETED)
        if protocol.streamed in done:
            served.cancel()
        else:
            # An answer that is held back comes after the call.
            protocol.answered.result(0)
        body = b"".join(protocol.pieces)
        self._conformity.check(environ["REQUEST_METHOD"], path, protocol.status, protocol.headers, body)
        start_response(f"{protocol.status} -", protocol.headers)
        # granian sends none of a body that HEAD asks for.
        return [] if environ["REQUEST_METHOD"] == "HEAD" else protocol.pieces

    def close(self) -> None:
        """End the loop; whoever waits is answered first."""
        self.call(self.door.end)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(ANSWER_SECONDS)


def _read_headers(environ: dict[str, Any]) -> dict[str, str]:
    named = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
    named |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    if named.get("CONTENT_LENGTH") == "0" and "CONTENT_TYPE" not in named:
        del named["CONTENT_LENGTH"]
    return {name.lower().replace("_", "-"): value for name, value in named.items()}


class DoorClient(Client):
    """A client of the door: get, post, patch … as werkzeug's, each answer with `json`, `text`, `headers`."""

    def __init__(self, doorway: Doorway) -> None:
        super().__init__(doorway, TestResponse)
        self.doorway = doorway


@contextmanager
def open_door(app: Flask, *arguments: Any) -> Iterator[DoorClient]:
    """A client of a door around this application."""
    doorway = Doorway(Door(app, *arguments), find_conformity(app))
    try:
        yield DoorClient(doorway)
    finally:
        doorway.close()
