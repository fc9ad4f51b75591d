"""The application, asked by a machine that knows the OpenAPI document alone, keeps to it."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.shows.service import Show
from tests.api.asking import Asking
from tests.door import DoorClient
from tests.support import ADMIN

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Its transport asks for gzip and cannot read it.
HEADERS = {**ADMIN, "Accept-Encoding": "identity"}
LIMITS = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_conformance(client: DoorClient, make_show: Callable[..., Show], mode: GenerationMode) -> None:
    asking, asked = Asking(client, make_show().id), 0
    endpoint = {"url": "https://receiver.example/"}
    made = client.post("/admin/webhook-endpoints", json=endpoint, headers=ADMIN)
    key = client.post("/admin/keys", json={"name": "A key", "role": "partner"}, headers=ADMIN)
    known = {
        "show_id": asking.show_id,
        "booking_id": asking.settled("1", hold=True),
        "endpoint_id": made.get_json()["id"],
        "key_id": key.get_json()["id"],
        "code": "hold_expired",
    }

    for result in from_wsgi("/openapi.json", client.doorway).get_all_operations():
        operation = result.ok()

        @LIMITS
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            nonlocal asked
            asked += 1
            if mode is GenerationMode.POSITIVE and case.path_parameters:
                case.path_parameters |= {name: known[name] for name in case.path_parameters}
            if case.query and "wait" in case.query:
                case.query["wait"] = 0
            case.call_and_validate(headers=HEADERS, checks=CHECKS)

        # Of a route that takes nothing, nothing can be wrong.
        with suppress(Unsatisfiable):
            ask()
    assert asked > 100
