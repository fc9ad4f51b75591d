"""What a key is made of."""

import hashlib
import secrets
import string
from dataclasses import dataclass, field

# Whoever finds one in a log or a repository, a scanner too, sees at once what it is.
MARK = "slk"
PREFIX_LENGTH, SECRET_LENGTH = 8, 32
_CHARACTERS = string.ascii_letters + string.digits

MAX_OVERLAP_SECONDS = 7 * 24 * 3600
LONGEST_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Secret:
    """The text that is a key, once it is made: shown to whoever asked for it, and kept by nobody."""

    text: str = field(repr=False)
    prefix: str
    digest: bytes = field(repr=False)


def make_secret() -> Secret:
    """A key's text: the mark, the prefix by which people tell it, and what nobody can guess."""
    prefix, rest = _choose(PREFIX_LENGTH), _choose(SECRET_LENGTH)
    text = f"{MARK}_{prefix}_{rest}"
    return Secret(text, prefix, digest_key(text))


def digest_key(text: str) -> bytes:
    """What is kept of a key's text, and what it is found by: SHA-256, 32 bytes.

    A slow hash with salt, as passwords want, would guard nothing here: those are chosen by people and can be
    guessed, while the 32 characters are 190 random bits, which nobody finds by trying, however fast. And it
    would cost each request that looks a key up.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _choose(length: int) -> str:
    return "".join(secrets.choice(_CHARACTERS) for _ in range(length))
