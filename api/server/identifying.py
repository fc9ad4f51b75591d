"""Finding out whose a credential is that memory does not know: counted first, and a refusal told of."""

from typing import Any

from api.errors import UnauthorizedError
from api.gate.cors import is_preflight
from api.gate.credentials import Credentials
from api.gate.gate import refuse_excess
from api.gate.key_ring import Reason
from api.gate.limits import Allowances, find_allowance
from api.gate.metrics_token import has_metrics_token
from api.gate.refusals import tell_refusal
from api.request import Request
from api.server.body import discard
from core.access.principals import Principal
from core.errors import UnavailableError

# Whoever asks them, with a key or without, is to hear of this process and not of the table of keys.
PROBES = frozenset({"/healthz", "/readyz"})


class Identifying:
    """Has requests know whose credential they have, where that takes more than a look-up in memory."""

    def __init__(self, credentials: Credentials, allowances: Allowances | None) -> None:
        self._credentials, self._allowances = credentials, allowances

    async def __call__(self, request: Request, protocol: Any) -> None:
        """Give a request the principal of its credential.

        To try one counts against the address, on every route, and is given back once it is somebody's.
        Raises UnauthorizedError where nobody was given it, RateLimitedError, UnavailableError.
        """
        if request.credential is None or has_metrics_token(request):
            return
        if is_preflight(request.method, request.headers):
            # They are sent without; whatever came with one opens nothing.
            return
        tried = request.client, find_allowance(request)
        try:
            if self._allowances is not None:
                request.taken = await self._allowances.take(*tried)
                refuse_excess(request.taken)
            request.principal = await self._find(request, request.credential)
        except Exception:
            await discard(request, protocol)
            raise
        if self._allowances is not None:
            self._allowances.give_back(*tried)
            request.taken = None

    async def _find(self, request: Request, credential: str) -> Principal | None:
        try:
            found = await self._credentials.find(credential)
        except UnauthorizedError as error:
            tell_refusal(request, Reason.JWT)
            raise UnauthorizedError(error.detail, is_refused=True) from error
        except UnavailableError:
            if request.path in PROBES:
                return None
            raise
        if isinstance(found, Reason):
            tell_refusal(request, found)
            raise UnauthorizedError("Nobody was given this credential, or it is over.", is_refused=True)
        return found
