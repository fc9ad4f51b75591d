"""What programs and people need of the document: names, descriptions, an order, one version."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from api.documentation.plan_fields import PLAN_FIELDS
from core.version import VERSION
from tests.door import DoorClient
from tests.support import ROOT

Schema = dict[str, Any]
# Tags in the order of the page: what everybody may call comes before what wants the admin key.
PUBLIC = ["Shows", "Bookings"]
EVENTS = ["BOOKING_HELD", "BOOKING_CONFIRMED", "BOOKING_FAILED", "BOOKING_CANCELLED"]
SIGNATURE = {"webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.fixture
def document(client: DoorClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json)


def list_operations(document: dict[str, Any]) -> Iterator[tuple[str, Schema]]:
    """Every operation under its name for people, webhooks too."""
    for paths in (document["paths"], document["components"]["pathItems"]):
        for path, item in paths.items():
            for method, operation in item.items():
                yield f"{method.upper()} {path}", operation


def walk(value: Any) -> Iterator[Schema]:
    """Every object within a value, but not the examples: they are data."""
    if isinstance(value, dict):
        yield value
        for name, inner in value.items():
            if name not in ("example", "examples"):
                yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def find_named(document: dict[str, Any], value: Any) -> set[str]:
    """The components that a value refers to, directly or through others."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        for inner in walk(waiting.pop()):
            name = inner.get("$ref", "").removeprefix("#/components/schemas/")
            if name in document["components"]["schemas"] and name not in found:
                found.add(name)
                waiting.append(document["components"]["schemas"][name])
    return found


def test_everything_is_described(document: dict[str, Any]) -> None:
    missing = []
    for name, operation in list_operations(document):
        missing += [
            f"{name}: parameter {one['name']}"
            for one in operation["parameters"]
            if not one.get("description")
        ]
        missing += [f"{name}: summary"] * (not operation["summary"])
        for status, response in operation["responses"].items():
            missing += [f"{name}: {status}"] * (not response["description"])
            missing += [
                f"{name}: {status}: header {header}"
                for header, described in response.get("headers", {}).items()
                if not described.keys() & {"$ref", "description"}
            ]
    for name, schema in document["components"]["schemas"].items():
        missing += [f"{name} (give its class a docstring)"] * (not schema.get("description"))
        missing += [
            f"{name}.{field} (give it Field(description=…))"
            for field, described in schema.get("properties", {}).items()
            if not described.get("description")
        ]
    missing += [
        name for name, header in document["components"]["headers"].items() if not header["description"]
    ]
    assert not missing, f"no description in the document: {'; '.join(missing)}"


def test_what_is_told_of_plans_is_of_plans(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    told = {f"{name}.{field}" for name, fields in PLAN_FIELDS.items() for field in fields}
    there = {f"{name}.{field}" for name in PLAN_FIELDS for field in schemas[name]["properties"]}
    assert told == there, "api/documentation/plan_fields.py and core/halls/plans.py differ"


def test_names_are_nouns_and_nothing_has_a_title(document: dict[str, Any]) -> None:
    names = document["components"]["schemas"].keys()
    strange = [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z]+", name) or name.endswith("Answer")]
    assert not strange, f"two classes of one name, or one with an odd name: {strange}"
    # A generator makes one class of two schemas with one title.
    titled = [
        name
        for name, schema in document["components"]["schemas"].items()
        for inner in walk(schema)
        if isinstance(inner.get("title"), str)
    ]
    assert not titled


def test_nulls_are_such_as_generators_know(document: dict[str, Any]) -> None:
    """Beside another type, or a reference: an anyOf of null and one type confuses openapi-generator."""
    for name, schema in document["components"]["schemas"].items():
        for inner in walk(schema):
            assert inner.get("type") != "null" or inner == {"type": "null"}, name
            alternatives = [one for one in inner.get("anyOf", []) if one != {"type": "null"}]
            assert len(alternatives) != 1 or "$ref" in alternatives[0], f"{name}: {inner}"
            for field, described in inner.get("properties", {}).items():
                assert described.get("type") != "null", f"{name}.{field} can be nothing but null"
                assert described.get("default", 0) is not None, f"{name}.{field}"


def test_answers_may_grow_and_requests_may_not(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, operation in list_operations(document):
        for answered in find_named(document, operation["responses"]):
            assert schemas[answered].get("additionalProperties") is not False, answered
        if name.split()[1] in document["paths"]:
            for content in operation.get("requestBody", {}).get("content", {}).values():
                # What a payment provider signs is of its own making.
                if asked := content["schema"].get("$ref", "").rpartition("/")[2]:
                    assert schemas[asked]["additionalProperties"] is False, asked


def test_no_component_is_idle(document: dict[str, Any]) -> None:
    used = find_named(document, [document["paths"], document["components"]["pathItems"]])
    assert document["components"]["schemas"].keys() == used


def test_public_comes_first(document: dict[str, Any]) -> None:
    tags = [tag["name"] for tag in document["tags"]]
    assert tags[: len(PUBLIC)] == PUBLIC
    # Admin's groups are the last ones.
    assert [tag.startswith("Admin") for tag in tags] == sorted(tag.startswith("Admin") for tag in tags)
    assert all(tag["description"] for tag in document["tags"])
    untold = {tag for _, operation in list_operations(document) for tag in operation.get("tags", ())} - set(
        tags
    )
    assert not untold, f"not in TAGS of api/documentation/document.py: {untold}"
    paths = list(document["paths"])
    assert [path.startswith("/admin") for path in paths] == sorted(
        path.startswith("/admin") for path in paths
    )


def test_admin_routes_want_the_key(document: dict[str, Any]) -> None:
    (scheme,) = document["components"]["securitySchemes"]
    assert document["components"]["securitySchemes"][scheme]["scheme"] == "bearer"
    for name, operation in list_operations(document):
        wanted = [{scheme: []}] if "/admin/" in name else None
        assert operation.get("security") == wanted, name
        # A credential that nobody was given is refused at every address; webhooks are sent without one.
        assert ("401" in operation["responses"]) == (" /" in name), name
        # The metrics may want a role: where their token is set.
        assert ("403" in operation["responses"]) == (bool(wanted) or name == "GET /metrics"), name
        assert ("Takes the role `" in operation.get("description", "")) == bool(wanted), name


def test_there_is_one_version(document: dict[str, Any]) -> None:
    assert document["info"]["version"] == VERSION
    compose = (ROOT / "docker-compose.yml").read_text()
    assert all(f"image: {name}:{VERSION}\n" in compose for name in ("seatline", "seatline-proxy"))
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released[0] == VERSION


def test_webhooks(document: dict[str, Any]) -> None:
    assert list(document["webhooks"])[: len(EVENTS)] == EVENTS
    for name in EVENTS:
        # By reference: of one that is written out openapi-generator makes a request, which does not compile.
        assert document["webhooks"][name] == {"$ref": f"#/components/pathItems/{name}"}
        operation = document["components"]["pathItems"][name]["post"]
        assert {header["name"] for header in operation["parameters"]} == SIGNATURE
        assert all(header["required"] and header["in"] == "header" for header in operation["parameters"])
        (media_type,) = operation["requestBody"]["content"]
        assert media_type == "application/cloudevents+json"
        assert operation["requestBody"]["content"][media_type]["example"]["type"] == name
        assert {"2XX", "410"} <= operation["responses"].keys()


def test_what_has_no_end_is_marked(document: dict[str, Any]) -> None:
    marked = {name for name, operation in list_operations(document) if operation.get("x-stream")}
    assert marked == {"GET /shows/{show_id}/stream"}
    validate(document)
