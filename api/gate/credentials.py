"""Who is asking: the principal that idempotency keys belong to, the client that limits belong to."""

import hashlib
import hmac

from core.infra.settings import get_settings

SCHEME = "bearer "
# Whatever is under it wants the admin key.
ADMIN_PREFIX = "/admin/"
# Requests without a valid credential share one principal, not one an address: a client may change networks.
ADMIN, ANONYMOUS = "admin", "anonymous"


def is_admin_header(header: str) -> bool:
    """Whether an Authorization header has the admin key."""
    key = header[len(SCHEME) :].strip() if header.lower().startswith(SCHEME) else ""
    admin_key = get_settings().admin_api_key
    return bool(admin_key and key) and hmac.compare_digest(_digest(key), _digest(str(admin_key)))


def name_principal(authorization: str | None) -> str:
    """The principal of an Authorization header: ADMIN for the admin key, else ANONYMOUS."""
    return ADMIN if authorization and is_admin_header(authorization) else ANONYMOUS


def _digest(secret: str) -> str:
    # Digests have one length, so that comparing them in constant time gives away no length either.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
