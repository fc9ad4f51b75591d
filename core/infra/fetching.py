"""Fetching a small document by HTTP: whole, in a bounded time, from the very address that was named."""

import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

# Of each of the host's addresses; one that does not take the connection by then is passed over.
CONNECT_SECONDS = 1


def fetch(url: str, *, seconds: float, most_bytes: int) -> bytes:
    """The body of the answer to a GET, which must be 200: a redirect is a failure as well.

    Takes so many seconds at most once it is connected, whatever the server does meanwhile. Raises OSError,
    http.client.HTTPException, or ValueError for an answer that is not taken.
    """
    parts = urlsplit(url)
    ends_at = time.monotonic() + seconds
    wire = _connect(parts)
    wire.settimeout(seconds)
    # A time-out of the socket is one of each byte: whoever sends one now and then would keep it open.
    cutting = threading.Timer(max(ends_at - time.monotonic(), 0), _cut, [wire])
    cutting.daemon = True
    cutting.start()
    # With a port: without one the last group of an IPv6 address would be taken for it.
    connection = http.client.HTTPConnection(str(parts.hostname), wire.getpeername()[1])
    connection.sock = wire
    try:
        if isinstance(wire, ssl.SSLSocket):
            wire.do_handshake()
        body = _ask(connection, parts, most_bytes)
    finally:
        cutting.cancel()
        connection.close()
        wire.close()
    if time.monotonic() > ends_at:
        # A body without a length ends where it was cut.
        raise TimeoutError(f"took more than {seconds} s")
    return body


def _connect(parts: SplitResult) -> socket.socket:
    is_safe = parts.scheme == "https"
    wire = socket.create_connection(
        (str(parts.hostname), parts.port or (443 if is_safe else 80)), CONNECT_SECONDS
    )
    if not is_safe:
        return wire
    context = ssl.create_default_context()
    # The handshake comes once there is a wire to cut: it, too, may be drawn out.
    return context.wrap_socket(wire, server_hostname=parts.hostname, do_handshake_on_connect=False)


def _cut(wire: socket.socket) -> None:
    # Whoever reads or writes on it fails at once. Not by the method of a TLS socket, which forgets its state,
    # and would go on in plain text.
    with suppress(OSError):
        socket.socket.shutdown(wire, socket.SHUT_RDWR)


def _ask(connection: http.client.HTTPConnection, parts: SplitResult, most_bytes: int) -> bytes:
    host = parts.netloc.rpartition("@")[2]
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = {"Host": host, "Accept": "application/json", "User-Agent": "Seatline"}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    if answer.status != http.client.OK:
        raise ValueError(f"answered {answer.status}")
    body = answer.read(most_bytes + 1)
    if len(body) > most_bytes:
        raise ValueError(f"answered more than {most_bytes} bytes")
    if answer.length:
        # read() by a size does not say so by itself.
        raise http.client.IncompleteRead(body, answer.length)
    return body
