"""The application, asked by a machine that knows the OpenAPI document alone, keeps to it."""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest
from flask import Flask
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

from core.access.principals import Role
from core.shows.service import Show
from tests.api.asking import Asking
from tests.door import DoorClient
from tests.keys import make_key
from tests.support import ADMIN

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Its transport asks for gzip and cannot read it.
HEADERS = {"Accept-Encoding": "identity"}
# Of each operation: of an admin, who gets furthest, and of each other role.
EXAMPLES, EXAMPLES_BY_ROLE = 6, 2
LIMITS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


Asks = Callable[[Case], None]


def make_known(client: DoorClient, show_id: int) -> dict[str, object]:
    """What paths of the document lead to, made by an admin."""
    asking, endpoint = Asking(client, show_id), {"url": "https://receiver.example/"}
    made = client.post("/admin/webhook-endpoints", json=endpoint, headers=ADMIN)
    return {
        "show_id": show_id,
        "booking_id": asking.settled("1", hold=True),
        "endpoint_id": made.get_json()["id"],
        "key_id": make_key(Role.PARTNER).id,
        "ticket_code": asking.read(asking.settled("2"))["ticket_code"],
        "provider": "sandbox",
        "code": "hold_expired",
    }


def ask_everything(
    client: DoorClient, known: dict[str, object], mode: GenerationMode, examples: int, ask: Asks
) -> None:
    """Ask some examples of each operation, of what is known where they are well made."""
    limits = settings(LIMITS, max_examples=examples)
    for result in from_wsgi("/openapi.json", client.doorway).get_all_operations():
        operation = result.ok()

        @limits
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask_one(case: Case) -> None:
            if mode is GenerationMode.POSITIVE and case.path_parameters:
                case.path_parameters |= {name: known[name] for name in case.path_parameters}
            if case.query and "wait" in case.query:
                case.query["wait"] = 0
            ask(case)

        # Of a route that takes nothing, nothing can be wrong.
        with suppress(Unsatisfiable):
            ask_one()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_conformance(client: DoorClient, make_show: Callable[..., Show], mode: GenerationMode) -> None:
    asked = 0

    def ask(case: Case) -> None:
        nonlocal asked
        asked += 1
        case.call_and_validate(headers={**HEADERS, **ADMIN}, checks=CHECKS)

    ask_everything(client, make_known(client, make_show().id), mode, EXAMPLES, ask)
    assert asked > 100


def find_role(app: Flask, endpoint: str) -> Role | None:
    """The least role that may call a view; None: anybody."""
    declared = getattr(app.view_functions[endpoint], "operation", None)
    return declared.role if declared else None


@pytest.mark.parametrize("role", [None, Role.PARTNER, Role.BOX_OFFICE, Role.OPERATOR], ids=str)
def test_conformance_by_role(
    app: Flask, client: DoorClient, make_show: Callable[..., Show], role: Role | None
) -> None:
    """Whoever asks: no answer that is not documented, and none under /admin that takes another role."""
    headers, counts = {**HEADERS, **(make_key(role).headers if role else {})}, Counter[bool]()
    wanted = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule)): find_role(app, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }

    def ask(case: Case) -> None:
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
        least = wanted[case.method.upper(), case.path]
        may = least is None or (role is not None and role.includes(least))
        counts[may] += 1
        if not may:
            assert answer.status_code == (403 if role else 401)

    ask_everything(client, make_known(client, make_show().id), GenerationMode.POSITIVE, EXAMPLES_BY_ROLE, ask)
    assert counts[True] > 30 and counts[False] > 5
