"""Secrets that guess themselves: what production does not start with, and what no header can carry."""

import re

MIN_KEY_LENGTH, MIN_SECRET_LENGTH = 16, 32
# Sixteen random digits have eight or nine.
MIN_DIFFERENT = 6
# What stands for a secret in examples, and what everybody tries first, again and again, whatever is between.
WELL_KNOWN = re.compile(
    r"((change|replace|insert|your|my)?[^a-z0-9]*(me|admin|api|key|token|password|passwort|passwd|pass|secret"
    r"|seatline|flower|redis|metrics|default|example|letmein|welcome|test|dummy|foobar|qwertz?|abcdef(ghi\w*)?"
    r"|0?12345\d*)[^a-z0-9]*)+"
)
# Seatline's own keys begin so (core/keys/rules.py): another credential that did would be taken for one.
KEY_MARK = "slk_"


def find_weakness(secret: str, *, length: int) -> str | None:
    """Why a secret is none, to be said after its name; None where nothing is known against it."""
    if len(secret) < length:
        return f"must be set to at least {length} characters in production"
    if secret != secret.strip():
        return "must not begin or end with a blank"
    if len(set(secret)) < MIN_DIFFERENT:
        return f"must have at least {MIN_DIFFERENT} different characters in production"
    lower = secret.lower()
    found = WELL_KNOWN.match(lower)
    # A word before what is random does no harm.
    if found and len(lower) - found.end() < length:
        return "is one that everybody tries, which production refuses: take openssl rand -hex 24"
    return None


def find_header_fault(credential: str) -> str | None:
    """Why a Bearer credential could never be sent, or never be taken for this one; None where it can."""
    if not credential.isascii() or not credential.isprintable() or " " in credential:
        return "must be of visible ASCII characters, without blanks, as a header has to carry it"
    if credential.startswith(KEY_MARK):
        return f"must not begin with {KEY_MARK}, as the keys do that Seatline issues"
    return None
