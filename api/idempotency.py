"""The Idempotency-Key header, and the fingerprint of the request it came with."""

import hashlib

import orjson
from pydantic import BaseModel

from api.request import Request
from core.bookings.idempotency import Key
from core.errors import InvalidRequestError

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
# A replay tells the booking's id, which an anonymous key alone protects: it must not be short.
MIN_LENGTH, MIN_ANONYMOUS_LENGTH = 1, 16


def read_key(request: Request, body: BaseModel) -> Key | None:
    """The request's key, None where it has none. Raises InvalidRequestError for one that cannot be."""
    text = request.headers.get(HEADER.lower())
    if text is None:
        return None
    shortest = MIN_ANONYMOUS_LENGTH if request.principal is None else MIN_LENGTH
    if not (shortest <= len(text) <= MAX_LENGTH and text.isascii() and text.isprintable()):
        raise InvalidRequestError(
            f"{HEADER} must be {shortest} to {MAX_LENGTH} printable ASCII characters here: a UUID, say."
        )
    fingerprint = _make_fingerprint(body, request.method, request.path)
    return Key(principal=request.owner, key=text, fingerprint=fingerprint)


def _make_fingerprint(body: BaseModel, method: str, path: str) -> str:
    # After parsing, with what was left out filled in: two spellings of one body are the same request.
    plain = orjson.dumps(body.model_dump(), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(f"{method} {path.lower()}\n".encode() + plain).hexdigest()
