"""The currencies that shows may be sold in: those of ISO 4217 that have minor units, as money is told in."""

from iso4217 import Currency

# Not gold, silver and the drawing rights of banks, nor what stands for no currency (XXX) or for tests (XTS):
# ISO 4217 gives them no minor units, so an integer says nothing of how much it is.
CODES = frozenset(one.code for one in Currency if one.exponent is not None)


def check_currency(code: str) -> str:
    """The code of a currency. Raises ValueError where ISO 4217 has no such one, or it has no minor units."""
    if code not in CODES:
        raise ValueError("must be the code of a currency that ISO 4217 has, and that has minor units")
    return code
