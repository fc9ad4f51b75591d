"""The gate: every request passes it once, before anything serves it."""

from api.errors import ForbiddenError, RateLimitedError, UnauthorizedError
from api.gate.cors import is_preflight, is_public_path
from api.gate.credentials import ADMIN_PREFIX
from api.request import Request


def admit(request: Request) -> None:
    """Let a request pass. Raises RateLimitedError, MalformedRequestError, ForbiddenError, UnauthorizedError.

    The allowance comes first, and so holds for whoever tries out keys. Whatever is under /admin, even what is
    not there, wants the key: nothing of it can be found out without one.
    """
    if request.taken is not None and request.taken.is_over:
        raise RateLimitedError(request.taken.retry_after or 1)
    request.check()
    if is_preflight(request.method, request.headers):
        # Browsers send no key with it.
        if not is_public_path(request.path):
            raise ForbiddenError("Pages of other origins may not call this address.")
    elif request.path.startswith(ADMIN_PREFIX) and not request.is_admin:
        raise UnauthorizedError("Send Authorization: Bearer with a valid admin key.")
