"""The gate: every request passes it once, before anything serves it."""

from api.errors import RateLimitedError, UnauthorizedError
from api.gate.credentials import ADMIN_PREFIX
from api.gate.limits import Kind
from api.request import Request

BOOKINGS = "/bookings"


def find_kind(request: Request) -> Kind:
    """Which allowance a request counts against, whether there is such a route or not."""
    if request.path.startswith(ADMIN_PREFIX):
        return Kind.ADMIN
    is_booking = request.method == "POST" and (request.path + "/").startswith(f"{BOOKINGS}/")
    return Kind.BOOKINGS if is_booking else Kind.READS


def admit(request: Request) -> None:
    """Let a request pass. Raises RateLimitedError, MalformedRequestError, UnauthorizedError.

    The allowance comes first, and so holds for whoever tries out keys. Whatever is under /admin, even what is
    not there, wants the key: nothing of it can be found out without one.
    """
    if request.taken is not None and request.taken.is_over:
        raise RateLimitedError(request.taken.retry_after or 1)
    request.check()
    if request.path.startswith(ADMIN_PREFIX) and not request.is_admin:
        raise UnauthorizedError("Send Authorization: Bearer with a valid admin key.")
