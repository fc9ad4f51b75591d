"""TLS before a server that has none, with certificates made for the test; what it decrypted is kept."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import trustme

from tests.support import HANGS_SECONDS

CHUNK_BYTES = 65_536


class Front:
    """Takes TLS connections, and passes what they say on to a port of this machine, or to nobody."""

    def __init__(self, context: ssl.SSLContext, target_port: int | None) -> None:
        self._context, self._target_port = context, target_port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self.port = 0
        # What clients said, once they had taken us for who we should be.
        self.heard = b""
        self.connections = 0

    def start(self) -> None:
        """Listen, in a thread of its own."""
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._pair, "127.0.0.1", 0, ssl=self._context)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        # Handshakes that a client breaks off are what some tests are about.
        self._loop.set_exception_handler(lambda *_: None)
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def stop(self) -> None:
        """Cut every connection, and listen no more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(HANGS_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _end(self) -> None:
        assert self._server
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _pair(self, reader: Any, writer: Any) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.CancelledError):
            if self._target_port is None:
                self.heard += await reader.read(CHUNK_BYTES)
            else:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
                back = asyncio.ensure_future(self._pass(far_reader, writer, is_ours=False))
                await self._pass(reader, far_writer, is_ours=True)
                back.cancel()
        writer.close()

    async def _pass(self, source: Any, sink: Any, *, is_ours: bool) -> None:
        with suppress(OSError):
            while chunk := await source.read(CHUNK_BYTES):
                if is_ours and len(self.heard) < CHUNK_BYTES:
                    self.heard += chunk
                sink.write(chunk)
                await sink.drain()
        sink.close()


class Authority:
    """An authority of our own, and the file of its certificate."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.path = folder / f"authority-{id(self)}.pem"
        self._authority.cert_pem.write_to_path(str(self.path))

    @contextmanager
    def run_front(self, target_port: int | None, *, name: str = "localhost") -> Iterator[Front]:
        """A front whose certificate is of this name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(name).configure_cert(context)
        front = Front(context, target_port)
        front.start()
        try:
            yield front
        finally:
            front.stop()
