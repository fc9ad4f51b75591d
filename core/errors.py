"""What every refusal of the core has in common."""

from collections.abc import Sequence
from dataclasses import dataclass


def point(*parts: object) -> str:
    """The JSON pointer (RFC 6901) to what is found by these names and indexes, one after the other."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where (a JSON pointer into it), what, and which refusal it would be."""

    pointer: str
    detail: str
    code: str | None = None


class SeatlineError(Exception):
    """Something failed that the service did not foresee; what was accepted before is not lost.

    What it does foresee has a class of its own, with a stable code; each noun's errors.py says which there
    are. `title` is the code in words, the same every time; `detail` tells of this one time; `faults` point at
    what in the request is to blame, where something is. The first paragraph of a class's docstring is
    published as what the code means, and `advice` as what to do.
    """

    code = "internal_error"
    title = "Something went wrong"
    advice = "Report the request_id to the operator; a repeated Idempotency-Key books nothing twice."

    def __init__(self, detail: str, *, pointer: str | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults) or ((Fault(pointer, detail),) if pointer is not None else ())


class InvalidRequestError(SeatlineError):
    """Well-formed input whose values cannot be: bad cursor, unknown section, contradicting times."""

    code = "invalid_request"
    title = "The request is not valid"
    advice = "Mend what errors points at, each by a JSON pointer into the request."


class UnavailableError(SeatlineError):
    """No promise was given: what the service needs is down or too slow, or too many bookings wait."""

    code = "unavailable"
    title = "The service is not available right now"
    advice = "Wait as Retry-After says, and repeat with the same Idempotency-Key: the booking may exist."
