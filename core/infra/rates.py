"""What an allowance may be, of the service and of a key."""

from limits import RateLimitItem, parse_many

# Redis counts exactly up to there in a script, whatever weights are given back.
MAX_AMOUNT = 1_000_000_000
MAX_WINDOW_SECONDS = 366 * 24 * 3600


def check_limit(text: str) -> str:
    """An allowance like `6000/minute`, or several of them, as it is. Raises ValueError."""
    try:
        limits = parse_many(text)
    except ValueError:
        raise ValueError("must be like 6000/minute, or several of them: 100/second;6000/minute") from None
    if not all(map(_is_in_bounds, limits)):
        raise ValueError(f"must let 1 to {MAX_AMOUNT:,} requests pass, in at most a year")
    return text


def _is_in_bounds(limit: RateLimitItem) -> bool:
    return 1 <= limit.amount <= MAX_AMOUNT and 1 <= limit.get_expiry() <= MAX_WINDOW_SECONDS
