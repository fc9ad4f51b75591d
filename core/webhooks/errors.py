"""What can go wrong with webhook endpoints."""

from core.errors import SeatlineError


class EndpointNotFoundError(SeatlineError):
    """There is no webhook endpoint of this id."""

    code = "not_found"
    title = "There is nothing here"

    def __init__(self, endpoint_id: object) -> None:
        super().__init__(f"There is no webhook endpoint {endpoint_id}.")
