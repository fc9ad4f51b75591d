"""How values become JSON, everywhere: RFC 3339 times in UTC with Z, UUIDs and enums as strings."""

from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """The value as UTF-8 JSON."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def to_json_text(value: Any) -> str:
    """The value as JSON for a parameter of a statement."""
    return to_json(value).decode()


def from_json(text: bytes) -> Any:
    """What JSON of our own making says."""
    return orjson.loads(text)
