"""Answers: JSON, entity tags, 304, gzip."""

import gzip
import hashlib
from typing import Any

from flask import Response, request

from core.infra.json import to_json
from core.maps.maps import Map

JSON = "application/json"
# May be kept, must be asked about each time: a 304 costs next to nothing.
REVALIDATE = "public, no-cache"
IMMUTABLE = "public, max-age=86400, immutable"
NO_STORE = "no-store"
# Digits of a version, which is a bigint.
LONGEST_VERSION = 19


def respond(document: Any, *, status: int = 200, cache: str = NO_STORE, **headers: str) -> Response:
    """The document as JSON; header names are given with underscores."""
    return respond_json(to_json(document), status=status, cache=cache, **headers)


def respond_json(body: bytes, *, status: int = 200, cache: str = NO_STORE, **headers: str) -> Response:
    """JSON that is made already."""
    response = Response(body, status=status, content_type=JSON)
    response.headers["Cache-Control"] = cache
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def make_tag(body: bytes) -> str:
    """An entity tag of a body's content."""
    return hashlib.sha256(body).hexdigest()[:32]


def respond_tagged(body: bytes, *, cache: str) -> Response:
    """JSON with an entity tag of its content, or 304 where the client has it."""
    response = respond_json(body, cache=cache)
    return tag(response, make_tag(body))


def tag(response: Response, etag: str) -> Response:
    """The response under an entity tag, or 304 where the client has it. The tag is weak: gzip or not."""
    response.set_etag(etag, weak=True)
    response.make_conditional(request)
    return response


def find_known_version() -> int | None:
    """The map's version that the client says it has."""
    for tag in request.if_none_match.as_set(include_weak=True):
        if tag.isascii() and tag.isdigit() and len(tag) <= LONGEST_VERSION:
            return int(tag)
    return None


def respond_map(found: Map) -> Response:
    """A seat map, tagged with its version."""
    is_known = found.body is None or request.if_none_match.star_tag
    response = Response(status=304) if is_known else respond_gzip(found.body or b"")
    response.headers["Cache-Control"] = REVALIDATE
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(str(found.version), weak=True)
    return response


def respond_gzip(body: bytes) -> Response:
    """Gzipped JSON, unpacked for the rare client that does not take it."""
    if request.accept_encodings["gzip"] > 0:
        response = Response(body, content_type=JSON)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(gzip.decompress(body), content_type=JSON)
    response.headers["Vary"] = "Accept-Encoding"
    return response
