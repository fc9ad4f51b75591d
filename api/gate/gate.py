"""The gate: every request passes it once, before anything serves it."""

from api.errors import RateLimitedError, UnauthorizedError
from api.gate.cors import is_preflight
from api.gate.credentials import ADMIN_PREFIX
from api.request import Request


def admit(request: Request) -> None:
    """Let a request pass. Raises RateLimitedError, MalformedRequestError, UnauthorizedError.

    The allowance comes first, and so holds for whoever tries out keys. Whatever is under /admin, even what is
    not there, wants the key: nothing of it can be found out without one. Browsers send none with a preflight,
    which is refused anyway.
    """
    if request.taken is not None and request.taken.is_over:
        raise RateLimitedError(request.taken.retry_after or 1)
    request.check()
    is_open = request.is_admin or is_preflight(request.method, request.headers)
    if request.path.startswith(ADMIN_PREFIX) and not is_open:
        raise UnauthorizedError("Send Authorization: Bearer with a valid admin key.")
