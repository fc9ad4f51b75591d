"""The gate: every request passes it once, before anything serves it."""

from api.errors import ForbiddenError, RateLimitedError, UnauthorizedError
from api.gate.cors import is_preflight, is_public_path
from api.gate.credentials import ADMIN_PREFIX
from api.gate.limits import Taken
from api.request import Request


def refuse_excess(taken: Taken | None) -> None:
    """Raise RateLimitedError where the client has asked more than it may.

    Before all else, its body too: so the allowance holds for whoever tries out keys, or only sends.
    """
    if taken is not None and taken.is_over:
        raise RateLimitedError(taken.reset)


def admit(request: Request) -> None:
    """Let a request pass. Raises MalformedRequestError, ForbiddenError, UnauthorizedError.

    Whatever is under /admin, even what is not there, wants the key: without one nothing of it is found out.
    """
    request.check()
    if is_preflight(request.method, request.headers):
        # Browsers send preflights without a credential.
        if not is_public_path(request.path):
            raise ForbiddenError("Pages of other origins may not call this address.")
    elif not request.is_admin and (
        request.path.startswith(ADMIN_PREFIX) or request.route.startswith(ADMIN_PREFIX)
    ):
        raise UnauthorizedError("Send Authorization: Bearer with a valid admin key.")
