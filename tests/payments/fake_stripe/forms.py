"""Stripe's form encoding: `a[b][0][c]=v` is {"a": {"b": [{"c": "v"}]}}."""

import re
from typing import Any
from urllib.parse import parse_qsl

PART = re.compile(r"\[([^\]]*)\]")


def parse_form(text: str) -> dict[str, Any]:
    """The parameters of a body or a query. Every leaf is a text; `[]` and `[0]` make lists."""
    made: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        head, *rest = [name.partition("[")[0], *PART.findall(name)]
        at, key = made, head
        for part in rest:
            at = at.setdefault(key, {})
            key = part or str(len(at))
        at[key] = value
    return {name: _to_lists(value) for name, value in made.items()}


def _to_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    found = {name: _to_lists(each) for name, each in value.items()}
    return list(found.values()) if all(name.isdigit() for name in found) else found
