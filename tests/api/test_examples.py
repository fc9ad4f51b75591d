"""The document's examples: each request is good as it stands, each answer is what the service gives."""

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.documentation.request_examples import PARAMETERS, SHOW_ID
from api.responses import JSON
from tests.api.asking import Asking
from tests.conforming import Document
from tests.demo import make_first_demo_show
from tests.door import DoorClient
from tests.support import ADMIN

Operation = dict[str, Any]


@pytest.fixture
def document(client: DoorClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json)


@pytest.fixture
def demo(client: DoorClient) -> Asking:
    """The demo show, with the id that it has after the first `make run`."""
    return Asking(client, make_first_demo_show().id)


def list_operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Method, path and operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def list_contents(operation: Operation) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Where a content is (the request, or a status), its type, and it."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "request", media_type, content
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            yield status, media_type, content


def list_examples(content: dict[str, Any]) -> list[Any]:
    """All examples of a content."""
    if "example" in content:
        return [content["example"]]
    return [example["value"] for example in content.get("examples", {}).values()]


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    missing = [
        f"{method} {path}: {where}"
        for method, path, operation in list_operations(document)
        for where, _, content in list_contents(operation)
        if not list_examples(content)
    ]
    missing += [
        f"webhook {name}"
        for name, item in document["components"]["pathItems"].items()
        for content in item["post"]["requestBody"]["content"].values()
        if not list_examples(content)
    ]
    where = "api/documentation/request_examples.py and answer_examples.py"
    assert not missing, f"no example ({where}): {'; '.join(missing)}"


def test_what_must_be_given_has_an_example(document: dict[str, Any]) -> None:
    for method, path, operation in list_operations(document):
        for parameter in operation["parameters"]:
            if parameter.get("required"):
                assert "example" in parameter, f"{method} {path}: {parameter['name']} (PARAMETERS)"


def test_examples_are_of_their_schemas(document: dict[str, Any]) -> None:
    """And name all of the fields, so that nobody thinks that one is not there."""
    judge, schemas = Document(document), document["components"]["schemas"]
    contents = [
        (f"{method} {path}: {where}", media_type, content)
        for method, path, operation in list_operations(document)
        for where, media_type, content in list_contents(operation)
    ]
    contents += [
        (name, media_type, content)
        for name, item in document["components"]["pathItems"].items()
        for media_type, content in item["post"]["requestBody"]["content"].items()
    ]
    for where, media_type, content in contents:
        for example in list_examples(content):
            if media_type.endswith("json"):
                fault = judge.find_fault(content["schema"], example)
                assert fault is None, f"{where}: {fault}"
                if "$ref" not in content["schema"]:
                    # Of somebody else's making.
                    continue
                asked = schemas[content["schema"]["$ref"].rsplit("/", 1)[1]]
                assert example.keys() <= asked.get("properties", {}).keys(), where


def make_path(client: DoorClient, demo: Asking, path: str, number: int) -> str:
    """The path with ids of what is there, and nobody else's: a booking that is held, an endpoint, a show."""
    if "{booking_id}" in path:
        return path.format(booking_id=demo.settled(f"D-14-{number}", hold=True))
    if "{endpoint_id}" in path:
        made = client.post(
            "/admin/webhook-endpoints", json={"url": f"https://a.example/{number}"}, headers=ADMIN
        )
        return path.format(endpoint_id=made.json["id"])
    if "{key_id}" in path:
        made = client.post("/admin/keys", json={"name": "A key", "role": "partner"}, headers=ADMIN)
        return path.format(key_id=made.json["id"])
    if "{show_id}" in path:
        body = {"name": "Another", "start_time": "2099-01-01T00:00:00Z", "total_seats": 1}
        return path.format(show_id=client.post("/admin/shows", json=body, headers=ADMIN).json["id"])
    return path


# They take a booking of a show that requires payment, a provider, or what that has signed: tests/payments.
OF_PAYMENTS = {
    "/bookings/{booking_id}/payments",
    "/admin/bookings/{booking_id}/refund",
    "/payments/webhooks/{provider}",
}


def test_requests_are_good_as_they_stand(client: DoorClient, demo: Asking, document: dict[str, Any]) -> None:
    sent = 0
    for method, path, operation in list_operations(document):
        if path in OF_PAYMENTS:
            continue
        for where, media_type, content in list_contents(operation):
            if where == "request":
                assert media_type == JSON
                for example in list_examples(content):
                    sent += 1
                    answer = client.open(
                        make_path(client, demo, path, sent), method=method, json=example, headers=ADMIN
                    )
                    assert 200 <= answer.status_code < 300, f"{method} {path}: {example}: {answer.text}"
    assert sent >= 10


def test_what_is_read_is_there(client: DoorClient, demo: Asking, document: dict[str, Any]) -> None:
    """The parameters' examples lead to something, as far as ids can be known beforehand."""
    for method, path, operation in list_operations(document):
        if method == "GET" and "{show_id}" in path:
            needed = {one["name"] for one in operation["parameters"] if one.get("required")} - {"show_id"}
            query = {name: PARAMETERS[name] for name in needed}
            answer = client.get(path.format(show_id=SHOW_ID), query_string=query)
            assert answer.status_code == 200, path


def follow(
    client: DoorClient, document: dict[str, Any], made: TestResponse, link: dict[str, Any], *, json: Any
) -> TestResponse:
    """The answer of the operation that a link leads to."""
    ((method, path),) = [
        (method, path)
        for method, path, operation in list_operations(document)
        if operation["operationId"] == link["operationId"]
    ]
    ids = {name: made.json[expression.rsplit("/", 1)[1]] for name, expression in link["parameters"].items()}
    return client.open(path.format(**ids), method=method, headers=ADMIN, json=json)


# What a linked operation is sent, where it wants a body.
BODIES = {"change_endpoint": {"enabled": False}, "rotate_key": {}}


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("/bookings", "202"),
        ("/bookings", "201"),
        ("/admin/shows", "201"),
        ("/admin/webhook-endpoints", "201"),
        ("/admin/keys", "201"),
    ],
)
def test_links_lead_there(
    client: DoorClient,
    demo: Asking,
    document: dict[str, Any],
    source: str,
    status: str,
) -> None:
    operation = document["paths"][source]["post"]
    (_, _, content), *_ = list_contents(operation)
    links = operation["responses"][status]["links"]
    assert links
    for name, link in links.items():
        body = list_examples(content)[-1]
        if "url" in body:
            # One endpoint of each.
            body = {**body, "url": f"{body['url']}/{name}"}
        made = client.post(source, json=body, headers=ADMIN)
        demo.settle()
        answer = follow(client, document, made, link, json=BODIES.get(name))
        assert answer.status_code < 300, f"{name}: {answer.text}"
