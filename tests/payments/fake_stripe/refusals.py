"""What this Stripe refuses, in Stripe's shape, and the checks of parameters."""

from typing import Any

ZERO_DECIMAL = {"CLP", "JPY", "KRW", "MGA", "VND", "XAF", "XPF"}
TWO_DECIMAL = {"CHF", "EUR", "GBP", "HUF", "TWD", "USD"}
# Multiples of this only. Stripe has more currencies than these.
STEPS = {"ISK": 100, "UGX": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}
KNOWN = ZERO_DECIMAL | TWO_DECIMAL | STEPS.keys()
METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_LENGTH = 50, 40, 500


class RefusedError(Exception):
    """An answer with an error in it. `is_saved`: a repeated idempotency key gets it again."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, kind: str = "invalid_request_error",
        param: str | None = None, is_saved: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.is_saved = status, is_saved
        told = {"type": kind, "message": message, "code": code, "param": param}
        self.body = {"error": {name: value for name, value in told.items() if value is not None}}


def refuse_parameter(name: str, message: str, code: str = "parameter_invalid") -> RefusedError:
    """Parameters are judged before anything is done, so nothing is saved for the key."""
    return RefusedError(400, message, code=code, param=name, is_saved=False)


def check_names(params: dict[str, Any], *, required: set[str], optional: set[str]) -> None:
    """Stripe knows no parameter that it does not document."""
    for name in params.keys() - required - optional:
        raise refuse_parameter(name, f"Received unknown parameter: {name}", "parameter_unknown")
    for name in required - params.keys():
        raise refuse_parameter(name, f"Missing required param: {name}.", "parameter_missing")
    metadata = params.get("metadata", {})
    if len(metadata) > METADATA_KEYS or any(
        len(name) > METADATA_KEY_LENGTH or len(value) > METADATA_LENGTH for name, value in metadata.items()
    ):
        raise refuse_parameter("metadata", "Metadata is too long")


def check_int(params: dict[str, Any], name: str) -> int:
    """An integer, as Stripe takes them."""
    try:
        return int(params[name])
    except (TypeError, ValueError):
        raise refuse_parameter(
            name, f"Invalid integer: {params[name]}", "parameter_invalid_integer"
        ) from None


def check_money(params: dict[str, Any], name: str, currency: str) -> int:
    """An amount that Stripe charges in this currency, which is in lower case."""
    code, amount = currency.upper(), check_int(params, name)
    if currency != currency.lower() or code not in KNOWN:
        raise refuse_parameter("currency", f"Invalid currency: {currency}")
    if amount < 1:
        raise refuse_parameter(name, "This value must be greater than or equal to 1.")
    if amount % (step := STEPS.get(code, 1)):
        told = f"Invalid amount. Amounts of {code} must be evenly divisible by {step}."
        raise refuse_parameter(name, told, "invalid_charge_amount")
    return amount
