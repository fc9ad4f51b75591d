"""What came in, read and judged before anything is done with it."""

from typing import TypeVar

from flask import request
from pydantic import ValidationError

from sandbox.bodies import Body
from sandbox.ledger import RefusedError

B = TypeVar("B", bound=Body)


def read_json(kind: type[B]) -> B:
    """The body, which is JSON; none is an empty object. Raises RefusedError."""
    try:
        return kind.model_validate_json(request.get_data() or b"{}", strict=True)
    except ValidationError as error:
        raise _refuse(error) from None


def read_form(kind: type[B]) -> B:
    """The same of a page's form, whose values are all texts."""
    return _read_texts(kind, request.form.to_dict())


def read_query(kind: type[B]) -> B:
    """The same of the address."""
    return _read_texts(kind, request.args.to_dict())


def _read_texts(kind: type[B], texts: dict[str, str]) -> B:
    try:
        return kind.model_validate(texts)
    except ValidationError as error:
        raise _refuse(error) from None


def _refuse(error: ValidationError) -> RefusedError:
    faults = (
        f"{'.'.join(map(str, fault['loc']))} {fault['msg']}".strip()
        for fault in error.errors(include_url=False, include_input=False)
    )
    return RefusedError(422, "; ".join(faults))
