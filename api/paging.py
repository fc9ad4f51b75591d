"""Cursors: opaque to clients, a position in a list to us."""

import base64
import binascii
from typing import Any

import orjson

from api.schemas.types import MAX_ID
from core.errors import InvalidRequestError
from core.infra.json import to_json


def encode_cursor(*position: Any) -> str:
    """A cursor for the place after this position."""
    return base64.urlsafe_b64encode(to_json(position)).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type, pointer: str = "/cursor") -> list[Any]:
    """The position that a cursor stands for, of values of these types, as it was encoded.

    Raises InvalidRequestError, with the pointer.
    """
    try:
        position = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise refuse_cursor(pointer) from error
    if not isinstance(position, list) or [type(value) for value in position] != list(kinds):
        raise refuse_cursor(pointer)
    # base64 skips junk silently, and a number may exceed a bigint column.
    is_ours = encode_cursor(*position) == cursor
    if not is_ours or any(isinstance(value, int) and not 0 <= value <= MAX_ID for value in position):
        raise refuse_cursor(pointer)
    return position


def refuse_cursor(pointer: str = "/cursor") -> InvalidRequestError:
    """The refusal of a cursor that was not made here."""
    return InvalidRequestError("This is not a cursor of ours: take it from `next`.", pointer=pointer)
