"""Finding out whose a credential is that memory does not know: counted first, and a refusal told of."""

import asyncio
from typing import Any

from api.errors import UnauthorizedError
from api.gate.cors import is_preflight
from api.gate.credentials import Credentials, read_prefix
from api.gate.gate import refuse_excess
from api.gate.key_ring import Reason
from api.gate.limits import Allowances, Kind, Terms, find_allowance
from api.gate.metrics_token import has_metrics_token
from api.gate.refusals import tell_refusal
from api.request import Request
from api.server.body import discard
from core.access.principals import Principal
from core.errors import UnavailableError

# The request has two seconds of its own once it is known whose it is: it is answered within three.
FIND_SECONDS = 1.0
# Whoever asks them, with a key or without, is to hear of this process and not of the table of keys.
PROBES = frozenset({"/healthz", "/readyz"})


class Identifying:
    """Has requests know whose credential they have, where that takes more than a look-up in memory."""

    def __init__(self, credentials: Credentials, allowances: Allowances | None) -> None:
        self._credentials, self._allowances = credentials, allowances

    async def __call__(self, request: Request, protocol: Any) -> None:
        """Give a request the principal of its credential.

        To try one counts against the address, on every route, and is given back once it is somebody's. A key
        is looked up even where its address has asked too much: others there are not to keep its owner out.
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
            if read_prefix(request.credential) is None:
                # To verify a token takes a thread: not for an address that tries out thousands.
                refuse_excess(request.taken)
            request.principal = await self._find(request, request.credential)
        except UnauthorizedError:
            await discard(request, protocol)
            refuse_excess(request.taken)
            raise
        except UnavailableError:
            # It was not refused.
            self._give_back(request, tried)
            await discard(request, protocol)
            raise
        except Exception:
            await discard(request, protocol)
            raise
        self._give_back(request, tried)

    def _give_back(self, request: Request, tried: tuple[str, Kind | Terms]) -> None:
        # A refusal uses nothing up.
        if self._allowances is not None and request.taken is not None and not request.taken.is_over:
            self._allowances.give_back(*tried)
        request.taken = None

    async def _find(self, request: Request, credential: str) -> Principal | None:
        try:
            async with asyncio.timeout(FIND_SECONDS):
                found = await self._credentials.find(credential)
        except UnauthorizedError as error:
            tell_refusal(request, Reason.JWT)
            raise UnauthorizedError(error.detail, is_refused=True) from error
        except (UnavailableError, TimeoutError) as error:
            if request.path in PROBES:
                return None
            if isinstance(error, UnavailableError):
                raise
            raise UnavailableError("Credentials cannot be looked up just now.") from error
        if isinstance(found, Reason):
            tell_refusal(request, found)
            raise UnauthorizedError("Nobody was given this credential, or it is over.", is_refused=True)
        return found
