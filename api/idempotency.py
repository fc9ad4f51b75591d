"""The Idempotency-Key header, and the fingerprint of the request it came with."""

import hashlib

import orjson
from flask import request
from pydantic import BaseModel

from api.gate.credentials import ANONYMOUS, name_principal
from core.bookings.idempotency import Key
from core.errors import InvalidRequestError

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
# A replay tells the booking's id, which an anonymous key alone protects: it must not be short.
MIN_LENGTH, MIN_ANONYMOUS_LENGTH = 1, 16


def read_key(body: BaseModel) -> Key | None:
    """The request's key, None where it has none. Raises InvalidRequestError for one that cannot be."""
    text = request.headers.get(HEADER)
    if text is None:
        return None
    authorization = request.headers.get("Authorization")
    return make_key(text, body, authorization=authorization, method=request.method, path=request.path)


def make_key(text: str, body: BaseModel, *, authorization: str | None, method: str, path: str) -> Key:
    """The key of a request with this credential. Raises InvalidRequestError for one that cannot be."""
    principal = name_principal(authorization)
    shortest = MIN_ANONYMOUS_LENGTH if principal == ANONYMOUS else MIN_LENGTH
    if not (shortest <= len(text) <= MAX_LENGTH and text.isascii() and text.isprintable()):
        raise InvalidRequestError(
            f"{HEADER} must be {shortest} to {MAX_LENGTH} printable ASCII characters here: a UUID, say."
        )
    return Key(principal=principal, key=text, fingerprint=_make_fingerprint(body, method, path))


def _make_fingerprint(body: BaseModel, method: str, path: str) -> str:
    # After parsing, with what was left out filled in: two spellings of one body are the same request.
    plain = orjson.dumps(body.model_dump(), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(f"{method} {path.lower()}\n".encode() + plain).hexdigest()
