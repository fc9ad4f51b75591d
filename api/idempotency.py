"""The Idempotency-Key header, and the fingerprint of the request it came with."""

import hashlib

import orjson
from flask import request
from pydantic import BaseModel

from api.auth import identify_client
from core.bookings.idempotency import Key
from core.errors import InvalidRequestError

HEADER = "Idempotency-Key"
MAX_LENGTH = 255


def read_key(body: BaseModel) -> Key | None:
    """The request's key, None where it has none. Raises InvalidRequestError for one that cannot be."""
    text = request.headers.get(HEADER)
    if text is None:
        return None
    return make_key(text, body, client=identify_client(), method=request.method, path=request.path)


def make_key(text: str, body: BaseModel, *, client: str, method: str, path: str) -> Key:
    """The key of a client's request. Raises InvalidRequestError for one that cannot be."""
    if not (1 <= len(text) <= MAX_LENGTH and text.isascii() and text.isprintable()):
        raise InvalidRequestError(f"{HEADER} must be 1 to {MAX_LENGTH} printable ASCII characters.")
    return Key(client=client, key=text, fingerprint=_make_fingerprint(body, method, path))


def _make_fingerprint(body: BaseModel, method: str, path: str) -> str:
    # After parsing, with what was left out filled in: two spellings of one body are the same request.
    plain = orjson.dumps(body.model_dump(), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(f"{method} {path.lower()}\n".encode() + plain).hexdigest()
