"""Every answer that a test gets is judged by the OpenAPI document: its status, its type, and its body.

More strictly than a client would: a field that the document does not name is a fault here.
"""

import gzip
import re
from copy import deepcopy
from functools import cache
from typing import Any

import orjson
from flask import Flask
from jsonschema_rs import Draft202012Validator, ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from api.documentation.document import build_document
from api.pages import HTML
from api.responses import PROBLEM_JSON, Headers

Schema = dict[str, Any]
# Pages for people alone, of whom each refusal is a page as well.
FOR_PEOPLE = "/s/", "/b/"
PROBLEM = {"$ref": "#/components/schemas/Problem"}


def close(schemas: dict[str, Schema]) -> dict[str, Schema]:
    """The same schemas, but what they do not name may not be there."""
    closed = deepcopy(schemas)
    for schema in closed.values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return closed


class Document:
    """A document, as a judge of answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths = document["paths"]
        self._components = {"schemas": close(document["components"]["schemas"])}
        self._find_validator = cache(self._make_validator)

    def _make_validator(self, schema: bytes) -> Draft202012Validator:
        return Draft202012Validator(
            {**orjson.loads(schema), "components": self._components}, validate_formats=True
        )

    def find_fault(self, schema: Schema, value: Any) -> str | None:
        """What is wrong with a value, and where; None where nothing is."""
        try:
            self._find_validator(orjson.dumps(schema)).validate(value)
        except ValidationError as error:
            return f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        return None

    def check(self, operation: dict[str, Any], status: int, media_type: str, body: bytes) -> None:
        """Fail where this is no answer of the operation."""
        declared = operation["responses"].get(str(status))
        assert declared, f"{status} is none of {', '.join(operation['responses'])}"
        content = declared.get("content")
        assert content or not body, "it has a body"
        if content and body:
            assert media_type in content, f"it is {media_type} and not {', '.join(content)}"
            if media_type.endswith("json"):
                self.check_body(content[media_type]["schema"], body)

    def check_body(self, schema: Schema, body: bytes) -> None:
        """Fail where the body is not of the schema."""
        assert (fault := self.find_fault(schema, orjson.loads(body))) is None, f"{fault}\n{body[:2000]!r}"


class Conformity:
    """The judge of an application's answers."""

    def __init__(self, app: Flask) -> None:
        self._adapter = app.url_map.bind("")
        self._document = Document(build_document(app))

    def check(self, method: str, path: str, status: int, headers: Headers, body: bytes) -> None:
        """Fail where the document knows no such answer to this request."""
        named = dict(headers)
        media_type = named.get("Content-Type", "").partition(";")[0]
        if named.get("Content-Encoding") == "gzip" and body:
            body = gzip.decompress(body)
        operation = self._find(method, path)
        try:
            if operation:
                self._document.check(operation, status, media_type, body)
            elif status >= 400 and body and not (media_type == HTML and path.startswith(FOR_PEOPLE)):
                assert media_type == PROBLEM_JSON, f"it is {media_type}"
                self._document.check_body(PROBLEM, body)
        except AssertionError as error:
            raise AssertionError(f"{method} {path}: {status} is not as documented: {error}") from None

    def _find(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation, None where the document has none: pages, preflights, addresses of nothing."""
        if "//" in path:
            return None
        try:
            rule, _ = self._adapter.match(path, "GET" if method == "HEAD" else method, return_rule=True)
        except (HTTPException, RequestRedirect):
            return None
        template = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
        found: dict[str, Any] | None = self._document.paths.get(template, {}).get(method.lower())
        return found


@cache
def find_conformity(app: Flask) -> Conformity:
    """The judge of this application, made once."""
    return Conformity(app)
