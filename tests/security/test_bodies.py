"""Whatever a body or a parameter is, on any route: a refusal in the client's words, and never a 500."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.demo import make_first_demo_show
from tests.door import DoorClient
from tests.security.document import JSON, Target, list_targets, read_document
from tests.support import ADMIN

HUGE = "9" * 400
# In place of any value of a body, as JSON has it. What is not even JSON is refused whatever the field means.
NO_JSON = {
    "a lone surrogate": r'"\ud800"',
    "a field twice": '{"a": 1, "a": 2}',
    "an integer of 5,000 digits": "9" * 5_000,
    "deep": "[" * 5_000 + "]" * 5_000,
    "raw NUL": '"\0"',
}
ODD = {
    "NUL": r'"\u0000"',
    "a huge integer": HUGE,
    "a number beyond doubles": "1e999",
    "a negative": "-1",
    "a long text": json.dumps("x" * 5_000),
    "a line break": r'"a\r\nb"',
    "a long list": json.dumps([1] * 5_000),
    "many fields": json.dumps({str(n): n for n in range(2_000)}),
    "a list in lists": "[" * 50 + "]" * 50,
}
# Of each example; plans repeat themselves.
PLACES = 30
MARK = "the place of the value"
# Its signature is judged before its body is read.
SIGNED = "/payments/webhooks/{provider}"
# What bounds them is no number of the document.
BOUNDED_OTHERWISE = {
    "BookingRequest.seats": "the show's max_seats_per_booking",
    "PlanZone.rows": "the parts of a whole plan (core/halls/limits.py)",
    "PlanZone.areas": "the parts of a whole plan",
    "PlanRow.seats": "the seats of a whole plan",
    "PlanPolygon.points": "the parts of a whole plan",
    "PlanAreaText.text": "what is kept of it (core/halls/limits.py)",
    "ShowRequest.time_zone": "the names that there are",
    "ShowChanges.time_zone": "the names that there are",
}


@pytest.fixture
def targets(client: DoorClient) -> list[Target]:
    """Every operation, on a service that has the show of the document's examples."""
    make_first_demo_show()
    return list(list_targets(client))


@pytest.fixture
def unsigned(targets: list[Target]) -> list[Target]:
    """Those whose bodies nobody signs."""
    return [target for target in targets if target.template != SIGNED]


def spoil(value: Any, *, spoilt: str) -> Iterator[str]:
    """The JSON of a value, with `spoilt` in place of each of its parts in turn, and of the whole."""
    yield spoilt
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for at, part in inner:
        for text in spoil(part, spoilt=MARK):
            whole = value.copy()
            whole[at] = MARK
            yield json.dumps(whole).replace(json.dumps(MARK), text.replace(MARK, spoilt), 1)


def send(client: DoorClient, target: Target, body: str) -> tuple[int, str]:
    """The status and the code of the answer to a body."""
    answer = client.open(
        target.path, method=target.method, data=body.encode(), content_type=JSON, headers=ADMIN
    )
    return answer.status_code, (answer.get_json(silent=True) or {}).get("code", "")


@pytest.mark.parametrize("spoilt", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_refused_wherever_it_stands(
    client: DoorClient, unsigned: list[Target], spoilt: str
) -> None:
    asked = 0
    for target in unsigned:
        for example in target.examples[:1]:
            for body in list(spoil(example, spoilt=spoilt))[:PLACES]:
                asked += 1
                assert send(client, target, body) == (400, "malformed_json"), (target.template, body[:200])
    assert asked > 30


@pytest.mark.parametrize("spoilt", ODD.values(), ids=ODD)
def test_what_means_nothing_is_refused_or_means_no_harm(
    client: DoorClient, targets: list[Target], spoilt: str
) -> None:
    asked = 0
    for target in targets:
        for example in target.examples:
            for body in list(spoil(example, spoilt=spoilt))[:PLACES]:
                asked += 1
                status, _ = send(client, target, body)
                assert 200 <= status < 500, (target.template, body[:200])
    assert asked > 80


def test_unknown_fields_are_refused(client: DoorClient, unsigned: list[Target]) -> None:
    """But in a seating plan, whose format has more than is read here."""
    asked = 0
    for target in unsigned:
        for example in target.examples:
            asked += 1
            for spoilt in ({**example, "unknown": 1}, {**example, "__proto__": {}}):
                assert send(client, target, json.dumps(spoilt)) == (422, "invalid_request"), target.template
    assert asked > 10


@pytest.mark.parametrize("value", ["%00", "%ED%A0%80", "%FF", HUGE, "-1", "x" * 5_000, "%0D%0A", quote("{}")])
def test_parameters_of_anything(client: DoorClient, targets: list[Target], value: str) -> None:
    for target in targets:
        paths = [target.path + f"?{name}={value}" for name in target.list_parameters("query")]
        for name in target.list_parameters("path"):
            paths.append(target.fill({name: value}))
        for path in paths:
            answer = client.open(path, method=target.method, headers=ADMIN, json={})
            assert answer.status_code < 500, path[:200]


def find_unbounded(schemas: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    """What of a schema may be as long or as large as anybody likes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from find_unbounded(schemas, schemas[name], name)
        return
    bounds = {
        "array": {"maxItems"},
        "string": {"maxLength", "enum", "format", "pattern", "const"},
        "integer": {"maximum"},
        "object": {"properties", "maxProperties"},
    }
    named = schema.get("type", ())
    for kind in [named] if isinstance(named, str) else named:
        if kind in bounds and not bounds[kind] & schema.keys():
            yield where
    for name, inner in schema.get("properties", {}).items():
        yield from find_unbounded(schemas, inner, f"{where}.{name}")
    others = [schema.get(key) for key in ("items", "additionalProperties")]
    for inner in [*others, *schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
        if isinstance(inner, dict):
            yield from find_unbounded(schemas, inner, where)


def test_everything_that_a_body_has_is_bounded(client: DoorClient, unsigned: list[Target]) -> None:
    schemas = read_document(client)["components"]["schemas"]
    found = {
        where
        for target in unsigned
        if "requestBody" in target.described
        for where in find_unbounded(schemas, target.described["requestBody"]["content"][JSON]["schema"], "")
    }
    assert found == set(BOUNDED_OTHERWISE)
