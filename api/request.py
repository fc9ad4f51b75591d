"""What the web process sends back, whoever made it."""

from dataclasses import dataclass

from api.server.stream import Follow

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers, a body; where the client listens on after that, and the route that answered."""

    status: int
    headers: Headers
    body: bytes
    follow: Follow | None = None
    route: str = ""
