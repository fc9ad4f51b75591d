"""What a key is made of."""

import hashlib
import re
import secrets
import string
from dataclasses import dataclass, field

from core.infra.weak_secrets import KEY_MARK

PREFIX_LENGTH, SECRET_LENGTH = 8, 32
_CHARACTERS = string.ascii_letters + string.digits
# The mark tells people, and scanners of logs and repositories, that this is a key. The prefix is public.
KEY_FORM = re.compile(
    f"{KEY_MARK}(?P<prefix>[{_CHARACTERS}]{{{PREFIX_LENGTH}}})_[{_CHARACTERS}]{{{SECRET_LENGTH}}}", re.ASCII
)

MAX_OVERLAP_SECONDS = 7 * 24 * 3600
LONGEST_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Secret:
    """A new key's text, which is in one answer and is never stored; its prefix and digest, which are."""

    text: str = field(repr=False)
    prefix: str
    digest: bytes = field(repr=False)


def make_secret() -> Secret:
    """A new key: the mark, a public prefix by which people tell it, and 32 random characters."""
    prefix, rest = _choose(PREFIX_LENGTH), _choose(SECRET_LENGTH)
    text = f"{KEY_MARK}{prefix}_{rest}"
    return Secret(text, prefix, digest_key(text))


def digest_key(text: str) -> bytes:
    """The digest under which a key is stored and looked up: SHA-256, 32 bytes.

    A slow, salted hash protects passwords, which people choose and attackers guess. The 32 characters are 190
    random bits, which cannot be guessed at any speed, and a slow hash would cost each request that looks up a
    key.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _choose(length: int) -> str:
    return "".join(secrets.choice(_CHARACTERS) for _ in range(length))
