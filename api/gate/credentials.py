"""Who is asking: the principal that a request's credential stands for."""

import hashlib
import hmac

from core.access.principals import ADMIN_KEY, Principal
from core.infra.settings import get_settings

SCHEME = "bearer "
# Whatever is under it wants a credential.
ADMIN_PREFIX = "/admin/"


def is_admin_header(header: str) -> bool:
    """Whether an Authorization header has the admin key."""
    key = header[len(SCHEME) :].strip() if header.lower().startswith(SCHEME) else ""
    admin_key = get_settings().admin_api_key
    return bool(admin_key and key) and hmac.compare_digest(_digest(key), _digest(str(admin_key)))


def find_principal(authorization: str | None) -> Principal | None:
    """The principal of an Authorization header; None where it has no credential that is known."""
    return ADMIN_KEY if authorization and is_admin_header(authorization) else None


def _digest(secret: str) -> str:
    # Digests have one length, so that comparing them in constant time gives away no length either.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
