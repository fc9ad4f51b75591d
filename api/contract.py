"""Routes: what each takes, gives and refuses is said once, and both enforced and documented from there."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response
from pydantic import BaseModel

from api.idempotency import read_key
from api.parsing import BODY_LIMIT, PATH_PARSERS, parse_body, parse_query
from core.errors import SeatlineError

View = Callable[..., Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A route's contract.

    `returns` maps a status to the model of its body, None where it has none; `headers` tells what headers of
    its own a good answer has.
    """

    summary: str
    tag: str
    returns: dict[int, type[BaseModel] | None]
    errors: Sequence[type[SeatlineError]] = ()
    body: type[BaseModel] | None = None
    body_limit: int = BODY_LIMIT
    query: type[BaseModel] | None = None
    takes_key: bool = False
    has_tag: bool = False
    description: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


def operation(**contract: Any) -> Callable[[View], View]:
    """Give a view its contract: it is called with `body`, `query` and `key` where the contract has them."""
    declared = Operation(**contract)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def run(**path: Any) -> Response:
            given = {name: PATH_PARSERS[name](text) for name, text in path.items()}
            if declared.query is not None:
                given["query"] = parse_query(declared.query)
            if declared.body is not None:
                body = parse_body(declared.body, limit=declared.body_limit)
                given["body"] = body
                if declared.takes_key:
                    given["key"] = read_key(body)
            return view(**given)

        run.operation = declared  # type: ignore[attr-defined]
        return run

    return decorate
