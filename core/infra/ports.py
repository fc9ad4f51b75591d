"""Whether a port can be listened on, asked before anything is started."""

import socket
import sys


def find_port_fault(host: str, port: int) -> str | None:
    """Why this port cannot be listened on, None where it can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        return f"cannot listen on {host}:{port}: {(error.strerror or 'unknown address').lower()}"
    return None


def require_free_port(variable: str, host: str, port: int) -> None:
    """Exit with one line where this port, which the variable names, cannot be listened on."""
    if fault := find_port_fault(host, port):
        sys.exit(f"seatline: {variable}: {fault}")
