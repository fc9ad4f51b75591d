"""What can go wrong with keys."""

from core.errors import SeatlineError


class KeyNotFoundError(SeatlineError):
    """There is no key of this id, or, where it is to be rotated, it works no more: revoked, or expired."""

    code = "key_not_found"
    title = "There is no such key"
    advice = "Take the id from GET /admin/keys; make a new key in place of one that is revoked or expired."
