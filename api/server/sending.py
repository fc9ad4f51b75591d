"""How an answer is sent, so that a client which does not read it costs little, and not for long."""

import asyncio
import os
import socket
from collections import OrderedDict
from pathlib import Path
from typing import Any

from api.responses import Headers

# granian copies a body that it is given whole for each client, and queues without bound what it is given in
# pieces. A file it reads in pieces of 128 KB, as the client takes them; below this, that is the slower way.
WHOLE_BYTES = 512 * 1024
# Large are layouts and maps of great halls, in two encodings; most clients want those of one show.
KEPT_FILES = 4
OPEN_FILES = "/proc/self/fd"
# granian opens a file after response_file() has returned: one that is no longer kept stays open for so long.
CLOSE_SECONDS = 10
# A client that has taken nothing for so long is gone, or is nobody's friend. Phones come back within seconds.
UNREAD_SECONDS = 30


class Files:
    """The large bodies sent last, each once in memory as a file that has no name."""

    def __init__(self) -> None:
        self._files: OrderedDict[bytes, int] = OrderedDict()

    def find_path(self, body: bytes) -> str:
        """Where granian finds the body."""
        descriptor = self._files.pop(body, None)
        if descriptor is None:
            descriptor = _write(body)
        self._files[body] = descriptor
        if len(self._files) > KEPT_FILES:
            _, oldest = self._files.popitem(last=False)
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, os.close, oldest)
        return f"{OPEN_FILES}/{descriptor}"


_files = Files()


def send(protocol: Any, status: int, headers: Headers, body: bytes) -> None:
    """Send an answer, with a Content-Length; on the event loop, which it does not hold up.

    Of the answer to a HEAD request granian sends no body.
    """
    if len(body) <= WHOLE_BYTES or not hasattr(os, "memfd_create"):
        protocol.response_bytes(status, headers, body)
        return
    if not any(name.lower() == "content-length" for name, _ in headers):
        headers = [*headers, ("Content-Length", str(len(body)))]
    protocol.response_file(status, headers, _files.find_path(body))


def close_unread_connections(seconds: float = UNREAD_SECONDS) -> None:
    """Have the kernel close each connection whose client has taken nothing of an answer for so long.

    Connections inherit that from the socket that listens. granian makes it itself, after __rsgi_init__ and
    before the loop runs, and does not tell of it: call this on the loop.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    for path in Path(OPEN_FILES).iterdir():
        try:
            found = socket.socket(fileno=int(path.name))
        except OSError:
            # No socket; or what listed them, which is closed by now.
            continue
        if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
        # It is not ours to close.
        found.detach()


def _write(body: bytes) -> int:
    descriptor = os.memfd_create("body")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(body)
    return descriptor
