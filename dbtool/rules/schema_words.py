"""The few shapes of JSON Schema that a rule file is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

JsonSchema = dict[str, Any]

_DEFINED = "#/$defs/"

TEXT: JsonSchema = {
    "type": ["string", "number", "boolean"],
    "minLength": 1,
}  # YAML's 2024 is a text to the reader
COUNT: JsonSchema = {"type": "integer", "minimum": 1}


def ref(name: str) -> JsonSchema:
    return {"$ref": _DEFINED + name.replace(" ", "%20")}


def described(schema: Mapping[str, Any], description: str) -> JsonSchema:
    return {**schema, "description": description}


def mapping_of(properties: Mapping[str, Any], required: Iterable[str] = ()) -> JsonSchema:
    made = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**made, "required": list(required)} if required else made


def mapping_to(values: Mapping[str, Any]) -> JsonSchema:
    return {"type": "object", "additionalProperties": dict(values)}


def one_or_more(schema: Mapping[str, Any]) -> JsonSchema:
    return {"anyOf": [dict(schema), {"type": "array", "items": dict(schema), "minItems": 1}]}


def words_of(**meanings: str) -> JsonSchema:
    return {"oneOf": [{"const": word, "description": meaning} for word, meaning in meanings.items()]}
