"""What can go wrong with a payment."""

from core.errors import SeatlineError, UnavailableError


class NotPayableError(SeatlineError):
    """The booking cannot be paid as it is, or so much of it cannot be given back."""

    code = "not_payable"
    title = "There is nothing to be paid, or given back"
    advice = (
        "Read the booking: only one whose seats are held in time can be paid, only what is paid refunded."
    )


class InvalidSignatureError(SeatlineError):
    """The webhook is not signed by the provider, or was too long on its way."""

    code = "invalid_signature"
    title = "The signature is not valid"
    advice = "Sign the body as it is sent with the secret that this service has, within five minutes."


class ProviderUnavailableError(UnavailableError):
    """The payment provider cannot be reached, is too slow, or asks for patience: try again."""


class ProviderRefusedError(Exception):
    """The payment provider will not do this, however often it is asked; the text says why, for the log."""
