"""The document's schemas: what pydantic says of our models, in the form that client generators take.

They make a class of whatever has a title, cannot tell what has nothing but the type null, choose among
alternatives badly, and send defaults as if somebody had chosen them. So there are no titles, a value that
may be null has two types, names are nouns, and the defaults of bodies are told in words.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import CoreModeRef, CoreRef, DefsRef, GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from api.documentation.plan_fields import PLAN_FIELDS
from api.schemas.types import QueryModel
from core.halls import plans

Schema = dict[str, Any]

REF = "#/components/schemas/{model}"
# What stands for a class, in pydantic's names of what it describes.
_CLASS = re.compile(r"(?P<module>[\w.]+)\.(?P<name>\w+):")
# What models of a module are the parts of, where their own names do not say so.
WHOLES = {plans.__name__: "Plan", "api.schemas.webhooks": "Webhook"}


class _Generator(GenerateJsonSchema):
    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        core_ref, mode = core_mode_ref
        return super().get_defs_ref((CoreRef(_CLASS.sub(_rename, core_ref)), mode))

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        inner = self.generate_inner(schema["schema"])
        if isinstance(inner.get("type"), str) and "const" not in inner:
            enum = {"enum": [*inner["enum"], None]} if "enum" in inner else {}
            return {**inner, **enum, "type": [inner["type"], "null"]}
        return super().nullable_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        described = super().default_schema(schema)
        # That what is left out is null needs no saying; some generators make the text "null" of it.
        return {name: value for name, value in described.items() if name != "default" or value is not None}


def _rename(found: re.Match[str]) -> str:
    module, name = found["module"], found["name"].removesuffix("Answer")
    whole = WHOLES.get(module, "")
    return f"{module}.{name if whole in name else whole + name}:"


def name_component(model: type[BaseModel]) -> str:
    """What a model is called in the document: a noun, and no word of how it is used."""
    renamed = _CLASS.sub(_rename, f"{model.__module__}.{model.__name__}:")
    return renamed.removesuffix(":").rsplit(".", 1)[1]


def refer(model: type[BaseModel]) -> Schema:
    """A reference to a model's schema."""
    return {"$ref": REF.format(model=name_component(model))}


def describe_models(models: Iterable[type[BaseModel]]) -> dict[str, Schema]:
    """The schemas of these models and of their parts, by component name."""
    ordered = sorted(models, key=lambda model: model.__name__)
    _, found = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=REF, schema_generator=_Generator
    )
    schemas: dict[str, Schema] = found["$defs"]
    queries = {name_component(model) for model in ordered if issubclass(model, QueryModel)}
    for component, schema in schemas.items():
        del schema["title"]
        for field, described in schema.get("properties", {}).items():
            if said := PLAN_FIELDS.get(component, {}).get(field):
                described["description"] = said
            if component not in queries and "default" in described:
                default = f"default: {json.dumps(described.pop('default'))}"
                described["description"] = f"{described.get('description', '')} ({default})".lstrip()
    return schemas


def drop_null(schema: Schema) -> Schema:
    """The schema without null, which is no text that a query could carry."""
    match schema:
        case {"type": [type_, "null"]}:
            return {**schema, "type": type_}
        case {"anyOf": [only, {"type": "null"}]}:
            return {**{name: value for name, value in schema.items() if name != "anyOf"}, **only}
    return schema
