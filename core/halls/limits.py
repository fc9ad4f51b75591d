"""How large a hall may be, and the plan of one: what multiplies is counted before anything is made of it."""

from typing import Any

import orjson

MAX_SEATS = 100_000
MAX_ROWS = 10_000
# Each document of a show lists all of its sections.
MAX_SECTIONS = 1_000
LONGEST_SECTION = 100
# Sections of each show in a list of shows.
LISTED_SECTIONS = 50
MAX_CATEGORIES = 1_000
MAX_AREAS = 10_000
# Layouts pass areas on unchanged.
MAX_AREA_BYTES = 4 * 1024 * 1024
# Names and labels: every seat repeats its row's and its category's.
LONGEST_NAME = 200
# What is wrong with a hall and told in one answer; a plan may have 100,000 seats of one number.
LISTED_FAULTS = 20
PLACEHOLDER = "%s"
MAX_PLACEHOLDERS = 4


def check_label(template: str) -> str:
    """The template of a label. Raises ValueError where it has too many places for the number."""
    if template.count(PLACEHOLDER) > MAX_PLACEHOLDERS:
        raise ValueError(f"has {PLACEHOLDER} more than {MAX_PLACEHOLDERS} times")
    return template


def check_parts(zones: Any) -> Any:
    """The zones of a plan, of which nothing is known yet. Raises ValueError where they hold too much."""
    known = zones if isinstance(zones, list) else []
    _check_count("zones", len(known), MAX_SECTIONS)
    rows = [row for zone in known for row in _read_list(zone, "rows")]
    _check_count("rows", len(rows), MAX_ROWS)
    _check_count("seats", sum(len(_read_list(row, "seats")) for row in rows), MAX_SEATS)
    areas = [area for zone in known for area in _read_list(zone, "areas")]
    _check_count("areas", len(areas), MAX_AREAS)
    if _measure(areas) > MAX_AREA_BYTES:
        raise ValueError(f"a plan's areas take at most {MAX_AREA_BYTES} bytes of JSON")
    return zones


def _check_count(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise ValueError(f"a plan has at most {limit} {what}, this one {count}")


def _read_list(part: Any, name: str) -> list[Any]:
    found = part.get(name) if isinstance(part, dict) else None
    return found if isinstance(found, list) else []


def _measure(areas: list[Any]) -> int:
    try:
        return len(orjson.dumps(areas))
    except orjson.JSONEncodeError:
        # Too deep or too large a number: the check of each area refuses it.
        return 0
