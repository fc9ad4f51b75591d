"""Whether a process on this machine can work, asked as its users would ask."""

import http.client
from http import HTTPStatus

READY_SECONDS = 60
ANSWER_SECONDS = 5
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound)


def find_way(host: str) -> str:
    """The address at which this machine reaches what listens on a host."""
    return "127.0.0.1" if host in ANY_ADDRESS else host


def format_url(address: str, port: int) -> str:
    """The URL of what listens there."""
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def ask_status(address: str, port: int, path: str) -> int:
    """The status of what answers there, 0 where nothing does."""
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def is_ready(address: str, port: int) -> bool:
    """Whether the web process says that it can serve."""
    return ask_status(address, port, "/readyz") == HTTPStatus.OK
