"""Who is asking: the principal that a request's credential stands for."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Protocol

from api.gate.headers import UNREADABLE
from api.gate.key_ring import KeyRing, Reason
from core.access.principals import ADMIN_KEY, Principal
from core.infra.settings import Settings
from core.infra.weak_secrets import KEY_MARK
from core.keys.rules import KEY_FORM, digest_key

SCHEME = "bearer"
# Every path under it requires a credential.
ADMIN_PREFIX = "/admin/"
JWT_DOTS = 2
# Signatures are verified in threads of their own: a flood of tokens keeps no other request from its thread.
VERIFYING = 2


class Issuer(Protocol):
    """The issuer of JWTs, as it is known here."""

    def find_principal(self, token: str) -> Principal:
        """Whom a token stands for. Blocks. Raises UnauthorizedError, UnavailableError."""

    def recall(self, token: str) -> Principal | None:
        """Whom a token stands for that was verified before and is still valid, from memory."""


class Credentials:
    """All credentials that this process takes: ADMIN_API_KEY, keys of the table, JWTs of the issuer."""

    def __init__(self, settings: Settings, *, ring: KeyRing | None = None, issuer: Issuer | None = None):
        # Digests are compared: the time that takes can give away a part of the digest, never of the secret.
        self._admin_key = digest_key(settings.admin_api_key) if settings.admin_api_key else None
        self._ring = ring or KeyRing()
        self._issuer = issuer or _make_issuer(settings)
        self._threads = ThreadPoolExecutor(VERIFYING, thread_name_prefix="verify")

    def recall(self, authorization: str | None) -> tuple[Principal | None, str | None]:
        """The principal of an Authorization header, from memory.

        And its Bearer credential where memory has no principal for it: find() looks that up.
        """
        if authorization is None or (token := read_token(authorization)) is None:
            return None, None
        digest = digest_key(token)
        if digest == self._admin_key:
            return ADMIN_KEY, None
        known: Principal | Reason | None = None
        if token.startswith(KEY_MARK):
            known = self._ring.recall(digest)
        elif self._issuer is not None and _is_jwt(token):
            known = self._issuer.recall(token)
        return (known, None) if isinstance(known, Principal) else (None, token)

    async def find(self, token: str) -> Principal | Reason:
        """The principal of a credential that memory has none for, or the reason of its refusal.

        Raises UnauthorizedError for a JWT that is not valid; UnavailableError where the database, or the
        issuer, cannot be asked.
        """
        if KEY_FORM.fullmatch(token):
            digest = digest_key(token)
            return self._ring.recall(digest) or await self._ring.find(digest)
        if self._issuer is not None and _is_jwt(token):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._issuer.find_principal, token)
        return Reason.MALFORMED

    def end(self) -> None:
        """Stop refreshing the key ring: this process is about to stop."""
        self._ring.end()


def read_token(authorization: str) -> str | None:
    """The Bearer credential of a header, perhaps an empty one; None where it is of another scheme."""
    if authorization == UNREADABLE:
        # Credentials are issued in ASCII alone: this one is unknown, whatever its scheme.
        return UNREADABLE
    scheme, *rest = authorization.split(None, 1) or [""]
    return "".join(rest).strip() if scheme.lower() == SCHEME else None


def read_prefix(token: str) -> str | None:
    """The public prefix of what is made like a key; None of anything else, all of which may be secret."""
    found = KEY_FORM.fullmatch(token)
    return found["prefix"] if found else None


def _is_jwt(token: str) -> bool:
    return token.count(".") == JWT_DOTS


def _make_issuer(settings: Settings) -> Issuer | None:
    if not settings.oidc_issuer:
        return None
    # PyJWT is loaded only where an issuer is set; an audience then is, too (core/infra/settings.py).
    issuer: Issuer = import_module("api.gate.oidc").Issuer(
        settings.oidc_issuer, settings.oidc_audience, settings.oidc_roles_claim
    )
    return issuer
