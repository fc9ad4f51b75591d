"""What granian runs for a request: it keeps nothing of it that the answer does not need."""

import asyncio
import inspect
import weakref
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from granian.server import mp

from api.server.calling import wrap
from tests.door import Protocol
from tests.support import HANGS_SECONDS


class Scope:
    """A request as granian has it."""


def call(answer: Any, scope: Scope, protocol: Protocol) -> Coroutine[Any, Any, None]:
    """The task of a request, whose watcher nobody else has."""
    run: Coroutine[Any, Any, None] = wrap(answer)(SimpleNamespace(scope=scope, proto=protocol))
    return run


def test_a_request_that_waits_has_been_let_go() -> None:
    async def scene() -> None:
        gone = asyncio.Event()

        async def answer(scope: Scope, protocol: Protocol) -> None:
            weakref.finalize(scope, gone.set)
            del scope
            async with asyncio.timeout(HANGS_SECONDS):
                await gone.wait()
            protocol.response_bytes(200, [], b"")

        protocol = Protocol(b"")
        await call(answer, Scope(), protocol)
        assert protocol.pieces == [b""]

    asyncio.run(scene())


def test_what_raises_is_answered() -> None:
    async def answer(_: Scope, __: Protocol) -> None:
        raise ValueError("a fault")

    protocol = Protocol(b"")
    with pytest.raises(ValueError, match="a fault"):
        asyncio.run(call(answer, Scope(), protocol))
    assert protocol.status == 500


def test_granian_takes_it_from_there() -> None:
    """It is none of granian's promises: another version may call it another way."""
    spawn = inspect.unwrap(mp.MPServer._spawn_rsgi_worker)
    assert "_future_watcher_wrapper" in spawn.__code__.co_names
