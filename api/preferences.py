"""The Prefer header (RFC 7240), of which one preference is known: how long to hold an answer back."""

import re

from api.request import Request
from api.schemas.bookings import LONGEST_WAIT_SECONDS

# Longer headers are ignored: the pattern below takes quadratic time for a list of unclosed quotes.
LONGEST = 500
# A list of preferences, each a token, perhaps with a value and with parameters; a comma in quotes is no end.
_PREFERENCE = re.compile(r'((?:[^",]|"(?:[^"\\]|\\.)*")+)')
_WAIT = re.compile(r'\s*wait\s*=\s*(?:([0-9]+)|"([0-9]+)")\s*(?:;.*)?', re.ASCII | re.IGNORECASE | re.DOTALL)


def read_wait(request: Request) -> int | None:
    """The seconds that a request would wait for its outcome: of the first well-formed `wait`, at most 25."""
    sent = request.headers.get("prefer")
    if sent is None or len(sent) > LONGEST:
        return None
    for preference in _PREFERENCE.findall(sent):
        if found := _WAIT.fullmatch(preference):
            digits = (found[1] or found[2]).lstrip("0")
            return min(int(digits[:3] or "0"), LONGEST_WAIT_SECONDS)
    return None
