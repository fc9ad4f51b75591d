"""From granian's scope to a request: read once, decoded, with what declared proxies tell of the client."""

from collections.abc import Callable
from sys import intern
from typing import Any

from api.contract import PAGES
from api.errors import MalformedRequestError
from api.gate.headers import read_headers
from api.gate.proxies import find_client_address, find_scheme, strip_port
from api.request import Request
from core.access.principals import Principal

# The principal of an Authorization header, and its credential where memory does not take it.
Recall = Callable[[str | None], tuple[Principal | None, str | None]]

CHUNKED = "chunked"


def read_request(scope: Any, proxies: int, recall: Recall) -> Request:
    """The request of a scope, without its body; never refused here, so that a refusal has its id."""
    try:
        headers, fault = read_headers(scope.headers), None
    except MalformedRequestError as error:
        # Whatever was meant: it is refused at the gate, once it is counted.
        headers, fault = dict(scope.headers.items()), error
    if scope.authority:
        headers.setdefault("host", scope.authority)
    fault = fault or _find_fault(headers, scope.http_version)
    address, scheme = strip_port(scope.client), intern(scope.scheme)
    if proxies:
        address = find_client_address(address, headers.get("x-forwarded-for"), proxies)
        scheme = find_scheme(scheme, headers.get("x-forwarded-proto"), proxies)
    principal, credential = recall(headers.get("authorization"))
    return Request(
        method=intern(scope.method),
        path=scope.path,
        query_string=scope.query_string,
        headers=headers,
        fault=fault,
        operation=PAGES,
        address=address,
        scheme=scheme,
        principal=principal,
        credential=credential,
    )


def _find_fault(headers: dict[str, str], version: str) -> MalformedRequestError | None:
    """What HTTP/1.1 itself forbids (RFC 9112, 3.2 and 6.1), and granian lets pass."""
    if version == "1.1" and "host" not in headers:
        return MalformedRequestError("A request of HTTP/1.1 has a Host header.")
    if headers.get("transfer-encoding", CHUNKED).lower() != CHUNKED:
        return MalformedRequestError(f"Of transfer codings only {CHUNKED} is taken.")
    return None
