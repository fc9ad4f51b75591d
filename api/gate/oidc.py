"""JSON Web Tokens of an OpenID Connect issuer: verified, read as principals, and remembered for a while."""

import hashlib
import re
import threading
import time
from collections.abc import Callable
from typing import Any, TypeGuard

import jwt
from cachetools import LRUCache

from api.errors import UnauthorizedError
from api.gate.signing_keys import ALGORITHMS, WAIT_SECONDS, SigningKeys
from core.access.principals import Principal, PrincipalKind, Role
from core.texts import check_name

# A token with hundreds of roles has 8 KB; a head has 32 KiB at most.
TOKEN_BYTES = 16 * 1024
# The issuer's clock may be ahead of ours by so much, and its newest tokens good all the same. `exp` has no
# such leeway: a token is renewed before it ends, and "no longer than its exp" is a promise.
LEEWAY_SECONDS = 30
# A token that was verified is good without being verified again for so long. That takes a thread, and up to
# half a millisecond, once a minute; and a key that the issuer withdrew ends for it a minute later.
REMEMBERED_SECONDS = 60
# One takes half a KB.
TOKENS_REMEMBERED = 10_000
# OIDC Core 1.0, 2: no `sub` is longer. A name that is longer is none to be shown.
SUBJECT_LENGTH = NAME_LENGTH = 255
# Other kinds (of logouts, of security events) are signed by the same keys for the same audience.
TYPES = ("jwt", "at+jwt", "application/at+jwt")
# Of a digest: idempotency keys and allowances belong to it, so that no two subjects may meet in it.
OWNER_BYTES = 16

WRONG: dict[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.InvalidIssuerError: "The token is of another issuer.",
    jwt.MissingRequiredClaimError: "The token lacks one of iss, aud, exp and sub.",
}


class Issuer:
    """The issuer whose tokens are credentials, for the event loop and all threads of a process."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        roles_claim: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._issuer, self._audience, self._roles_claim = issuer, audience, roles_claim
        self._clock = clock
        self._keys = SigningKeys(issuer, clock=clock, wait_seconds=wait_seconds)
        self._remembered: LRUCache[bytes, tuple[float, Principal]] = LRUCache(TOKENS_REMEMBERED)
        # Reading, too, changes the order of what was used last. It is held for a microsecond.
        self._lock = threading.Lock()

    def recall(self, token: str) -> Principal | None:
        """The principal of a token that was verified a moment ago and is valid still; without any I/O."""
        if not _is_small(token):
            return None
        with self._lock:
            valid_until, principal = self._remembered.get(_digest(token), (0.0, None))
        return principal if self._clock() < valid_until else None

    def find_principal(self, token: str) -> Principal:
        """The principal of a token, which is verified. May wait for the issuer, WAIT_SECONDS at most.

        Raises UnauthorizedError for a token that is not to be taken, UnavailableError where the issuer has
        not told its keys.
        """
        key = self._keys.find(*_read_header(token))
        claims = self._verify(token, key)
        principal = self._read_principal(claims)
        now = time.time()
        # PyJWT has seen that it is a number, which may be larger than any float.
        seconds = min(int(claims["exp"]), now + REMEMBERED_SECONDS) - now
        if seconds <= 0:
            raise UnauthorizedError(WRONG[jwt.ExpiredSignatureError])
        with self._lock:
            self._remembered[_digest(token)] = self._clock() + seconds, principal
        return principal

    def _verify(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                # By the key's algorithm, never by what a token says of itself.
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                # A key of RSA below 2,048 bits is none.
                options={"require": ["iss", "aud", "exp", "sub"], "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            raise UnauthorizedError(WRONG.get(type(error), "The token is not valid.")) from error

    def _read_principal(self, claims: dict[str, Any]) -> Principal:
        subject = claims["sub"]
        if not _is_name(subject, SUBJECT_LENGTH):
            raise UnauthorizedError("The token has no sub that can be taken.")
        roles = read_roles(claims, self._roles_claim)
        name = claims.get("preferred_username")
        return Principal(
            kind=PrincipalKind.OIDC,
            id=subject,
            name=name if _is_name(name, NAME_LENGTH) else subject,
            # Without one it is not even a partner, who may hold more seats than others: anybody may have an
            # account with the issuer.
            role=next((role for role in Role if role in roles), None),
            owner=self._name_owner(subject),
        )

    def _name_owner(self, subject: str) -> str:
        # A digest, as it is part of an index's key, and so bounded. No URL has a line break.
        digest = _digest(f"{self._issuer}\n{subject}")[:OWNER_BYTES]
        return f"oidc:{digest.hex()}"


def read_roles(claims: dict[str, Any], claim: str) -> frozenset[str]:
    """The roles in a claim: a list, or a text with spaces or commas between.

    The claim of this very name, or else the one that its dots lead to, object by object.
    """
    found: Any = claims
    for part in (claim,) if claim in claims else claim.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        found = re.split(r"[\s,]+", found)
    listed = found if isinstance(found, list) else []
    return frozenset(each for each in listed if isinstance(each, str))


def _read_header(token: str) -> tuple[str | None, str]:
    """The id and the algorithm of the key that a token says to be signed by. Raises UnauthorizedError.

    What else a header may have (`jku`, `x5u`, `jwk`) would let a token choose its own key: it is not read.
    """
    if not _is_small(token):
        raise UnauthorizedError("The token is too long.")
    try:
        # Of the head alone: most of what is forged comes no further, and the rest is read with the signature.
        header = jwt.get_unverified_header(f"{token.partition('.')[0]}..")
    except jwt.PyJWTError as error:
        raise UnauthorizedError("The token is not well-formed.") from error
    algorithm, type_ = header.get("alg"), header.get("typ", "JWT")
    if algorithm not in ALGORITHMS:
        raise UnauthorizedError("The token is signed by an algorithm that is not taken.")
    if not isinstance(type_, str) or type_.lower() not in TYPES:
        raise UnauthorizedError("The token is of another kind.")
    return header.get("kid"), algorithm


def _is_small(token: str) -> bool:
    return len(token) <= TOKEN_BYTES and token.isascii()


def _is_name(value: Any, length: int) -> TypeGuard[str]:
    """Whether it is a text that may be shown: in logs, and in the audit log."""
    try:
        return isinstance(check_name(value), str) and 0 < len(value) <= length
    except ValueError:
        return False


def _digest(text: str) -> bytes:
    # Whoever sees a process's memory finds no token in it by this.
    return hashlib.sha256(text.encode()).digest()
