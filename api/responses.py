"""Answers: JSON, entity tags, 304, gzip. Headers that all answers have are added by the door."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import Accept, ETags
from werkzeug.http import parse_accept_header, parse_etags

from api.request import Request
from api.server.stream import Follow
from core.infra.json import to_json

JSON, PROBLEM_JSON = "application/json", "application/problem+json"
# May be kept, must be asked about each time: a 304 costs next to nothing.
REVALIDATE = "public, no-cache"
IMMUTABLE = "public, max-age=86400, immutable"
# What has its hash in its address: a year.
FOREVER = "public, max-age=31536000, immutable"
NO_STORE = "no-store"

Headers = list[tuple[str, str]]
# Smaller bodies go in one packet anyway. Level 1: more would take longer than it spares.
WORTH_PACKING, PACKING_LEVEL = 1024, 1
# Headers of at most so many characters are cached as parsed.
REMEMBERED = 200


@dataclass(slots=True)
class Answer:
    """A status, headers, a body; where the client follows a show after that; whether it is a replay."""

    status: int
    headers: Headers
    body: bytes = b""
    follow: Follow | None = None
    is_replay: bool = False


def respond(document: Any, *, status: int = 200, cache: str = NO_STORE, **headers: str) -> Answer:
    """The document as JSON; header names are given with underscores."""
    return respond_bytes(to_json(document), status=status, cache=cache, **headers)


def respond_bytes(
    body: bytes, *, status: int = 200, content_type: str = JSON, cache: str = NO_STORE, **headers: str
) -> Answer:
    """A body that is made already."""
    listed = [("Content-Type", content_type), ("Cache-Control", cache)]
    listed += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Answer(status, listed, body)


def make_tag(body: bytes) -> str:
    """An entity tag of a body's content."""
    return hashlib.sha256(body).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Representation:
    """What is read once for all who ask for it meanwhile; the tag is weak, since it may be gzipped or not.

    What is another at each reading has no tag: an empty one.
    `map_version` names a show and the version of its map that it is true of: it is current as long as that
    is. One that is immutable always is.
    """

    tag: str
    cache: str
    body: bytes
    is_gzipped: bool = False
    map_version: tuple[int, int] | None = None
    varies: bool = False
    content_type: str = JSON

    @property
    def is_immutable(self) -> bool:
        """Whether it never changes."""
        return self.cache == IMMUTABLE

    def pack(self) -> "Representation":
        """The same gzipped, where that is worth it."""
        if self.is_gzipped or len(self.body) < WORTH_PACKING:
            return self
        return replace(self, body=gzip.compress(self.body, PACKING_LEVEL, mtime=0), is_gzipped=True)

    def unpack(self) -> "Representation":
        """The same with a plain body."""
        return replace(self, body=gzip.decompress(self.body), is_gzipped=False) if self.is_gzipped else self


def represent(document: bytes, *, cache: str) -> Representation:
    """JSON with a tag of its content, to be gzipped for clients that take it."""
    return Representation(make_tag(document), cache, document, varies=True)


def represent_gzip(
    body: bytes, *, tag: str, cache: str, map_version: tuple[int, int] | None = None
) -> Representation:
    """Gzipped JSON, to be unpacked for clients that do not take it."""
    return Representation(tag, cache, body, is_gzipped=True, map_version=map_version, varies=True)


def respond_tagged(request: Request, found: Representation) -> Answer:
    """What was read, or 304 where the client has it: the one place that judges If-None-Match."""
    headers = [("Content-Type", found.content_type), ("Cache-Control", found.cache)]
    if found.varies:
        headers.append(("Vary", "Accept-Encoding"))
    if found.tag:
        headers.append(("ETag", f'W/"{found.tag}"'))
        if knows(request, found.tag):
            return Answer(304, headers[1:])
    if found.is_gzipped:
        headers.append(("Content-Encoding", "gzip"))
    return Answer(200, headers, found.body)


def knows(request: Request, tag: str) -> bool:
    """Whether the client says, by If-None-Match, that it has what has this tag."""
    sent = request.headers.get("if-none-match")
    return sent is not None and _remember(_parse_tags, sent).contains_weak(tag)


def takes_gzip(request: Request) -> bool:
    """Whether the client takes gzip, by Accept-Encoding."""
    sent = request.headers.get("accept-encoding")
    # One that no client sends is not worth the event loop's time.
    return sent is not None and len(sent) <= REMEMBERED and bool(_parse_encodings(sent)["gzip"] > 0)


def _remember(parse: Any, header: str) -> Any:
    # Long headers are not cached: a stranger could fill the memory with them.
    return parse(header) if len(header) <= REMEMBERED else parse.__wrapped__(header)


# The same few headers come again and again.
@lru_cache(maxsize=1024)
def _parse_tags(header: str) -> ETags:
    return parse_etags(header)


@lru_cache(maxsize=256)
def _parse_encodings(header: str) -> Mapping[str, float]:
    found: Accept = parse_accept_header(header, Accept)
    return {"gzip": found["gzip"]}
