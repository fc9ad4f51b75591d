"""The keys that an issuer of tokens signs with: found by OIDC discovery, kept, and asked for anew."""

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from jwt import PyJWK

from api.errors import UnauthorizedError
from core.errors import UnavailableError
from core.infra.fetching import fetch

log = logging.getLogger(__name__)

# Asymmetric ones alone: whoever can verify by a symmetric key can sign by it, and a public key must never be
# taken for one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# A key that the issuer withdraws ends here after so long at the latest: as often as that each process asks.
FRESH_SECONDS = 300
# Nor does it ask more often than this: tokens with made-up key ids must not become a flood at the issuer's,
# nor a silent issuer keep the threads, of which each wait takes one.
RETRY_SECONDS = 3
# While the issuer is down its keys go on. It issues nothing meanwhile, so after an hour hardly a token is
# left that they would be needed for; and whoever cuts us off from it must not keep a withdrawn key alive.
KEPT_SECONDS = 3600
# A request has 2 s; what is fetched later is there for the next one.
WAIT_SECONDS = 1.5
# Of each of the two documents. They have some KB; a key with its certificates takes five.
FETCH_SECONDS, DOCUMENT_BYTES = 4, 256 * 1024

# The id (None: it has none) and the algorithm of a key, as the header of a token names both.
Name = tuple[str | None, str]


class _Known(NamedTuple):
    """The keys as they were published at a time of the clock."""

    keys: Mapping[Name, PyJWK]
    at: float


class SigningKeys:
    """The keys of one issuer; for all threads of a process."""

    def __init__(
        self, issuer: str, *, clock: Callable[[], float] = time.monotonic, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._issuer, self._clock, self._wait_seconds = issuer, clock, wait_seconds
        self._known = _Known({}, -math.inf)
        self._tried_at = -math.inf
        # Of who begins to fetch: one at a time, as all of them would be told the same.
        self._lock = threading.Lock()
        self._fetching: threading.Thread | None = None

    def find(self, key_id: str | None, algorithm: str) -> PyJWK:
        """The key of this id for this algorithm; waits `wait_seconds` at most.

        Raises UnauthorizedError where the issuer has no such key, UnavailableError where it has not told its
        keys.
        """
        key = self._look_up(key_id, algorithm)
        if key is None or self._age >= FRESH_SECONDS:
            is_ours = self._begin()
            # One waits for what may be newer; who has a key that is known goes on with that meanwhile.
            if is_ours or key is None:
                self._await()
                key = self._look_up(key_id, algorithm)
        if key is not None:
            return key
        if self._known.at < self._tried_at:
            raise UnavailableError("The issuer of the token has not told its keys.")
        raise UnauthorizedError("The token is signed by no key of its issuer.")

    @property
    def _age(self) -> float:
        return self._clock() - self._known.at

    def _look_up(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        return self._known.keys.get((key_id, algorithm)) if self._age < KEPT_SECONDS else None

    def _begin(self) -> bool:
        """Begin to fetch, unless somebody has; whether we did."""
        with self._lock:
            now = self._clock()
            is_under_way = self._fetching is not None and self._fetching.is_alive()
            if is_under_way or now - self._tried_at < RETRY_SECONDS:
                return False
            self._tried_at = now
            # A thread of its own: an issuer that takes longer than a request may is waited for all the same.
            self._fetching = threading.Thread(
                target=self._fetch, args=[now], name="signing-keys", daemon=True
            )
            self._fetching.start()
            return True

    def _await(self) -> None:
        # From when it began: what is late already keeps nobody else.
        left = self._tried_at + self._wait_seconds - self._clock()
        if self._fetching and left > 0:
            self._fetching.join(left)

    def _fetch(self, began: float) -> None:
        try:
            keys = fetch_keys(self._issuer)
        except Exception as error:
            # Whatever it is that the issuer sends, or that its name leads to.
            log.warning(f"the signing keys of OIDC_ISSUER cannot be had: {type(error).__name__}: {error}")
        else:
            self._known = _Known(keys, began)


def fetch_keys(issuer: str) -> dict[Name, PyJWK]:
    """The keys that an issuer publishes, by their ids and algorithms; of others than ours none.

    Raises what fetch() does, and ValueError for documents that are none of this issuer's.
    """
    # OIDC Discovery 1.0, 4.1: a slash at its end goes. 4.3: whoever it tells of is who was asked.
    discovered = _fetch_object(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if discovered.get("issuer") != issuer:
        raise ValueError("its discovery document tells of another issuer")
    address = discovered.get("jwks_uri")
    if not isinstance(address, str) or urlsplit(address).scheme not in ("https", urlsplit(issuer).scheme):
        raise ValueError("its jwks_uri is no https:// URL")
    listed = _fetch_object(address).get("keys")
    if not isinstance(listed, list):
        raise ValueError("it publishes no list of keys")
    found = [key for key in map(_read_key, listed) if key]
    return {(key.key_id, key.algorithm_name): key for key in found}


def _fetch_object(url: str) -> dict[str, Any]:
    found = json.loads(fetch(url, seconds=FETCH_SECONDS, most_bytes=DOCUMENT_BYTES))
    if not isinstance(found, dict):
        raise ValueError("its document is no JSON object")
    return found


def _read_key(listed: Any) -> PyJWK | None:
    """The key; None for what is no key to verify by: for encryption, symmetric, private, or unknown here."""
    if not isinstance(listed, dict):
        return None
    if "d" in listed:
        # Everybody has read it, and can sign by it.
        log.warning("OIDC_ISSUER publishes a private key, which is not taken")
        return None
    try:
        if listed.get("use", "sig") != "sig" or "verify" not in listed.get("key_ops", ["verify"]):
            return None
        # Without an `alg` it is the usual one of its type: of RSA RS256.
        key = PyJWK(listed)
    except Exception:
        # The libraries raise what they like of what is not as it should be; other keys are none the worse.
        return None
    is_named = key.key_id is None or isinstance(key.key_id, str)
    return key if is_named and key.algorithm_name in ALGORITHMS else None
