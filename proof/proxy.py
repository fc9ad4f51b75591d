"""A TCP proxy that can swallow answers and go silent: what a network does to a connection."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 65_536


class Proxy:
    """Passes bytes between whoever connects and a port on this machine, until it is told otherwise.

    `swallow` what a request must contain for its answer to be kept back and the connection cut;
    `is_silent` while nothing is passed in either direction and nothing is closed: half-open.
    """

    def __init__(self, listener: socket.socket, target_port: int) -> None:
        self._listener, self._target_port = listener, target_port
        self.port = int(listener.getsockname()[1])
        self.swallow: tuple[bytes, ...] = ()
        self.swallowed = 0
        self.is_silent = False
        self._ends: list[socket.socket] = []

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._pair, args=(near,), daemon=True).start()

    def cut(self) -> None:
        """End every connection."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _pair(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            far = socket.create_connection(("127.0.0.1", self._target_port))
            with far:
                self._ends += [near, far]
                # Whether the answer on its way is to be kept back.
                doomed = threading.Event()
                back = threading.Thread(target=self._pass, args=(far, near, doomed, False), daemon=True)
                back.start()
                self._pass(near, far, doomed, True)
                back.join()

    def _pass(self, source: socket.socket, sink: socket.socket, doomed: threading.Event, asks: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                if self.is_silent:
                    continue
                if asks and any(pattern in chunk for pattern in self.swallow):
                    doomed.set()
                if not asks and doomed.is_set():
                    self.swallowed += 1
                    break
                sink.sendall(chunk)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def run_proxy(target_port: int) -> Iterator[Proxy]:
    """A proxy before this port, until the end."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        proxy = Proxy(listener, target_port)
        threading.Thread(target=proxy.serve, daemon=True).start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            proxy.cut()
