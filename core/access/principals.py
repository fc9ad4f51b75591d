"""Roles, and the principals that have them: whoever a credential stands for."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a principal may do: everything that the roles after it may, and more."""

    ADMIN = "admin"
    OPERATOR = "operator"
    BOX_OFFICE = "box_office"
    PARTNER = "partner"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        return _ORDER.index(self) <= _ORDER.index(other)


_ORDER = list(Role)


class PrincipalKind(StrEnum):
    """Where a principal's credential comes from."""

    KEY = "key"  # the table of keys
    OIDC = "oidc"  # the issuer of JWTs
    ADMIN_KEY = "admin_key"  # the variable ADMIN_API_KEY
    COMMAND = "command"  # the command line


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever a credential stands for.

    `id` is the key's id as text, or the JWT's `sub`. `owner` is the name under which idempotency keys and
    allowances are its own, through its rotations. Without a `role` it may do what anybody may. `rate_limit`
    takes the place of all its allowances.
    """

    kind: PrincipalKind
    id: str | None
    name: str
    role: Role | None
    owner: str
    rate_limit: str | None = None


# Keys of before say `admin`; idempotency keys go on belonging to it.
ADMIN_KEY = Principal(
    kind=PrincipalKind.ADMIN_KEY, id=None, name="ADMIN_API_KEY", role=Role.ADMIN, owner="admin"
)
# All without a credential are one owner of keys, not one an address: a client may change networks.
ANONYMOUS = "anonymous"
