"""What can go wrong with webhook endpoints."""

from core.errors import SeatlineError


class EndpointNotFoundError(SeatlineError):
    """There is no webhook endpoint of this id."""

    code = "not_found"
    title = "There is nothing here"

    def __init__(self, endpoint_id: object) -> None:
        super().__init__(f"There is no webhook endpoint {endpoint_id}.")


class EndpointExistsError(SeatlineError):
    """There is a webhook endpoint of this URL already: everything would come there twice."""

    code = "endpoint_exists"
    title = "There is a webhook endpoint of this URL"
    advice = "Change the webhook endpoint that detail names, or remove it first."

    def __init__(self, endpoint_id: int) -> None:
        super().__init__(f"Webhook endpoint {endpoint_id} has this URL already.")
