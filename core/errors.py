"""What every refusal of the core has in common."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where (a JSON pointer into it), what, and which refusal it would be."""

    pointer: str
    detail: str
    code: str | None = None


class SeatlineError(Exception):
    """A refusal with a stable code; each noun's errors.py says which there are.

    `title` is the code in words, the same every time; `detail` tells of this one time; `faults` point at
    what in the request is to blame, where something is.
    """

    code = "internal_error"
    title = "Something went wrong"

    def __init__(self, detail: str, *, pointer: str | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults) or ((Fault(pointer, detail),) if pointer is not None else ())


class InvalidRequestError(SeatlineError):
    """Well-formed input whose values cannot be: bad cursor, unknown section, contradicting times."""

    code = "invalid_request"
    title = "The request is not valid"


class UnavailableError(SeatlineError):
    """No promise was given: a server behind us is down or did not answer in time."""

    code = "unavailable"
    title = "The service is not available right now"
