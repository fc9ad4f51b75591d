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
    position = _decode(cursor, pointer)
    if [type(value) for value in position] != list(kinds):
        raise refuse_cursor(pointer)
    return position


def decode_numbers(cursor: str, *, at_most: int, pointer: str = "/cursor") -> list[int]:
    """The numbers that a cursor stands for, one or more. Raises as decode_cursor() does."""
    numbers = _decode(cursor, pointer)
    if not 1 <= len(numbers) <= at_most or any(type(number) is not int for number in numbers):
        raise refuse_cursor(pointer)
    return numbers


def _decode(cursor: str, pointer: str) -> list[Any]:
    try:
        position = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise refuse_cursor(pointer) from error
    # base64 skips junk silently, and a number may exceed a bigint column.
    is_ours = isinstance(position, list) and encode_cursor(*position) == cursor
    if not is_ours or any(isinstance(value, int) and not 0 <= value <= MAX_ID for value in position):
        raise refuse_cursor(pointer)
    found: list[Any] = position
    return found


def refuse_cursor(pointer: str = "/cursor") -> InvalidRequestError:
    """The refusal of a cursor that was not made here."""
    return InvalidRequestError("This is not a cursor of ours: take it from `next`.", pointer=pointer)
