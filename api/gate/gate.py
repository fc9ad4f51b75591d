"""The gate: every request passes it once, before anything serves it."""

from api.errors import ForbiddenError, RateLimitedError, UnauthorizedError
from api.gate.cors import is_preflight, is_public_path
from api.gate.credentials import ADMIN_PREFIX
from api.gate.key_ring import Reason
from api.gate.limits import Taken
from api.gate.metrics_token import find_metrics_role, has_metrics_token
from api.gate.refusals import tell_refusal
from api.request import Request
from core.access.principals import Role


def refuse_excess(taken: Taken | None) -> None:
    """Raise RateLimitedError where the client has asked more than it may.

    Before all else, its body too: so the allowance holds for whoever tries out keys, or only sends.
    """
    if taken is not None and taken.is_over:
        raise RateLimitedError(taken.reset)


def admit(request: Request) -> None:
    """Let a request pass. Raises MalformedRequestError, ForbiddenError, UnauthorizedError.

    Whatever is under /admin, even what is not there, wants a credential: without one nothing of it is found
    out.
    """
    request.check()
    if is_preflight(request.method, request.headers):
        # Browsers send preflights without a credential.
        if not is_public_path(request.path):
            raise ForbiddenError("Pages of other origins may not call this address.")
    elif (role := find_role(request)) and not has_metrics_token(request):
        if request.principal is None:
            if request.headers.get("authorization"):
                tell_refusal(request, Reason.SCHEME)
            raise UnauthorizedError("Send Authorization: Bearer with a valid key.")
        if not request.may(role):
            tell_refusal(request, Reason.ROLE)
            raise ForbiddenError(f"This takes the role {role}, or one that includes it.")


def find_role(request: Request) -> Role | None:
    """The least role that may call what the request is for; None: anybody."""
    is_admin = request.path.startswith(ADMIN_PREFIX) or request.route.startswith(ADMIN_PREFIX)
    # A path under /admin without a route requires a role too: its 404 would tell which routes there are.
    return request.operation.role or find_metrics_role(request) or (Role.BOX_OFFICE if is_admin else None)
