"""The integration form as data: one JSON Schema per system, made from the very models that check what is written.

Every field has a ``title`` (its label) and a ``description`` (its help); properties stand in the order of the screen.
Values to choose from are ``oneOf`` with a title each. A field that holds the id of a mapping says of which entity:
``x-entity``; under which heading a field stands is ``x-section``, and what to think of before it is set ``x-warning``.
A rule that depends on another field stands as if/then/else; a field that may only keep its default there does not
apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from rollcall.domain.form_text import LABELS, OPTIONS, ORDER, WARNINGS, help_of, section_of
from rollcall.domain.systems import SYSTEMS, System

JsonSchema = dict[str, Any]


def form_schema(system: System, *, existing: bool = False) -> JsonSchema:
    """JSON Schema (2020-12) of the form for a new integration, or for an existing one."""
    spec = SYSTEMS[system]
    model = spec.update if existing else spec.form
    schema = _with_made_defaults(model, model.model_json_schema())
    schema = _inlined(schema, schema.pop("$defs", {}))
    told = _told(system, "", schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **told,
        "title": spec.title,
    }


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The same without references, which every reader would have to follow."""
    if isinstance(schema, list):
        return [_inlined(element, definitions) for element in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined({**definitions[schema["$ref"].removeprefix("#/$defs/")], **rest}, definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items()}


def _with_made_defaults(model: type[BaseModel], schema: JsonSchema) -> JsonSchema:
    """The same with defaults that are made anew for each form, which pydantic leaves out: lists."""
    made = {
        name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
        if field.default_factory is not None
    }
    lists = {name: {"default": value} for name, value in made.items() if isinstance(value, list)}
    properties = {name: {**part, **lists.get(name, {})} for name, part in schema["properties"].items()}
    return {**schema, "properties": properties}


def _told(system: System, path: str, schema: JsonSchema) -> JsonSchema:
    """The same with labels and help, in the order of the screen."""
    if "properties" in schema:
        properties = {
            name: _told(system, f"{path}.{name}" if path else name, part)
            for name, part in schema["properties"].items()
        }
        ordered = dict(
            sorted(properties.items(), key=lambda item: _rank(f"{path}.{item[0]}" if path else item[0]))
        )
        return {**schema, "properties": ordered}
    told = {
        **schema,
        "title": LABELS[path],
        "description": help_of(system, path),
        "x-section": section_of(path),
    }
    if path in WARNINGS:
        told["x-warning"] = WARNINGS[path]
    if path in OPTIONS:
        told = _with_options(told, OPTIONS[path])
    section, _, name = path.rpartition(".")
    return {**told, "x-entity": name} if section == "mappings" else told


def _rank(path: str) -> int:
    """Where a field stands; a group stands where its first field does."""
    return next(at for at, known in enumerate(ORDER) if known == path or known.startswith(f"{path}."))


def _with_options(schema: JsonSchema, labels: Mapping[str, str]) -> JsonSchema:
    """Each value to choose with its label; of a list, each element's."""
    if schema.get("type") == "array":
        return {**schema, "items": _with_options(schema["items"], labels), "uniqueItems": True}
    values = schema["enum"]
    rest = {key: value for key, value in schema.items() if key != "enum"}
    return {**rest, "oneOf": [{"const": v, "title": labels[v]} for v in labels if v in values]}
