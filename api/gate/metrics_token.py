"""The credential for GET /metrics, and for nothing else: METRICS_TOKEN."""

import hmac

from api.gate.credentials import read_token
from api.request import Request
from core.access.principals import Role
from core.infra.settings import get_settings
from core.keys.rules import digest_key

PATH = "/metrics"


def find_metrics_role(request: Request) -> Role | None:
    """The least role that reads the metrics without the token; None: anybody, or it is not for them."""
    return Role.ADMIN if request.path == PATH and get_settings().metrics_token else None


def has_metrics_token(request: Request) -> bool:
    """Whether the request is for the metrics, and brings the token that is set."""
    if request.path != PATH or not (token := get_settings().metrics_token):
        return False
    sent = read_token(request.headers.get("authorization", ""))
    # Digests have one length, so that comparing them in constant time gives away no length either.
    return sent is not None and hmac.compare_digest(digest_key(sent), digest_key(token))
