"""Whether a port can be listened on, asked before anything is started."""

import errno
import re
import socket
import sys

MAX_PORT = 65_535


def parse_port(text: str) -> int | None:
    """The port that a text names, None where it names none."""
    return int(text) if re.fullmatch("[0-9]{1,5}", text) and 1 <= int(text) <= MAX_PORT else None


def resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    """The address that a host's name is listened on at: one of IPv4, where it has any. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # `localhost` is both, and most who call it mean 127.0.0.1.
    family, _, _, _, address = min(found, key=lambda each: each[0] is not socket.AF_INET)
    return family, str(address[0])


def find_port_fault(host: str, port: int) -> str | None:
    """Why this port cannot be listened on, None where it can."""
    try:
        family, address = resolve(host, port)
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
    except OSError as error:
        told = f"cannot listen on {host}:{port}: {(error.strerror or 'unknown address').lower()}"
        is_taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
        return told if is_taken else f"{told}: is {host} an address of this machine?"
    return None


def require_free_port(variable: str, host: str, port: int) -> None:
    """Exit with one line where this port, which the variable names, cannot be listened on."""
    if fault := find_port_fault(host, port):
        sys.exit(f"seatline: {variable}: {fault}")
