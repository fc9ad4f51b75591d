"""The OpenAPI document, as what is to be attacked: its operations, and what they take."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.documentation.request_examples import PARAMETERS
from tests.door import DoorClient

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Target:
    """An operation: its method, its path as the document has it, and what the document tells of it."""

    method: str
    template: str
    described: dict[str, Any]

    @property
    def path(self) -> str:
        """A path of it, with the document's own examples."""
        return self.fill({})

    def fill(self, arguments: dict[str, str]) -> str:
        """Its path with these arguments, the document's own examples for the others."""
        path = self.template
        for name in self.list_parameters("path"):
            path = path.replace(f"{{{name}}}", str(arguments.get(name, PARAMETERS[name])))
        return path

    def list_parameters(self, place: str) -> list[str]:
        """The names of its parameters in the path, the query or the headers."""
        return [each["name"] for each in self.described["parameters"] if each["in"] == place]

    @property
    def examples(self) -> list[Any]:
        """The bodies that the document shows."""
        content = self.described.get("requestBody", {}).get("content", {}).get(JSON, {})
        shown = [content["example"]] if "example" in content else []
        return shown + [example["value"] for example in content.get("examples", {}).values()]


def read_document(client: DoorClient) -> dict[str, Any]:
    """The document."""
    return dict(client.get("/openapi.json").json)


def list_targets(client: DoorClient) -> Iterator[Target]:
    """Every operation of the document."""
    for path, item in read_document(client)["paths"].items():
        for method, described in item.items():
            yield Target(method.upper(), path, described)
