"""Credentials that memory does not know: counted against the address, looked up, and refused or not."""

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

# The look-up comes before the two seconds in which a request is served: three in all.
FIND_SECONDS = 1.0
# Probes ask for the state of this process: one with a key must not fail for want of the table of keys.
PROBES = frozenset({"/healthz", "/readyz"})


class Identifying:
    """Looks up the principals of credentials that memory does not know."""

    def __init__(self, credentials: Credentials, allowances: Allowances | None) -> None:
        self._credentials, self._allowances = credentials, allowances

    async def __call__(self, request: Request, protocol: Any) -> None:
        """Give a request the principal of its credential.

        The look-up counts against the address, on every route, and is given back for a valid credential. A
        key is looked up even where its address has used up its allowance: neighbours must not lock its owner
        out. Raises UnauthorizedError for an unknown, revoked or expired one, RateLimitedError,
        UnavailableError.
        """
        if request.credential is None or has_metrics_token(request):
            return
        if is_preflight(request.method, request.headers):
            # Browsers send preflights without a credential, and their answer depends on none.
            return
        tried = request.client, find_allowance(request)
        try:
            if self._allowances is not None:
                request.taken = await self._allowances.take(*tried)
            if read_prefix(request.credential) is None:
                # A JWT is verified in a thread: not for an address that has used up its allowance.
                refuse_excess(request.taken)
            request.principal = await self._find(request, request.credential)
        except Exception as error:
            await discard(request, protocol)
            if isinstance(error, UnauthorizedError):
                refuse_excess(request.taken)
            elif isinstance(error, UnavailableError):
                self._give_back(request, tried)
            raise
        self._give_back(request, tried)

    def _give_back(self, request: Request, tried: tuple[str, Kind | Terms]) -> None:
        # A request over the allowance was not counted.
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
            raise UnauthorizedError("This credential is unknown, revoked or expired.", is_refused=True)
        return found
