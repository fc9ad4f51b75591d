"""What these tests share with those of the API: the application, and a door around it."""

from tests.api.conftest import app, asking, client, door_client, show

__all__ = ["app", "asking", "client", "door_client", "show"]
