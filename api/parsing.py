"""From bytes to values: bodies, queries and path ids, each refused with a reason."""

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from api.errors import (
    MalformedJsonError,
    NotFoundError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
    find_error,
)
from api.request import Request
from api.schemas.types import OptionalBody
from core.bookings.errors import BookingNotFoundError, TicketNotFoundError
from core.bookings.tickets import Ticket, parse_code
from core.errors import Fault, InvalidRequestError, point
from core.infra.settings import get_settings
from core.keys.errors import KeyNotFoundError
from core.shows.errors import ShowNotFoundError
from core.webhooks.errors import EndpointNotFoundError

Model = TypeVar("Model", bound=BaseModel)

KIB = 1024
BODY_LIMIT = 64 * KIB
# Errors listed in one answer; a body may hold thousands of bad values.
LISTED_FAULTS = 20
# As much of a Content-Encoding as its refusal quotes.
LONGEST_CODING = 40
# Of one body: the largest plan has some two million, fields that are not read and commas in texts counted in.
MAX_VALUES = 4_000_000
# Of one object: the largest that is meant, a plan's prices, has a tenth.
MAX_FIELDS = 10_000

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
# Eighteen digits always fit the database's bigint.
_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
# A number with a point or an exponent that may be an integer, of few enough digits to be made one.
_SHORT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
LARGEST_INTEGER = 2**63
# Python writes each whole coordinate of a plan like this: they are judged in a quarter of the time.
_OFTEN = "-123456789012.0"
# What pydantic says of Python, said of JSON.
_WORDS = {
    "model_type": "Input should be a valid object",
    "dict_type": "Input should be a valid object",
    "list_type": "Input should be a valid list",
    "uuid_type": "Input should be a UUID",
    "uuid_parsing": "Input should be a UUID",
}


def parse_show_id(text: str) -> int:
    """The show id in a path. Raises ShowNotFoundError for anything that cannot be one."""
    if not _NUMBER.fullmatch(text):
        raise ShowNotFoundError(text)
    return int(text)


def parse_booking_id(text: str) -> UUID:
    """The booking id in a path. Raises BookingNotFoundError for anything that cannot be one."""
    if not _UUID.fullmatch(text):
        raise BookingNotFoundError(text)
    return UUID(text)


def parse_endpoint_id(text: str) -> int:
    """The webhook endpoint id in a path. Raises EndpointNotFoundError for anything that cannot be one."""
    if not _NUMBER.fullmatch(text):
        raise EndpointNotFoundError(text)
    return int(text)


def parse_key_id(text: str) -> int:
    """The key id in a path. Raises KeyNotFoundError for anything that cannot be one."""
    if not _NUMBER.fullmatch(text):
        raise KeyNotFoundError(f"There is no key {text}.")
    return int(text)


def parse_provider(text: str) -> str:
    """The payment provider in a path. Raises NotFoundError where it is not the one of the settings."""
    if text != get_settings().payment_provider:
        raise NotFoundError("There is nothing at this address.")
    return text


def parse_ticket_code(text: str) -> Ticket:
    """The ticket code in a path, as people type it. Raises TicketNotFoundError where it can be none."""
    ticket = parse_code(text)
    if ticket is None:
        raise TicketNotFoundError("This is no ticket code: one has five groups of four letters and digits.")
    return ticket


PATH_PARSERS: dict[str, Callable[[str], Any]] = {
    "show_id": parse_show_id,
    "booking_id": parse_booking_id,
    "endpoint_id": parse_endpoint_id,
    "key_id": parse_key_id,
    "ticket_code": parse_ticket_code,
    "provider": parse_provider,
    "code": find_error,
    # Judged by their views.
    "digest": str,
    "file": str,
    "id": str,
}


def parse_body(model: type[Model], request: Request, *, limit: int) -> Model:
    """The request's body as the model.

    Raises UnsupportedMediaTypeError, MalformedJsonError, InvalidRequestError, PayloadTooLargeError above
    `limit` bytes.
    """
    raw = request.body
    if len(raw) > limit:
        raise PayloadTooLargeError(limit)
    if not raw and issubclass(model, OptionalBody):
        return model()
    _check_encoding(request.headers.get("content-encoding", ""))
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise UnsupportedMediaTypeError("Send the body as application/json.")
    _check_values(raw)
    return validate(model, load_json(raw))


def _check_encoding(codings: str) -> None:
    # A few KiB may unpack to gigabytes, and no body here is so large that packing it gained much.
    if {coding.strip().lower() for coding in codings.split(",")} - {"", "identity"}:
        raise UnsupportedMediaTypeError(
            f"The body is encoded ({codings[:LONGEST_CODING]}): send it as it is, without Content-Encoding.",
            wanted=("Accept-Encoding", "identity"),
        )


def _check_values(raw: bytes) -> None:
    """Counted in the text: 32 MiB of empty lists would be a gigabyte before anything could look at them."""
    if len(raw) > MAX_VALUES and sum(map(raw.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise InvalidRequestError(f"The body has more than {MAX_VALUES} values.", pointer="")


class _NotJsonError(ValueError):
    """What Python's parser takes and JSON has not."""


def load_json(raw: bytes) -> Any:
    """What the bytes say. Raises MalformedJsonError."""
    try:
        # Some tools of Windows begin each text with a mark of its encoding.
        text = raw.removeprefix(BOM_UTF8).decode("utf-8")
        value = _DECODER.decode(text)
        if b"\\u" in raw:
            # An escape may name half a character, which no answer, log or table could hold.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except UnicodeDecodeError as error:
        raise MalformedJsonError("The body is not UTF-8.") from error
    except UnicodeEncodeError as error:
        raise MalformedJsonError("The body has an escape of half a character.") from error
    except RecursionError as error:
        raise MalformedJsonError("The body is nested too deeply.") from error
    except (json.JSONDecodeError, _NotJsonError) as error:
        raise MalformedJsonError(f"The body is not well-formed JSON: {error}.") from error
    except ValueError as error:
        # What is left is Python's limit on digits.
        raise MalformedJsonError("The body has a number of too many digits.") from error


def _take_pairs(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_FIELDS:
        # pydantic makes an error of about a kilobyte for each unknown field.
        raise InvalidRequestError(f"An object has more than {MAX_FIELDS} fields.", pointer="")
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _NotJsonError("a field is named twice")
    return fields


def _read_number(text: str) -> int | float:
    """A number with a point or an exponent; an integer where it is one exactly, as JSON Schema has it.

    Only then: a double beyond 2^53 may stand for its neighbour, or for what has a fraction.
    """
    if text.endswith(".0") and len(text) <= len(_OFTEN):
        return int(text[:-2])
    number = float(text)
    if number.is_integer() and abs(number) < LARGEST_INTEGER and _SHORT.fullmatch(text):
        exact = Decimal(text)
        if exact == (whole := int(exact)):
            return whole
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise _NotJsonError(f"{name} is no JSON number")


# Made once: json.loads() would make one for each body.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_take_pairs, parse_float=_read_number, parse_constant=_refuse_constant
)


def parse_query(model: type[Model], query: Sequence[tuple[str, str]]) -> Model:
    """The query as the model; an unknown or doubled parameter is an error."""
    if not query:
        return _find_default(model)  # type: ignore[return-value]
    values = dict(query)
    if len(values) < len(query):
        doubled, _ = Counter(name for name, _ in query).most_common(1)[0]
        raise InvalidRequestError("A parameter is given twice.", pointer=point(doubled))
    return validate(model, values)


@cache
def _find_default(model: type[BaseModel]) -> BaseModel:
    # Most requests have no query.
    return validate(model, {})


def validate(model: type[Model], value: Any) -> Model:
    """The value as the model. Raises InvalidRequestError with a fault for each thing that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        faults = [_to_fault(each, value) for each in found[:LISTED_FAULTS]]
        raise InvalidRequestError("Some values are not valid; see errors.", faults=faults) from error


def _to_fault(found: ErrorDetails, sent: Any) -> Fault:
    location = found["loc"]
    # In a batch each fault says what its item would be refused for by itself.
    code = InvalidRequestError.code if location[0:1] == ("bookings",) and len(location) > 1 else None
    said = _WORDS.get(
        found["type"], found["msg"].removeprefix("Value error, ").replace(" after validation", "")
    )
    return Fault(_point(location, sent, is_missing=found["type"] == "missing"), said, code)


def _point(location: Sequence[int | str], sent: Any, *, is_missing: bool) -> str:
    """The pointer into what was sent: pydantic's location, without its marks of keys, unions, functions."""
    parts = list[int | str]()
    for part in location:
        if (isinstance(sent, dict) and part in sent) or (isinstance(sent, list) and isinstance(part, int)):
            parts.append(part)
            sent = sent[part]  # type: ignore[index]
    # What is not there has a name all the same.
    return point(*parts, location[-1]) if is_missing else point(*parts)
